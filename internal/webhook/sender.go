package webhook

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// The limits of one attempt (cards contract §21.3).
const (
	DefaultConnectTimeout = 3 * time.Second  // to look the name up and to connect
	DefaultTimeout        = 10 * time.Second // for the whole attempt
)

// maxAnswer is how much of an answer is read, headers and body together, in bytes (cards contract §21.3).
const maxAnswer = 64 << 10

// maxDialled is the number of addresses of one name that an attempt tries.
const maxDialled = 4

// Failure is why an attempt was not acknowledged: a word that is safe to store, to log and to show. The
// empty Failure is none.
type Failure string

// The failures.
const (
	FailureRefusedTarget Failure = "refused_target" // the URL, or an address of its name, is one that we do not deliver to
	FailureConnect       Failure = "connect"        // the name has no address, or nothing took the connection
	FailureTLS           Failure = "tls"            // no secure connection: certificate, name or protocol
	FailureTimeout       Failure = "timeout"        // too slow, at whatever stage
	FailureProtocol      Failure = "protocol"       // the receiver hung up, or its answer is not HTTP
	FailureRedirect      Failure = "redirect"       // 3xx
	FailureStatus        Failure = "status"         // any other status that is not 2xx
	FailureCancelled     Failure = "cancelled"      // our side stopped the attempt: it says nothing of the receiver
)

// Config is what a [Sender] works with. Resolver and Now are required.
type Config struct {
	Resolver       Resolver
	Now            func() time.Time // to measure how long an attempt took
	Roots          *x509.CertPool   // who may sign receivers' certificates; nil means the roots of the system
	ConnectTimeout time.Duration    // 0 means DefaultConnectTimeout
	Timeout        time.Duration    // 0 means DefaultTimeout
}

// Request is one attempt.
type Request struct {
	URL    string
	Header http.Header // all headers of the attempt, from [Scheme.Sign]
	Body   []byte
	Policy TargetPolicy

	Line *Line // that the attempt goes over, when it leads there; nil is a connection of its own
	More bool  // another attempt will follow over the line: the connection is kept, if the receiver agrees
}

// Result is what came of an attempt.
type Result struct {
	Status       int     // of the answer; 0 when there was none
	Err          Failure // empty when acknowledged
	Acknowledged bool    // the answer was a 2xx
	Took         time.Duration
}

// Sender makes attempts. It keeps nothing between them and may be used by many at once.
type Sender struct {
	cfg Config
}

// NewSender makes a Sender. It panics when a required part of cfg lacks: that is a mistake of wiring.
func NewSender(cfg Config) *Sender {
	if cfg.Resolver == nil || cfg.Now == nil {
		panic("webhook: Config needs Resolver and Now")
	}
	if cfg.ConnectTimeout <= 0 {
		cfg.ConnectTimeout = DefaultConnectTimeout
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultTimeout
	}
	return &Sender{cfg: cfg}
}

// Send makes one attempt, and returns within the time-outs. It looks the name up and checks every address also when
// there is a kept connection, which it uses only if the name still has its address: otherwise it could lead to one that
// the name has left, or that another programme's policy opened.
func (s *Sender) Send(ctx context.Context, req Request) Result {
	start := s.cfg.Now()
	status, failure := s.attempt(ctx, req)
	if failure != "" && errors.Is(ctx.Err(), context.Canceled) {
		failure = FailureCancelled
	}
	return Result{
		Status:       status,
		Err:          failure,
		Acknowledged: failure == "",
		Took:         s.cfg.Now().Sub(start),
	}
}

// attempt goes through the stages: check, look up, check again, connect, secure, exchange.
func (s *Sender) attempt(ctx context.Context, req Request) (status int, failure Failure) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	target, err := CheckURL(req.URL, req.Policy)
	if err != nil {
		return 0, FailureRefusedTarget
	}
	connecting, connected := context.WithTimeout(ctx, s.cfg.ConnectTimeout)
	defer connected()
	addrs, failure := s.lookUp(connecting, target, req.Policy)
	if failure != "" {
		return 0, failure
	}
	if kept := req.Line.take(target, addrs); kept != nil {
		status, failure, gone := s.over(ctx, kept, target, req)
		if !gone || connecting.Err() != nil {
			return status, failure
		}
		// The receiver hung up between two attempts, as it may. It gets this one over a new connection.
	}
	c, failure := s.connect(connecting, target, addrs, req.Policy)
	if failure != "" {
		return 0, failure
	}
	status, failure, _ = s.over(ctx, c, target, req)
	return status, failure
}

// over makes the exchange over a connection, and keeps or closes that. gone tells that it was a kept one, over which
// nothing came back.
func (s *Sender) over(ctx context.Context, c *connection, target *url.URL, req Request) (status int, failure Failure, gone bool) {
	// It is closed when we are out of time or stopped, too.
	still := context.AfterFunc(ctx, c.close)
	keep := false
	defer func() {
		if !still() || !keep {
			c.close()
			return
		}
		req.Line.kept = c
	}()
	if target.Scheme == "https" && !c.used {
		secured := c.secure(&tls.Config{ServerName: target.Hostname(), RootCAs: s.cfg.Roots, MinVersion: tls.VersionTLS12})
		if err := secured.HandshakeContext(ctx); err != nil {
			return 0, failureOf(ctx, err, FailureTLS), false
		}
	}
	kept := c.used
	status, failure, keep = exchange(ctx, c, target, req)
	return status, failure, kept && status == 0 && c.limit.N == maxAnswer && failure == FailureProtocol
}

// lookUp looks the name up once, and checks every address.
func (s *Sender) lookUp(ctx context.Context, target *url.URL, p TargetPolicy) ([]netip.Addr, Failure) {
	addrs, err := resolve(ctx, target.Hostname(), s.cfg.Resolver)
	switch {
	case err != nil:
		return nil, failureOf(ctx, err, FailureConnect)
	case !p.admitsAll(addrs):
		return nil, FailureRefusedTarget
	}
	return addrs, ""
}

// connect connects to one of the addresses, which were checked.
func (s *Sender) connect(ctx context.Context, target *url.URL, addrs []netip.Addr, p TargetPolicy) (*connection, Failure) {
	conn, at, err := s.dial(ctx, addrs, portOf(target), p)
	if err != nil {
		return nil, failureOf(ctx, err, FailureConnect)
	}
	return newConnection(target, at, conn), ""
}

// dial connects to the first of addrs that takes the connection, behind the wall. Each gets an even share of
// the time, so that one that swallows packets leaves some to the next.
func (s *Sender) dial(ctx context.Context, addrs []netip.Addr, port string, p TargetPolicy) (conn net.Conn, at netip.Addr, err error) {
	if len(addrs) > maxDialled {
		addrs = addrs[:maxDialled]
	}
	dialer := net.Dialer{Timeout: s.cfg.ConnectTimeout / time.Duration(len(addrs)), Control: wall(p)}
	for _, at = range addrs {
		conn, err = dialer.DialContext(ctx, "tcp", net.JoinHostPort(at.String(), port))
		if err == nil {
			return conn, at, nil
		}
	}
	return nil, netip.Addr{}, err
}

// errWall is what the wall says no with.
var errWall = errors.New("address is not one that the policy admits")

// wall checks the address of a socket just before it connects. It holds also if all checks before it were
// wrong one day.
func wall(p TargetPolicy) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !p.admits(to.Addr()) {
			return errWall
		}
		return nil
	}
}

// exchange posts the body over a connection and judges the answer. It writes one request and reads one answer by
// hand, because http.Transport brings what we would have to switch off (proxies, connections that outlive a check of
// their address), and logs bytes of a receiver that speaks before it is asked.
func exchange(ctx context.Context, c *connection, target *url.URL, req Request) (status int, failure Failure, keep bool) {
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(req.Body))
	if err != nil {
		return 0, FailureRefusedTarget, false
	}
	maps.Copy(post.Header, req.Header)
	more := req.Line != nil && req.More
	post.Close = !more
	c.used, c.limit.N = true, maxAnswer
	if err := post.Write(c.over); err != nil {
		return 0, failureOf(ctx, err, FailureProtocol), false
	}
	answer, err := readAnswer(c.in, post)
	if err != nil {
		return 0, failureOf(ctx, err, FailureProtocol), false
	}
	// The status decides. The rest is read for the sake of a receiver that is still writing; unless it was not asked to
	// hang up and does not say where its answer ends.
	endless := more && answer.Close && answer.ContentLength < 0
	if !endless {
		_, err = io.Copy(io.Discard, answer.Body)
	}
	_ = answer.Body.Close() // reads no more of one without an end
	keep = more && !answer.Close && err == nil && c.clean()
	switch code := answer.StatusCode; {
	case code >= 200 && code <= 299:
		return code, "", keep
	case code >= 300 && code <= 399:
		return code, FailureRedirect, keep
	default:
		return code, FailureStatus, keep && code != http.StatusSwitchingProtocols
	}
}

// readAnswer gives the final answer, after any interim ones (103 and its kin). 101 is final: nobody asked
// to switch.
func readAnswer(r *bufio.Reader, post *http.Request) (*http.Response, error) {
	for {
		answer, err := http.ReadResponse(r, post)
		if err != nil {
			return nil, err
		}
		if answer.StatusCode >= 200 || answer.StatusCode == http.StatusSwitchingProtocols {
			return answer, nil
		}
		_ = answer.Body.Close()
	}
}

// failureOf names the failure of a stage: a refused address and a time-out are told apart at every stage.
func failureOf(ctx context.Context, err error, stage Failure) Failure {
	var timed interface{ Timeout() bool }
	switch {
	case errors.Is(err, errWall):
		return FailureRefusedTarget
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.As(err, &timed) && timed.Timeout():
		return FailureTimeout
	default:
		return stage
	}
}
