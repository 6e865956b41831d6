package httpd

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// ClientIP is the address that a request came from: the TCP peer or, when the peer is a trusted proxy,
// the last hop of X-Forwarded-For, which that proxy wrote. ok is false when the address cannot be read,
// also when a trusted proxy names none. The header of a peer that is not trusted is never looked at.
func ClientIP(r *http.Request, peer netip.Addr, trusted []netip.Prefix) (addr netip.Addr, ok bool) {
	if !isTrusted(peer, trusted) {
		return peer, peer.IsValid()
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
func OuterHTTPS(r *http.Request, peer netip.Addr, trusted []netip.Prefix) bool {
	if r.TLS != nil {
		return true
	}
	if isTrusted(peer, trusted) {
		if proto := lastElement(r.Header.Values("X-Forwarded-Proto")); proto != "" {
			return strings.EqualFold(proto, "https")
		}
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && local.IP.IsLoopback()
}

// PeerAddr is the address of the TCP peer; zero when it cannot be read. IPv4 inside IPv6 comes out as
// IPv4, and a zone is dropped.
func PeerAddr(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return plainAddr(ap.Addr())
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
