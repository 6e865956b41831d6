package cli_test

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestBackup_RefusesWhatItMustNotDo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	copyOf := filepath.Join(t.TempDir(), "copy.db")
	d.refused(1, "no such file", "backup", copyOf)
	d.do("program", "create", "Acme")
	d.do("backup", copyOf)
	d.refused(1, "there is a file already", "backup", copyOf)
	d.refused(1, "there is a file already", "restore", copyOf)
	d.refused(2, "pg_dump", "backup", copyOf+"2", "--database=postgres://nobody@127.0.0.1:1/x")
	d.refused(2, "pg_restore", "restore", copyOf, "--database=postgres://nobody@127.0.0.1:1/x")

	other := newDesk(t)
	other.refused(1, "the key file must be there", "restore", copyOf)
	other.do("program", "create", "Else")
	lost := filepath.Join(t.TempDir(), "lost.db")
	other.env["FIRSTTAP_KEY_FILE"] = filepath.Join(filepath.Dir(databaseOf(other)), "keys.json")
	other.env["FIRSTTAP_DATABASE"] = "sqlite://" + lost
	other.refused(1, "does not open", "restore", copyOf) // with the keys of another installation
}

func databaseOf(d *desk) string { return d.env["FIRSTTAP_DATABASE"][len("sqlite://"):] }

func TestMigrate_MovesOneFileToAnother(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	from := "sqlite://" + databaseOf(d)
	to := "sqlite://" + filepath.Join(t.TempDir(), "new.db")
	d.refused(1, "there is no database", "migrate", "--from", from, "--to", to)
	d.do("program", "create", "Acme")
	d.refused(2, "the same database", "migrate", "--from", from, "--to", from)
	d.do("migrate", "--from", from, "--to", to)
	d.refused(1, "moved to another database", "program", "list")
	d.do("program", "list", "--database", to, "--key-file", filepath.Join(filepath.Dir(databaseOf(d)), "keys.json"))
	d.do("migrate", "reopen")
	d.do("program", "list")
	d.do("migrate", "status")
}

// Work that holds nothing which a server waits for leaves the processors to it; work that writes must not, or the server would
// wait behind it.
func TestBackground_IsForWorkThatOnlyReads(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.do("program", "create", "Acme")
	folder := t.TempDir()
	out := filepath.Join(folder, "trail.jsonl")
	for _, c := range []struct {
		want int
		args []string
	}{
		{1, []string{"backup", filepath.Join(folder, "copy.db")}},
		{1, []string{"audit", "export", "--program=Acme", "--out=" + out}},
		{1, []string{"audit", "verify", "--export=" + out, "--checkpoint=" + out + ".checkpoint", "--key=" + strings.TrimSpace(d.do("audit", "key"))}},
		{0, []string{"keyring", "rotate"}},
		{0, []string{"program", "list"}},
	} {
		before := d.stood
		d.do(c.args...)
		if got := d.stood - before; got != c.want {
			t.Errorf("%v stepped back %d times, not %d", c.args, got, c.want)
		}
	}
}
