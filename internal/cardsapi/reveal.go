package cardsapi

import (
	"net/url"
	"regexp"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// reveal is contract §10.9: a link to a page that shows the card once. What is remembered under an idempotency key is
// the link, and sealed.
func (d *Door) reveal(c *call) error {
	c.form()
	cmd := issuance.CreateRevealLink{Card: ident.CardID{UUID: c.id("id")}}
	o := c.object()
	cmd.Stylesheet = o.stylesheet("stylesheetUrl")
	if v, given := o.member("showCopyPanButton", optional, wirejson.Bool); given {
		cmd.CopyButton, _ = v.Bool()
	}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, d.linkAnswer, func(base issuance.Command) (issuance.NewRevealLink, error) {
		cmd.Command = base
		return d.service.CreateRevealLink(c.ctx(), cmd)
	})
}

// linkAnswer writes the link. The token leaves its wrapper here, for the one answer that carries it.
func (d *Door) linkAnswer(l issuance.NewRevealLink) issuance.Answer {
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("revealUrl").String(d.publicURL() + d.prefix + revealPath + "/" + l.Token.Reveal())
	w.Key("expiresAt")
	showTime(w, l.ExpiresAt)
	w.EndObject()
	a := ok(w.Bytes())
	a.Secret = true
	return a
}

// maxStylesheet is the longest URL of a stylesheet (contract §10.9).
const maxStylesheet = 500

// styleHost is a host with or without a port, in letters that cannot end a directive of Content-Security-Policy.
var styleHost = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$`)

// stylesheet reads the https URL of a stylesheet. We never fetch it: the browser of the holder does.
func (o object) stylesheet(name string) string {
	s, given := o.text(name, optional, 1, maxStylesheet)
	if !given {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.User != nil || !styleHost.MatchString(u.Host) {
		o.bad(name, "invalid_url")
		return ""
	}
	return u.String()
}
