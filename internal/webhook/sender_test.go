package webhook_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/firsttap/firsttap/internal/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newSender makes a sender with the time-outs of the contract divided by about ten.
func newSender(r webhook.Resolver) *webhook.Sender {
	return webhook.NewSender(webhook.Config{
		Resolver: r, Now: time.Now, ConnectTimeout: 300 * time.Millisecond, Timeout: time.Second,
	})
}

// newReceiver starts a receiver on loopback that says nothing to the log of the test.
func newReceiver(t *testing.T, start func(*httptest.Server), h http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	start(srv)
	t.Cleanup(srv.Close)
	return srv
}

// named gives the URL of a receiver under another host name.
func named(t *testing.T, raw, host string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = net.JoinHostPort(host, u.Port())
	return u.String()
}

func answering(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

func TestSend_DeliversTheSignedBytesAndNothingElse(t *testing.T) {
	t.Parallel()
	type seen struct {
		method, uri, host, body string
		header                  http.Header
	}
	got := make(chan seen, 1)
	srv := newReceiver(t, (*httptest.Server).Start, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- seen{r.Method, r.RequestURI, r.Host, string(body), r.Header}
	})
	header, err := webhook.Cards.Sign(vectorID, vectorTime, []byte(vectorBody), texts(vectorSecret))
	if err != nil {
		t.Fatal(err)
	}
	before := header.Clone()
	target := named(t, srv.URL, "partner.test")
	result := newSender(names{"partner.test": addrs("127.0.0.1")}).Send(t.Context(), webhook.Request{
		URL: target + "/hooks?a=1", Header: header, Body: []byte(vectorBody), Policy: sandbox,
	})
	if result.Took <= 0 || result.Took > time.Second {
		t.Fatalf("took %v", result.Took)
	}
	result.Took = 0
	if diff := cmp.Diff(webhook.Result{Status: 200, Acknowledged: true}, result); diff != "" {
		t.Fatalf("result (-want +got):\n%s", diff)
	}
	want := seen{
		"POST", "/hooks?a=1", strings.TrimPrefix(target, "http://"), vectorBody,
		http.Header{
			"Connection":               {"close"},
			"Content-Length":           {"121"},
			"Content-Type":             {"application/json"},
			"User-Agent":               {"Firsttap-Webhooks/1"},
			"X-Reap-Webhook-Id":        {vectorID},
			"X-Reap-Webhook-Timestamp": {"1772818800"},
			"X-Reap-Webhook-Signature": {"t=1772818800,v1=" + vectorV1},
		},
	}
	if diff := cmp.Diff(want, <-got, cmp.AllowUnexported(seen{})); diff != "" {
		t.Fatalf("on the wire (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, header); diff != "" {
		t.Fatalf("the caller's headers were changed:\n%s", diff)
	}
}

func TestSend_JudgesByStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]webhook.Failure{
		200: "", 201: "", 202: "", 204: "", 226: "", 299: "",
		300: webhook.FailureRedirect, 301: webhook.FailureRedirect, 304: webhook.FailureRedirect, 308: webhook.FailureRedirect,
		400: webhook.FailureStatus, 401: webhook.FailureStatus, 404: webhook.FailureStatus, 410: webhook.FailureStatus,
		429: webhook.FailureStatus, 500: webhook.FailureStatus, 503: webhook.FailureStatus, 599: webhook.FailureStatus,
	} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			srv := newReceiver(t, (*httptest.Server).Start, answering(status))
			got := newSender(names{}).Send(t.Context(), webhook.Request{URL: srv.URL, Body: []byte("{}"), Policy: sandbox})
			if got.Status != status || got.Err != want || got.Acknowledged != (want == "") {
				t.Fatalf("%d: got %+v, want failure %q", status, got, want)
			}
		})
	}
}

func TestSend_RefusesTargetsWithoutTouchingThem(t *testing.T) {
	t.Parallel()
	var touched atomic.Int64
	counting := newListener(t, func(c net.Conn) { touched.Add(1); _ = c.Close() })
	table := names{
		"loopback.example.com": addrs("127.0.0.1"),
		"mixed.example.com":    addrs("8.8.8.8", "127.0.0.1"),
		"spoilt.example.com":   addrs("127.0.0.1", "169.254.169.254"),
		"mapped.example.com":   addrs("::ffff:127.0.0.1"),
		"metadata.example.com": addrs("169.254.169.254"),
	}
	https := "https://" + counting
	for name, c := range map[string]struct {
		url    string
		policy webhook.TargetPolicy
	}{
		"not a URL":                      {"::", sandbox},
		"loopback address":               {https, public},
		"http in a live programme":       {"http://" + counting, public},
		"name of loopback":               {named(t, https, "loopback.example.com"), public},
		"name with one bad address":      {named(t, https, "mixed.example.com"), public},
		"reachable, but one bad address": {named(t, "http://"+counting, "spoilt.example.com"), sandbox},
		"name of a mapped address":       {named(t, https, "mapped.example.com"), public},
		"metadata, also in a sandbox":    {"http://169.254.169.254/", sandbox},
		"metadata behind a name, there":  {"http://metadata.example.com/", sandbox},
	} {
		got := newSender(table).Send(t.Context(), webhook.Request{URL: c.url, Body: []byte("{}"), Policy: c.policy})
		got.Took = 0
		if got != (webhook.Result{Err: webhook.FailureRefusedTarget}) {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if n := touched.Load(); n != 0 {
		t.Fatalf("%d connections reached the refused target", n)
	}
}

// rebinding gives one answer after another, as a name with a lifetime of 0 s may.
type rebinding struct {
	mu      sync.Mutex
	answers [][]netip.Addr
	asked   int
}

func (r *rebinding) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	return r.answers[min(r.asked, len(r.answers))-1], nil
}

func TestSend_ConnectsToTheAddressThatWasChecked(t *testing.T) {
	t.Parallel()
	good := newReceiver(t, (*httptest.Server).Start, answering(204))
	// The name answers loopback once, then for ever an address where nothing may be sent.
	r := &rebinding{answers: [][]netip.Addr{addrs("127.0.0.1"), addrs("169.254.169.254")}}
	s := newSender(r)
	req := webhook.Request{URL: named(t, good.URL, "rebind.test"), Body: []byte("{}"), Policy: sandbox}
	if got := s.Send(t.Context(), req); got.Status != 204 || !got.Acknowledged || r.asked != 1 {
		t.Fatalf("first attempt: %+v after %d look-ups", got, r.asked)
	}
	if got := s.Send(t.Context(), req); got.Err != webhook.FailureRefusedTarget || r.asked != 2 {
		t.Fatalf("second attempt: %+v after %d look-ups", got, r.asked)
	}
}

func TestSend_RefusesANameThatTurnedPrivateAfterCreation(t *testing.T) {
	t.Parallel()
	r := &rebinding{answers: [][]netip.Addr{addrs("8.8.8.8"), addrs("10.0.0.1")}}
	const raw = "https://partner.example.com/hooks"
	u, err := webhook.CheckURL(raw, public)
	if err != nil {
		t.Fatal(err)
	}
	if err := webhook.CheckResolved(t.Context(), u, r, public); err != nil {
		t.Fatal(err)
	}
	got := newSender(r).Send(t.Context(), webhook.Request{URL: raw, Body: []byte("{}"), Policy: public})
	if got.Err != webhook.FailureRefusedTarget {
		t.Fatalf("got %+v", got)
	}
}

func TestSend_FollowsNoRedirectAndKeepsNoCookie(t *testing.T) {
	t.Parallel()
	var followed, cookies atomic.Int64
	private := newReceiver(t, (*httptest.Server).Start, func(http.ResponseWriter, *http.Request) { followed.Add(1) })
	srv := newReceiver(t, (*httptest.Server).Start, func(w http.ResponseWriter, r *http.Request) {
		cookies.Add(int64(len(r.Cookies())))
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		http.Redirect(w, r, private.URL, http.StatusTemporaryRedirect)
	})
	s := newSender(names{})
	for range 2 {
		got := s.Send(t.Context(), webhook.Request{URL: srv.URL, Body: []byte("{}"), Policy: sandbox})
		if got.Status != 307 || got.Err != webhook.FailureRedirect || got.Acknowledged {
			t.Fatalf("got %+v", got)
		}
	}
	if followed.Load() != 0 || cookies.Load() != 0 {
		t.Fatalf("%d redirects followed, %d cookies sent", followed.Load(), cookies.Load())
	}
}

// Not parallel: it sets the environment.
func TestSend_TakesNoProxyFromTheEnvironment(t *testing.T) {
	var proxied atomic.Int64
	proxy := newReceiver(t, (*httptest.Server).Start, func(http.ResponseWriter, *http.Request) { proxied.Add(1) })
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	srv := newReceiver(t, (*httptest.Server).Start, answering(202))
	got := newSender(names{"partner.test": addrs("127.0.0.1")}).Send(t.Context(),
		webhook.Request{URL: named(t, srv.URL, "partner.test"), Body: []byte("{}"), Policy: sandbox})
	if got.Status != 202 || proxied.Load() != 0 {
		t.Fatalf("got %+v, and %d requests at the proxy", got, proxied.Load())
	}
}

func TestSend_VerifiesCertificates(t *testing.T) {
	t.Parallel()
	srv := newReceiver(t, (*httptest.Server).StartTLS, answering(200))
	plain := newReceiver(t, (*httptest.Server).Start, answering(200))
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	table := names{"example.com": addrs("127.0.0.1"), "other.test": addrs("127.0.0.1")}
	for name, c := range map[string]struct {
		url   string
		roots *x509.CertPool
		want  webhook.Failure
	}{
		"good name":                {named(t, srv.URL, "example.com"), roots, ""},
		"good address":             {srv.URL, roots, ""},
		"name not in certificate":  {named(t, srv.URL, "other.test"), roots, webhook.FailureTLS},
		"signed by nobody we know": {named(t, srv.URL, "example.com"), x509.NewCertPool(), webhook.FailureTLS},
		"not in roots of system":   {named(t, srv.URL, "example.com"), nil, webhook.FailureTLS},
		"plain http where TLS is due": {
			strings.Replace(plain.URL, "http:", "https:", 1), roots, webhook.FailureTLS,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := webhook.NewSender(webhook.Config{Resolver: table, Now: time.Now, Roots: c.roots})
			got := s.Send(t.Context(), webhook.Request{URL: c.url, Body: []byte("{}"), Policy: sandbox})
			if got.Err != c.want || got.Acknowledged != (c.want == "") {
				t.Fatalf("got %+v, want failure %q", got, c.want)
			}
		})
	}
}

// newListener serves raw connections on loopback, each with serve, and gives its address.
func newListener(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer func() { _ = c.Close() }()
				serve(c)
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); serving.Wait() })
	return l.Addr().String()
}

// drip writes text, then one byte of more every 20 ms until the other side is gone.
func drip(c net.Conn, text, more string) {
	_, _ = io.WriteString(c, text)
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	for i := 0; ; i++ {
		<-ticks.C
		if _, err := c.Write([]byte{more[i%len(more)]}); err != nil {
			return
		}
	}
}

func TestSend_GivesUpOnSlowReceivers(t *testing.T) {
	t.Parallel()
	hold := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) } // reads everything, says nothing
	for name, c := range map[string]struct {
		scheme string
		serve  func(net.Conn)
		want   webhook.Result
	}{
		"silence":                 {"http", hold, webhook.Result{Err: webhook.FailureTimeout}},
		"silence for a TLS hello": {"https", hold, webhook.Result{Err: webhook.FailureTimeout}},
		"headers byte by byte": {
			"http", func(c net.Conn) { drip(c, "HTTP/1.1 200 OK\r\nX-Slow: ", "a") },
			webhook.Result{Err: webhook.FailureTimeout},
		},
		"interim answers for ever": {
			"http", func(c net.Conn) { drip(c, "", "HTTP/1.1 103 Early Hints\r\n\r\n") },
			webhook.Result{Err: webhook.FailureTimeout},
		},
		// The status came in time: it is what acknowledges.
		"body byte by byte": {
			"http", func(c net.Conn) { drip(c, "HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n", "a") },
			webhook.Result{Status: 200, Acknowledged: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newSender(names{}).Send(t.Context(), webhook.Request{
				URL: c.scheme + "://" + newListener(t, c.serve), Body: []byte("{}"), Policy: sandbox,
			})
			if got.Took < 900*time.Millisecond || got.Took > 3*time.Second {
				t.Errorf("took %v with a time-out of 1 s", got.Took)
			}
			got.Took = 0
			if got != c.want {
				t.Fatalf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestSend_NamesWhatBroke(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	_ = closed.Close()
	say := func(text string) string {
		return "http://" + newListener(t, func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, text)
		})
	}
	for name, c := range map[string]struct {
		url  string
		want webhook.Failure
	}{
		"nobody listens":      {"http://" + nobody, webhook.FailureConnect},
		"name does not exist": {"http://gone.test", webhook.FailureConnect},
		"hangs up":            {say(""), webhook.FailureProtocol},
		"not HTTP":            {say("220 mail.example.com ESMTP\r\n"), webhook.FailureProtocol},
		"headers too large": {
			say("HTTP/1.1 200 OK\r\nX-Big: " + strings.Repeat("a", 64<<10) + "\r\n\r\n"), webhook.FailureProtocol,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newSender(names{}).Send(t.Context(), webhook.Request{URL: c.url, Body: []byte("{}"), Policy: sandbox})
			got.Took = 0
			if got != (webhook.Result{Err: c.want}) {
				t.Fatalf("got %+v, want failure %q", got, c.want)
			}
		})
	}
}

func TestSend_TakesTheFinalAnswer(t *testing.T) {
	t.Parallel()
	const hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
	for name, c := range map[string]struct {
		text string
		want webhook.Result
	}{
		"after hints":   {hints + hints + "HTTP/1.1 204 No Content\r\n\r\n", webhook.Result{Status: 204, Acknowledged: true}},
		"after 100":     {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 No\r\n\r\n", webhook.Result{Status: 500, Err: webhook.FailureStatus}},
		"101":           {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", webhook.Result{Status: 101, Err: webhook.FailureStatus}},
		"none":          {hints, webhook.Result{Err: webhook.FailureProtocol}},
		"hints, 1 MiB":  {strings.Repeat(hints, 1<<20/len(hints)), webhook.Result{Err: webhook.FailureProtocol}},
		"HTTP/1.0":      {"HTTP/1.0 200 OK\r\n\r\nok", webhook.Result{Status: 200, Acknowledged: true}},
		"broken chunks": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz", webhook.Result{Status: 200, Acknowledged: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := newListener(t, func(c2 net.Conn) {
				// It speaks before it is asked, and stays until the sender is gone.
				_, _ = io.WriteString(c2, c.text)
				_ = c2.(*net.TCPConn).CloseWrite()
				_, _ = io.Copy(io.Discard, c2)
			})
			got := newSender(names{}).Send(t.Context(), webhook.Request{URL: "http://" + target, Body: []byte("{}"), Policy: sandbox})
			got.Took = 0
			if got != c.want {
				t.Fatalf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestSend_ReadsLittleOfAHugeAnswer(t *testing.T) {
	t.Parallel()
	written := make(chan int64, 1)
	target := newListener(t, func(c net.Conn) {
		_ = c.(*net.TCPConn).SetWriteBuffer(4096)
		_, _ = c.Read(make([]byte, 4096))
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
		n, _ := io.Copy(struct{ io.Writer }{c}, endless{})
		written <- n
	})
	got := newSender(names{}).Send(t.Context(), webhook.Request{URL: "http://" + target, Body: []byte("{}"), Policy: sandbox})
	if !got.Acknowledged || got.Status != 200 {
		t.Fatalf("got %+v", got)
	}
	// What the kernels of both sides buffered comes on top of the 64 KiB that we read.
	if n := <-written; n > 16<<20 {
		t.Fatalf("the receiver got rid of %d bytes", n)
	}
}

// endless is an answer without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestSend_TriesTheNextAddress(t *testing.T) {
	t.Parallel()
	srv := newReceiver(t, (*httptest.Server).Start, answering(200))
	// Nothing listens on this port of 127.0.0.2: the receiver is bound to 127.0.0.1.
	s := newSender(names{"two.test": addrs("127.0.0.2", "127.0.0.1")})
	got := s.Send(t.Context(), webhook.Request{URL: named(t, srv.URL, "two.test"), Body: []byte("{}"), Policy: sandbox})
	if !got.Acknowledged {
		t.Fatalf("got %+v", got)
	}
}

// stuck is a name service that answers only when nobody listens any more.
type stuck struct{ asked chan struct{} }

func (s stuck) LookupNetIP(ctx context.Context, _, _ string) ([]netip.Addr, error) {
	if s.asked != nil {
		close(s.asked)
	}
	<-ctx.Done()
	return nil, &net.DNSError{Err: "stopped", IsTimeout: errors.Is(ctx.Err(), context.DeadlineExceeded)}
}

func TestSend_CountsTheLookUpAsConnecting(t *testing.T) {
	t.Parallel()
	got := newSender(stuck{}).Send(t.Context(), webhook.Request{URL: "http://slow.test", Body: []byte("{}"), Policy: sandbox})
	if got.Err != webhook.FailureTimeout || got.Took > 900*time.Millisecond {
		t.Fatalf("got %+v with 300 ms to connect", got)
	}
}

func TestSend_TellsOurOwnStopFromAFailure(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(t *testing.T) (webhook.Resolver, string, <-chan struct{}){
		"while looking up": func(*testing.T) (webhook.Resolver, string, <-chan struct{}) {
			asked := make(chan struct{})
			return stuck{asked}, "http://slow.test", asked
		},
		"while waiting for the answer": func(t *testing.T) (webhook.Resolver, string, <-chan struct{}) {
			t.Helper()
			reached := make(chan struct{})
			return names{}, "http://" + newListener(t, func(c net.Conn) {
				_, _ = c.Read(make([]byte, 4096))
				close(reached)
				_, _ = io.Copy(io.Discard, c)
			}), reached
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resolver, target, reached := start(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() { <-reached; cancel() }()
			s := webhook.NewSender(webhook.Config{Resolver: resolver, Now: time.Now})
			got := s.Send(ctx, webhook.Request{URL: target, Body: []byte("{}"), Policy: sandbox})
			got.Took = 0
			if got != (webhook.Result{Err: webhook.FailureCancelled}) {
				t.Fatalf("got %+v", got)
			}
		})
	}
}

func TestSend_MayBeUsedByManyAtOnce(t *testing.T) {
	t.Parallel()
	var reached atomic.Int64
	srv := newReceiver(t, (*httptest.Server).Start, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	s := webhook.NewSender(webhook.Config{Resolver: names{}, Now: time.Now})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			got := s.Send(t.Context(), webhook.Request{URL: srv.URL, Body: []byte("{}"), Policy: sandbox})
			if !got.Acknowledged {
				t.Errorf("got %+v", got)
			}
		})
	}
	all.Wait()
	if n := reached.Load(); n != 50 {
		t.Fatalf("%d requests arrived, want 50", n)
	}
}

func TestNewSender_PanicsWithoutItsParts(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]webhook.Config{
		"resolver": {Now: time.Now},
		"clock":    {Resolver: names{}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a sender without a %s was made", name)
				}
			}()
			webhook.NewSender(cfg)
		}()
	}
}
