package webhook

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
)

// MaxURLLen is the most characters that the URL of an endpoint may have (cards contract §21.1, debit §8.6).
const MaxURLLen = 500

// lookupRetryAfter is what a caller waits when the name service did not answer.
const lookupRetryAfter = 5 * time.Second

// InvalidURL refuses a URL that we do not deliver to. Its detail is a [Problem].
var InvalidURL = fault.New("webhook_url_invalid", fault.Invalid)

// Reasons lists the reasons that this package declares.
func Reasons() []fault.Reason { return []fault.Reason{InvalidURL} }

// Problem is what is wrong with a URL. It never repeats the URL.
type Problem string

// The problems, in the order in which they are looked for.
const (
	ProblemTooLong    Problem = "too_long"   // more than MaxURLLen characters
	ProblemMalformed  Problem = "malformed"  // not an absolute URL of printable ASCII
	ProblemScheme     Problem = "scheme"     // not https
	ProblemUserInfo   Problem = "user_info"  // a name or password before the host
	ProblemFragment   Problem = "fragment"   // a part after #
	ProblemPort       Problem = "port"       // not 443 and not 1024..65535
	ProblemHost       Problem = "host"       // not a name of the public DNS, not a plain address
	ProblemAddress    Problem = "address"    // an address, or a name with one, that is not public
	ProblemUnresolved Problem = "unresolved" // a name that does not exist
)

// TargetPolicy is how far deliveries of a programme may go.
type TargetPolicy struct {
	// AllowPrivate opens http, port 80, names without a dot, and loopback, RFC 1918, ULA and CGNAT
	// addresses, for tests on one machine. Link-local and metadata addresses stay closed. Only sandbox
	// programmes may have it.
	AllowPrivate bool
}

// Resolver looks names up. *net.Resolver is one.
type Resolver interface {
	// LookupNetIP gives the addresses of host; network is "ip".
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

func invalidURL(p Problem) error { return fault.RefuseWith(InvalidURL, p) }

// CheckURL checks what can be seen in the text of a URL without asking anybody (cards contract §21.4), and
// gives the URL with its host in lower case. An error is [InvalidURL] with a [Problem].
func CheckURL(raw string, p TargetPolicy) (*url.URL, error) {
	if len(raw) > MaxURLLen && len([]rune(raw)) > MaxURLLen {
		return nil, invalidURL(ProblemTooLong)
	}
	// RFC 3986 knows printable ASCII only. Go and browsers differ on what else means, and the transport
	// would turn letters of other scripts into other hosts, so nothing else gets near them.
	if strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }) {
		return nil, invalidURL(ProblemMalformed)
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Hostname() == "" {
		return nil, invalidURL(ProblemMalformed)
	}
	switch {
	case u.Scheme != "https" && !(p.AllowPrivate && u.Scheme == "http"):
		return nil, invalidURL(ProblemScheme)
	case u.User != nil:
		return nil, invalidURL(ProblemUserInfo)
	case strings.Contains(raw, "#"):
		return nil, invalidURL(ProblemFragment)
	case !validPort(u, p):
		return nil, invalidURL(ProblemPort)
	}
	u.Host = strings.ToLower(u.Host)
	if err := checkHost(u, p); err != nil {
		return nil, err
	}
	return u, nil
}

// validPort: 443 and 1024..65535, as one plain number; 80 too where http is allowed.
func validPort(u *url.URL, p TargetPolicy) bool {
	if strings.HasSuffix(u.Host, ":") {
		return false
	}
	port := portOf(u)
	n, err := strconv.Atoi(port)
	if err != nil || strconv.Itoa(n) != port {
		return false
	}
	return n == 443 || n >= 1024 && n <= 65535 || n == 80 && p.AllowPrivate
}

// portOf is the port of u, with the default of its scheme.
func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "http":
		return "80"
	default:
		return "443"
	}
}

// checkHost takes a plain address, or a name that cannot be read as an address by anybody.
func checkHost(u *url.URL, p TargetPolicy) error {
	host := u.Hostname()
	if a, err := netip.ParseAddr(host); err == nil {
		bracketed := strings.HasPrefix(u.Host, "[")
		switch {
		case bracketed != a.Is6() || a.Is4In6():
			return invalidURL(ProblemHost)
		case !p.admits(a):
			return invalidURL(ProblemAddress)
		}
		return nil
	}
	if !isName(host) || endsInNumber(host) {
		return invalidURL(ProblemHost)
	}
	if !p.AllowPrivate && isLocalName(host) {
		return invalidURL(ProblemHost)
	}
	return nil
}

// isName reports whether host is written as a DNS name: labels of 1 to 63 letters, digits, hyphens and
// underscores, 253 characters in all, no dot at the end.
func isName(host string) bool {
	if len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

// endsInNumber reports whether the last label is decimal, octal or hex. C libraries read such a host as an
// IPv4 address (0x7f.1, 0177.0.0.1, 2130706433); no top-level domain looks like one.
func endsInNumber(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if hex, found := strings.CutPrefix(last, "0x"); found {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(last, "0123456789") == ""
}

// isLocalName reports whether the name means something on this machine or this network only.
func isLocalName(host string) bool {
	if !strings.Contains(host, ".") {
		return true
	}
	for _, suffix := range []string{".localhost", ".local", ".localdomain", ".internal", ".home.arpa"} {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}

// CheckResolved looks up the host of a URL that [CheckURL] gave, and refuses it when one of its addresses
// is not public. It is for create and update; an attempt checks again by itself. Under AllowPrivate nothing
// is looked up: the receiver of a test may come to life later.
//
// An error is [InvalidURL] (an address is not public; the name does not exist), or unavailable when the
// name service gave no answer. Do not call it in a transaction: it waits for the network, as long as ctx.
func CheckResolved(ctx context.Context, u *url.URL, r Resolver, p TargetPolicy) error {
	if p.AllowPrivate {
		return nil
	}
	addrs, err := resolve(ctx, u.Hostname(), r)
	if err != nil {
		var dns *net.DNSError
		if errors.As(err, &dns) && dns.IsNotFound {
			return invalidURL(ProblemUnresolved)
		}
		return fault.NotNow(err, "look up webhook host", lookupRetryAfter)
	}
	if !p.admitsAll(addrs) {
		return invalidURL(ProblemAddress)
	}
	return nil
}

// resolve gives the addresses of host. A host that is an address is its own answer. No address at all is an
// error.
func resolve(ctx context.Context, host string, r Resolver) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	addrs, err := r.LookupNetIP(ctx, "ip", host)
	if err == nil && len(addrs) == 0 {
		err = &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	return addrs, err
}

// admitsAll reports whether p lets a delivery go to every one of addrs. One bad address spoils the name:
// whoever controls the name chooses which of them we would get.
func (p TargetPolicy) admitsAll(addrs []netip.Addr) bool {
	for _, a := range addrs {
		if !p.admits(a) {
			return false
		}
	}
	return true
}
