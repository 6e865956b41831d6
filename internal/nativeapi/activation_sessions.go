package nativeapi

import (
	"net/http"
	"net/url"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// maxReturnURL is the longest URL that a holder is led back to.
const maxReturnURL = 500

func (d *Door) sessionRoutes() []httpd.Route {
	return []httpd.Route{act("/v1/activation-sessions", access.ActivationsWrite, d.createSession)}
}

// createSession makes a link to the activation page. Where the holder is led back to comes from the programme's own back
// end, with its key, and never from a browser: so it need not be on a list.
func (d *Door) createSession(c *call) error {
	c.takes()
	c.form()
	o := c.explained("card_id", "customer_id", "return_url", "language", "pin")
	cmd := issuance.CreateActivationSession{
		Card: ident.CardID{UUID: o.id("card_id", required)}, Customer: ident.CustomerID{UUID: o.id("customer_id", optional)}, ReturnURL: o.returnURL("return_url"),
		Language: choiceMember(o, "language", card.Spanish, card.Languages()), PIN: choiceMember(o, "pin", card.NoPIN, card.PINChoices()),
	}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, d.showSession, func(base issuance.Command) (issuance.NewActivationSession, error) {
		cmd.Command = base
		return d.service.CreateActivationSession(c.ctx(), cmd)
	})
}

// showSession writes the link. The token leaves its wrapper here, for the one answer that carries it.
func (d *Door) showSession(s issuance.NewActivationSession) issuance.Answer {
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("url").String(d.pageURL() + "/" + s.Token.Reveal())
	w.Key("expires_at")
	showTime(w, s.ExpiresAt)
	w.EndObject()
	return issuance.Answer{Status: http.StatusCreated, Body: w.Bytes(), Secret: true}
}

// returnURL reads an absolute https URL. We never fetch it.
func (o object) returnURL(name string) string {
	s := o.text(name, optional, maxReturnURL)
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		o.bad(name, form.InvalidFormat)
		return ""
	}
	return u.String()
}
