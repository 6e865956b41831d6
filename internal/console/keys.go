package console

import (
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/staff"
	"github.com/firsttap/firsttap/internal/tenancy"
)

const (
	keysPattern = "/p/{program}/keys"
	keyPattern  = "/p/{program}/keys/{key}"
)

// keySorts are the kinds of key by the API that they are for.
var keySorts = []struct {
	Name, Title string
	kind        access.Kind
}{{"native", "Native API", access.NativeKey}, {"cards", "Cards API", access.CardsKey}, {"debit", "Debit API", access.Ecommerce}}

// keysPage is a list of the keys for one API, and the form for a new one.
type keysPage struct {
	Sort, Title string
	Sorts       []keySort
	Lines       []keyLine
	Scopes      []access.Scope
	May         bool
	Once        string
}

type keySort struct {
	Name, Title string
	Chosen      bool
}

type keyLine struct {
	ID, Name, Prefix, State, Expires, Used, Made string
	Scopes, Allowlist                            string
	Good                                         bool
}

// keyPage is one key with its forms.
type keyPage struct {
	keyLine
	Facts    []fact
	Lines    string // of the allowlist, as they are typed
	Until    string // as the field for date and time takes it
	Overlaps []overlap
	May      bool // the member may change it, and it is not over
	Once     string
	List     string // query of the list that it stands in
}

// overlap is how long an old key may live on.
type overlap struct{ Value, Name string }

var overlaps = []overlap{{"0s", "It ends at once"}, {"1h", "1 hour"}, {"24h", "24 hours"}, {"168h", "7 days"}, {"720h", "30 days"}}

// sortOf is the kind of key of a name; the first when there is none.
func sortOf(name string) int {
	for i, s := range keySorts {
		if s.Name == name {
			return i
		}
	}
	return 0
}

func (d *Door) keyLineOf(k access.Credential) keyLine {
	line := keyLine{
		ID: k.PublicID, Name: k.Name, Prefix: k.Prefix, State: "good", Expires: moment(k.ExpiresAt), Used: moment(k.LastUsed), Made: moment(k.CreatedAt),
		Allowlist: allowText(k.Allowlist, ", "), Good: k.Good(d.service.RealNow()),
	}
	switch {
	case k.Status != access.Active:
		line.State = "revoked"
	case !line.Good:
		line.State = "expired"
	}
	names := make([]string, len(k.Scopes))
	for i, s := range k.Scopes {
		names[i] = string(s)
	}
	line.Scopes = strings.Join(names, ", ")
	if k.Kind != access.NativeKey {
		line.Scopes = "all of its API"
	}
	return line
}

func allowText(list []netip.Prefix, between string) string {
	texts := make([]string, len(list))
	for i, p := range list {
		texts[i] = access.ShowAllowed(p)
	}
	return strings.Join(texts, between)
}

func (d *Door) listKeys(c *call) error {
	q := c.r.URL.Query()
	at := sortOf(q.Get("api"))
	all, err := d.tenancy.Keys(c.r.Context(), c.program.ID, keySorts[at].kind, pageOf(q))
	if err != nil {
		return err
	}
	page := keysPage{Sort: keySorts[at].Name, Title: keySorts[at].Title, May: c.may(staff.KeepKeys), Once: onceOf(c)}
	for i, s := range keySorts {
		page.Sorts = append(page.Sorts, keySort{s.Name, s.Title, i == at})
	}
	for _, k := range all[:min(len(all), listRows)] {
		page.Lines = append(page.Lines, d.keyLineOf(k))
	}
	if keySorts[at].kind == access.NativeKey {
		page.Scopes = access.Scopes()
	}
	v := d.view(c, "keys", "API keys")
	if len(all) > listRows {
		last := all[listRows-1]
		v.Older = older(q, last.CreatedAt, last.ID.UUID)
	}
	v.Keys = &page
	return d.write(c.w, http.StatusOK, v)
}

func (d *Door) showKey(c *call) error {
	k, err := d.keyInPath(c)
	if err != nil {
		return err
	}
	page := keyPage{keyLine: d.keyLineOf(k), Lines: allowText(k.Allowlist, "\n"), Overlaps: overlaps, Once: onceOf(c)}
	page.May = c.may(staff.KeepKeys) && k.Status == access.Active
	if !k.ExpiresAt.IsZero() {
		page.Until = k.ExpiresAt.UTC().Format(minuteForm)
	}
	for _, s := range keySorts {
		if s.kind == k.Kind {
			page.List = "?api=" + s.Name
			page.Facts = append(page.Facts, fact{"For", s.Title})
		}
	}
	page.Facts = append(page.Facts, []fact{
		{"Public id", k.PublicID},
		{"Begins with", k.Prefix},
		{"May do", page.Scopes},
		{"Role", word(string(k.Role))},
		{"May be used from", orText(page.Allowlist, "any address")},
		{"Ends", orText(page.Expires, "never")},
		{"Last used", orText(page.Used, "not yet")},
		{"Issued", page.Made},
		{"Revoked", moment(k.RevokedAt)},
	}...)
	v := d.view(c, "key", "API key "+k.Name)
	v.Key = &page
	return d.write(c.w, http.StatusOK, v)
}

func orText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (d *Door) keyInPath(c *call) (access.Credential, error) {
	name := httpd.Param(c.r, "key")
	if form.TextProblem(name, 1, 100) != "" {
		return access.Credential{}, fault.Refuse(access.KeyUnknown)
	}
	return d.tenancy.Key(c.r.Context(), c.program.ID, name)
}

func keysPath(c *call) string { return "/p/" + c.program.ID.String() + "/keys" }

// keyPath is a page of the key in the address, once it is known that there is one.
func keyPath(k access.Credential) string { return "/p/" + k.Program.String() + "/keys/" + k.PublicID }

// issueKey makes a key, and shows its secret this once.
func (d *Door) issueKey(c *call) error {
	at := sortOf(c.form.Get("api"))
	list := keysPath(c) + "?api=" + keySorts[at].Name
	r := access.KeyRequest{Kind: keySorts[at].kind, Name: strings.TrimSpace(c.form.Get("name"))}
	for _, s := range c.form["scopes"] {
		r.Scopes = append(r.Scopes, access.Scope(s))
	}
	var mistake string
	r.Allowlist, r.ExpiresAt, mistake = limitsOf(c)
	by, reasoned := c.because()
	key, known := d.once(c, "issue a key")
	switch {
	case !reasoned:
		mistake = mistakeReason
	case !known:
		mistake = mistakeForm
	}
	if mistake != "" {
		return d.see(c.w, with(list, "error="+mistake))
	}
	by.Key = key
	issued, err := d.tenancy.IssueKey(c.r.Context(), tenancy.IssueKey{Command: by, Request: r, Gives: access.Scopes()})
	if err != nil {
		return d.seeBefore(c, list, err)
	}
	return d.showSecret(c, "The key is issued", issued)
}

func (d *Door) showSecret(c *call, title string, issued tenancy.Issued) error {
	return d.showOnce(c, title, issued.Secret, oncePage{
		What: "Secret of the key", Whose: issued.Key.Name + ", " + issued.Key.PublicID,
		Hint: "Copy it now: it is shown this once, and kept nowhere. Whoever has it may do what the key may.",
		Back: keyPath(issued.Key), Link: "To the key",
	})
}

// limitsOf reads from where and until when a key may be used.
func limitsOf(c *call) (allowed []netip.Prefix, until time.Time, mistake string) {
	allowed = []netip.Prefix{}
	for _, text := range strings.FieldsFunc(c.form.Get("allowlist"), func(r rune) bool { return r == ',' || r <= ' ' }) {
		p, ok := access.ParseAllowed(text)
		if !ok || len(allowed) == access.MostAllowed {
			return nil, until, mistakeAddresses
		}
		allowed = append(allowed, p)
	}
	if text := c.form.Get("until"); text != "" {
		var err error
		if until, err = minute(text); err != nil {
			return nil, until, mistakeTime
		}
	}
	return allowed, until, ""
}

// untouched is no change of an end that still stands in the form as it was: the field has no seconds, and the end may have passed.
func untouched(c *call, until *time.Time) *time.Time {
	if c.form.Get("until") == c.form.Get("was") {
		return nil
	}
	return until
}

// changeKey changes where a key may be used from, and until when.
func (d *Door) changeKey(c *call) error {
	k, err := d.keyInPath(c)
	if err != nil {
		return err
	}
	allowed, until, mistake := limitsOf(c)
	if mistake != "" {
		return d.see(c.w, keyPath(k)+"?error="+mistake)
	}
	cmd := tenancy.ChangeKey{Key: k.PublicID, Allowlist: &allowed, ExpiresAt: untouched(c, &until), Gives: access.Scopes()}
	return d.reasoned(c, keyPath(k), "key_changed", func(by issuance.Command) error {
		cmd.Command = by
		_, err := d.tenancy.ChangeKey(c.r.Context(), cmd)
		return err
	})
}

// rotateKey puts a new key in the place of another, and shows its secret this once.
func (d *Door) rotateKey(c *call) error {
	old, err := d.keyInPath(c)
	if err != nil {
		return err
	}
	by, reasoned := c.because()
	key, known := d.once(c, "rotate "+old.PublicID)
	_, until, mistake := limitsOf(c)
	overlap, err := time.ParseDuration(c.form.Get("overlap"))
	switch {
	case !reasoned:
		mistake = mistakeReason
	case !known || err != nil:
		mistake = mistakeForm
	}
	if mistake != "" {
		return d.see(c.w, keyPath(old)+"?error="+mistake)
	}
	by.Key = key
	issued, err := d.tenancy.RotateKey(c.r.Context(), tenancy.RotateKey{
		Command: by, Key: old.PublicID, Overlap: overlap, ExpiresAt: untouched(c, &until), Gives: access.Scopes(),
	})
	if err != nil {
		return d.seeBefore(c, keyPath(old), err)
	}
	return d.showSecret(c, "The key has a successor", issued)
}

func (d *Door) revokeKey(c *call) error {
	k, err := d.keyInPath(c)
	if err != nil {
		return err
	}
	return d.reasoned(c, keyPath(k), "key_revoked", func(by issuance.Command) error {
		_, err := d.tenancy.RevokeKey(c.r.Context(), tenancy.RevokeKey{Command: by, Key: k.PublicID})
		return err
	})
}
