package holderpage

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
)

// MailerPath is where the QR of a mailer leads to, with its reference behind it.
const MailerPath = Path + "/card"

// mistakeFactor is a second factor without its form.
const mistakeFactor = "factor_form"

// scan shows the form of the second factor. It changes nothing: programs that look at links open it too.
func (d *Door) scan(w http.ResponseWriter, r *http.Request) error {
	at, err := d.scanned(r)
	if err != nil {
		return d.refuse(w, r, err, issuance.HolderSession{Program: at.Program})
	}
	return d.write(w, http.StatusOK, at.Program, atMailer(at, languageOf(r), httpd.Param(r, "reference"), r.URL.Query().Get("error")))
}

// scanned looks a reference up. An address that brings many which we did not sign is blocked.
func (d *Door) scanned(r *http.Request) (issuance.Scanned, error) {
	address := httpd.RecordOf(r.Context()).Address
	if err := d.strangers.Check(address); err != nil {
		return issuance.Scanned{}, err
	}
	at, err := d.service.ScannedMailer(r.Context(), httpd.Param(r, "reference"))
	if errors.Is(err, card.SessionUnknown) {
		d.strangers.Failed(address)
	}
	return at, err
}

// atMailer is the page of a QR. Of the card it says nothing before the second factor was right, but what nobody could
// activate anyway.
func atMailer(at issuance.Scanned, language card.Language, reference, mistake string) view {
	policy := at.Program.Policy
	v := view{Language: language, Program: at.Program.Name, TriesLeft: -1, Factor: policy.ActivationPage.SecondFactor, Reference: reference}
	if at.Refusal != nil {
		v.notice(at.Refusal.Reason)
		if at.Refusal.Reason == card.GuardLocked && policy.Activation.ShowAttempts {
			v.lockedFor(at.Refusal.RetryAfter)
		}
		return v
	}
	v.Kind, v.Title, v.Focus = kindFactor, v.T("factor.title"), fieldFactor
	switch mistake {
	case mistakeFactor:
		v.Wrong = map[string]string{fieldFactor: v.T("error.factor_form." + string(v.Factor))}
	case card.FactorWrong.Name():
		v.Wrong = map[string]string{fieldFactor: v.T("error." + mistake)}
		if policy.Activation.ShowAttempts {
			v.TriesLeft = at.Tries
		}
	case card.FactorUnknown.Name():
		v.notice(card.FactorUnknown)
	default:
		v.WrongTop = v.T("error." + mistake)
	}
	return v
}

// answer takes the second factor. Whatever comes of it, the browser is led to a page with GET.
func (d *Door) answer(w http.ResponseWriter, r *http.Request) error {
	rec, reference := httpd.RecordOf(r.Context()), httpd.Param(r, "reference")
	if err := d.foreign.Check(r); err != nil {
		return d.refuse(w, r, &fault.Error{Reason: card.SessionMixed, Cause: err}, issuance.HolderSession{})
	}
	at, err := d.scanned(r)
	if err != nil {
		return d.refuse(w, r, err, issuance.HolderSession{Program: at.Program})
	}
	if err := d.scans.Check(rec.Address); err != nil {
		return d.refuse(w, r, err, issuance.HolderSession{Program: at.Program})
	}
	d.scans.Failed(rec.Address) // each counts, for each may open a session
	if err := r.ParseForm(); err != nil {
		return d.backToMailer(w, reference, mistakeFactor)
	}
	defer clear(r.PostForm)
	sent, ok := readFactor(r.PostForm, at.Program.Policy.ActivationPage.SecondFactor)
	if !ok {
		return d.backToMailer(w, reference, mistakeFactor)
	}
	defer sent.Wipe()
	cookie, err := d.service.OpenByMailer(r.Context(), issuance.OpenByMailer{
		Reference: reference, Answer: sent, Language: languageOf(r), Source: rec.Address, RequestID: rec.RequestID,
	})
	if err == nil {
		d.keep(w, cookie)
		return d.see(w, "")
	}
	if !fault.IsRefusal(err) {
		return err
	}
	rec.Reason = fault.Of(err).Reason
	return d.backToMailer(w, reference, rec.Reason.Name())
}

func (d *Door) backToMailer(w http.ResponseWriter, reference, mistake string) error {
	return lead(w, httpd.BrowserPath(d.publicURL(), MailerPath)+"/"+url.PathEscape(reference)+"?error="+url.QueryEscape(mistake))
}

// readFactor reads what was typed, as the rules compare it. People type a day or a month without its zero.
func readFactor(sent url.Values, factor program.SecondFactor) (redact.Text, bool) {
	switch factor {
	case program.FactorPhoneLast4:
		digits := withoutGaps(sent.Get(fieldFactor))
		if len(digits) != 4 || strings.Trim(digits, "0123456789") != "" {
			return redact.Text{}, false
		}
		return redact.NewText(digits), true
	case program.FactorDateOfBirth:
		typed := strings.TrimSpace(sent.Get("year")) + "-" + strings.TrimSpace(sent.Get("month")) + "-" + strings.TrimSpace(sent.Get(fieldFactor))
		born, err := time.Parse("2006-1-2", typed)
		if err != nil {
			return redact.Text{}, false
		}
		return redact.NewText(born.Format(time.DateOnly)), true
	case program.FactorCode, program.FactorOff:
	}
	return redact.Text{}, true
}
