package sqlstore_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/sqlstore"
	"github.com/firsttap/firsttap/internal/storetest"
)

// files opens SQLite databases in folders of the test.
type files struct{}

// handle is an open file, with the path that another handle needs.
type handle struct {
	*sqlstore.DB
	path string
}

func (files) Open(t testing.TB) storetest.Store {
	return open(t, filepath.Join(t.TempDir(), "firsttap.db"))
}

func (files) Again(t testing.TB, s storetest.Store) storetest.Store { return open(t, s.(handle).path) }

func open(t testing.TB, path string) handle {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), sqlstore.Config{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return handle{db, path}
}

func TestSQLite_KeepsTheContractOfStores(t *testing.T) {
	t.Parallel()
	storetest.Run(t, files{})
}
