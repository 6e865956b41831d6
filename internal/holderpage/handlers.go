package holderpage

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/redact"
)

const (
	pinDigits     = 4
	maxIdentifier = 64
)

// The mistakes in a form that this door finds itself; the others have the names of their reasons. They travel in the
// address of the page that tells them, and hold nothing of what was typed.
const (
	mistakeCode       = "code_form"
	mistakeIdentifier = "identifier_form"
	mistakeBatch      = "batch_form"
	mistakePIN        = "pin_form"
	mistakePINAgain   = "pin_again"
)

// open exchanges the token of a link for a cookie, and leads to the page, whose address has no token. The cookie is lax and
// not strict because the holder comes from the programme's own site, and a strict one would not be sent then; the forms
// have a token of their own.
func (d *Door) open(w http.ResponseWriter, r *http.Request) error {
	rec := httpd.RecordOf(r.Context())
	if err := d.strangers.Check(rec.Address); err != nil {
		return err
	}
	out, err := d.service.OpenActivationSession(r.Context(), issuance.OpenActivationSession{
		Token: redact.NewText(httpd.Param(r, "token")), Cookie: cookieOf(r), Source: rec.Address, RequestID: rec.RequestID,
	})
	if err != nil {
		if errors.Is(err, card.SessionUnknown) {
			d.strangers.Failed(rec.Address)
		}
		return d.refuse(w, r, err, issuance.HolderSession{Session: out.Session, Program: out.Program})
	}
	d.keep(w, out.Cookie)
	return d.see(w, "")
}

// keep gives the browser the cookie of its session.
func (d *Door) keep(w http.ResponseWriter, cookie redact.Text) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // a sandbox on plain HTTP needs a cookie too
		Name: cookieName, Value: cookie.Reveal(), Path: d.home(), HttpOnly: true, Secure: d.secure(), SameSite: http.SameSiteLaxMode,
	})
}

// see leads to the page with GET.
func (d *Door) see(w http.ResponseWriter, mistake string) error {
	to := d.home()
	if mistake != "" {
		to += "?error=" + url.QueryEscape(mistake)
	}
	return lead(w, to)
}

func lead(w http.ResponseWriter, to string) error {
	w.Header().Set("Location", to)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "same-origin")
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// cookieOf is the cookie of the browser; zero when it has none.
func cookieOf(r *http.Request) redact.Text {
	c, err := r.Cookie(cookieName)
	if err != nil || c.Value == "" {
		return redact.Text{}
	}
	return redact.NewText(c.Value)
}

// show is the page as the card stands now.
func (d *Door) show(w http.ResponseWriter, r *http.Request) error {
	at, err := d.service.HolderSession(r.Context(), cookieOf(r))
	if err != nil {
		return d.refuse(w, r, err, at)
	}
	return d.write(w, http.StatusOK, at.Program, standing(at, r.URL.Query().Get("error")))
}

// activate takes the form. Whatever comes of it, the browser is led back to the page, which shows how the card stands.
func (d *Door) activate(w http.ResponseWriter, r *http.Request) error {
	rec := httpd.RecordOf(r.Context())
	if err := d.foreign.Check(r); err != nil {
		return d.refuse(w, r, &fault.Error{Reason: card.SessionMixed, Cause: err}, issuance.HolderSession{})
	}
	if err := r.ParseForm(); err != nil {
		return d.see(w, mistakeCode)
	}
	defer clear(r.PostForm)
	cmd := issuance.ActivateInSession{Cookie: cookieOf(r), FormToken: r.PostForm.Get("form"), Source: rec.Address, RequestID: rec.RequestID}
	defer func() { cmd.Code.Wipe(); cmd.PIN.Wipe() }()
	if mistake := readForm(r.PostForm, &cmd); mistake != "" {
		return d.see(w, mistake)
	}
	err := d.service.ActivateInSession(r.Context(), cmd)
	if err == nil {
		return d.see(w, "")
	}
	if !fault.IsRefusal(err) {
		return err
	}
	rec.Reason = fault.Of(err).Reason
	return d.see(w, rec.Reason.Name())
}

// readForm reads what was typed, and gives the first mistake. People copy a code with its spaces and dashes. A card that is
// activated by identifier and batch has the code in its form only where its programme wants that too.
func readForm(sent url.Values, to *issuance.ActivateInSession) (mistake string) {
	var ok bool
	if sent.Has("identifier") {
		if to.Identifier = strings.TrimSpace(sent.Get("identifier")); to.Identifier == "" || len(to.Identifier) > maxIdentifier {
			return mistakeIdentifier
		}
		ref, err := ident.ParseReference(strings.ToLower(withoutGaps(sent.Get("batch"))))
		if err != nil {
			return mistakeBatch
		}
		to.Reference = string(ref)
	}
	if sent.Has("code") || !sent.Has("identifier") {
		if to.Code, ok = card.ParseCode(withoutGaps(sent.Get("code"))); !ok {
			return mistakeCode
		}
	}
	pin, again := sent.Get("pin"), sent.Get("pin_again")
	if pin == "" && again == "" {
		return ""
	}
	if to.PIN, ok = card.ParsePIN(pin, pinDigits, pinDigits); !ok {
		return mistakePIN
	}
	if pin != again {
		return mistakePINAgain
	}
	return ""
}

func withoutGaps(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -\u00a0\u2009\u202f\u2010\u2011\u2012\u2013\u2014\t\r\n", r) {
			return -1
		}
		return r
	}, s)
}
