package sqlstore

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

// What many say in the same words, the server hears once: the values travel as one array for each parameter, and
// the statement goes through them. Starting a statement costs the server more than most of ours do.

// mostRows is how many rows one statement is given at most.
const mostRows = 500

// gatherReads turns reads in the same words into one read each. Their callbacks are called as before: each for its own
// rows, in their order.
func gatherReads(b batch) batch {
	out := make(batch, 0, len(b))
	var reads alike
	for _, s := range b {
		if s.each == nil || len(s.args) == 0 {
			out = append(out, s)
			continue
		}
		reads.add(s)
	}
	for _, sql := range reads.order {
		out = append(out, oneRead(sql, reads.of[sql])...)
	}
	return out
}

// oneRead asks for all at once. Each row comes with the place of who asked for it. A join with unnest goes through the
// values in their order and keeps the order of what it finds for each, and OFFSET 0 keeps the planner from mixing the two.
func oneRead(sql string, all []statement) batch {
	c, ok := columnsOf(all)
	if len(all) == 1 || !ok || c.empty() {
		return all
	}
	text := rewritten("read", sql, c, func() string {
		return "SELECT given.n, q.* FROM " + c.unnest(" WITH ORDINALITY") + " AS given (" + c.names() + ", n) CROSS JOIN LATERAL (" + c.inner(sql) + " OFFSET 0) q"
	})
	return batch{{sql: text, args: c.arrays(), each: func(r row) error {
		own, ok := r.(postgresRow)
		if !ok {
			return fault.Wrap(fmt.Errorf("a row of another engine: %T", r), "scan")
		}
		n, err := numberOf(own.rows.RawValues()[own.skip], own.rows.FieldDescriptions()[own.skip])
		if err != nil || n < 1 || int(n) > len(all) {
			return fault.Wrap(fmt.Errorf("place %d of %d: %w", n, len(all), err), "scan")
		}
		own.skip++
		return all[n-1].each(own)
	}}}
}

// oneEach are the guarded writes that touch one row for each who writes, and no row for two of them.
var oneEach = map[string]bool{countTry: true, bindCard: true, activatePlastic: true, saveAnswer: true}

// merge gathers what a group writes. What is not gathered comes first, as new customers and their accounts, which the
// rest may name; then the guarded writes; last the rows of which nothing is expected. The guarded ones go in one order, whatever the order
// of coming, so that groups of several instances wait for each other and not in a circle.
func merge(b batch) batch {
	out := make(batch, 0, len(b))
	var guards, plain alike
	for _, s := range b {
		switch {
		case s.affected == nil && isPlainInsert(s.sql):
			plain.add(s)
		case oneEach[s.sql] && s.affected != nil:
			guards.add(s)
		case s.affected != nil:
			out = append(out, statement{sql: insist(s.sql), args: s.args})
		default:
			out = append(out, s)
		}
	}
	slices.Sort(guards.order)
	for _, sql := range guards.order {
		out = append(out, insistAll(sql, guards.of[sql])...)
	}
	for _, sql := range plain.order {
		var rows [][]any
		for _, s := range plain.of[sql] {
			if s.rows == nil {
				s.rows = [][]any{s.args}
			}
			rows = append(rows, s.rows...)
		}
		out.repeat(sql, rows, nil)
	}
	return expand(out)
}

// alike are statements by their text, in the order of coming.
type alike struct {
	of    map[string][]statement
	order []string
}

func (a *alike) add(s statement) {
	if a.of == nil {
		a.of = map[string][]statement{}
	}
	if a.of[s.sql] == nil {
		a.order = append(a.order, s.sql)
	}
	a.of[s.sql] = append(a.of[s.sql], s)
}

// byKey is the order in which rows are written: their keys come first among the values.
func byKey(a, b statement) int {
	for i := range min(len(a.args), len(b.args)) {
		order := 0
		switch x := a.args[i].(type) {
		case ident.UUID:
			y, _ := b.args[i].(ident.UUID)
			order = bytes.Compare(x[:], y[:])
		case string:
			y, _ := b.args[i].(string)
			order = strings.Compare(x, y)
		}
		if order != 0 {
			return order
		}
	}
	return 0
}

// insistAll makes the server stop unless each of the guarded writes touches its row.
func insistAll(sql string, all []statement) (out batch) {
	slices.SortStableFunc(all, byKey)
	c, ok := columnsOf(all)
	if len(all) == 1 || !ok || c.empty() {
		for _, s := range all {
			out = append(out, statement{sql: insist(s.sql), args: s.args})
		}
		return out
	}
	text := rewritten("write", sql, c, func() string {
		return "WITH touched AS (" + c.write(sql) + " RETURNING 1) SELECT 1 / (count(*) = $" +
			strconv.Itoa(len(c)+1) + "::bigint)::int FROM touched"
	})
	return append(out, statement{sql: text, args: append(c.arrays(), len(all))})
}

// expand turns statements that are to be repeated into such that go through arrays.
func expand(b batch) batch {
	out := make(batch, 0, len(b))
	for _, s := range b {
		if s.rows == nil {
			out = append(out, s)
			continue
		}
		if s.each != nil {
			out = append(out, asked(s)...)
			continue
		}
		var total int64
		for left := s.rows; len(left) > 0; {
			n := min(len(left), mostRows)
			pieces := repeated(s.sql, left[:n])
			left = left[n:]
			for i := range pieces {
				if s.affected == nil {
					break
				}
				last := len(left) == 0 && i == len(pieces)-1
				pieces[i].affected = func(rows int64) error {
					if total += rows; last {
						return s.affected(total)
					}
					return nil
				}
			}
			out = append(out, pieces...)
		}
	}
	return out
}

// asked is what asks for many, or changes many and tells which.
func asked(s statement) (out batch) {
	for rows := range slices.Chunk(s.rows, mostRows) {
		if !strings.HasPrefix(s.sql, "SELECT") {
			pieces := repeated(s.sql, rows)
			for i := range pieces {
				pieces[i].each = s.each
			}
			out = append(out, pieces...)
			continue
		}
		all := make([]statement, len(rows))
		for i, args := range rows {
			all[i] = statement{sql: s.sql, args: args, each: s.each}
		}
		out = append(out, oneRead(s.sql, all)...)
	}
	return out
}

// repeated is one statement for many rows, or, should their values be of kinds that no array holds, one for each.
func repeated(sql string, rows [][]any) (out batch) {
	all := make([]statement, len(rows))
	for i, args := range rows {
		all[i] = statement{sql: sql, args: args}
	}
	c, ok := columnsOf(all)
	if len(all) == 1 || !ok || c.empty() {
		return all
	}
	return append(out, statement{sql: rewritten("repeat", sql, c, func() string { return c.write(sql) }), args: c.arrays()})
}

func isPlainInsert(sql string) bool {
	return strings.HasPrefix(sql, "INSERT INTO ") && !strings.Contains(sql, "ON CONFLICT") && strings.Contains(sql, valuesOf)
}

const valuesOf = "VALUES ("

// argColumn is what a parameter stands for in many statements.
type argColumn struct {
	kind   byte // of the array: bytes, text or number; nothing when all are NULL
	nulls  bool
	values []any // as the driver takes them; nil is NULL
}

const (
	bytesKind  = 'b'
	textKind   = 't'
	numberKind = 'n'
)

var arrayTypes = map[byte]string{bytesKind: "bytea[]", textKind: "text[]", numberKind: "bigint[]"}

func kindOf(arg any) (byte, bool) {
	switch arg.(type) {
	case nil:
		return 0, true
	case []byte, ident.UUID:
		return bytesKind, true
	case string:
		return textKind, true
	case int64, int, bool, time.Time, time.Duration:
		return numberKind, true
	}
	return 0, false
}

// argColumns are the values of many statements with the same text, by parameter.
type argColumns []argColumn

// columnsOf turns the values of statements around; false when one of them is in no array.
func columnsOf(all []statement) (argColumns, bool) {
	c := make(argColumns, len(all[0].args))
	for _, s := range all {
		if len(s.args) != len(c) {
			return nil, false
		}
		for i, arg := range s.args {
			kind, ok := kindOf(arg)
			value, err := postgresArg(arg)
			if !ok || err != nil || kind != 0 && c[i].kind != 0 && kind != c[i].kind {
				return nil, false
			}
			if c[i].values == nil {
				c[i].values = make([]any, 0, len(all))
			}
			c[i].kind = max(c[i].kind, kind)
			c[i].nulls = c[i].nulls || value == nil
			c[i].values = append(c[i].values, value)
		}
	}
	return c, true
}

// empty tells that no parameter has a value in any of the statements.
func (c argColumns) empty() bool {
	for _, col := range c {
		if col.kind != 0 {
			return false
		}
	}
	return true
}

// arrays are the values as the driver takes them.
func (c argColumns) arrays() []any {
	out := make([]any, len(c))
	for i, col := range c {
		out[i] = col.array()
	}
	return out
}

func (c argColumn) array() any {
	switch {
	case c.kind == bytesKind: // nil is NULL
		return arrayOf(c.values, func(v any) (b []byte) { b, _ = v.([]byte); return b })
	case c.kind == numberKind && c.nulls:
		return arrayOf(c.values, func(v any) (n pgtype.Int8) { n.Int64, n.Valid = v.(int64); return n })
	case c.kind == numberKind:
		return arrayOf(c.values, func(v any) (n int64) { n, _ = v.(int64); return n })
	case c.kind == textKind && !c.nulls:
		return arrayOf(c.values, func(v any) (t string) { t, _ = v.(string); return t })
	default: // without a kind it is NULL in each
		return arrayOf(c.values, func(v any) (t pgtype.Text) { t.String, t.Valid = v.(string); return t })
	}
}

func arrayOf[T any](values []any, as func(any) T) []T {
	out := make([]T, len(values))
	for i, v := range values {
		out[i] = as(v)
	}
	return out
}

// unnest is the arrays as a table.
func (c argColumns) unnest(tail string) string {
	var text strings.Builder
	text.WriteString("unnest(")
	for i, col := range c {
		if i > 0 {
			text.WriteString(", ")
		}
		kind := arrayTypes[col.kind]
		if kind == "" {
			kind = "text[]"
		}
		text.WriteString("$" + strconv.Itoa(i+1) + "::" + kind)
	}
	return text.String() + ")" + tail
}

func (c argColumns) names() string {
	all := make([]string, len(c))
	for i := range c {
		all[i] = "a" + strconv.Itoa(i+1)
	}
	return strings.Join(all, ", ")
}

// inner is a statement whose parameters are columns of that table. One that is NULL in all has no type of its own.
func (c argColumns) inner(sql string) string {
	return parameter.ReplaceAllStringFunc(sql, func(p string) string {
		if n, err := strconv.Atoi(p[1:]); err == nil && n <= len(c) && c[n-1].kind == 0 {
			return "NULL"
		}
		return "given.a" + p[1:]
	})
}

var where = regexp.MustCompile(`\s+WHERE\s`)

// write is an UPDATE with one WHERE, or an INSERT of one row of values, for many.
func (c argColumns) write(sql string) string {
	from := " FROM " + c.unnest("") + " AS given (" + c.names() + ")"
	text := c.inner(sql)
	if head, values, found := strings.Cut(text, valuesOf); found && strings.HasPrefix(sql, "INSERT INTO ") {
		row, tail, _ := strings.Cut(values, ")")
		return head + "SELECT " + row + from + " WHERE true" + tail
	}
	at := where.FindStringIndex(text)
	return text[:at[0]] + from + text[at[0]:]
}

// rewrites keeps the texts that were made: there are as many as there are statements in the code, and kinds of values.
var rewrites sync.Map

type rewrite struct{ as, sql, kinds string }

func rewritten(as, sql string, c argColumns, text func() string) string {
	kinds := make([]byte, len(c))
	for i, col := range c {
		kinds[i] = col.kind
	}
	key := rewrite{as, sql, string(kinds)}
	if known, ok := rewrites.Load(key); ok {
		return known.(string) //nolint:forcetypeassert // nothing else is stored
	}
	known, _ := rewrites.LoadOrStore(key, text())
	return known.(string) //nolint:forcetypeassert // as above
}
