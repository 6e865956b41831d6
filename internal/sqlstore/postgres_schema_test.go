package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/pgtest"
	"github.com/firsttap/firsttap/internal/redact"
)

// openServer opens a database of a cluster, as one instance.
func openServer(t testing.TB, url string, change ...func(*Config)) *DB {
	t.Helper()
	c := Config{URL: redact.NewText(url), Now: time.Now}
	for _, f := range change {
		f(&c)
	}
	db, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

// The questions about a schema, to each engine in its own words. Each answer is a line: a column with its
// type and whether it may be NULL, an index with its columns and whether it is unique, a reference.
const (
	sqliteColumns = `SELECT m.name || '.' || c.name || ' ' || c.type || CASE c."notnull" WHEN 0 THEN ' null' ELSE '' END
		FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'`
	sqliteIndexes = `SELECT m.name || ' (' || (SELECT string_agg(name, ',') FROM (SELECT i.name FROM pragma_index_info(x.name) i ORDER BY i.seqno)) || ')'
		|| CASE x."unique" WHEN 1 THEN ' unique' ELSE '' END || CASE x.partial WHEN 1 THEN ' partial' ELSE '' END
		FROM sqlite_schema m JOIN pragma_index_list(m.name) x WHERE m.type = 'table'`
	sqliteReferences = `SELECT m.name || '.' || f."from" || ' -> ' || f."table" || '.' || f."to"
		FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`
	postgresColumns = `SELECT table_name || '.' || column_name || ' ' || data_type || COALESCE(' ' || collation_name, '')
		|| CASE is_nullable WHEN 'YES' THEN ' null' ELSE '' END FROM information_schema.columns WHERE table_schema = 'public'`
	postgresIndexes = `SELECT t.relname || ' (' || (SELECT string_agg(a.attname, ',' ORDER BY k.at)
			FROM unnest(x.indkey::int[]) WITH ORDINALITY AS k (number, at) JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number) || ')'
		|| CASE WHEN x.indisunique THEN ' unique' ELSE '' END || CASE WHEN x.indpred IS NOT NULL THEN ' partial' ELSE '' END
		FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname = 'public'`
	postgresReferences = `SELECT c.conrelid::regclass || '.' || a.attname || ' -> ' || c.confrelid::regclass || '.' || b.attname
		FROM pg_constraint c CROSS JOIN unnest(c.conkey, c.confkey) AS k (own, other)
		JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.own
		JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.other WHERE c.contype = 'f'`
)

// sameType gives PostgreSQL's types SQLite's names. A text that is compared by a locale stays strange.
var sameType = strings.NewReplacer(" bigint", " INTEGER", " integer", " INTEGER", " text C", " TEXT", " bytea", " BLOB")

func describe(t *testing.T, d *DB, questions ...string) []string {
	t.Helper()
	var lines []string
	err := d.engine.read(t.Context(), func(s *session) error {
		for _, q := range questions {
			err := s.query(q, nil, func(r row) error {
				var line string
				err := r.scan(&line)
				if !strings.HasPrefix(line, "schema_") {
					lines = append(lines, sameType.Replace(line))
				}
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

func TestSchemas_AreTheSameOnBothEngines(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	server := openServer(t, cluster.URL(cluster.Database(t)))
	if err := server.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := newFile(t)
	want := describe(t, file, sqliteColumns, sqliteIndexes, sqliteReferences)
	// The one difference: a single INTEGER PRIMARY KEY of SQLite is the table itself and has no index.
	want = append(want, "data_keys (id) unique")
	slices.Sort(want)
	if d := cmp.Diff(want, describe(t, server, postgresColumns, postgresIndexes, postgresReferences)); d != "" {
		t.Errorf("-sqlite +postgres:\n%s", d)
	}
	if len(want) < 200 {
		t.Errorf("only %d lines were compared", len(want))
	}
}

func TestMigrations_ComeInPairs(t *testing.T) {
	t.Parallel()
	names := func(folder string) (out []string) {
		list, err := readMigrations(migrationFiles, folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			out = append(out, fmt.Sprintf("%04d_%s", m.Number, m.Name))
		}
		return out
	}
	if d := cmp.Diff(names("migrations/sqlite"), names("migrations/postgres")); d != "" {
		t.Errorf("-sqlite +postgres:\n%s", d)
	}
}

func TestMigrate_ManyInstancesOnPostgresAtOnceMakeOneSchema(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	for range 5 {
		url := cluster.URL(cluster.Database(t), "pool_max_conns=2")
		errs := make(chan error)
		const instances = 12
		for range instances {
			d := openServer(t, url)
			go func() { errs <- d.Migrate(context.WithoutCancel(t.Context())) }()
		}
		for range instances {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		d := openServer(t, url)
		status, err := d.Status(t.Context())
		if err != nil || len(status.Pending()) != 0 || d.Ready(t.Context()) != nil {
			t.Errorf("pending %v, %v, ready %v", status.Pending(), err, d.Ready(t.Context()))
		}
		_ = d.engine.write(t.Context(), func(s *session) error {
			_, err := s.exec(`UPDATE schema_migrations SET checksum = 'x' WHERE number = 1`)
			return err
		})
		if err := d.Migrate(t.Context()); err == nil {
			t.Error("a migration that was changed after it was applied is not noticed")
		}
	}
}

func TestAudit_PostgresKeepsItsRows(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	d := openServer(t, cluster.URL(cluster.Database(t)))
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := d.engine.write(t.Context(), func(s *session) error {
		_, err := s.exec(insertAudit, installation, time.UnixMicro(1), ident.UUID{1}, "a", "c", "", "", "x", ident.UUID{}, ident.UUID{}, ident.UUID{}, ident.UUID{}, "ok", "", "")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	keepsAudit(t, d)
}

func TestAudit_SQLiteKeepsItsRows(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	err := d.engine.write(t.Context(), func(s *session) error {
		_, err := s.exec(insertAudit, installation, time.UnixMicro(1), ident.UUID{1}, "a", "c", "", "", "x", ident.UUID{}, ident.UUID{}, ident.UUID{}, ident.UUID{}, "ok", "", "")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	keepsAudit(t, d)
}

// keepsAudit wants a database to refuse every change of a row, but for its place, once; and of a log but its growth.
func keepsAudit(t *testing.T, d *DB) {
	t.Helper()
	for _, x := range []struct {
		sql  string
		done bool
	}{
		{`UPDATE audit SET note = 'other'`, false},
		{`UPDATE audit SET note = 'other', log_index = 0`, false},
		{`UPDATE audit SET card_id = id, log_index = 0`, false},
		{`UPDATE audit SET on_behalf_of = 'other', log_index = 0`, false},
		{`DELETE FROM audit`, false},
		{`UPDATE audit SET log_index = 0`, true},
		{`UPDATE audit SET log_index = 1`, false},
		{`UPDATE audit SET log_index = NULL`, false},
		{`UPDATE audit SET note = 'other'`, false},
		{`INSERT INTO audit_logs (program_id, size, root) SELECT program_id, 1, id FROM audit`, true},
		{`UPDATE audit_logs SET size = 2`, true},
		{`UPDATE audit_logs SET size = 2, root = program_id`, false},
		{`UPDATE audit_logs SET size = 1`, false},
		{`DELETE FROM audit_logs`, false},
	} {
		err := d.engine.write(t.Context(), func(s *session) error { _, err := s.exec(x.sql); return err })
		if x.done != (err == nil) {
			t.Errorf("%s: %v", x.sql, err)
		}
	}
}
