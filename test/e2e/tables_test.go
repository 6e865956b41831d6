package e2e

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// tables reads what lies in the database at the end, of either engine.
type tables struct {
	t    *testing.T
	rows func(query string, each func(text string, number int)) error // a text and a number, or a number alone
}

// open looks into the database of the installation.
func (in *installation) open(t *testing.T) tables {
	t.Helper()
	if path, file := strings.CutPrefix(in.url, "sqlite://"); file {
		db, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return tables{t, func(query string, each func(string, int)) error {
			return sqlitex.Execute(db, query, &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error {
				each(s.ColumnText(0), s.ColumnInt(s.ColumnCount()-1))
				return nil
			}})
		}}
	}
	db, err := pgx.Connect(t.Context(), in.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(t.Context()) })
	return tables{t, func(query string, each func(string, int)) error {
		rows, err := db.Query(t.Context(), query)
		if err != nil {
			return err
		}
		var text, number any
		to := []any{&text, &number}
		if len(rows.FieldDescriptions()) == 1 {
			to = to[1:]
		}
		_, err = pgx.ForEachRow(rows, to, func() error {
			name, _ := text.(string)
			each(name, whole(t, number))
			return nil
		})
		return err
	}}
}

// whole is a number as the server gives it: a sum of many has another type than a count.
func whole(t *testing.T, v any) int {
	t.Helper()
	switch n := v.(type) {
	case int32:
		return int(n)
	case int64:
		return int(n)
	case pgtype.Numeric:
		i, err := n.Int64Value()
		if err != nil {
			t.Fatal(err)
		}
		return int(i.Int64)
	}
	t.Fatalf("%T is no number", v)
	return 0
}

func (d tables) number(query string) int {
	d.t.Helper()
	out := 0
	if err := d.rows(query, func(_ string, n int) { out = n }); err != nil {
		d.t.Fatalf("%s: %v", query, err)
	}
	return out
}

func (d tables) texts(query string) map[string]int {
	d.t.Helper()
	out := map[string]int{}
	if err := d.rows(query, func(text string, n int) { out[text] = n }); err != nil {
		d.t.Fatalf("%s: %v", query, err)
	}
	return out
}
