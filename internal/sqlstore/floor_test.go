package sqlstore

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/firsttap/firsttap/internal/pgtest"
)

// Every script for pgbench runs on a fresh database, and writes what an activation writes.
func TestFloorScripts_RunOnPostgres(t *testing.T) {
	t.Parallel()
	pgbench, err := exec.LookPath("pgbench")
	if err != nil {
		t.Skip("pgbench is not installed")
	}
	cluster := pgtest.Start(t)
	url := cluster.URL(cluster.Database(t))
	scripts, err := FloorScripts()
	if err != nil {
		t.Fatal(err)
	}
	run := func(name, protocol string, transactions string) {
		t.Helper()
		path := filepath.Join(t.TempDir(), name+".sql")
		if err := os.WriteFile(path, []byte(scripts[name]), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), pgbench, "--no-vacuum", "--protocol="+protocol, "--transactions="+transactions, "--file="+path, url).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	run("setup", "simple", "1")
	run("function", "prepared", "1")
	run("setup", "simple", "1") // another run in the same database begins anew
	ways := []string{"statements", "cte", "function"}
	for _, name := range ways {
		run(name, "prepared", "3")
	}
	if len(scripts) != len(ways)+1 {
		t.Errorf("there are %d scripts", len(scripts))
	}
	d := openServer(t, url)
	for table, want := range map[string]int{"firsttap_floor.idem": 9, "firsttap_floor.audit": 9, "firsttap_floor.outbox": 9} {
		var got int
		err := d.engine.read(t.Context(), func(s *session) error {
			_, err := one(s, "SELECT count(*) FROM "+table, nil, &got)
			return err
		})
		if err != nil || got != want {
			t.Errorf("%s has %d rows, want %d: %v", table, got, want, err)
		}
	}
}
