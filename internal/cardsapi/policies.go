package cardsapi

import (
	"context"
	"regexp"
	"slices"
	"strconv"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/spending"
	"github.com/firsttap/firsttap/internal/spendpolicy"
	"github.com/firsttap/firsttap/internal/transaction"
	"github.com/firsttap/firsttap/internal/wirejson"
)

func policyAnswer(p spendpolicy.Policy) issuance.Answer { return ok(body(showPolicy, p)) }

// showPolicy writes the Policy of contract §20. The scope of a project has no id.
func showPolicy(w *wirejson.Writer, p spendpolicy.Policy) {
	w.BeginObject()
	w.Key("id").String(p.ID.String())
	w.Key("type").String(string(p.Type))
	w.Key("name").String(p.Name)
	w.Key("status").String(policyStatus(p.Disabled))
	w.Key("scope").BeginObject()
	w.Key("type").String(string(p.Scope.Type))
	if w.Key("id"); p.Scope.Type == spendpolicy.ForProgram {
		w.Null()
	} else {
		w.String(p.Scope.ID.String())
	}
	w.EndObject()
	w.Key("config").BeginObject()
	w.Key("channels").BeginArray()
	for _, c := range p.Channels {
		w.String(string(c))
	}
	w.EndArray()
	w.EndObject()
	w.Key("createdAt")
	showTime(w, p.CreatedAt)
	w.Key("updatedAt")
	showTime(w, p.UpdatedAt)
	w.EndObject()
}

func policyStatus(disabled bool) string {
	if disabled {
		return "DISABLED"
	}
	return "ACTIVE"
}

// publishedType is the form of the types that are published and not served here.
var publishedType = regexp.MustCompile(`^[A-Z][A-Z_]{0,40}_(LIMIT|LIMITS|RESTRICTION|CONTROL)$`)

// createPolicy is contract §20.
func (d *Door) createPolicy(c *call) error {
	c.form()
	o := c.object()
	cmd := spending.CreatePolicy{}
	if kind, given := o.text("type", required, 1, 64); given {
		cmd.Type = spendpolicy.Type(kind)
		if cmd.Type != spendpolicy.ChannelRestriction && !publishedType.MatchString(kind) {
			o.bad("type", "invalid_enum")
		}
	}
	cmd.Name, _ = o.text("name", required, 1, 100)
	cmd.Scope = o.scope()
	if config, given := o.child("config", required); given && cmd.Type == spendpolicy.ChannelRestriction {
		cmd.Channels = config.channels()
	}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, policyAnswer, func(base issuance.Command) (spendpolicy.Policy, error) {
		cmd.Command = base
		return d.spending.CreatePolicy(c.ctx(), cmd)
	})
}

// scope reads what a policy covers: the project, or a user or card by its id.
func (o object) scope() spendpolicy.Scope {
	s, given := o.child("scope", required)
	if !given {
		return spendpolicy.Scope{}
	}
	out := spendpolicy.Scope{Type: spendpolicy.ScopeType(s.choice("type", required, namesOf(spendpolicy.ScopeTypes())...))}
	if out.Type == spendpolicy.ForCard || out.Type == spendpolicy.ForCustomer {
		out.ID = s.id("id")
	}
	return out
}

// channels reads the channels to block: one to four, without repeats.
func (o object) channels() []transaction.Channel {
	list, given := o.member("channels", required, wirejson.Array)
	if !given {
		return nil
	}
	all := transaction.Channels()
	switch n := list.Len(); {
	case n == 0:
		o.bad("channels", "too_short")
	case n > len(all):
		o.bad("channels", "too_long")
		return nil
	}
	var out []transaction.Channel
	for i, v := range list.Elements() {
		s, isText := v.String()
		channel := transaction.Channel(s)
		switch path := "channels." + strconv.Itoa(i); {
		case !isText:
			o.bad(path, "invalid_type")
		case !slices.Contains(all, channel):
			o.bad(path, "invalid_enum")
		case slices.Contains(out, channel):
			o.bad(path, "duplicate")
		}
		out = append(out, channel)
	}
	return out
}

// listPolicies is contract §20.
func (d *Door) listPolicies(c *call) error {
	f := issuance.SpendPolicyFilter{
		ScopeType: spendpolicy.ScopeType(c.choiceParam("scopeType", namesOf(spendpolicy.ScopeTypes())...)), ScopeID: c.idParam("scopeId"),
	}
	status := c.choiceParam("status", "ACTIVE", "DISABLED")
	if status != "" {
		disabled := status == "DISABLED"
		f.Disabled = &disabled
	}
	page, seal := d.pageOf(c, string(f.ScopeType), f.ScopeID.String(), status)
	if err := c.checked(); err != nil {
		return err
	}
	all, err := d.spending.Policies(c.ctx(), c.programID(), f, page)
	if err != nil {
		return err
	}
	mark := func(p spendpolicy.Policy) issuance.Mark { return issuance.Mark{CreatedAt: p.CreatedAt, ID: p.ID.UUID} }
	return write(c.w, ok(showPage(all, page, seal, mark, showPolicy)))
}

func (d *Door) getPolicy(c *call) error {
	id := ident.PolicyID{UUID: c.id("id")}
	if err := c.checked(); err != nil {
		return err
	}
	p, err := d.spending.Policy(c.ctx(), c.programID(), id)
	if err != nil {
		return err
	}
	return write(c.w, policyAnswer(p))
}

// effectivePolicies is contract §20: what counts for a scope, with what stands above it.
func (d *Door) effectivePolicies(c *call) error {
	in := spendpolicy.Scope{Type: spendpolicy.ScopeType(c.choiceParam("scopeType", namesOf(spendpolicy.ScopeTypes())...)), ID: c.idParam("scopeId")}
	if !c.query.Has("scopeType") {
		c.bad(inQuery, "scopeType", "required")
	}
	if in.Type != spendpolicy.ForProgram && !c.query.Has("scopeId") {
		c.bad(inQuery, "scopeId", "required")
	}
	if err := c.checked(); err != nil {
		return err
	}
	all, err := d.spending.Effective(c.ctx(), c.programID(), in)
	if err != nil {
		return err
	}
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("items").BeginArray()
	for _, p := range all {
		w.BeginObject()
		w.Key("policy")
		showPolicy(w, p)
		w.Key("usage").Null()
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
	return write(c.w, ok(w.Bytes()))
}

func (d *Door) renamePolicy(c *call) error {
	c.form()
	o := c.object()
	name, _ := o.text("name", required, 1, 100)
	return d.changePolicy(c, spending.ChangePolicy{Name: name}, d.spending.ChangePolicy)
}

func (d *Door) configurePolicy(c *call) error {
	c.form()
	return d.changePolicy(c, spending.ChangePolicy{Channels: c.object().channels()}, d.spending.ChangePolicy)
}

func (d *Door) disablePolicy(c *call) error {
	c.form()
	return d.changePolicy(c, spending.ChangePolicy{}, d.spending.DisablePolicy)
}

func (d *Door) enablePolicy(c *call) error {
	c.form()
	return d.changePolicy(c, spending.ChangePolicy{}, d.spending.EnablePolicy)
}

func (d *Door) changePolicy(c *call, cmd spending.ChangePolicy, command func(context.Context, spending.ChangePolicy) (spendpolicy.Policy, error)) error {
	cmd.Policy = ident.PolicyID{UUID: c.id("id")}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, policyAnswer, func(base issuance.Command) (spendpolicy.Policy, error) {
		cmd.Command = base
		return command(c.ctx(), cmd)
	})
}
