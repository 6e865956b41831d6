package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAudit_AnExportIsProvedWithoutTheInstallation(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.do("program", "create", "Acme")
	key := strings.TrimSpace(d.do("audit", "key"))
	older := d.do("audit", "checkpoint", "--program=Acme")
	folder := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	since := write("older", older)
	for range 3 {
		d.do("key", "create", "--program=Acme", "--door=cards", "--operator=ana")
	}
	d.refused(1, "no checkpoint", "audit", "checkpoint")

	out := filepath.Join(folder, "acme.jsonl")
	d.do("audit", "export", "--program=Acme", "--out", out)
	d.refused(1, "exists", "audit", "export", "--program=Acme", "--out", out)
	content, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(content, []byte("\n"))
	if len(lines) < 5 || !strings.HasPrefix(string(lines[3]), `{"n":3,"hash":"`) {
		t.Fatalf("the export:\n%s", content)
	}

	far := newDesk(t) // who verifies has no installation
	verify := []string{"audit", "verify", "--checkpoint", out + ".checkpoint", "--key", key}
	if said := far.do(append(verify, "--export", out, "--since", since)...); !strings.Contains(said, "agree with an older checkpoint") {
		t.Errorf("it said: %s", said)
	}
	forged := write("forged", strings.Replace(string(content), `"actor":"operator:ana"`, `"actor":"operator:eva"`, 1))
	bad := 0
	for i, line := range lines {
		if bytes.Contains(line, []byte(`"actor":"operator:ana"`)) {
			bad = i
			break
		}
	}
	far.refused(1, "row "+string(rune('0'+bad))+" is bad: it was changed", append(verify, "--export", forged)...)
	short := write("short", string(bytes.Join(lines[:2], nil)))
	far.refused(1, "ends after 2 rows", append(verify, "--export", short)...)
	if code, said, _ := far.run(append(verify, "--export", short, "--json")...); code != 1 || !strings.Contains(said, `"first_bad_row_at_most": 2`) {
		t.Errorf("code %d, it said: %s", code, said)
	}
	far.refused(1, "was inserted, or sealed later", "audit", "verify", "--checkpoint", since, "--key", key, "--export", out)
	far.refused(2, "public key", "audit", "verify", "--checkpoint", since, "--key", "x", "--export", out)
	other := newDesk(t)
	other.do("program", "create", "Else")
	far.refused(1, "does not hold", "audit", "verify", "--checkpoint", since, "--key", strings.TrimSpace(other.do("audit", "key")), "--export", out)
}

func TestAudit_IsListedByWhatOneLooksFor(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.do("program", "create", "Acme", "--operator=ana")
	d.do("key", "create", "--program=Acme", "--door=cards", "--operator=eva")
	type line struct{ Actor, Action, Outcome string }
	var all, some []line
	d.list(&all, "audit", "list", "--program=Acme", "--json")
	if len(all) < 2 {
		t.Fatalf("the trail: %+v", all)
	}
	d.list(&some, "audit", "list", "--program=Acme", "--json", "--actor=operator:eva", "--action="+all[0].Action, "--outcome=ok", "--from=2020-01-01T00:00:00Z")
	if len(some) != 1 || some[0] != all[0] {
		t.Errorf("of %+v these are listed: %+v", all, some)
	}
	if said := d.do("audit", "list", "--program=Acme", "--actor=operator:ana"); !strings.Contains(said, "TIME") || strings.Contains(said, "eva") {
		t.Errorf("it said: %s", said)
	}
	if said := d.do("audit", "list", "--program=Acme", "--to=2020-01-01T00:00:00Z"); strings.Contains(said, "operator") {
		t.Errorf("before it all: %s", said)
	}
	d.refused(2, "--card takes", "audit", "list", "--program=Acme", "--card=x")
	d.refused(2, "--from takes", "audit", "list", "--program=Acme", "--from=yesterday")
	d.refused(2, "--lines takes", "audit", "list", "--program=Acme", "--lines=0")
}

// The key and the log stay the same when the keys rotate and when the installation moves.
func TestAudit_TheLogSurvivesRotationAndMove(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.do("program", "create", "Acme")
	d.do("key", "create", "--program=Acme", "--door=cards")
	key, older := d.do("audit", "key"), d.do("audit", "checkpoint", "--program=Acme")
	d.do("keyring", "rotate")
	from, to := databaseOf(d), filepath.Join(t.TempDir(), "new.db")
	d.do("migrate", "--from", "sqlite://"+from, "--to", "sqlite://"+to)
	d.env["FIRSTTAP_DATABASE"], d.env["FIRSTTAP_KEY_FILE"] = "sqlite://"+to, filepath.Join(filepath.Dir(from), "keys.json")
	if again := d.do("audit", "key"); again != key {
		t.Errorf("the key was %s and is %s", key, again)
	}
	if again := d.do("audit", "checkpoint", "--program=Acme"); again != older {
		t.Errorf("the checkpoint was\n%s and is\n%s", older, again)
	}
	d.do("key", "create", "--program=Acme", "--door=cards")
	folder := t.TempDir()
	since, out := filepath.Join(folder, "older"), filepath.Join(folder, "export")
	if err := os.WriteFile(since, []byte(older), 0o600); err != nil {
		t.Fatal(err)
	}
	d.do("audit", "export", "--program=Acme", "--out", out, "--checkpoint", filepath.Join(folder, "newest"))
	d.do("audit", "verify", "--export", out, "--checkpoint", filepath.Join(folder, "newest"), "--key", strings.TrimSpace(key), "--since", since)
}

// A fill writes rows that have their places, chunk by chunk; the tree above them is that of an audit worker.
func TestAudit_AFilledTrailIsProved(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	told := d.do("bench", "fill", "--cards=700", "--active=50", "--history=12")
	name := "filled-" + strings.Split(strings.Split(told, "filled-")[1], ",")[0]
	out := filepath.Join(t.TempDir(), "filled.jsonl")
	d.do("audit", "export", "--program="+name, "--out", out)
	content, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(content, []byte(`"action":"card.freeze"`)); n != 700*6 {
		t.Errorf("%d rows tell of a freeze, not six of each card", n)
	}
	if n := bytes.Count(content, []byte(`"action":"card.activate"`)); n != 350 {
		t.Errorf("%d rows tell of an activation", n)
	}
	key := strings.TrimSpace(d.do("audit", "key"))
	newDesk(t).do("audit", "verify", "--checkpoint", out+".checkpoint", "--key", key, "--export", out)
	d.refused(2, "--history from 0 to 1000", "bench", "fill", "--cards=1", "--history=1001")
}
