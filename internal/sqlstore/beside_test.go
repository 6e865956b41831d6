package sqlstore

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/pgtest"
	"github.com/firsttap/firsttap/internal/storetest"
)

// firstBeside is the first migration that an older release had to live beside.
const firstBeside = 12

// breaks finds what an instance of the release before would miss, or could not write any more.
var breaks = regexp.MustCompile(`(?i)\bDROP\s+(TABLE|COLUMN)\b|\bRENAME\b|\bSET\s+NOT\s+NULL\b|\bALTER\s+COLUMN\s+\w+\s+(SET\s+DATA\s+)?TYPE\b|` +
	`\bADD\s+(CONSTRAINT|CHECK|UNIQUE)\b|\bADD\s+COLUMN\s+[^;]*\bNOT\s+NULL\b`)

// harmless is a new column that those who do not name it fill.
var harmless = regexp.MustCompile(`(?i)\bADD\s+COLUMN\s+[^;]*\bNOT\s+NULL\s+DEFAULT\b[^;]*;`)

// madeAnew is a table that takes the name of another. If that is the name of one that went, nobody misses it: a test of
// the migration itself shows that it has the same columns.
var madeAnew = regexp.MustCompile(`(?i)\bALTER\s+TABLE\s+\w+\s+RENAME\s+TO\s+(\w+)\s*;`)

func isBreaking(sql string) bool {
	for _, found := range madeAnew.FindAllStringSubmatch(sql, -1) {
		gone := regexp.MustCompile(`(?i)\bDROP\s+TABLE\s+` + found[1] + `\s*;`)
		if before, _, ok := strings.Cut(sql, found[0]); ok && gone.MatchString(before) {
			sql = strings.Replace(gone.ReplaceAllString(sql, ""), found[0], "", 1)
		}
	}
	return breaks.MatchString(harmless.ReplaceAllString(sql, ";"))
}

func TestMigrations_ThatBreakTheReleaseBeforeSaySo(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]bool{
		"CREATE TABLE a (id BLOB NOT NULL PRIMARY KEY);":                       false,
		"CREATE INDEX a_b ON a (b);":                                           false,
		"ALTER TABLE a ADD COLUMN b TEXT NOT NULL DEFAULT '';":                 false,
		"ALTER TABLE a ADD COLUMN b BIGINT;":                                   false,
		"ALTER TABLE a ADD COLUMN b TEXT NOT NULL;":                            true,
		"ALTER TABLE a DROP COLUMN b;":                                         true,
		"ALTER TABLE a RENAME TO b;":                                           true,
		"ALTER TABLE a ALTER COLUMN b TYPE TEXT;":                              true,
		"ALTER TABLE a ALTER COLUMN b SET NOT NULL;":                           true,
		"ALTER TABLE a ADD CONSTRAINT b CHECK (c > 0);":                        true,
		"ALTER TABLE a ADD COLUMN b TEXT NOT NULL DEFAULT '';\nDROP  TABLE a;": true,
		"CREATE TABLE b (c TEXT);\nDROP TABLE a;\nALTER TABLE b RENAME TO a;":  false,
		"ALTER TABLE b RENAME TO a;\nDROP TABLE a;":                            true,
		"DROP TABLE a;\nALTER TABLE b RENAME TO c;":                            true,
		"DROP TABLE a;\nDROP TABLE d;\nALTER TABLE b RENAME TO a;":             true,
	} {
		if got := isBreaking(sql); got != want {
			t.Errorf("%q breaks: %t, want %t", sql, got, want)
		}
	}
	for _, folder := range []string{sqliteDialect().migrations, postgresDialect().migrations} {
		list, err := readMigrations(migrationFiles, folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			if m.Number >= firstBeside && isBreaking(m.text) && !strings.HasSuffix(m.Name, breaking) {
				t.Errorf("%s: %04d_%s takes away what an older release uses, and its name does not say %q", folder, m.Number, m.Name, breaking)
			}
		}
	}
}

func TestMigrations_OfANewerReleaseLeaveTheOlderAtWork(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		file := t.TempDir() + "/firsttap.db"
		workBeside(t, func() *DB { return openFile(t, file) })
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		cluster := pgtest.Start(t)
		url := cluster.URL(cluster.Database(t))
		workBeside(t, func() *DB {
			d := openServer(t, url, patientServer)
			if err := d.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			return d
		})
	})
}

// patientServer lets a loaded machine decide nothing.
func patientServer(c *Config) { c.Patience = time.Minute }

// mailed is a card and the code in its letter.
type mailed struct {
	id   ident.CardID
	code card.Code
}

// workBeside lets callers activate cards through the older release, before, while and after the newer one migrates.
func workBeside(t *testing.T, open func() *DB) {
	t.Helper()
	const cards, callers = 160, 8
	older, newer := open(), open()
	w := storetest.NewWorld(t, older)
	all := make([]mailed, cards)
	for i := range all {
		v, code := w.NewShippedCard(w.Customer, w.Account)
		all[i] = mailed{v.Card.ID, code}
	}
	waiting, rules := make(chan mailed), w.Service(older)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for c := range waiting {
				err := rules.Activate(t.Context(), issuance.ActivateCard{Command: issuance.Command{Caller: w.Caller()}, Card: c.id, Code: c.code})
				if err != nil {
					t.Errorf("an activation beside a migration: %v", err)
				}
			}
		})
	}
	migrated := make(chan error)
	for i, c := range all {
		switch i {
		case cards / 4: // the callers know their statements by now
			newer.files = release(t, newer, "more", widen(t, older))
			go func() { migrated <- newer.Migrate(t.Context()) }()
		case cards * 3 / 4:
			if err := <-migrated; err != nil {
				t.Errorf("the newer release does not migrate beside the older: %v", err)
			}
		}
		waiting <- c
	}
	close(waiting)
	wg.Wait()
	w.Store = newer
	for _, c := range all {
		if v := w.View(c.id); v.Plastic.ActivatedAt.IsZero() {
			t.Errorf("card %s is not activated for the newer release", c.id)
		}
	}
	if err := errors.Join(newer.Ready(t.Context()), older.Ready(t.Context()), older.Migrate(t.Context())); err != nil {
		t.Errorf("after the migration: %v", err)
	}
	newer.files = release(t, newer, "less.breaking", "CREATE TABLE less (id TEXT NOT NULL PRIMARY KEY);")
	if err := errors.Join(newer.Migrate(t.Context()), newer.Ready(t.Context())); err != nil {
		t.Error(err)
	}
	if older.Ready(t.Context()) == nil || older.Migrate(t.Context()) == nil {
		t.Error("the older release goes on beside a migration that breaks it")
	}
}

// release is the migrations of a handle and one more.
func release(t testing.TB, d *DB, name, sql string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	list, err := readMigrations(d.files, d.dialect.migrations)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range append(list, Migration{Number: len(list) + 1, Name: name, text: sql}) {
		files[fmt.Sprintf("%s/%04d_%s.sql", d.dialect.migrations, m.Number, m.Name)] = &fstest.MapFile{Data: []byte(m.text)}
	}
	return files
}

// widen is a migration that gives every table a column and an index more, from the last table to the first, which is
// not the order in which commands lock their rows.
func widen(t testing.TB, d *DB) string {
	t.Helper()
	var tables []layout
	err := d.engine.read(t.Context(), func(s *session) (err error) {
		tables, err = readLayouts(s, d.dialect)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var sql strings.Builder
	for _, table := range slices.Backward(tables) {
		fmt.Fprintf(&sql, "ALTER TABLE %s ADD COLUMN later INTEGER NOT NULL DEFAULT 0;\nCREATE INDEX %s_later ON %s (later);\n", table.name, table.name, table.name)
	}
	return sql.String()
}
