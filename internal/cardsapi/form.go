package cardsapi

import (
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// group is a part of a request; only the first group with problems is reported (contract §1.2, step 8).
type group int

const (
	inHeaders group = iota
	inParams
	inQuery
	inBody
)

// String is the group's wire name.
func (g group) String() string { return [...]string{"headers", "params", "query", "body"}[g] }

// mostProblems is how many problems a validation answer tells.
const mostProblems = 50

// messages are what people read beside the codes of contract §4.1. None ever holds a value.
var messages = map[string]string{
	"required": "is required", "invalid_type": "has the wrong type", "invalid_format": "has the wrong form",
	"invalid_enum": "is none of the values allowed", "too_short": "is too short", "too_long": "is too long",
	"too_small": "is too small", "too_big": "is too big", "duplicate": "is there twice", "not_allowed": "is not allowed here",
	"weak_pin": "is too easy to guess", "invalid_url": "is no URL that can be used here", "invalid_cursor": "is no cursor of this list",
	"invalid_phone": "is no phone number", "invalid_dial_code": "is no assigned calling code",
	"unsupported_country": "is not served", "zone_required": "is required in this country",
	"postal_code_required": "is required in this country", "unsupported_courier": "does not serve this",
}

// bad notes a problem. It is not inlined, for the sake of the program's size: a hundred places may find one.
//
//go:noinline
func (c *call) bad(g group, path, code string) {
	c.wrong[g] = append(c.wrong[g], fault.Field{Path: path, Code: code, Message: messages[code]})
}

// checked ends the reading of a request: nil, or the first group with problems, sorted by path. That the
// query cannot be read is told when nothing nearer is wrong with it.
func (c *call) checked() error {
	if c.torn && len(c.wrong[inQuery]) == 0 {
		c.bad(inQuery, "", "invalid_format")
	}
	for g, fields := range c.wrong {
		if len(fields) > 0 {
			return formError(group(g), fields)
		}
	}
	return nil
}

func formError(g group, fields []fault.Field) error {
	slices.SortStableFunc(fields, func(a, b fault.Field) int { return strings.Compare(a.Path, b.Path) })
	if len(fields) > mostProblems {
		fields = fields[:mostProblems]
	}
	return &fault.Error{Reason: FormInvalid, Detail: g, Fields: fields}
}

// idempotency reads the key of a POST; required says that the route, or a policy, demands it.
func (c *call) idempotency(required bool) {
	const name = "idempotency-key"
	key, problem := form.IdempotencyKey(c.r.Header["Idempotency-Key"]) // as a header keeps it
	switch {
	case problem != "":
		c.bad(inHeaders, name, problem)
	case key == "" && required:
		c.bad(inHeaders, name, "required")
	}
	c.key = key
}

// form begins the reading of a request: its idempotency key as the route says.
func (c *call) form() {
	switch c.route.Idempotency {
	case httpd.None:
	case httpd.Optional:
		c.idempotency(false)
	case httpd.Required:
		c.idempotency(true)
	case httpd.ByPolicy:
		c.idempotency(c.program().Policy.Activation.RequireIdempotencyKey)
	}
}

// id reads an id of the path.
func (c *call) id(name string) ident.UUID {
	u, err := ident.ParseUUID(httpd.Param(c.r, name))
	if err != nil {
		c.bad(inParams, name, "invalid_format")
	}
	return u
}

// object is a JSON object of the body, with the path that leads to it.
type object struct {
	c    *call
	v    wirejson.Value
	path string
}

// object is the body; one that is missing has no members, one that is no object is a problem.
func (c *call) object() object {
	if c.body.Given() && c.body.Kind() != wirejson.Object || c.body.Kind() == wirejson.Null {
		c.bad(inBody, "", "invalid_type")
	}
	return object{c: c, v: c.body}
}

// at is the path of a member.
func (o object) at(name string) string {
	if o.path == "" {
		return name
	}
	return o.path + "." + name
}

func (o object) bad(name, code string) { o.c.bad(inBody, o.at(name), code) }

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

// text reads a string, trimmed, of low to high characters without hidden ones.
func (o object) text(name string, n need, low, high int) (string, bool) {
	v, given := o.member(name, n, wirejson.String)
	if !given {
		return "", false
	}
	s, _ := v.String()
	s = strings.TrimSpace(s)
	if code := form.TextProblem(s, low, high); code != "" {
		o.bad(name, code)
		return "", false
	}
	return s, true
}

// choice reads one of the values allowed; "" when it is not given or wrong.
func (o object) choice(name string, n need, allowed ...string) string {
	v, given := o.member(name, n, wirejson.String)
	if !given {
		return ""
	}
	s, _ := v.String()
	if !slices.Contains(allowed, s) {
		o.bad(name, "invalid_enum")
		return ""
	}
	return s
}

// id reads a UUID that must be there.
func (o object) id(name string) ident.UUID {
	v, given := o.member(name, required, wirejson.String)
	if !given {
		return ident.UUID{}
	}
	s, _ := v.String()
	u, err := ident.ParseUUID(s)
	if err != nil {
		o.bad(name, "invalid_format")
	}
	return u
}

// child reads an object.
func (o object) child(name string, n need) (object, bool) {
	v, given := o.member(name, n, wirejson.Object)
	return object{c: o.c, v: v, path: o.at(name)}, given
}

// webAddress reads an http or https URL with a host; "" when it is not given or wrong.
func (o object) webAddress(name string, most int) string {
	s, given := o.text(name, optional, 1, most)
	if !given {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.ContainsFunc(s, unicode.IsSpace) {
		o.bad(name, "invalid_url")
		return ""
	}
	return s
}

// moment reads a time of RFC 3339 with any offset; zero when it is not given or wrong.
func (o object) moment(name string) time.Time {
	v, given := o.member(name, optional, wirejson.String)
	if !given {
		return time.Time{}
	}
	s, _ := v.String()
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < 1970 || t.Year() > 9999 {
		o.bad(name, "invalid_format")
		return time.Time{}
	}
	return t.UTC()
}
