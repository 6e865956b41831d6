package console_test

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/staff"
)

// minuteOf is a time as the field for date and time sends it.
func minuteOf(at time.Time) string { return at.UTC().Format("2006-01-02T15:04") }

// secret is what the page shows this once.
func (b *browser) secret() string {
	b.t.Helper()
	m := regexp.MustCompile(`<input id="secret"[^>]* readonly value="([^"]+)"`).FindStringSubmatch(b.text)
	if m == nil {
		b.t.Fatalf("%s shows no secret:\n%s", b.path, b.text)
	}
	return m[1]
}

// keysOf are the keys of the world's programme for the native API, the newest first.
func (h *house) keysOf() []access.Credential {
	h.t.Helper()
	list, err := h.tenancy.Keys(h.t.Context(), h.world.Program.ID, access.NativeKey, issuance.Page{Limit: 20})
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

func TestConsole_IssuesAKeyAndShowsItsSecretOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	b := h.desk(staff.Admin)
	keys := h.at("/keys")
	b.get(keys)
	b.shows(200, "There is no key for the Native API yet.", "Issue a key for the Native API", `value="policies:write"`)
	for what, wrong := range map[string]struct {
		fields []string
		says   string
	}{
		"no reason":       {[]string{"name", "ledger", "scopes", "cards:read"}, "Say why"},
		"no scope":        {[]string{"name", "ledger", "reason", "new ledger"}, "one scope at least"},
		"no name":         {[]string{"scopes", "cards:read", "reason", "new ledger"}, "has a name"},
		"an unknown one":  {[]string{"name", "ledger", "scopes", "root", "reason", "new ledger"}, "one scope at least"},
		"no address":      {[]string{"name", "ledger", "scopes", "cards:read", "reason", "x", "allowlist", "here"}, "Give addresses"},
		"no time":         {[]string{"name", "ledger", "scopes", "cards:read", "reason", "x", "until", "soon"}, "Give a date"},
		"an end that was": {[]string{"name", "ledger", "scopes", "cards:read", "reason", "x", "until", "2020-01-01T00:00"}, "that is to come"},
	} {
		b.get(keys)
		b.post(keys, append([]string{"once", b.hidden("once")}, wrong.fields...)...)
		b.shows(200, wrong.says)
		if n := len(h.keysOf()); n != 0 {
			t.Fatalf("%s: there are %d keys", what, n)
		}
	}

	b.get(keys)
	once, until := b.hidden("once"), w.Clock.Now().Add(48*time.Hour)
	fields := []string{
		"once", once, "name", "ledger", "scopes", "cards:read", "allowlist", "192.0.2.7\r\n203.0.113.0/24", "until", minuteOf(until), "reason", "new ledger",
	}
	b.post(keys, fields...)
	b.shows(200, "The key is issued", "it is shown this once")
	secret, made := b.secret(), h.keysOf()[0]
	if made.Name != "ledger" || len(made.Scopes) != 1 || len(made.Allowlist) != 2 || !made.Admits(netip.MustParseAddr("203.0.113.9")) || made.ExpiresAt.IsZero() {
		t.Errorf("the key is %+v", made)
	}
	if notes := h.notes("key.create"); len(notes) != 1 || notes[0] != made.PublicID+": new ledger" {
		t.Errorf("the trail says %q", notes)
	}
	b.get(keys)
	b.hides(secret)
	b.post(keys, fields...) // the same form again
	b.shows(200, "was sent before")
	b.hides(secret)
	if n := len(h.keysOf()); n != 1 {
		t.Errorf("the same form twice made %d keys", n)
	}
	b.shows(200, "ledger", "cards:read", "192.0.2.7, 203.0.113.0/24", "not yet", ">good<")
	b.get(keys + "/" + made.PublicID)
	b.shows(200, "API key ledger", made.PublicID, "cards:read")
	b.hides(secret)
	if strings.Contains(h.log.String(), secret) {
		t.Error("the secret is in the log")
	}
	for _, api := range []string{"cards", "debit"} {
		b.get(keys + "?api=" + api)
		b.hides("May do</legend>")
		b.post(keys, "once", b.hidden("once"), "api", api, "name", "of "+api, "reason", "for tests")
		b.shows(200, "The key is issued")
		b.get(keys + "?api=" + api)
		b.shows(200, "of "+api, "all of its API")
	}
}

func TestConsole_ChangesRotatesAndRevokesAKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	b := h.desk(staff.Admin)
	old := w.NewCredential(func(c *access.Credential) {
		c.Kind, c.Role, c.Scopes, c.Name, c.ExpiresAt = access.NativeKey, "", []access.Scope{access.CardsRead}, "ledger", w.Clock.Now().Add(90*time.Second)
	})
	page := h.at("/keys/" + old.PublicID)
	do := func(what string, fields ...string) {
		t.Helper()
		w.Clock.Advance(time.Second)
		b.get(page)
		b.post(page+"/"+what, append([]string{"was", b.hidden("was"), "until", b.hidden("was")}, fields...)...)
	}
	do("change", "allowlist", "192.0.2.7")
	b.shows(200, "Say why")
	do("change", "allowlist", "nowhere", "reason", "x")
	b.shows(200, "Give addresses")
	do("change", "allowlist", "192.0.2.7", "reason", "only the office")
	b.shows(200, "The key is changed.", "192.0.2.7")
	if k := h.keysOf()[0]; !k.ExpiresAt.Equal(old.ExpiresAt) {
		t.Errorf("the end moved from %s to %s", old.ExpiresAt, k.ExpiresAt)
	}
	do("change", "until", "2020-01-01T00:00", "reason", "x")
	b.shows(200, "that is to come")
	do("change", "until", "", "reason", "for good")
	b.shows(200, "The key is changed.", "<dt>Ends</dt><dd>never")

	b.get(page)
	once := b.hidden("once")
	do("rotate", "once", once, "overlap", "1h")
	b.shows(200, "Say why")
	do("rotate", "once", once, "overlap", "soon", "reason", "x")
	b.shows(200, "was not complete")
	do("rotate", "once", once, "overlap", "1000h", "reason", "x")
	b.shows(200, "that is to come")
	do("rotate", "once", once, "overlap", "1h", "reason", "once a year")
	b.shows(200, "The key has a successor")
	secret := b.secret()
	list := h.keysOf()
	if len(list) != 2 || list[0].ExpiresAt != (time.Time{}) || list[1].ExpiresAt.Sub(w.Clock.Now()) != time.Hour {
		t.Errorf("after the rotation: %+v", list)
	}
	do("rotate", "once", once, "overlap", "1h", "reason", "once a year")
	b.shows(200, "was sent before")
	b.hides(secret)

	do("revoke", "reason", "")
	b.shows(200, "Say why")
	do("revoke", "reason", "it leaked")
	b.shows(200, "The key is revoked", ">revoked<")
	b.hides("/rotate")
	b.post(page+"/revoke", "reason", "again")
	b.shows(200, "takes no change")
	if notes := h.notes("key.revoke"); len(notes) != 1 || notes[0] != old.PublicID+": it leaked" {
		t.Errorf("the trail says %q", notes)
	}
	for _, none := range []string{"k_none", "%00", strings.Repeat("x", 101)} {
		b.get(h.at("/keys/" + none))
		b.shows(404, "no such key")
	}
	foreign := w.NewCredential(func(c *access.Credential) { c.Program = w.Foreign.ID })
	b.get(h.at("/keys/" + foreign.PublicID))
	b.shows(404, "no such key")
}
