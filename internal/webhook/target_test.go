package webhook_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/webhook"
)

var (
	public  = webhook.TargetPolicy{}
	sandbox = webhook.TargetPolicy{AllowPrivate: true}
)

// problemOf gives the detail of an InvalidURL refusal, "" for none.
func problemOf(t *testing.T, err error) webhook.Problem {
	t.Helper()
	if err == nil {
		return ""
	}
	if !errors.Is(err, webhook.InvalidURL) || !fault.IsRefusal(err) {
		t.Fatalf("got %v, want a refusal of the URL", err)
	}
	return fault.Of(err).Detail.(webhook.Problem)
}

func TestCheckURL_TakesWhatIsPublic(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"https://partner.example.com/hooks",
		"https://partner.example.com",
		"https://partner.example.com:443/hooks?tenant=1&x=%23",
		"https://partner.example.com:1024/",
		"https://partner.example.com:65535/",
		"https://PARTNER.Example.COM/Hooks",
		"HTTPS://partner.example.com/",
		"https://xn--bcher-kva.example/",
		"https://with_underscore.example.com/",
		"https://8.8.8.8/",
		"https://172.32.0.1/",
		"https://100.128.0.1:8443/",
		"https://[2606:4700:4700::1111]/",
		"https://[2606:4700:4700::1111]:8443/",
		"https://[64:ff9b::808:808]/",
		"https://127.0.0.1.nip.io/", // a name: what it resolves to is checked elsewhere
		"https://3com.com/",
		"https://a.0xg/",
		"https://x.example.com/" + strings.Repeat("a", 500-len("https://x.example.com/")),
	} {
		u, err := webhook.CheckURL(raw, public)
		if err != nil {
			t.Errorf("%s: %v (%v)", raw, err, problemOf(t, err))
			continue
		}
		if u.Host != strings.ToLower(u.Host) || u.Scheme != "https" {
			t.Errorf("%s: came back as %s", raw, u)
		}
	}
}

// bypasses are forms by which people have got past checks like ours. The second column is the problem for
// a live programme, the third for a sandbox that may reach private targets ("" when that takes it).
var bypasses = []struct {
	raw           string
	live, sandbox webhook.Problem
}{
	// Not the form of an endpoint.
	{"", "malformed", "malformed"},
	{"partner.example.com", "malformed", "malformed"},
	{"//partner.example.com/", "scheme", "scheme"},
	{"https://", "malformed", "malformed"},
	{"https:///hooks", "malformed", "malformed"},
	{"https://:443/", "malformed", "malformed"},
	{"https:partner.example.com", "malformed", "malformed"},
	{"https://x.example.com/" + strings.Repeat("a", 501-len("https://x.example.com/")), "too_long", "too_long"},
	{"http://partner.example.com/", "scheme", ""},
	{"ftp://partner.example.com/", "scheme", "scheme"},
	{"file:///etc/passwd", "malformed", "malformed"},
	{"gopher://partner.example.com:6379/_", "scheme", "scheme"},
	{"javascript:alert(1)", "malformed", "malformed"},
	{"https://user@partner.example.com/", "user_info", "user_info"},
	{"https://user:word@partner.example.com/", "user_info", "user_info"},
	{"https://@partner.example.com/", "user_info", "user_info"},
	{"https://partner.example.com@127.0.0.1/", "user_info", "user_info"},
	{"https://partner.example.com/#x", "fragment", "fragment"},
	{"https://partner.example.com/#", "fragment", "fragment"},
	{"https://127.0.0.1#@partner.example.com/", "fragment", "fragment"},
	// Confusing bytes.
	{`https://partner.example.com\@127.0.0.1/`, "malformed", "malformed"},
	{`https://partner.example.com/\`, "malformed", "malformed"},
	{`https:\\127.0.0.1/`, "malformed", "malformed"},
	{"https://partner.example.com/\r\nHost: x", "malformed", "malformed"},
	{"https://partner.example.com/\t", "malformed", "malformed"},
	{" https://partner.example.com/", "malformed", "malformed"},
	{"https://127.0.0.1\x00.example.com/", "malformed", "malformed"},
	{"https://①②⑦.⓪.⓪.①/", "malformed", "malformed"},
	{"https://127。0。0。1/", "malformed", "malformed"},
	{"https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "malformed", "malformed"},
	{"https://%6c%6f%63alhost/", "malformed", "malformed"},
	{"https://127%2e0%2e0%2e1/", "malformed", "malformed"},
	{"https://%E2%93%9Bocalhost.example/", "host", "host"},
	// Ports.
	{"https://partner.example.com:22/", "port", "port"},
	{"https://partner.example.com:25/", "port", "port"},
	{"https://partner.example.com:80/", "port", ""},
	{"https://partner.example.com:1023/", "port", "port"},
	{"https://partner.example.com:0/", "port", "port"},
	{"https://partner.example.com:65536/", "port", "port"},
	{"https://partner.example.com:65979/", "port", "port"}, // 443 modulo 65536
	{"https://partner.example.com:0443/", "port", "port"},
	{"https://partner.example.com:/", "port", "port"},
	{"https://partner.example.com:https/", "malformed", "malformed"},
	{"https://partner.example.com:443:80/", "malformed", "malformed"},
	// Names of this machine and this network.
	{"https://localhost/", "host", ""},
	{"https://LOCALHOST:8443/", "host", ""},
	{"https://localhost./", "host", "host"},
	{"https://a.localhost/", "host", ""},
	{"https://localhost.localdomain/", "host", ""},
	{"https://printer.local/", "host", ""},
	{"https://metadata.google.internal/", "host", ""},
	{"https://METADATA.GOOGLE.INTERNAL/", "host", ""},
	{"https://vault.internal./", "host", "host"},
	{"https://router.home.arpa/", "host", ""},
	{"https://kubernetes/", "host", ""},
	{"https://partner.example.com./", "host", "host"},
	{"https://partner..example.com/", "host", "host"},
	{"https://-x.example.com/", "host", "host"},
	{"https://" + strings.Repeat("a", 64) + ".example.com/", "host", "host"},
	{"https://" + strings.Repeat("a.", 127) + "com/", "host", "host"},
	// Loopback, in every writing.
	{"https://127.0.0.1/", "address", ""},
	{"https://127.1.2.3:8443/", "address", ""},
	{"https://127.1/", "host", "host"},
	{"https://127.0.1/", "host", "host"},
	{"https://2130706433/", "host", "host"},
	{"https://0x7f000001/", "host", "host"},
	{"https://0X7F000001/", "host", "host"},
	{"https://0x7f.0x0.0x0.0x1/", "host", "host"},
	{"https://0x7f.1/", "host", "host"},
	{"https://017700000001/", "host", "host"},
	{"https://0177.0.0.1/", "host", "host"},
	{"https://0177.0.0.01/", "host", "host"},
	{"https://127.0.0.01/", "host", "host"},
	{"https://00000127.0.0.1/", "host", "host"},
	{"https://127.0.0.0x1/", "host", "host"},
	{"https://127.0.0.0x/", "host", "host"},
	{"https://127.0.0.1./", "host", "host"},
	{"https://383.0.0.1/", "host", "host"},
	{"https://1.2.3.4.5/", "host", "host"},
	{"https://[::1]/", "address", ""},
	{"https://[0:0:0:0:0:0:0:1]/", "address", ""},
	{"https://[::127.0.0.1]/", "address", "address"},
	{"https://[::ffff:127.0.0.1]/", "host", "host"},
	{"https://[::ffff:7f00:1]/", "host", "host"},
	{"https://[0:0:0:0:0:ffff:8.8.8.8]/", "host", "host"},
	{"https://[127.0.0.1]/", "malformed", "malformed"},
	{"https://::1/", "malformed", "malformed"},
	{"https://[::1%25lo]/", "address", "address"},
	{"https://[fe80::1%25eth0]/", "address", "address"},
	{"https://[::1].example.com/", "malformed", "malformed"},
	// Networks.
	{"https://10.0.0.1/", "address", ""},
	{"https://172.16.0.1/", "address", ""},
	{"https://172.31.255.255/", "address", ""},
	{"https://192.168.1.1/", "address", ""},
	{"https://100.64.0.1/", "address", ""},
	{"https://100.127.255.255/", "address", ""},
	{"https://[fc00::1]/", "address", ""},
	{"https://[fdff::1]/", "address", ""},
	// Closed to everybody.
	{"https://0/", "host", "host"},
	{"https://0.0.0.0/", "address", "address"},
	{"https://0.1.2.3/", "address", "address"},
	{"https://169.254.169.254/latest/meta-data/", "address", "address"},
	{"https://2852039166/", "host", "host"}, // 169.254.169.254
	{"https://0xa9fea9fe/", "host", "host"},
	{"https://0251.0376.0251.0376/", "host", "host"},
	{"https://100.100.100.200/", "address", "address"},
	{"https://168.63.129.16/", "address", "address"},
	{"https://192.0.0.192/", "address", "address"},
	{"https://192.0.2.1/", "address", "address"},
	{"https://192.88.99.1/", "address", "address"},
	{"https://198.18.0.1/", "address", "address"},
	{"https://198.19.255.255/", "address", "address"},
	{"https://198.51.100.1/", "address", "address"},
	{"https://203.0.113.1/", "address", "address"},
	{"https://224.0.0.1/", "address", "address"},
	{"https://239.255.255.250/", "address", "address"},
	{"https://240.0.0.1/", "address", "address"},
	{"https://255.255.255.255/", "address", "address"},
	{"https://[::]/", "address", "address"},
	{"https://[::8.8.8.8]/", "address", "address"},
	{"https://[64:ff9b::127.0.0.1]/", "address", "address"},
	{"https://[64:ff9b::a9fe:a9fe]/", "address", "address"},
	{"https://[64:ff9b::10.0.0.1]/", "address", "address"},
	{"https://[64:ff9b:1::1]/", "address", "address"},
	{"https://[64:ff9b:1::8.8.8.8]/", "address", "address"},
	{"https://[100::1]/", "address", "address"},
	{"https://[2001::1]/", "address", "address"},
	{"https://[2001:0:a9fe:a9fe::]/", "address", "address"},
	{"https://[2001:2::1]/", "address", "address"},
	{"https://[2001:db8::1]/", "address", "address"},
	{"https://[2002:7f00:1::]/", "address", "address"},
	{"https://[2002:a9fe:a9fe::1]/", "address", "address"},
	{"https://[3fff::1]/", "address", "address"},
	{"https://[4000::1]/", "address", "address"},
	{"https://[5f00::1]/", "address", "address"},
	{"https://[fd00:ec2::254]/", "address", "address"},
	{"https://[fd20:ce::254]/", "address", "address"},
	{"https://[fe80::1]/", "address", "address"},
	{"https://[fec0::1]/", "address", "address"},
	{"https://[ff02::1]/", "address", "address"},
}

func TestCheckURL_RefusesEveryBypass(t *testing.T) {
	t.Parallel()
	if len(bypasses) < 40 {
		t.Fatalf("only %d forms", len(bypasses))
	}
	for _, c := range bypasses {
		_, err := webhook.CheckURL(c.raw, public)
		if got := problemOf(t, err); got != c.live {
			t.Errorf("live: %q: problem %q, want %q", c.raw, got, c.live)
		}
		_, err = webhook.CheckURL(c.raw, sandbox)
		if got := problemOf(t, err); got != c.sandbox {
			t.Errorf("sandbox: %q: problem %q, want %q", c.raw, got, c.sandbox)
		}
	}
}

// names answers look-ups from a table; a name that is not in it does not exist.
type names map[string][]netip.Addr

func (n names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	addrs, found := n[host]
	if !found {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return addrs, nil
}

func addrs(texts ...string) []netip.Addr {
	out := make([]netip.Addr, len(texts))
	for i, text := range texts {
		out[i] = netip.MustParseAddr(text)
	}
	return out
}

func TestCheckResolved_RefusesANameWithOneBadAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		found []netip.Addr
		want  webhook.Problem
	}{
		"public":                       {addrs("8.8.8.8", "2606:4700::1"), ""},
		"mapped public":                {addrs("::ffff:8.8.8.8"), ""},
		"public through NAT64":         {addrs("64:ff9b::8.8.8.8"), ""},
		"none":                         {nil, webhook.ProblemUnresolved},
		"loopback":                     {addrs("127.0.0.1"), webhook.ProblemAddress},
		"one loopback among public":    {addrs("8.8.8.8", "1.1.1.1", "127.0.0.1"), webhook.ProblemAddress},
		"mapped loopback":              {addrs("::ffff:127.0.0.1"), webhook.ProblemAddress},
		"mapped metadata":              {addrs("::ffff:169.254.169.254"), webhook.ProblemAddress},
		"private through NAT64":        {addrs("64:ff9b::10.0.0.1"), webhook.ProblemAddress},
		"metadata through 6to4":        {addrs("2002:a9fe:a9fe::"), webhook.ProblemAddress},
		"link-local with a zone":       {addrs("fe80::1%eth0"), webhook.ProblemAddress},
		"public with a zone":           {addrs("2606:4700::1%eth0"), webhook.ProblemAddress},
		"mapped public with a zone":    {addrs("::ffff:8.8.8.8%eth0"), webhook.ProblemAddress},
		"no valid address (zero Addr)": {[]netip.Addr{{}}, webhook.ProblemAddress},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, err := webhook.CheckURL("https://partner.example.com/", public)
			if err != nil {
				t.Fatal(err)
			}
			err = webhook.CheckResolved(t.Context(), u, names{"partner.example.com": c.found}, public)
			if got := problemOf(t, err); got != c.want {
				t.Fatalf("problem %q, want %q", got, c.want)
			}
		})
	}
}

func TestCheckResolved_TellsNoNameFromNoAnswer(t *testing.T) {
	t.Parallel()
	u, err := webhook.CheckURL("https://gone.example.com/", public)
	if err != nil {
		t.Fatal(err)
	}
	if got := problemOf(t, webhook.CheckResolved(t.Context(), u, names{}, public)); got != webhook.ProblemUnresolved {
		t.Fatalf("problem %q, want unresolved", got)
	}
	err = webhook.CheckResolved(t.Context(), u, silent{}, public)
	if !errors.Is(err, fault.ReasonUnavailable) || fault.Of(err).RetryAfter <= 0 {
		t.Fatalf("got %v, want unavailable with a time to wait", err)
	}
	if err := webhook.CheckResolved(t.Context(), u, silent{}, sandbox); err != nil {
		t.Fatalf("a sandbox with private targets looked a name up: %v", err)
	}
}

// silent is a name service that is down.
type silent struct{}

func (silent) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, &net.DNSError{Err: "server misbehaving", IsTemporary: true}
}

func TestCheckResolved_AsksNobodyForAnAddress(t *testing.T) {
	t.Parallel()
	u, err := webhook.CheckURL("https://8.8.8.8/", public)
	if err != nil {
		t.Fatal(err)
	}
	if err := webhook.CheckResolved(t.Context(), u, silent{}, public); err != nil {
		t.Fatal(err)
	}
}

// FuzzCheckURL looks for a URL that passes and is not what it seems: whatever passes must be https on a
// good port, must read the same when read again, and must not be an address to a C library unless it is a
// plain and public one.
func FuzzCheckURL(f *testing.F) {
	for _, c := range bypasses {
		f.Add(c.raw)
	}
	f.Add("https://partner.example.com:8443/hooks?x=1")
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := webhook.CheckURL(raw, public)
		if err != nil {
			if u != nil || problemOf(t, err) == "" {
				t.Fatalf("%q: refused with URL %v, error %v", raw, u, err)
			}
			return
		}
		if u.Scheme != "https" || u.User != nil || u.Fragment != "" || u.Opaque != "" {
			t.Fatalf("%q: passed as %#v", raw, u)
		}
		if port := u.Port(); port != "" && port != "443" {
			if n, err := strconv.Atoi(port); err != nil || n < 1024 || n > 65535 {
				t.Fatalf("%q: passed with port %q", raw, port)
			}
		}
		again, err := url.Parse(u.String())
		if err != nil || again.Host != u.Host {
			t.Fatalf("%q: reads as host %q the first time, then %v (%v)", raw, u.Host, again, err)
		}
		if a, ok := aton(u.Hostname()); ok {
			if a.String() != u.Hostname() || a.IsLoopback() || a.IsPrivate() || a.IsUnspecified() ||
				a.IsLinkLocalUnicast() || a.IsMulticast() {
				t.Fatalf("%q: passed, and is %v to others", raw, a)
			}
		} else if !strings.Contains(u.Host, ".") && !strings.HasPrefix(u.Host, "[") {
			t.Fatalf("%q: passed with host %q", raw, u.Host)
		}
	})
}

// aton reads an IPv4 address as inet_aton of C does: one to four numbers, each decimal, octal or hex, the
// last of which fills the bytes that remain.
func aton(host string) (netip.Addr, bool) {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var sum uint64
	for i, part := range parts {
		if part == "" || strings.ContainsAny(part, "_+-obOB") && !strings.HasPrefix(part, "0x") {
			return netip.Addr{}, false
		}
		n, err := strconv.ParseUint(part, 0, 32)
		if err != nil {
			return netip.Addr{}, false
		}
		room := 8
		if i == len(parts)-1 {
			room = 8 * (5 - len(parts))
		}
		if n >= 1<<room {
			return netip.Addr{}, false
		}
		sum = sum<<room | n
	}
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(sum)))), true
}
