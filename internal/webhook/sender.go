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

// Send makes one attempt, and returns within the time-outs. Every attempt has a connection of its own: a
// kept one could lead to an address that the name has left, or that another programme's policy opened.
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
	conn, failure := s.connect(ctx, target, req.Policy)
	if failure != "" {
		return 0, failure
	}
	// The bare connection is closed when we are done, out of time or stopped, and that ends whatever waits
	// for it. What may be wrapped around it is not closed: that could wait for the receiver.
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	over := conn
	if target.Scheme == "https" {
		secured := tls.Client(conn, &tls.Config{
			ServerName: target.Hostname(),
			RootCAs:    s.cfg.Roots,
			MinVersion: tls.VersionTLS12,
		})
		if err := secured.HandshakeContext(ctx); err != nil {
			return 0, failureOf(ctx, err, FailureTLS)
		}
		over = secured
	}
	return exchange(ctx, over, target, req)
}

// connect looks the name up once, checks every address, and connects to one that was checked.
func (s *Sender) connect(ctx context.Context, target *url.URL, p TargetPolicy) (net.Conn, Failure) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ConnectTimeout)
	defer cancel()
	addrs, err := resolve(ctx, target.Hostname(), s.cfg.Resolver)
	if err != nil {
		return nil, failureOf(ctx, err, FailureConnect)
	}
	if !p.admitsAll(addrs) {
		return nil, FailureRefusedTarget
	}
	conn, err := s.dial(ctx, addrs, portOf(target), p)
	if err != nil {
		return nil, failureOf(ctx, err, FailureConnect)
	}
	return conn, ""
}

// dial connects to the first of addrs that takes the connection, behind the wall. Each gets an even share of
// the time, so that one that swallows packets leaves some to the next.
func (s *Sender) dial(ctx context.Context, addrs []netip.Addr, port string, p TargetPolicy) (conn net.Conn, err error) {
	if len(addrs) > maxDialled {
		addrs = addrs[:maxDialled]
	}
	dialer := net.Dialer{Timeout: s.cfg.ConnectTimeout / time.Duration(len(addrs)), Control: wall(p)}
	for _, a := range addrs {
		conn, err = dialer.DialContext(ctx, "tcp", net.JoinHostPort(a.String(), port))
		if err == nil {
			return conn, nil
		}
	}
	return nil, err
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

// exchange posts the body over conn and judges the answer. It writes one request and reads one answer by
// hand, because http.Transport brings what we would have to switch off (proxies, kept connections, repeated
// requests), and logs bytes of a receiver that speaks before it is asked.
func exchange(ctx context.Context, conn net.Conn, target *url.URL, req Request) (status int, failure Failure) {
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(req.Body))
	if err != nil {
		return 0, FailureRefusedTarget
	}
	maps.Copy(post.Header, req.Header)
	post.Close = true
	if err := post.Write(conn); err != nil {
		return 0, failureOf(ctx, err, FailureProtocol)
	}
	answer, err := readAnswer(bufio.NewReader(io.LimitReader(conn, maxAnswer)), post)
	if err != nil {
		return 0, failureOf(ctx, err, FailureProtocol)
	}
	// The status decides. The rest is read for the sake of a receiver that is still writing.
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	switch code := answer.StatusCode; {
	case code >= 200 && code <= 299:
		return code, ""
	case code >= 300 && code <= 399:
		return code, FailureRedirect
	default:
		return code, FailureStatus
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
