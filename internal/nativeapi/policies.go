package nativeapi

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/tenancy"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// matchHeader is how a change of policies names the version that its caller saw.
const matchHeader = "If-Match"

// getPolicies shows every policy: its value, and what it takes.
func (d *Door) getPolicies(c *call) error {
	c.takes()
	if err := c.checked(); err != nil {
		return err
	}
	all, err := d.tenancy.Policies(c.ctx(), c.programID())
	if err != nil {
		return err
	}
	c.w.Header().Set("ETag", strconv.Quote(strconv.FormatInt(all.Version, 10)))
	return write(c.w, ok(body(showPolicies, all)))
}

// setPolicies changes the policies that are named, all or none.
func (d *Door) setPolicies(c *call) error {
	c.takes()
	c.form()
	o := c.object("policies", "reason")
	cmd := tenancy.SetPolicies{Values: o.policies(required), Seen: c.versionSeen(), Reason: o.text("reason", optional, 200)}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(p tenancy.Policies) issuance.Answer { return ok(body(showPolicies, p)) }
	return perform(d, c, show, func(base issuance.Command) (tenancy.Policies, error) {
		cmd.Command = base
		return d.tenancy.SetPolicies(c.ctx(), cmd)
	})
}

// versionSeen reads the header If-Match; nil when it was not sent, or matches any version.
func (c *call) versionSeen() *int64 {
	values := c.r.Header.Values(matchHeader)
	if len(values) == 0 || len(values) == 1 && values[0] == "*" {
		return nil
	}
	n, err := strconv.ParseInt(strings.Trim(values[0], `"`), 10, 64)
	if err != nil || n < 0 || len(values) > 1 {
		c.bad("header.if-match", form.InvalidFormat)
	}
	return &n
}

// policies reads values of policies, as the texts that the rules take; null is the default.
func (o object) policies(n need) map[string]string {
	v, given := o.member("policies", n, wirejson.Object)
	if !given {
		return nil
	}
	in := object{c: o.c, v: v, path: o.path + ".policies"}
	settings := program.Settings()
	values := map[string]string{}
	for name, value := range v.Members() {
		i := slices.IndexFunc(settings, func(s program.Setting) bool { return s.Name == name })
		if i < 0 {
			in.bad(clip(name), "unknown")
			continue
		}
		text, problem := policyText(settings[i], value)
		if problem != "" {
			in.bad(name, problem)
		}
		values[name] = text
	}
	return values
}

// policyText is the value of a policy as a text; "" for null.
func policyText(s program.Setting, v wirejson.Value) (text, problem string) {
	if v.Kind() == wirejson.Null {
		return "", ""
	}
	valid := false
	switch s.Form.Sort {
	case program.Truth:
		var b bool
		b, valid = v.Bool()
		text = strconv.FormatBool(b)
	case program.Whole:
		var n int64
		n, valid = v.Int64()
		text = strconv.FormatInt(n, 10)
	case program.List:
		return policyList(s, v)
	case program.Duration, program.Choice, program.Text:
		text, valid = v.String()
		if valid && text == "" {
			return "", form.TooShort
		}
	}
	if !valid {
		return "", "invalid_type"
	}
	return text, ""
}

// policyList joins the items. None is what a policy takes only where it is the default.
func policyList(s program.Setting, v wirejson.Value) (text, problem string) {
	if v.Kind() != wirejson.Array {
		return "", "invalid_type"
	}
	var items []string
	for _, item := range v.Elements() {
		one, isText := item.String()
		switch {
		case !isText:
			return "", "invalid_type"
		case one == "" || strings.Contains(one, ","):
			return "", form.InvalidFormat
		}
		items = append(items, one)
	}
	if len(items) == 0 && s.Default != "" {
		return "", form.TooShort
	}
	return strings.Join(items, ","), ""
}

// tenancyFields are the problems that the rules found with policies or a key, by the members of the body.
func tenancyFields(e *fault.Error) []fault.Field {
	out := make([]fault.Field, len(e.Fields))
	for i, f := range e.Fields {
		out[i] = fault.Field{Path: "body." + f.Path, Code: f.Code, Message: cmp.Or(f.Message, messages[f.Code])}
		if e.Reason == access.PolicyInvalid {
			out[i].Path = "body.policies." + clip(f.Path)
		}
	}
	return out
}

func showPolicies(w *wirejson.Writer, all tenancy.Policies) {
	w.BeginObject()
	w.Key("version").Int(all.Version)
	w.Key("items").BeginArray()
	for _, p := range all.All {
		showPolicy(w, p)
	}
	w.EndArray()
	w.EndObject()
}

func showPolicy(w *wirejson.Writer, p tenancy.Policy) {
	w.BeginObject()
	w.Key("name").String(p.Name)
	w.Key("type").String(string(p.Form.Sort))
	w.Key("value")
	showPolicyValue(w, p.Form.Sort, p.Value)
	w.Key("default")
	showPolicyValue(w, p.Form.Sort, p.Default)
	w.Key("set").Bool(p.Set)
	for _, bound := range []struct {
		name string
		n    int64
	}{{"minimum", p.Form.Low}, {"maximum", p.Form.High}} {
		w.Key(bound.name)
		if p.Form.Sort == program.Whole {
			w.Int(bound.n)
		} else {
			w.Null()
		}
	}
	w.Key("options").BeginArray()
	for _, o := range p.Form.Options {
		w.String(o)
	}
	w.EndArray()
	w.Key("takes").String(p.Values)
	w.Key("effect").String(p.Effect)
	w.EndObject()
}

// showPolicyValue writes a value in its type; null where there is none.
func showPolicyValue(w *wirejson.Writer, sort program.Sort, text string) {
	switch {
	case sort == program.List:
		w.BeginArray()
		for item := range strings.SplitSeq(text, ",") {
			if item != "" {
				w.String(item)
			}
		}
		w.EndArray()
	case sort == program.Truth && text != "":
		w.Bool(text == "true")
	case sort == program.Whole && text != "":
		w.Number(text)
	default:
		w.StringOrNull(text)
	}
}

// listPolicyVersions tells who changed which policies, newest first.
func (d *Door) listPolicyVersions(c *call) error {
	c.takes("limit", "cursor")
	limit, before := c.numberParam("limit", 1, 100, 20), int64(0)
	if sent := c.param("cursor"); sent != "" {
		at, _, valid := d.cursors(c).Open(sent)
		if !valid {
			c.bad("query.cursor", "invalid_cursor")
		}
		before = at.UnixMicro() // a version is kept as a time, for the cursors of all lists are alike
	}
	if err := c.checked(); err != nil {
		return err
	}
	list, err := d.tenancy.PolicyHistory(c.ctx(), c.programID(), before, limit+1)
	if err != nil {
		return err
	}
	next := ""
	if len(list) > limit {
		list = list[:limit]
		next = d.cursors(c).Seal(time.UnixMicro(list[limit-1].Version), ident.UUID{})
	}
	return write(c.w, showItems(list, next, showPolicyVersion))
}

func showPolicyVersion(w *wirejson.Writer, v access.PolicyVersion) {
	sorts := map[string]program.Sort{}
	for _, s := range program.Settings() {
		sorts[s.Name] = s.Form.Sort
	}
	w.BeginObject()
	w.Key("version").Int(v.Version)
	w.Key("at")
	showTime(w, v.At)
	w.Key("actor").String(v.Actor)
	w.Key("channel").String(v.Channel)
	w.Key("on_behalf_of").StringOrNull(v.OnBehalfOf)
	w.Key("reason").StringOrNull(v.Reason)
	w.Key("changes").BeginArray()
	for _, change := range v.Changes {
		w.BeginObject()
		w.Key("name").String(change.Name)
		w.Key("was")
		showPolicyValue(w, sorts[change.Name], change.Was)
		w.Key("is")
		showPolicyValue(w, sorts[change.Name], change.Is)
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
}
