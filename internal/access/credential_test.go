package access_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/fault"
)

func TestCredential_IsGoodWhileActiveAndNotExpired(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		credential access.Credential
		want       bool
	}{
		"active":            {access.Credential{Status: access.Active}, true},
		"revoked":           {access.Credential{Status: access.Revoked}, false},
		"expires later":     {access.Credential{Status: access.Active, ExpiresAt: now.Add(1)}, true},
		"expires now":       {access.Credential{Status: access.Active, ExpiresAt: now}, false},
		"the zero value":    {access.Credential{}, false},
		"revoked, not over": {access.Credential{Status: access.Revoked, ExpiresAt: now.Add(1)}, false},
	} {
		if got := c.credential.Good(now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestCredential_AdmitsByItsAllowlist(t *testing.T) {
	t.Parallel()
	listed := access.Credential{Allowlist: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::1/128")}}
	for from, want := range map[string]bool{
		"203.0.113.9": true, "::ffff:203.0.113.9": true, "2001:db8::1": true, "203.0.114.1": false, "2001:db8::2": false,
	} {
		if got := listed.Admits(netip.MustParseAddr(from)); got != want {
			t.Errorf("%s: %v", from, got)
		}
	}
	if listed.Admits(netip.Addr{}) {
		t.Error("an address that cannot be read is admitted")
	}
	if !(access.Credential{}).Admits(netip.Addr{}) {
		t.Error("an empty list does not admit everybody")
	}
}

func TestReasons_HaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range append(access.Reasons(), access.OperatorReasons()...) {
		if seen[r.Name()] || r.Kind() == fault.Internal {
			t.Errorf("%s is there twice, or is a fault", r.Name())
		}
		seen[r.Name()] = true
	}
}
