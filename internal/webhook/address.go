package webhook

import "net/netip"

// reach is who can be met at an address. The zero reach is the one that is always refused.
type reach uint8

const (
	reachNobody  reach = iota // no receiver lives here, or one that nobody may be sent to
	reachPrivate              // this machine or this network: only under TargetPolicy.AllowPrivate
	reachPublic               // the internet
)

// forbidden are the ranges that no policy opens. Sources: the special-purpose address registries of IANA
// (RFC 6890 and updates), and the addresses where clouds hand out credentials to whoever asks.
var forbidden = prefixes(
	"0.0.0.0/8",          // this network, unspecified
	"100.100.100.200/32", // cloud metadata inside the CGNAT range
	"168.63.129.16/32",   // cloud metadata on an address that looks public
	"169.254.0.0/16",     // link-local, cloud metadata
	"192.0.0.0/24",       // protocol assignments
	"192.0.2.0/24",       // documentation
	"192.88.99.0/24",     // 6to4 relays
	"198.18.0.0/15",      // benchmarking
	"198.51.100.0/24",    // documentation
	"203.0.113.0/24",     // documentation
	"224.0.0.0/4",        // multicast
	"240.0.0.0/4",        // reserved, broadcast
	"2001::/23",          // protocol assignments: Teredo 2001::/32, benchmarking, ORCHID
	"2001:db8::/32",      // documentation
	"2002::/16",          // 6to4, which hides an IPv4 address
	"3fff::/20",          // documentation
	"fd00:ec2::/32",      // cloud metadata inside ULA
	"fd20:ce::254/128",   // cloud metadata inside ULA
)

// private are the ranges that TargetPolicy.AllowPrivate opens.
var private = prefixes(
	"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", // RFC 1918
	"100.64.0.0/10", // shared space of carriers (CGNAT)
	"127.0.0.0/8",   // loopback
	"::1/128",       // loopback
	"fc00::/7",      // ULA
)

var (
	// global6 is the only part of IPv6 that is given out to the internet. What lies outside is refused
	// without being named: unspecified, IPv4-compatible ::/96, NAT64 64:ff9b:1::/48, link-local, multicast.
	global6 = netip.MustParsePrefix("2000::/3")

	// nat64 is the well-known prefix of RFC 6052. Networks without IPv4 reach the IPv4 internet through it.
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}

// admits reports whether p lets a delivery go to a.
func (p TargetPolicy) admits(a netip.Addr) bool {
	switch reachOf(a) {
	case reachPublic:
		return true
	case reachPrivate:
		return p.AllowPrivate
	default:
		return false
	}
}

// reachOf classifies an address. An IPv4-mapped address is the IPv4 address that it holds, for every
// purpose. A NAT64 address is public when the IPv4 address in it is, and nothing else.
func reachOf(a netip.Addr) reach {
	if !a.IsValid() || a.Zone() != "" {
		return reachNobody
	}
	a = a.Unmap()
	if nat64.Contains(a) {
		b := a.As16()
		if reachOf(netip.AddrFrom4([4]byte(b[12:]))) == reachPublic {
			return reachPublic
		}
		return reachNobody
	}
	switch {
	case contains(forbidden, a):
		return reachNobody
	case contains(private, a):
		return reachPrivate
	case a.Is6() && !global6.Contains(a):
		return reachNobody
	}
	return reachPublic
}

func contains(ranges []netip.Prefix, a netip.Addr) bool {
	for _, r := range ranges {
		if r.Contains(a) {
			return true
		}
	}
	return false
}
