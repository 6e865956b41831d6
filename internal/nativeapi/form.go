package nativeapi

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// mostProblems is how many problems one answer tells.
const mostProblems = 50

// messages are what people read beside the code of a problem. None ever holds a value.
var messages = map[string]string{
	"required": "is required", "invalid_type": "has the wrong type", form.InvalidFormat: "has the wrong form",
	"invalid_enum": "is none of the values allowed", form.TooShort: "is too short", form.TooLong: "is too long",
	"too_small": "is too small", "too_big": "is too big", form.Duplicate: "is there twice", "not_allowed": "is not allowed here",
	"unknown": "is not known here", "invalid_cursor": "is no cursor of this list",
	"invalid_url": "is no URL that webhooks are sent to", "invalid_address": "is no http or https URL",
	"not_served": "is where no parcels go", "not_printable": "has characters that the bureau does not print",
	"weak": "is too easy to guess", "inactive": "is not used any more",
}

// bad notes a problem. The path begins with where it is: header, path, query or body. It is not inlined, for the sake of the
// program's size: two hundred places may find one.
//
//go:noinline
func (c *call) bad(path, code string) {
	c.wrong = append(c.wrong, fault.Field{Path: path, Code: code, Message: messages[code]})
}

// checked ends the reading of a request: every problem that was noted, or nil.
func (c *call) checked() error {
	if c.torn {
		c.bad("query", form.InvalidFormat)
	}
	if len(c.wrong) == 0 {
		return nil
	}
	return &fault.Error{Reason: FormInvalid, Fields: c.wrong[:min(len(c.wrong), mostProblems)]}
}

// form begins the reading of a write: its idempotency key, as the route says.
func (c *call) form() {
	const name = "header.idempotency-key"
	key, problem := form.IdempotencyKey(c.r.Header.Values("Idempotency-Key"))
	needed := c.route.Idempotency == httpd.Required ||
		c.route.Idempotency == httpd.ByPolicy && c.identity.Program.Policy.Activation.RequireIdempotencyKey
	switch {
	case problem != "":
		c.bad(name, problem)
	case key == "" && needed:
		c.bad(name, "required")
	}
	c.key = key
}

// behalfHeader is how a caller says whom it acts for.
const behalfHeader = "On-Behalf-Of"

// readBehalf reads whom the caller acts for, in its own words: for the audit trail alone, so that nothing is looked up by it.
func (c *call) readBehalf() {
	values := c.r.Header.Values(behalfHeader)
	if len(values) == 0 {
		return
	}
	c.behalf = strings.TrimSpace(values[0])
	problem := form.TextProblem(c.behalf, 1, 100)
	if len(values) > 1 {
		problem = form.Duplicate
	}
	if problem != "" {
		c.bad("header.on-behalf-of", problem)
	}
}

// because reads a body that has nothing but a reason, which need not be there: the audit trail keeps it.
func (c *call) because() { c.explained() }

// explained reads a body that may say why beside its members: for the audit trail, and of commands that take no reason themselves.
func (c *call) explained(names ...string) object {
	o := c.object(append([]string{"reason"}, names...)...)
	o.because()
	return o
}

func (o object) because() { o.c.reason = o.text("reason", optional, 200) }

// id reads the id of the path.
func (c *call) id() ident.UUID {
	u, err := ident.ParseUUID(httpd.Param(c.r, "id"))
	if err != nil {
		c.bad("path.id", form.InvalidFormat)
	}
	return u
}

// readQuery reads the parameters. A query with a part that cannot be read is refused by [call.checked].
func (c *call) readQuery() {
	values, err := url.ParseQuery(c.r.URL.RawQuery)
	c.query, c.torn = values, err != nil
}

// takes refuses parameters that the route does not have: to ignore a filter would answer another question.
func (c *call) takes(names ...string) {
	for name := range c.query {
		if !slices.Contains(names, name) {
			c.bad("query."+clip(name), "unknown")
		}
	}
}

// clip keeps a name that a caller made up short.
func clip(name string) string {
	if len(name) > 40 || form.HasHidden(name) {
		return "?"
	}
	return name
}

// param reads a query parameter; "" when it was not given.
func (c *call) param(name string) string {
	values := c.query[name]
	switch {
	case len(values) > 1:
		c.bad("query."+name, form.Duplicate)
	case len(values) == 1 && values[0] == "":
		c.bad("query."+name, form.TooShort)
	case len(values) == 1:
		return values[0]
	}
	return ""
}

// idParam reads a query parameter that is a UUID.
func (c *call) idParam(name string) ident.UUID {
	s := c.param(name)
	if s == "" {
		return ident.UUID{}
	}
	u, err := ident.ParseUUID(s)
	if err != nil {
		c.bad("query."+name, form.InvalidFormat)
	}
	return u
}

// choiceParam reads a query parameter that is one of the values allowed.
func choiceParam[T ~string](c *call, name string, allowed ...T) T {
	s := T(c.param(name))
	if s != "" && !slices.Contains(allowed, s) {
		c.bad("query."+name, "invalid_enum")
	}
	return s
}

// numberParam reads a query parameter between low and high, or what stands for it when it is not given.
func (c *call) numberParam(name string, low, high, otherwise int) int {
	s := c.param(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	switch {
	case err != nil:
		c.bad("query."+name, "invalid_type")
	case n < low:
		c.bad("query."+name, "too_small")
	case n > high:
		c.bad("query."+name, "too_big")
	}
	return n
}

// cursors seals the marks of the list that is asked for.
func (d *Door) cursors(c *call) form.Cursors {
	asked := make([]string, 0, len(c.query))
	for name, values := range c.query {
		if name != "cursor" && name != "limit" && name != "wait" {
			asked = append(asked, name+"="+strings.Join(values, "&"))
		}
	}
	slices.Sort(asked)
	return form.Cursors{
		Hash:  func(parts ...[]byte) []byte { return d.service.Fingerprint(c.programID(), parts...) },
		Route: c.route.Name, Asked: asked,
	}
}

// The orders of a list.
const (
	newestFirst = "-created_at"
	oldestFirst = "created_at"
)

// page reads sort, limit and cursor; one item more than the limit tells whether there is a next page.
func (d *Door) page(c *call) issuance.Page {
	page := issuance.Page{Limit: c.numberParam("limit", 1, 100, 20) + 1, Oldest: choiceParam(c, "sort", newestFirst, oldestFirst) == oldestFirst}
	if sent := c.param("cursor"); sent != "" {
		at, id, ok := d.cursors(c).Open(sent)
		if !ok {
			c.bad("query.cursor", "invalid_cursor")
		}
		page.After = issuance.Mark{CreatedAt: at, ID: id}
	}
	return page
}

// showPage renders a page, and the cursor that leads to the next one.
func showPage[T any](d *Door, c *call, all []T, page issuance.Page, mark func(T) issuance.Mark, show func(*wirejson.Writer, T)) issuance.Answer {
	next := ""
	if len(all) == page.Limit {
		all = all[:len(all)-1]
		last := mark(all[len(all)-1])
		next = d.cursors(c).Seal(last.CreatedAt, last.ID)
	}
	return showItems(all, next, show)
}

// showItems is a page of a list, and the cursor of the next one; "" where there is none.
func showItems[T any](all []T, next string, show func(*wirejson.Writer, T)) issuance.Answer {
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("items").BeginArray()
	for _, item := range all {
		show(w, item)
	}
	w.EndArray()
	w.Key("next_cursor").StringOrNull(next)
	w.EndObject()
	return ok(w.Bytes())
}

// object is a JSON object of the body, with the path that leads to it.
type object struct {
	c    *call
	v    wirejson.Value
	path string
}

// object is the body; one that is missing has no members, one that is no object is a problem. Members that are not
// among the names are problems too: a misspelt one must not be taken for one that is absent.
func (c *call) object(names ...string) object {
	o := object{c: c, v: c.body, path: "body"}
	if c.body.Given() && c.body.Kind() != wirejson.Object || c.body.Kind() == wirejson.Null {
		c.bad("body", "invalid_type")
	}
	o.takes(names...)
	return o
}

func (o object) takes(names ...string) {
	for name := range o.v.Members() {
		if !slices.Contains(names, name) {
			o.bad(clip(name), "unknown")
		}
	}
}

func (o object) bad(name, code string) { o.c.bad(o.path+"."+name, code) }

// need says whether a member must be there; null is the same as absent.
type need bool

const (
	required need = true
	optional need = false
)

// member finds a member of that kind.
func (o object) member(name string, n need, kind wirejson.Kind) (wirejson.Value, bool) {
	v := o.v.Get(name)
	switch {
	case !v.Given():
		if n == required {
			o.bad(name, "required")
		}
		return v, false
	case v.Kind() != kind:
		o.bad(name, "invalid_type")
		return v, false
	}
	return v, true
}

// text reads a string, trimmed, of 1 to most characters without hidden ones.
func (o object) text(name string, n need, most int) string {
	v, given := o.member(name, n, wirejson.String)
	if !given {
		return ""
	}
	s, _ := v.String()
	s = strings.TrimSpace(s)
	if code := form.TextProblem(s, 1, most); code != "" {
		o.bad(name, code)
		return ""
	}
	return s
}

// webAddress reads an http or https URL with a host, which somebody may show as a link; "" when it is not given or wrong.
func (o object) webAddress(name string, most int) string {
	s := o.text(name, optional, most)
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.ContainsFunc(s, unicode.IsSpace) {
		o.bad(name, "invalid_address")
		return ""
	}
	return s
}

// id reads a UUID.
func (o object) id(name string, n need) ident.UUID {
	v, given := o.member(name, n, wirejson.String)
	if !given {
		return ident.UUID{}
	}
	s, _ := v.String()
	u, err := ident.ParseUUID(s)
	if err != nil {
		o.bad(name, form.InvalidFormat)
	}
	return u
}

// choice reads one of the values allowed, which must be there.
func choice[T ~string](o object, name string, allowed ...T) T {
	if v := o.v.Get(name); !v.Given() {
		o.bad(name, "required")
		return ""
	}
	return choiceMember(o, name, "", allowed)
}

// choiceMember reads one of the values allowed, or what stands for it when it is not given.
func choiceMember[T ~string](o object, name string, otherwise T, allowed []T) T {
	v, given := o.member(name, optional, wirejson.String)
	if !given {
		return otherwise
	}
	s, _ := v.String()
	if !slices.Contains(allowed, T(s)) {
		o.bad(name, "invalid_enum")
	}
	return T(s)
}
