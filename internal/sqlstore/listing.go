package sqlstore

import (
	"strconv"
	"strings"

	"github.com/firsttap/firsttap/internal/issuance"
)

// listing assembles the text of a filtered list. Only constants of this room go into the text; what a
// caller sent goes into the arguments.
type listing struct {
	sql  strings.Builder
	args []any
}

// newListing starts with a text that has its WHERE and uses the given arguments.
func newListing(sql string, args ...any) *listing {
	l := &listing{args: args}
	l.sql.WriteString(sql)
	return l
}

// arg adds an argument and gives its placeholder.
func (l *listing) arg(v any) string {
	l.args = append(l.args, v)
	return "$" + strconv.Itoa(len(l.args))
}

// and adds a condition that ends in the argument.
func (l *listing) and(condition string, v any) {
	l.sql.WriteString(" AND " + condition + l.arg(v))
}

// paged ends the list with its page.
func (l *listing) paged(alias string, page issuance.Page) (string, []any) {
	l.behind(alias+".created_at", alias+".id", page)
	return l.ordered(alias+".created_at", alias+".id", page)
}

// behind keeps to what comes after the page before.
func (l *listing) behind(at, id string, page issuance.Page) {
	if page.After.CreatedAt.IsZero() && page.After.ID.IsZero() {
		return
	}
	than := "<"
	if page.Oldest {
		than = ">"
	}
	l.sql.WriteString(" AND (" + at + ", " + id + ") " + than + " (" + l.arg(page.After.CreatedAt) + ", " + l.arg(page.After.ID) + ")")
}

// ordered ends the list in the order of its page.
func (l *listing) ordered(at, id string, page issuance.Page) (string, []any) {
	l.sql.WriteString(" ORDER BY " + orderOf(page, at, id) + " LIMIT " + l.arg(page.Limit))
	return l.sql.String(), l.args
}

// orderOf is the order of a page by columns.
func orderOf(page issuance.Page, columns ...string) string {
	if page.Oldest {
		return strings.Join(columns, ", ")
	}
	return strings.Join(columns, " DESC, ") + " DESC"
}

// oneOf is a list of enumerated values as one argument, for a condition of the form
// $n LIKE '%,' || column || ',%'.
func oneOf[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return "," + strings.Join(texts, ",") + ","
}
