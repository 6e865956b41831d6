package cardsapi

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/tokens"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// createKey is contract §22. The answer carries the key, and a replay repeats it, so the record is sealed.
func (d *Door) createKey(c *call) error {
	c.form()
	o := c.object()
	cmd := tokens.IssueKey{}
	cmd.Name, _ = o.text("name", required, 1, 100)
	cmd.Allowlist = o.allowlist(optional)
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, issuedKeyAnswer, func(base issuance.Command) (tokens.IssuedKey, error) {
		cmd.Command = base
		return d.tokens.IssueKey(c.ctx(), cmd)
	})
}

func issuedKeyAnswer(k tokens.IssuedKey) issuance.Answer {
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	keyMembers(w, k.Key)
	w.Key("secret").String(k.Secret.Reveal())
	w.EndObject()
	return issuance.Answer{Status: 200, Body: w.Bytes(), Secret: true}
}

func keyAnswer(k access.Credential) issuance.Answer { return ok(body(showKey, k)) }

// showKey writes an API key without its secret.
func showKey(w *wirejson.Writer, k access.Credential) {
	w.BeginObject()
	keyMembers(w, k)
	w.EndObject()
}

func keyMembers(w *wirejson.Writer, k access.Credential) {
	status := "ACTIVE"
	if k.Status == access.Revoked {
		status = "REVOKED"
	}
	w.Key("id").String(k.ID.String())
	w.Key("name").String(k.Name)
	w.Key("prefix").String(k.Prefix)
	w.Key("status").String(status)
	w.Key("ipAllowlist").BeginArray()
	for _, p := range k.Allowlist {
		w.String(access.ShowAllowed(p))
	}
	w.EndArray()
	w.Key("lastUsedAt")
	showTime(w, k.LastUsed)
	w.Key("createdAt")
	showTime(w, k.CreatedAt)
	w.Key("revokedAt")
	showTime(w, k.RevokedAt)
}

func (d *Door) listKeys(c *call) error {
	page, seal := d.pageOf(c)
	if err := c.checked(); err != nil {
		return err
	}
	all, err := d.tokens.Keys(c.ctx(), c.programID(), page)
	if err != nil {
		return err
	}
	mark := func(k access.Credential) issuance.Mark { return issuance.Mark{CreatedAt: k.CreatedAt, ID: k.ID.UUID} }
	return write(c.w, ok(showPage(all, page, seal, mark, showKey)))
}

func (d *Door) allowKey(c *call) error {
	cmd := tokens.AllowKey{Key: ident.CredentialID{UUID: c.id("id")}}
	cmd.Allowlist = c.object().allowlist(required)
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, keyAnswer, func(base issuance.Command) (access.Credential, error) {
		cmd.Command = base
		return d.tokens.AllowKey(c.ctx(), cmd)
	})
}

func (d *Door) revokeKey(c *call) error {
	c.form()
	cmd := tokens.RevokeKey{Key: ident.CredentialID{UUID: c.id("id")}}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, noContent[struct{}], func(base issuance.Command) (struct{}, error) {
		cmd.Command = base
		return struct{}{}, d.tokens.RevokeKey(c.ctx(), cmd)
	})
}

// allowlist reads addresses and ranges, without repeats.
func (o object) allowlist(n need) []netip.Prefix {
	list, given := o.member("ipAllowlist", n, wirejson.Array)
	if !given {
		return nil
	}
	if list.Len() > access.MostAllowed {
		o.bad("ipAllowlist", "too_long")
		return nil
	}
	var out []netip.Prefix
	for i, v := range list.Elements() {
		text, isText := v.String()
		entry, isAllowed := access.ParseAllowed(strings.TrimSpace(text))
		switch path := "ipAllowlist." + strconv.Itoa(i); {
		case !isText:
			o.bad(path, "invalid_type")
		case !isAllowed:
			o.bad(path, "invalid_format")
		case slices.Contains(out, entry):
			o.bad(path, "duplicate")
		}
		out = append(out, entry)
	}
	return out
}
