package app_test

import (
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/pgtest"
	"github.com/firsttap/firsttap/internal/program"
)

// TestApp_RunsInSeveralInstancesOnPostgres starts two servers on one database. What one makes the other
// knows, and what stops one is no matter to the other.
func TestApp_RunsInSeveralInstancesOnPostgres(t *testing.T) {
	t.Parallel()
	cluster, dir := pgtest.Start(t), t.TempDir()
	cfg := settings(t, dir, "--database="+cluster.URL(cluster.Database(t)), "--key-file="+filepath.Join(dir, "keys.json"))
	if _, err := app.Open(t.Context(), cfg, deps(io.Discard)); !errors.Is(err, app.ErrNoDatabase) {
		t.Errorf("an empty database is opened: %v", err)
	}
	first, stopFirst := start(t, cfg)
	second, stopSecond := start(t, cfg)
	p, err := first.Access.CreateProgram(t.Context(), operator, "Acme", program.Sandbox, nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := second.Access.IssueKey(t.Context(), operator, access.KeyRequest{Program: p.ID, Kind: access.CardsKey, Name: "k"})
	if err != nil {
		t.Fatal(err)
	}
	cards := func(of *app.App) {
		t.Helper()
		status, body := get(t, "http://"+of.Addr()+"/cards", "Authorization", "Bearer "+key.Secret.Reveal(), "Reap-Version", "2025-02-14")
		if status != http.StatusOK {
			t.Errorf("the cards API answers %d %s", status, body)
		}
		if status, body := get(t, "http://"+of.AdminAddr()+"/readyz"); status != http.StatusOK {
			t.Errorf("readiness: %d %s", status, body)
		}
	}
	cards(first)
	cards(second)
	if err := stopFirst(); err != nil {
		t.Errorf("the stop was not clean: %v", err)
	}
	cards(second)
	if err := stopSecond(); err != nil {
		t.Errorf("the stop was not clean: %v", err)
	}
	house, err := app.Open(t.Context(), cfg, deps(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	if err := house.Close(); err != nil {
		t.Error(err)
	}
}
