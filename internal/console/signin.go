package console

import (
	"errors"
	"net/http"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/staff"
)

func (d *Door) showSignIn(w http.ResponseWriter, r *http.Request) error {
	if _, err := d.staff.Enter(r.Context(), cookieOf(r)); err == nil {
		return d.see(w, "")
	}
	wrong := ""
	if r.URL.Query().Has("refused") {
		wrong = saidOf(staff.SignInRefused)
	}
	return d.write(w, http.StatusOK, view{Page: "sign-in", Title: "Sign in", Wrong: wrong})
}

// signIn takes the form. Whatever was wrong, the answer is one.
func (d *Door) signIn(w http.ResponseWriter, r *http.Request) error {
	rec := httpd.RecordOf(r.Context())
	if err := d.guesses.Check(rec.Address); err != nil {
		return err
	}
	if err := d.foreign.Check(r); err != nil {
		return &fault.Error{Reason: FormForeign, Cause: err}
	}
	if err := r.ParseForm(); err != nil {
		return d.see(w, "/sign-in?refused")
	}
	defer clear(r.PostForm)
	password := redact.NewText(r.PostForm.Get("password"))
	defer password.Wipe()
	token, err := d.staff.SignIn(r.Context(), staff.SignIn{
		Visitor: visitorOf(r), Name: r.PostForm.Get("name"), Password: password, Code: r.PostForm.Get("code"),
	})
	if errors.Is(err, staff.SignInRefused) {
		rec.Reason = staff.SignInRefused
		d.guesses.Failed(rec.Address)
		return d.see(w, "/sign-in?refused")
	}
	if err != nil {
		return err
	}
	d.setCookie(w, token)
	return d.see(w, "")
}

func (d *Door) signOut(c *call) error {
	if err := d.staff.SignOut(c.r.Context(), visitorOf(c.r), cookieOf(c.r)); err != nil {
		return err
	}
	d.setCookie(c.w, redact.Text{})
	return d.see(c.w, "/sign-in")
}

// start lists the programmes of the member; who has one is led there.
func (d *Door) start(c *call) error {
	mine, err := d.programs(c)
	if err != nil {
		return err
	}
	if len(mine) == 1 {
		return d.see(c.w, "/p/"+mine[0].ID.String())
	}
	v := d.view(c, "programmes", "Programmes")
	v.Programs = mine
	return d.write(c.w, http.StatusOK, v)
}

func (d *Door) account(c *call) error {
	v := d.view(c, "account", "Your account")
	return d.write(c.w, http.StatusOK, v)
}

func (d *Door) changePassword(c *call) error {
	form := c.form
	defer clear(form)
	old, fresh := redact.NewText(form.Get("old")), redact.NewText(form.Get("new"))
	defer func() { old.Wipe(); fresh.Wipe() }()
	if form.Get("new") != form.Get("again") {
		return d.see(c.w, "/account?error="+mistakeAgain)
	}
	err := d.staff.ChangePassword(c.r.Context(), visitorOf(c.r), c.visit.Member.ID, old, fresh)
	if err == nil {
		return d.see(c.w, "/sign-in")
	}
	return d.seeRefused(c, "/account", err)
}

// prepareCodes shows the secret of new one-time codes, this once.
func (d *Door) prepareCodes(c *call) error {
	secret, err := d.staff.PrepareCodes(c.r.Context(), visitorOf(c.r), c.visit.Member.ID)
	if err != nil {
		return d.seeRefused(c, "/account", err)
	}
	defer func() { secret.Text.Wipe(); secret.URI.Wipe() }()
	v := d.view(c, "codes", "One-time codes")
	v.Secret, v.SecretURI = secret.Text.Reveal(), secret.URI.Reveal()
	return d.write(c.w, http.StatusOK, v)
}

func (d *Door) turnCodesOn(c *call) error {
	err := d.staff.TurnCodesOn(c.r.Context(), visitorOf(c.r), c.visit.Member.ID, c.form.Get("code"))
	if err != nil {
		return d.seeRefused(c, "/account", err)
	}
	return d.see(c.w, "/account?done=codes")
}

// seeRefused leads to a page that tells a refusal, by its name; a fault is handed on.
func (d *Door) seeRefused(c *call, path string, err error) error {
	if !fault.IsRefusal(err) {
		return err
	}
	reason := fault.Of(err).Reason
	httpd.RecordOf(c.r.Context()).Reason = reason
	return d.see(c.w, with(path, "error="+reason.Name()))
}
