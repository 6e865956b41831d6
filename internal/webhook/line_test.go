package webhook_test

import (
	"bufio"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/webhook"
)

// arrived is a request as a receiver saw it.
type arrived struct{ from, connection string }

// TestLine_IsSharedAsFarAsTheReceiverAgrees makes three attempts over one line, each of which is acknowledged.
func TestLine_IsSharedAsFarAsTheReceiverAgrees(t *testing.T) {
	t.Parallel()
	raw := func(answer string, end bool) func(*testing.T, chan<- arrived) string {
		return func(t *testing.T, got chan<- arrived) string {
			return "http://" + newListener(t, func(c net.Conn) {
				for in := bufio.NewReader(c); ; {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					got <- arrived{c.RemoteAddr().String(), ""}
					if _, err := io.WriteString(c, answer); err != nil || end {
						return
					}
				}
			})
		}
	}
	for name, c := range map[string]struct {
		receiver    func(t *testing.T, got chan<- arrived) string
		connections int
	}{
		"one that keeps it":               {raw("HTTP/1.1 204 No Content\r\n\r\n", false), 1},
		"one that answers at length":      {raw("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"+strings.Repeat("x", 5000), false), 1},
		"one that says that it ends":      {raw("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", true), 3},
		"one that ends and does not say":  {raw("HTTP/1.1 204 No Content\r\n\r\n", true), 3},
		"one without an end":              {raw("HTTP/1.1 200 OK\r\n\r\nok", false), 3},
		"one that speaks without a cause": {raw("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 500 No\r\n\r\n", false), 3},
		"one that speaks HTTP/1.0":        {raw("HTTP/1.0 200 OK\r\n\r\n", true), 3},
		"one that answers far too much":   {raw("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"+strings.Repeat("x", 100000), false), 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := make(chan arrived, 10)
			var line webhook.Line
			defer line.Close()
			req := webhook.Request{URL: c.receiver(t, got), Body: []byte("{}"), Policy: sandbox, Line: &line, More: true}
			for n := range 3 {
				if r := newSender(names{}).Send(t.Context(), req); !r.Acknowledged || r.Took > 500*time.Millisecond {
					t.Fatalf("attempt %d: %+v", n+1, r)
				}
			}
			from := map[string]bool{}
			for range 3 {
				from[(<-got).from] = true
			}
			if len(from) != c.connections || len(got) > 0 {
				t.Errorf("%d connections, want %d; %d requests too many", len(from), c.connections, len(got))
			}
		})
	}
}

// over makes a receiver under a name whose addresses change, and a sender to it.
func over(t *testing.T, answers ...[]netip.Addr) (*webhook.Sender, webhook.Request, chan arrived) {
	got := make(chan arrived, 10)
	srv := newReceiver(t, (*httptest.Server).Start, func(_ http.ResponseWriter, r *http.Request) {
		got <- arrived{r.RemoteAddr, r.Header.Get("Connection")}
	})
	req := webhook.Request{URL: named(t, srv.URL, "partner.test"), Body: []byte("{}"), Policy: sandbox, Line: new(webhook.Line), More: true}
	t.Cleanup(req.Line.Close)
	return newSender(&rebinding{answers: answers}), req, got
}

func TestLine_EndsWithTheLastAttempt(t *testing.T) {
	t.Parallel()
	s, req, got := over(t, addrs("127.0.0.1"))
	s.Send(t.Context(), req)
	req.More = false
	s.Send(t.Context(), req)
	s.Send(t.Context(), req)
	first, second, third := <-got, <-got, <-got
	if first.connection != "" || second.connection != "close" || first.from != second.from || third.from == second.from {
		t.Errorf("%+v, %+v, %+v", first, second, third)
	}
}

// A kept connection is no way around the checks that every attempt makes.
func TestLine_IsCheckedInEachAttempt(t *testing.T) {
	t.Parallel()
	here := addrs("127.0.0.1")
	for name, c := range map[string]struct {
		then   []netip.Addr
		change func(*webhook.Request)
		want   webhook.Failure
	}{
		"the name turned to an address that is refused": {addrs("169.254.169.254"), nil, webhook.FailureRefusedTarget},
		"one address beside it is refused":              {addrs("127.0.0.1", "169.254.169.254"), nil, webhook.FailureRefusedTarget},
		"the name turned to where nobody listens":       {addrs("127.0.0.9"), nil, webhook.FailureConnect},
		"the policy closed the address":                 {here, func(r *webhook.Request) { r.Policy = public }, webhook.FailureRefusedTarget},
		"another port": {here, func(r *webhook.Request) {
			r.URL = "http://partner.test:1024/"
		}, webhook.FailureConnect},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, req, got := over(t, here, c.then)
			if r := s.Send(t.Context(), req); !r.Acknowledged {
				t.Fatalf("%+v", r)
			}
			if c.change != nil {
				c.change(&req)
			}
			if r := s.Send(t.Context(), req); r.Err != c.want {
				t.Errorf("%+v, want %s", r, c.want)
			}
			if <-got; len(got) > 0 {
				t.Error("the attempt went over the kept connection")
			}
		})
	}
}

func TestLine_KeepsASecuredConnection(t *testing.T) {
	t.Parallel()
	got := make(chan arrived, 10)
	srv := newReceiver(t, (*httptest.Server).StartTLS, func(_ http.ResponseWriter, r *http.Request) { got <- arrived{from: r.RemoteAddr} })
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	s := webhook.NewSender(webhook.Config{Resolver: names{"example.com": addrs("127.0.0.1"), "other.test": addrs("127.0.0.1")}, Now: time.Now, Roots: roots})
	var line webhook.Line
	defer line.Close()
	send := func(host string) webhook.Result {
		return s.Send(t.Context(), webhook.Request{URL: named(t, srv.URL, host), Body: []byte("{}"), Policy: sandbox, Line: &line, More: true})
	}
	one, two := send("example.com"), send("example.com")
	if !one.Acknowledged || !two.Acknowledged {
		t.Fatalf("%+v, %+v", one, two)
	}
	if first, second := <-got, <-got; first != second {
		t.Errorf("%+v and %+v are two connections", first, second)
	}
	if r := send("other.test"); r.Err != webhook.FailureTLS {
		t.Errorf("a name that the certificate does not have: %+v", r)
	}
}
