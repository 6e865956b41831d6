package httpd

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// ClientIP is the address that a request came from: the TCP peer or, when the peer is a trusted proxy,
// the last hop of X-Forwarded-For, which that proxy wrote. IPv4 inside IPv6 comes out as IPv4, and a
// zone is dropped. ok is false when the address cannot be read, also when a trusted proxy names none.
// The header of a peer that is not trusted is never looked at.
func ClientIP(r *http.Request, trusted []netip.Prefix) (addr netip.Addr, ok bool) {
	peer, ok := peerAddr(r)
	if !ok || !isTrusted(peer, trusted) {
		return peer, ok
	}
	hop, err := parseHop(lastElement(r.Header.Values("X-Forwarded-For")))
	if err != nil {
		return netip.Addr{}, false
	}
	return plainAddr(hop), true
}

// OuterHTTPS reports whether nobody outside could read the request on its way: it came over TLS, or a
// trusted proxy says that its own caller used HTTPS, or it came straight to a loopback listener. A
// trusted proxy that says "http" is believed too, also on loopback.
func OuterHTTPS(r *http.Request, trusted []netip.Prefix) bool {
	if r.TLS != nil {
		return true
	}
	if peer, ok := peerAddr(r); ok && isTrusted(peer, trusted) {
		if proto := lastElement(r.Header.Values("X-Forwarded-Proto")); proto != "" {
			return strings.EqualFold(proto, "https")
		}
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	ap, err := netip.ParseAddrPort(local.String())
	return err == nil && plainAddr(ap.Addr()).IsLoopback()
}

func peerAddr(r *http.Request) (netip.Addr, bool) {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, false
	}
	return plainAddr(ap.Addr()), true
}

func plainAddr(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func isTrusted(peer netip.Addr, trusted []netip.Prefix) bool {
	for _, p := range trusted {
		if p.Contains(peer) {
			return true
		}
	}
	return false
}

// lastElement is the last element of a list header, whether it came in one line or in several.
func lastElement(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	line := lines[len(lines)-1]
	return strings.TrimSpace(line[strings.LastIndexByte(line, ',')+1:])
}

// parseHop reads an address, with or without a port, as proxies write it.
func parseHop(s string) (netip.Addr, error) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr(), nil
	}
	return netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
}
