package nativeapi

import (
	"net/http"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/tenancy"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// programRoutes are about the programme of the key, and about all programmes for who speaks for the installation.
func (d *Door) programRoutes() []httpd.Route {
	const policies, key, one = "/v1/policies", "/v1/keys/{id}", "/v1/programs/{id}"
	setPolicies, changeKey := act(policies, access.PoliciesWrite, d.setPolicies), act(key, access.KeysWrite, d.changeKey)
	setPolicies.Method, changeKey.Method = http.MethodPatch, http.MethodPatch
	return []httpd.Route{
		read("/v1/program", access.ProgramRead, d.getOwnProgram),
		read(policies, access.PoliciesRead, d.getPolicies),
		setPolicies,
		read(policies+"/versions", access.PoliciesRead, d.listPolicyVersions),
		read("/v1/keys", access.KeysRead, d.listKeys),
		act("/v1/keys", access.KeysWrite, d.issueKey),
		read(key, access.KeysRead, d.getKey),
		changeKey,
		act(key+"/rotate", access.KeysWrite, d.rotateKey),
		act(key+"/revoke", access.KeysWrite, d.revokeKey),
		read("/v1/programs", access.ProgramsRead, d.listPrograms),
		act("/v1/programs", access.ProgramsWrite, d.createProgram),
		read(one, access.ProgramsRead, d.getProgram),
		act(one+"/suspend", access.ProgramsWrite, d.suspendProgram),
		act(one+"/resume", access.ProgramsWrite, d.resumeProgram),
		act(one+"/keys", access.ProgramsWrite, d.issueProgramKey),
	}
}

// getOwnProgram shows the programme of the key.
func (d *Door) getOwnProgram(c *call) error {
	c.takes()
	return d.showProgramOf(c, c.programID())
}

func (d *Door) getProgram(c *call) error {
	c.takes()
	return d.showProgramOf(c, ident.ProgramID{UUID: c.id()})
}

func (d *Door) showProgramOf(c *call, id ident.ProgramID) error {
	if err := c.checked(); err != nil {
		return err
	}
	p, err := d.tenancy.Programme(c.ctx(), id)
	if err != nil {
		return err
	}
	return write(c.w, ok(body(d.showProgram, p)))
}

// listPrograms lists the programmes of the installation, newest first.
func (d *Door) listPrograms(c *call) error {
	c.takes("sort", "limit", "cursor")
	page := d.page(c)
	if err := c.checked(); err != nil {
		return err
	}
	list, err := d.tenancy.Programmes(c.ctx(), page)
	if err != nil {
		return err
	}
	mark := func(p tenancy.Programme) issuance.Mark { return issuance.Mark{CreatedAt: p.CreatedAt, ID: p.ID.UUID} }
	return write(c.w, showPage(d, c, list, page, mark, d.showProgram))
}

// createProgram adds a programme.
func (d *Door) createProgram(c *call) error {
	c.takes()
	c.form()
	o := c.explained("name", "kind", "policies")
	cmd := tenancy.CreateProgram{
		Name: o.text("name", required, 100), Kind: choice(o, "kind", program.Sandbox, program.Live), Policies: map[string]string{},
	}
	for name, value := range o.policies(optional) {
		if value != "" {
			cmd.Policies[name] = value
		}
	}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(p tenancy.Programme) issuance.Answer {
		return issuance.Answer{Status: http.StatusCreated, Body: body(d.showProgram, p)}
	}
	return perform(d, c, show, func(base issuance.Command) (tenancy.Programme, error) {
		cmd.Command = base
		return d.tenancy.CreateProgram(c.ctx(), cmd)
	})
}

// suspendProgram stops every call to a programme.
func (d *Door) suspendProgram(c *call) error {
	c.takes()
	c.form()
	return d.setSuspended(c, true, c.object("reason").text("reason", required, 200))
}

// resumeProgram opens a suspended programme again.
func (d *Door) resumeProgram(c *call) error {
	c.takes()
	c.form()
	return d.setSuspended(c, false, c.object("reason").text("reason", optional, 200))
}

func (d *Door) setSuspended(c *call, to bool, reason string) error {
	cmd := tenancy.SuspendProgram{Program: ident.ProgramID{UUID: c.id()}, Suspend: to, Reason: reason}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(p tenancy.Programme) issuance.Answer { return ok(body(d.showProgram, p)) }
	return perform(d, c, show, func(base issuance.Command) (tenancy.Programme, error) {
		cmd.Command = base
		return d.tenancy.SuspendProgram(c.ctx(), cmd)
	})
}

// issueProgramKey makes a key of a programme, as its first: who has one makes others by itself.
func (d *Door) issueProgramKey(c *call) error {
	c.takes()
	c.form()
	request := c.keyRequest()
	request.Program = ident.ProgramID{UUID: c.id()}
	return d.issue(c, tenancy.IssueKey{Request: request})
}

func (d *Door) showProgram(w *wirejson.Writer, p tenancy.Programme) {
	w.BeginObject()
	w.Key("id").String(p.ID.String())
	w.Key("name").String(p.Name)
	w.Key("kind").String(string(p.Kind))
	w.Key("suspended").Bool(p.Suspended)
	w.Key("policy_version").Int(p.PolicyVersion)
	w.Key("now")
	showTime(w, p.Now(d.now()))
	w.Key("created_at")
	showTime(w, p.CreatedAt)
	w.Key("updated_at")
	showTime(w, p.UpdatedAt)
	w.EndObject()
}
