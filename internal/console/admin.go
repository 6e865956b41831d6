package console

import (
	"errors"
	"net/http"
	"strings"

	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/staff"
)

// adminView is what the pages of administration show.
type adminView struct {
	Keys *keysPage
	Key  *keyPage
	Once *oncePage

	Policies *policiesPage
	Policy   *policyPage
	History  *policyHistory

	Users *usersPage
	User  *userPage

	Seal *sealPage
}

// oncePage is a secret that is shown this once.
type oncePage struct {
	What   string // of the secret
	Whose  string
	Hint   string
	Secret string
	Back   string // path of the page to go on with
	Link   string // its name
}

// adminPages are the pages of administration in the table of all.
var adminPages = []page{
	{"GET", keysPattern, staff.Look, (*Door).listKeys},
	{"POST", keysPattern, staff.KeepKeys, (*Door).issueKey},
	{"GET", keyPattern, staff.Look, (*Door).showKey},
	{"POST", keyPattern + "/change", staff.KeepKeys, (*Door).changeKey},
	{"POST", keyPattern + "/rotate", staff.KeepKeys, (*Door).rotateKey},
	{"POST", keyPattern + "/revoke", staff.KeepKeys, (*Door).revokeKey},
	{"GET", policiesPattern, staff.Look, (*Door).listPolicies},
	{"GET", policiesPattern + "/history", staff.Look, (*Door).showPolicyHistory},
	{"GET", policyPattern, staff.Look, (*Door).showPolicy},
	{"POST", policyPattern, staff.KeepPolicies, (*Door).setPolicy},
	{"GET", usersPattern, staff.KeepStaff, (*Door).listUsers},
	{"POST", usersPattern, staff.KeepStaff, (*Door).addUser},
	{"GET", userPattern, staff.KeepStaff, (*Door).showUser},
	{"POST", userPattern + "/role", staff.KeepStaff, (*Door).setUserRole},
	{"POST", userPattern + "/password", staff.KeepStaff, (*Door).resetUser},
	{"POST", userPattern + "/disable", staff.KeepStaff, (*Door).disableUser},
	{"GET", sealPattern, staff.Look, (*Door).showSeal},
	{"POST", sealPattern, staff.Look, (*Door).checkSeal},
	{"GET", exportPattern, staff.Look, (*Door).exportSeal},
}

// because is the command with the reason of the form; false, and where to tell it, when there is none.
func (c *call) because() (issuance.Command, bool) {
	by := c.command()
	by.Why = strings.TrimSpace(c.form.Get("reason"))
	return by, form.TextProblem(by.Why, 1, mostReason) == ""
}

// once makes a form that is sent twice one command. What it gave is kept nowhere: a secret is not shown again.
func (d *Door) once(c *call, what string) (*issuance.Key, bool) {
	value := c.form.Get("once")
	if form.TextProblem(value, 1, 100) != "" {
		return nil, false
	}
	return &issuance.Key{
		Door: doorName, Value: value, Fingerprint: d.service.Fingerprint(c.program.ID, []byte(doorName), []byte(what), []byte(c.form.Encode())),
		Record: func(_ any, err error) (issuance.Answer, bool) {
			return issuance.Answer{Status: http.StatusSeeOther}, err == nil
		},
	}, true
}

// seeBefore is seeRefused for a form that may have been sent before.
func (d *Door) seeBefore(c *call, path string, err error) error {
	if before := new(issuance.Replayed); errors.As(err, &before) {
		return d.see(c.w, with(path, "error="+mistakeBefore))
	}
	return d.seeRefused(c, path, err)
}

// showOnce shows a secret, and forgets it.
func (d *Door) showOnce(c *call, title string, secret redact.Text, p oncePage) error {
	defer secret.Wipe()
	v := d.view(c, "once", title)
	p.Secret = secret.Reveal()
	v.Once = &p
	return d.write(c.w, http.StatusOK, v)
}

// with adds to the query of a path.
func with(path, more string) string {
	if strings.Contains(path, "?") {
		return path + "&" + more
	}
	return path + "?" + more
}
