package sqlstore

import (
	"fmt"
	"slices"
	"strings"

	"github.com/firsttap/firsttap/internal/fault"
)

// The schema asked of the database itself: so a table that a later migration adds comes along by itself.
// Each text gives table, column, type, and the place in the primary key (0: not in it), in order.
const (
	sqliteLayout = `SELECT m.name, c.name, lower(c.type), c.pk FROM sqlite_schema m JOIN pragma_table_info(m.name) c
	WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid`
	sqliteParents  = `SELECT m.name, f."table" FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`
	postgresLayout = `SELECT c.table_name::text, c.column_name::text, c.data_type::text, COALESCE((SELECT k.ordinal_position FROM information_schema.table_constraints t
		JOIN information_schema.key_column_usage k ON k.constraint_name = t.constraint_name AND k.constraint_schema = t.constraint_schema
		WHERE t.constraint_type = 'PRIMARY KEY' AND t.table_schema = c.table_schema AND t.table_name = c.table_name AND k.column_name = c.column_name), 0)::bigint
	FROM information_schema.columns c WHERE c.table_schema = current_schema() ORDER BY c.table_name, c.ordinal_position`
	postgresParents = `SELECT o.relname::text, p.relname::text FROM pg_constraint x JOIN pg_class o ON o.oid = x.conrelid JOIN pg_class p ON p.oid = x.confrelid
	WHERE x.contype = 'f' AND x.connamespace = current_schema()::regnamespace`
)

// kind is what a column holds.
type kind uint8

const (
	ofNumbers kind = iota
	ofTexts
	ofBlobs
)

var kinds = map[string]kind{"integer": ofNumbers, "bigint": ofNumbers, "text": ofTexts, "blob": ofBlobs, "bytea": ofBlobs}

// ownTables belong to the database and not to the installation.
var ownTables = []string{"schema_migrations", "schema_lock"}

type column struct {
	name string
	kind kind
	key  int64 // place in the primary key, from 1; 0: not in it
}

// layout is one table.
type layout struct {
	name    string
	columns []column
	key     []column // in the order of the key
	parents []string // tables that its rows point to
}

// readLayouts gives all tables of an installation, each behind those that its rows point to.
func readLayouts(c conn, d *dialect) ([]layout, error) {
	var all []layout
	err := c.query(d.layout, nil, func(r row) error {
		var table, kindName string
		var col column
		if err := r.scan(&table, &col.name, &kindName, &col.key); err != nil {
			return err
		}
		k, known := kinds[kindName]
		if !known {
			return fault.Wrap(fmt.Errorf("%s.%s has the type %q", table, col.name, kindName), "read the schema")
		}
		col.kind = k
		if n := len(all); n == 0 || all[n-1].name != table {
			all = append(all, layout{name: table})
		}
		last := &all[len(all)-1]
		last.columns = append(last.columns, col)
		return nil
	})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(l layout) bool { return slices.Contains(ownTables, l.name) })
	for i := range all {
		l := &all[i]
		for _, col := range l.columns {
			if col.key > 0 {
				l.key = append(l.key, col)
			}
		}
		if len(l.key) == 0 {
			return nil, fault.Wrap(fmt.Errorf("%s has no primary key", l.name), "read the schema")
		}
		slices.SortFunc(l.key, func(a, b column) int { return int(a.key - b.key) })
		slices.SortFunc(l.columns, func(a, b column) int { return strings.Compare(a.name, b.name) }) // engines may differ in the order
	}
	if err := readParents(c, d, all); err != nil {
		return nil, err
	}
	return parentsFirst(all)
}

func readParents(c conn, d *dialect, all []layout) error {
	return c.query(d.parents, nil, func(r row) error {
		var table, parent string
		if err := r.scan(&table, &parent); err != nil {
			return err
		}
		for i := range all {
			if all[i].name == table && parent != table {
				all[i].parents = append(all[i].parents, parent)
			}
		}
		return nil
	})
}

func parentsFirst(all []layout) ([]layout, error) {
	var out []layout
	placed := map[string]bool{}
	for len(out) < len(all) {
		before := len(out)
		for _, l := range all {
			if !placed[l.name] && !slices.ContainsFunc(l.parents, func(p string) bool { return !placed[p] }) {
				placed[l.name] = true
				out = append(out, l)
			}
		}
		if len(out) == before {
			return nil, fault.Wrap(fmt.Errorf("tables point to each other in a circle"), "read the schema")
		}
	}
	return out, nil
}

func names(columns []column) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.name
	}
	return out
}

func placeholders(from, n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("$%d", from+i)
	}
	return strings.Join(out, ", ")
}

// page reads rows beyond a key, in its order; the last placeholder is the limit.
func (l layout) page(beyond bool) string {
	key := strings.Join(names(l.key), ", ")
	sql := "SELECT " + strings.Join(l.reads(), ", ") + " FROM " + l.name
	limit := 1
	if beyond {
		sql += " WHERE (" + key + ") > (" + placeholders(1, len(l.key)) + ")"
		limit += len(l.key)
	}
	return sql + " ORDER BY " + key + fmt.Sprintf(" LIMIT $%d", limit)
}

// reads are the columns as they are moved. The place of an audit row that is not sealed stays behind: the other engine may give
// places at another time (see auditLog).
func (l layout) reads() []string {
	out := names(l.columns)
	if i := slices.Index(out, "log_index"); i >= 0 && l.name == "audit" {
		out[i] = `CASE WHEN log_index < COALESCE((SELECT g.size FROM audit_logs g WHERE g.program_id = audit.program_id), 0) THEN log_index END`
	}
	return out
}

// last reads the key of the last row.
func (l layout) last() string {
	return "SELECT " + strings.Join(names(l.key), ", ") + " FROM " + l.name + " ORDER BY " + strings.Join(names(l.key), " DESC, ") + " DESC LIMIT 1"
}

func (l layout) insert() string {
	return "INSERT INTO " + l.name + " (" + strings.Join(names(l.columns), ", ") + ") VALUES (" + placeholders(1, len(l.columns)) + ")"
}

// values are a row as it is stored: nil, int64, string or []byte.
type values []any

// scanValues reads the values of columns; NULL stays NULL.
func scanValues(r row, columns []column) (values, error) {
	dest := make([]any, len(columns))
	for i, c := range columns {
		switch c.kind {
		case ofNumbers:
			dest[i] = new(*int64)
		case ofTexts:
			dest[i] = new(*string)
		case ofBlobs:
			dest[i] = new([]byte)
		}
	}
	if err := r.scan(dest...); err != nil {
		return nil, err
	}
	out := make(values, len(columns))
	for i, d := range dest {
		switch v := d.(type) {
		case **int64:
			if *v != nil {
				out[i] = **v
			}
		case **string:
			if *v != nil {
				out[i] = **v
			}
		case *[]byte:
			if *v != nil {
				out[i] = *v
			}
		}
	}
	return out, nil
}

// keyOf gives the values of the primary key.
func (l layout) keyOf(v values) []any {
	out := make([]any, len(l.key))
	for i, k := range l.key {
		at := slices.IndexFunc(l.columns, func(c column) bool { return c.name == k.name })
		out[i] = v[at]
	}
	return out
}

// readPage reads up to limit rows beyond a key; a nil key begins at the first.
func (l layout) readPage(c conn, beyond []any, limit int) ([]values, error) {
	args := append(slices.Clone(beyond), limit)
	var out []values
	err := c.query(l.page(beyond != nil), args, func(r row) error {
		v, err := scanValues(r, l.columns)
		out = append(out, v)
		return err
	})
	return out, err
}

// lastKey gives the key of the last row; nil when there is none.
func (l layout) lastKey(c conn) (key []any, err error) {
	err = c.query(l.last(), nil, func(r row) error {
		v, err := scanValues(r, l.key)
		key = v
		return err
	})
	return key, err
}
