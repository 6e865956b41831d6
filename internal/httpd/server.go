package httpd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Limits of the listener that nobody needs to set.
const (
	readHeaderTimeout = 5 * time.Second
	idleTimeout       = 75 * time.Second
	maxHeaderBytes    = 16 << 10
	cutOffGrace       = 2 * time.Second // for handlers to notice that the drain time-out has passed
)

// Options is what a server is made of. The first group must be given; the second has defaults.
type Options struct {
	Address  string               // host:port of the doors; port 0 takes a free one
	Doors    []Door               // asked in this order; see Door
	Logger   *slog.Logger         // gets one record for each request
	Now      func() time.Time     // the clock of records, limits of health checks, and metrics
	Rand     io.Reader            // for request ids
	Registry *prometheus.Registry // gets the metrics, and is shown at /metrics

	AdminAddress   string         // host:port on loopback for health and metrics; "" for none
	CertFile       string         // TLS when both are given
	KeyFile        string         //
	TrustedProxies []netip.Prefix // whose X-Forwarded headers are believed; none
	RequestTimeout time.Duration  // most time for an answer; 8 s
	DrainTimeout   time.Duration  // most time to finish when told to stop; 20 s
	MaxInFlight    int            // requests served at one time; 1024
	Checks         []Check        // what readiness asks; none
}

// Server is the listener with its doors, and the loopback listener beside it.
type Server struct {
	doors          []*mounted
	trusted        []netip.Prefix
	requestTimeout time.Duration
	drainTimeout   time.Duration
	log            *slog.Logger
	now            func() time.Time
	ids            *requestIDs
	slots          chan struct{}
	metrics        *metrics
	health         *health

	certFile, keyFile       string
	address, adminAddress   string
	listener, adminListener net.Listener
	mainServer, adminServer *http.Server
	registry                *prometheus.Registry
}

// mounted is a door with what was read from it once.
type mounted struct {
	Door
	name   string
	router *Router
}

// New checks the options and builds the server; it opens nothing yet.
func New(o Options) (*Server, error) {
	if o.Logger == nil || o.Now == nil || o.Rand == nil || o.Registry == nil {
		return nil, errors.New("httpd: a logger, a clock, randomness and a metrics registry are needed")
	}
	s := &Server{
		trusted:        o.TrustedProxies,
		requestTimeout: orDefault(o.RequestTimeout, 8*time.Second),
		drainTimeout:   orDefault(o.DrainTimeout, 20*time.Second),
		log:            o.Logger,
		now:            o.Now,
		ids:            &requestIDs{rand: o.Rand},
		slots:          make(chan struct{}, orDefault(o.MaxInFlight, 1024)),
		health:         newHealth(o.Now, o.Logger, o.Checks),
		certFile:       o.CertFile,
		keyFile:        o.KeyFile,
		address:        o.Address,
		adminAddress:   o.AdminAddress,
		registry:       o.Registry,
	}
	seen := make(map[string]bool)
	for _, d := range o.Doors {
		if d.Name() == "" || d.Router() == nil || seen[d.Name()] {
			return nil, fmt.Errorf("httpd: door %q: needs a name of its own and a router", d.Name())
		}
		seen[d.Name()] = true
		s.doors = append(s.doors, &mounted{Door: d, name: d.Name(), router: d.Router()})
	}
	var err error
	if s.metrics, err = newMetrics(o.Registry); err != nil {
		return nil, err
	}
	return s, nil
}

// orDefault is v, or d when v was not given.
func orDefault[T int | time.Duration](v, d T) T {
	if v <= 0 {
		return d
	}
	return v
}

// Listen opens both listeners, so that the addresses are known before anything is served.
func (s *Server) Listen(ctx context.Context) error {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", s.address)
	if err != nil {
		return fmt.Errorf("listen for the doors: %w", err)
	}
	if s.certFile != "" || s.keyFile != "" {
		cert, err := tls.LoadX509KeyPair(s.certFile, s.keyFile)
		if err != nil {
			_ = listener.Close()
			return fmt.Errorf("read the TLS certificate: %w", err)
		}
		listener = tls.NewListener(listener, &tls.Config{
			Certificates: []tls.Certificate{cert},
			MinVersion:   tls.VersionTLS12,
			NextProtos:   []string{"http/1.1"},
		})
	}
	if s.adminAddress != "" {
		if s.adminListener, err = listenLoopback(ctx, s.adminAddress); err != nil {
			_ = listener.Close()
			return err
		}
	}
	s.listener = listener
	return nil
}

// Addr is the address of the doors, once Listen or Run has opened it; else "".
func (s *Server) Addr() string { return addrOf(s.listener) }

// AdminAddr is the address of the loopback listener, once it is open; else "".
func (s *Server) AdminAddr() string { return addrOf(s.adminListener) }

func addrOf(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}

// Run serves until ctx ends, then drains: readiness fails at once, no new connection is taken, requests
// in flight finish, at most for the drain time-out. It returns nil when every request got its answer.
// It opens the listeners unless Listen has.
func (s *Server) Run(ctx context.Context) error {
	if s.listener == nil {
		if err := s.Listen(ctx); err != nil {
			return err
		}
	}
	base, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(errStopped)
	s.mainServer = s.newHTTPServer(base, s.Handler())
	failed := make(chan error, 2)
	go serveOn(s.mainServer, s.listener, failed)
	if s.adminListener != nil {
		s.adminServer = s.newHTTPServer(base, s.adminHandler())
		go serveOn(s.adminServer, s.adminListener, failed)
		defer func() { _ = s.adminServer.Close() }()
	}
	select {
	case <-ctx.Done():
		return s.drain(base, stop)
	case err := <-failed:
		return errors.Join(err, s.drain(base, stop))
	}
}

// drain finishes what is in flight. The loopback listener stays open until the end, to say "not ready".
func (s *Server) drain(base context.Context, stop context.CancelCauseFunc) error {
	s.health.drain()
	patience, cancel := context.WithTimeout(base, s.drainTimeout)
	defer cancel()
	err := s.mainServer.Shutdown(patience)
	if err == nil {
		return nil
	}
	stop(errStopped)
	_ = s.mainServer.Close()
	s.waitForHandlers()
	return fmt.Errorf("drain: requests were cut off after %s: %w", s.drainTimeout, err)
}

// waitForHandlers lets handlers that were cut off return, so that what they use may be closed. Whoever
// holds every place in flight knows that nobody is left; a late request finds none and is refused.
func (s *Server) waitForHandlers() {
	timer := time.NewTimer(cutOffGrace)
	defer timer.Stop()
	for range cap(s.slots) {
		select {
		case s.slots <- struct{}{}:
		case <-timer.C:
			return
		}
	}
}

func (s *Server) newHTTPServer(base context.Context, h http.Handler) *http.Server {
	return &http.Server{
		Handler: h,
		// "OPTIONS *" is a route like any other, and no door has it.
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            readHeaderTimeout,
		ReadTimeout:                  s.requestTimeout + readGrace, // of what nobody reads; who reads a body has the time of its request, see enter
		WriteTimeout:                 s.requestTimeout + writeGrace,
		IdleTimeout:                  idleTimeout,
		MaxHeaderBytes:               maxHeaderBytes,
		ErrorLog:                     slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		BaseContext:                  func(net.Listener) context.Context { return base },
	}
}

func serveOn(srv *http.Server, l net.Listener, failed chan<- error) {
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		failed <- fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
}
