package cardsapi

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/ident"
)

// readQuery reads the parameters. A query with a part that cannot be read (a semicolon, a broken escape) is
// refused by [call.checked]: to drop the part would answer another question than was asked. Parameters that
// can be read and are not known are ignored.
func (c *call) readQuery() {
	if c.r.URL.RawQuery == "" {
		return // a nil map reads as an empty one
	}
	values, err := url.ParseQuery(c.r.URL.RawQuery)
	c.query, c.torn = values, err != nil
}

// queryHas reports whether the query names a parameter, also in a part that cannot be read.
func (c *call) queryHas(name string) bool {
	if c.query.Has(name) {
		return true
	}
	for part := range strings.FieldsFuncSeq(c.r.URL.RawQuery, func(r rune) bool { return r == '&' || r == ';' }) {
		sent, _, _ := strings.Cut(part, "=")
		if decoded, err := url.QueryUnescape(sent); err == nil && decoded == name {
			return true
		}
	}
	return false
}

// param reads a query parameter. One that was given twice is a problem, and not given.
func (c *call) param(name string) (value string, given bool) {
	values := c.query[name]
	if len(values) > 1 {
		c.bad(inQuery, name, "duplicate")
		return "", false
	}
	if len(values) == 0 {
		return "", false
	}
	return values[0], true
}

// textParam reads a query parameter that is compared with a text; "" when it was not given.
func (c *call) textParam(name string) string {
	s, given := c.param(name)
	switch {
	case !given:
		return ""
	case s == "":
		c.bad(inQuery, name, "too_short")
	case form.HasHidden(s):
		c.bad(inQuery, name, "invalid_format")
	}
	return s
}

// idParam reads a query parameter that is a UUID. One that has another form is a problem.
func (c *call) idParam(name string) ident.UUID {
	s, given := c.param(name)
	if !given {
		return ident.UUID{}
	}
	u, err := ident.ParseUUID(s)
	if err != nil {
		c.bad(inQuery, name, "invalid_format")
	}
	return u
}

// choiceParam reads a query parameter that is one of the values allowed; "" when it was not given or wrong.
func (c *call) choiceParam(name string, allowed ...string) string {
	s, given := c.param(name)
	if given && !slices.Contains(allowed, s) {
		c.bad(inQuery, name, "invalid_enum")
		return ""
	}
	return s
}

// pageSize reads limit: 1 to 100, 20 when it is not given.
func (c *call) pageSize() int {
	s, given := c.param("limit")
	if !given {
		return 20
	}
	n, err := strconv.Atoi(s)
	switch {
	case err != nil:
		c.bad(inQuery, "limit", "invalid_type")
	case n < 1:
		c.bad(inQuery, "limit", "too_small")
	case n > 100:
		c.bad(inQuery, "limit", "too_big")
	}
	return n
}
