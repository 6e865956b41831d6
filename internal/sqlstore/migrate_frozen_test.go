package sqlstore

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMigrations_AreFrozen holds every migration against the checksum that it landed with: a database that has applied it is refused by a
// program whose text differs, in a comment too. A new migration adds its line to the file.
func TestMigrations_AreFrozen(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "migrations.sums"))
	if err != nil {
		t.Fatal(err)
	}
	landed := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, sum, _ := strings.Cut(strings.TrimSpace(line), " ")
		landed[name] = sum
	}
	for _, engine := range []string{"postgres", "sqlite"} {
		known, err := readMigrations(migrationFiles, "migrations/"+engine)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range known {
			name := fmt.Sprintf("%s/%04d_%s", engine, m.Number, m.Name)
			if landed[name] != m.Checksum {
				t.Errorf("%s is %s, and landed as %q", name, m.Checksum, landed[name])
			}
			delete(landed, name)
		}
	}
	for name := range landed {
		t.Errorf("%s is gone", name)
	}
}

// TestMigrate_RefusesAnotherText records checksums as a database has them that another program made.
func TestMigrate_RefusesAnotherText(t *testing.T) {
	t.Parallel()
	d, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "firsttap.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, checksum, refused string }{
		{"0032 before its comment was changed", "62418fb885c404f7150ed5a35c72a1a62bcf3f34bcb2b3783293d8ceed84fa18", ""},
		{"0032 as it is", "bb2c3885645d96163a5afcc0450ba5827034f6db66aaf8f902e200a07ddcd685", ""},
		{"another", strings.Repeat("0", 64), "[32] differ"},
	} {
		if err := d.change(t.Context(), `UPDATE schema_migrations SET checksum = $1 WHERE number = 32`, c.checksum); err != nil {
			t.Fatal(err)
		}
		switch err := d.Migrate(t.Context()); {
		case c.refused == "" && err != nil:
			t.Errorf("%s: %v", c.text, err)
		case c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)):
			t.Errorf("%s: %v", c.text, err)
		}
	}
}
