package sqlstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/pgtest"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/sqlstore"
	"github.com/firsttap/firsttap/internal/storetest"
)

// TestPostgres_KeepsTheContract holds PostgreSQL to the contract that every engine keeps.
func TestPostgres_KeepsTheContract(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	t.Cleanup(func() { // rows are locked in one order: nobody ever waits in a circle
		for _, told := range cluster.Deadlocks(t) {
			t.Error("the server broke a deadlock:", told)
		}
	})
	storetest.Run(t, newDatabases(t, cluster, nil))
}

// TestPostgres_KeepsTheContractBehindAPooler does so where each transaction may meet another connection of the server.
func TestPostgres_KeepsTheContractBehindAPooler(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	storetest.RunCore(t, newDatabases(t, cluster, pgtest.StartBouncer(t, cluster)))
}

// patience is ten times the usual: who wins a race is the question, not how fast a machine is that does much else.
const patience = 80 * time.Second

// postgresDatabases gives each case a database of its own on one server. A second handle is what a second
// instance would have: pools, groups and memories of its own.
type postgresDatabases struct {
	cluster *pgtest.Cluster
	bouncer *pgtest.Bouncer // stands before the cluster; nil for none
	model   string          // a database that is migrated, and that each case gets a copy of
}

func newDatabases(t testing.TB, cluster *pgtest.Cluster, bouncer *pgtest.Bouncer) postgresDatabases {
	t.Helper()
	f := postgresDatabases{cluster: cluster, bouncer: bouncer, model: cluster.Database(t)}
	db, err := sqlstore.Open(t.Context(), sqlstore.Config{URL: redact.NewText(cluster.URL(f.model)), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err = errors.Join(db.Migrate(t.Context()), db.Close()); err != nil {
		t.Fatal(err)
	}
	return f
}

type postgresHandle struct {
	*sqlstore.DB
	url string
}

func (f postgresDatabases) Open(t testing.TB) storetest.Store {
	t.Helper()
	patient := []string{"pool_max_conns=8", "connect_timeout=20", "statement_timeout=50000", "lock_timeout=40000"}
	database := f.cluster.Copy(t, f.model)
	url := f.cluster.URL(database, patient...)
	if f.bouncer != nil {
		url = f.bouncer.URL(database, append(patient, "pooler=transaction")...)
	}
	h := openPatient(t, url)
	if err := h.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h
}

func (f postgresDatabases) Again(t testing.TB, s storetest.Store) storetest.Store {
	t.Helper()
	first, known := s.(postgresHandle)
	if !known {
		t.Fatalf("%T is no handle of this factory", s)
	}
	return openPatient(t, first.url)
}

func openPatient(t testing.TB, url string) postgresHandle {
	t.Helper()
	return openWith(t, url, patience)
}

func openPostgres(t testing.TB, url string) postgresHandle {
	t.Helper()
	return openWith(t, url, 0)
}

func openWith(t testing.TB, url string, patience time.Duration) postgresHandle {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), sqlstore.Config{URL: redact.NewText(url), Now: time.Now, Patience: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return postgresHandle{DB: db, url: url}
}
