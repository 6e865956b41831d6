package httpd

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}

func TestClientIP(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		peer      string
		forwarded []string
		want      string // "" when it cannot be read
	}{
		"the peer itself":                        {"203.0.113.9:5000", nil, "203.0.113.9"},
		"a forged header of an untrusted peer":   {"203.0.113.9:5000", []string{"10.1.1.1"}, "203.0.113.9"},
		"a v4-mapped peer":                       {"[::ffff:203.0.113.9]:5000", nil, "203.0.113.9"},
		"a peer with a zone":                     {"[fe80::1%eth0]:5000", nil, "fe80::1"},
		"one hop":                                {"10.0.0.1:80", []string{"198.51.100.7"}, "198.51.100.7"},
		"the last of several hops":               {"10.0.0.1:80", []string{"1.1.1.1, 198.51.100.7"}, "198.51.100.7"},
		"the last of several lines":              {"10.0.0.1:80", []string{"1.1.1.1", "2.2.2.2 ,198.51.100.7 "}, "198.51.100.7"},
		"a v4-mapped proxy":                      {"[::ffff:10.0.0.1]:80", []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
		"a hop with a port":                      {"10.0.0.1:80", []string{"198.51.100.7:4711"}, "198.51.100.7"},
		"a v6 hop":                               {"[fd00::1]:80", []string{"2001:db8::1"}, "2001:db8::1"},
		"a v6 hop in brackets":                   {"[fd00::1]:80", []string{"[2001:db8::1]"}, "2001:db8::1"},
		"a v6 hop with a port":                   {"[fd00::1]:80", []string{"[2001:db8::1]:9"}, "2001:db8::1"},
		"a trusted proxy that names nobody":      {"10.0.0.1:80", nil, ""},
		"a trusted proxy that names a word":      {"10.0.0.1:80", []string{"1.1.1.1, unknown"}, ""},
		"a trusted proxy with an empty last hop": {"10.0.0.1:80", []string{"1.1.1.1,"}, ""},
		"a peer that is no address":              {"@", nil, ""},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		r.Header["X-Forwarded-For"] = c.forwarded
		got, ok := ClientIP(r, PeerAddr(r), proxies)
		if ok != (c.want != "") || ok && got.String() != c.want {
			t.Errorf("%s: got %v %v, want %q", name, got, ok, c.want)
		}
	}
}

func TestOuterHTTPS(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		peer, listener string
		proto          []string
		tls            bool
		want           bool
	}{
		"TLS":                                  {"203.0.113.9:1", "192.0.2.1:443", nil, true, true},
		"plain":                                {"203.0.113.9:1", "192.0.2.1:80", nil, false, false},
		"plain, forged header":                 {"203.0.113.9:1", "192.0.2.1:80", []string{"https"}, false, false},
		"behind a proxy that had HTTPS":        {"10.0.0.1:1", "192.0.2.1:80", []string{"HTTPS"}, false, true},
		"behind a proxy that had plain HTTP":   {"10.0.0.1:1", "192.0.2.1:80", []string{"https, http"}, false, false},
		"behind a proxy that says nothing":     {"10.0.0.1:1", "192.0.2.1:80", nil, false, false},
		"on loopback":                          {"127.0.0.1:1", "127.0.0.1:8080", nil, false, true},
		"on loopback, v6":                      {"[::1]:1", "[::1]:8080", nil, false, true},
		"on loopback, v4-mapped":               {"127.0.0.1:1", "[::ffff:127.0.0.1]:8080", nil, false, true},
		"on loopback, proxy had plain HTTP":    {"10.0.0.1:1", "127.0.0.1:8080", []string{"http"}, false, false},
		"a listener that cannot be told apart": {"127.0.0.1:1", "", nil, false, false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		r.Header["X-Forwarded-Proto"] = c.proto
		if c.tls {
			r.TLS = &tls.ConnectionState{}
		}
		if c.listener != "" {
			addr := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.listener))
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(addr)))
		}
		if got := OuterHTTPS(r, PeerAddr(r), proxies); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func FuzzClientIP(f *testing.F) {
	f.Add("10.0.0.1:1", "1.1.1.1, 2.2.2.2")
	f.Add("[fd00::1]:1", "[::ffff:1.2.3.4]:99")
	f.Add("1.2.3.4:1", "%")
	f.Fuzz(func(t *testing.T, peer, forwarded string) {
		r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {forwarded}}}
		addr, ok := ClientIP(r, PeerAddr(r), proxies)
		if ok && (!addr.IsValid() || addr.Is4In6() || addr.Zone() != "") {
			t.Fatalf("not a plain address: %v", addr)
		}
		r.Header = nil
		if direct, read := ClientIP(r, PeerAddr(r), nil); read && !isTrusted(direct, proxies) && direct != addr {
			t.Fatalf("an untrusted peer chose its address: %v instead of %v", addr, direct)
		}
	})
}
