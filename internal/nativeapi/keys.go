package nativeapi

import (
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/tenancy"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// doorWord is which API a key is for.
type doorWord string

// keyDoors are the kinds of key by the API that they are for.
var keyDoors = []struct {
	word doorWord
	kind access.Kind
}{{"native", access.NativeKey}, {"cards", access.CardsKey}, {"debit", access.Ecommerce}}

func doorWords() []doorWord {
	words := make([]doorWord, len(keyDoors))
	for i, k := range keyDoors {
		words[i] = k.word
	}
	return words
}

// kindOf is the kind of key that a word is for; native when there is none.
func kindOf(word doorWord) access.Kind {
	for _, k := range keyDoors {
		if k.word == word {
			return k.kind
		}
	}
	return access.NativeKey
}

// listKeys lists keys for one API, newest first, those that ended too.
func (d *Door) listKeys(c *call) error {
	c.takes("door", "sort", "limit", "cursor")
	kind, page := kindOf(choiceParam(c, "door", doorWords()...)), d.page(c)
	if err := c.checked(); err != nil {
		return err
	}
	list, err := d.tenancy.Keys(c.ctx(), c.programID(), kind, page)
	if err != nil {
		return err
	}
	mark := func(k access.Credential) issuance.Mark { return issuance.Mark{CreatedAt: k.CreatedAt, ID: k.ID.UUID} }
	return write(c.w, showPage(d, c, list, page, mark, d.showKey))
}

func (d *Door) getKey(c *call) error {
	c.takes()
	if err := c.checked(); err != nil {
		return err
	}
	k, err := d.tenancy.Key(c.ctx(), c.programID(), httpd.Param(c.r, "id"))
	if err != nil {
		return err
	}
	return write(c.w, ok(body(d.showKey, k)))
}

// issueKey makes a key of the caller's programme.
func (d *Door) issueKey(c *call) error {
	c.takes()
	c.form()
	return d.issue(c, tenancy.IssueKey{Request: c.keyRequest()})
}

// keyRequest reads what a new key is to be.
func (c *call) keyRequest() access.KeyRequest {
	o := c.explained("name", "door", "scopes", "allowlist", "expires_at", "admin")
	r := access.KeyRequest{
		Kind: kindOf(choiceMember(o, "door", "native", doorWords())), Name: o.text("name", required, 100), Scopes: o.scopes(),
	}
	if list := o.allowlist(); list != nil {
		r.Allowlist = *list
	}
	if o.v.Get("expires_at").Given() {
		r.ExpiresAt = o.moment("expires_at")
	}
	if admin := o.flag("admin"); admin != nil && *admin {
		if r.Role = access.RoleAdmin; r.Kind != access.Ecommerce {
			o.bad("admin", "not_allowed")
		}
	}
	return r
}

// issue runs the command that makes a key.
func (d *Door) issue(c *call, cmd tenancy.IssueKey) error {
	if err := c.checked(); err != nil {
		return err
	}
	cmd.Gives = c.identity.Credential.Scopes
	return perform(d, c, d.issuedKey, func(base issuance.Command) (tenancy.Issued, error) {
		cmd.Command = base
		return d.tenancy.IssueKey(c.ctx(), cmd)
	})
}

// changeKey changes where a key may be used from, and until when.
func (d *Door) changeKey(c *call) error {
	c.takes()
	c.form()
	o := c.explained("allowlist", "expires_at")
	cmd := tenancy.ChangeKey{
		Key: httpd.Param(c.r, "id"), Allowlist: o.allowlist(), ExpiresAt: o.expiry(), Gives: c.identity.Credential.Scopes,
	}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(k access.Credential) issuance.Answer { return ok(body(d.showKey, k)) }
	return perform(d, c, show, func(base issuance.Command) (access.Credential, error) {
		cmd.Command = base
		return d.tenancy.ChangeKey(c.ctx(), cmd)
	})
}

// rotateKey puts a new key in the place of another, which may live on for a while.
func (d *Door) rotateKey(c *call) error {
	c.takes()
	c.form()
	o := c.explained("overlap", "expires_at")
	cmd := tenancy.RotateKey{Key: httpd.Param(c.r, "id"), ExpiresAt: o.expiry(), Gives: c.identity.Credential.Scopes}
	if o.v.Get("overlap").Given() {
		cmd.Overlap = o.duration("overlap")
	}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, d.issuedKey, func(base issuance.Command) (tenancy.Issued, error) {
		cmd.Command = base
		return d.tenancy.RotateKey(c.ctx(), cmd)
	})
}

// revokeKey ends a key for good.
func (d *Door) revokeKey(c *call) error {
	c.takes()
	c.form()
	cmd := tenancy.RevokeKey{Key: httpd.Param(c.r, "id"), Reason: c.object("reason").text("reason", optional, 200)}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(k access.Credential) issuance.Answer { return ok(body(d.showKey, k)) }
	return perform(d, c, show, func(base issuance.Command) (access.Credential, error) {
		cmd.Command = base
		return d.tenancy.RevokeKey(c.ctx(), cmd)
	})
}

// scopes reads a list of scopes; the rules tell which a key may have.
func (o object) scopes() []access.Scope {
	list, given := o.member("scopes", optional, wirejson.Array)
	if !given {
		return nil
	}
	out := []access.Scope{}
	for i, v := range list.Elements() {
		s, _ := v.String()
		if !slices.Contains(access.Scopes(), access.Scope(s)) {
			o.bad("scopes."+strconv.Itoa(i), "invalid_enum")
		}
		out = append(out, access.Scope(s))
	}
	return out
}

// allowlist reads addresses and ranges; nil when the member is not there.
func (o object) allowlist() *[]netip.Prefix {
	list, given := o.member("allowlist", optional, wirejson.Array)
	if !given {
		return nil
	}
	if list.Len() > access.MostAllowed {
		o.bad("allowlist", form.TooLong)
		return nil
	}
	out := []netip.Prefix{}
	for i, v := range list.Elements() {
		s, _ := v.String()
		p, valid := access.ParseAllowed(s)
		if !valid {
			o.bad("allowlist."+strconv.Itoa(i), form.InvalidFormat)
			continue
		}
		out = append(out, p)
	}
	return &out
}

// expiry reads when a key is to end: nil when it was not sent, the zero time for null, which is never.
func (o object) expiry() *time.Time {
	at := time.Time{}
	v := o.v.Get("expires_at")
	switch {
	case v.Given():
		at = o.moment("expires_at")
	case v.Kind() != wirejson.Null:
		return nil
	}
	return &at
}

// issuedKey carries the secret; a replay repeats it, so its record is sealed.
func (d *Door) issuedKey(i tenancy.Issued) issuance.Answer {
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	d.keyMembers(w, i.Key)
	w.Key("secret").String(i.Secret.Reveal())
	w.EndObject()
	return issuance.Answer{Status: http.StatusCreated, Body: w.Bytes(), Secret: true}
}

func (d *Door) showKey(w *wirejson.Writer, k access.Credential) {
	w.BeginObject()
	d.keyMembers(w, k)
	w.EndObject()
}

// keyMembers writes a key without its secret. Its times are real ones.
func (d *Door) keyMembers(w *wirejson.Writer, k access.Credential) {
	status := string(k.Status)
	if k.Status == access.Active && !k.Good(d.now()) {
		status = "expired"
	}
	door := doorWord("")
	for _, known := range keyDoors {
		if known.kind == k.Kind {
			door = known.word
		}
	}
	w.Key("id").String(k.PublicID)
	w.Key("name").String(k.Name)
	w.Key("door").String(string(door))
	w.Key("admin").Bool(k.Role == access.RoleAdmin)
	w.Key("scopes").BeginArray()
	for _, s := range k.Scopes {
		w.String(string(s))
	}
	w.EndArray()
	w.Key("allowlist").BeginArray()
	for _, p := range k.Allowlist {
		w.String(access.ShowAllowed(p))
	}
	w.EndArray()
	w.Key("status").String(status)
	w.Key("expires_at")
	showTime(w, k.ExpiresAt)
	w.Key("last_used_at")
	showTime(w, k.LastUsed)
	w.Key("created_at")
	showTime(w, k.CreatedAt)
	w.Key("revoked_at")
	showTime(w, k.RevokedAt)
}
