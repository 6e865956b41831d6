package sqlstore_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/sqlstore"
	"github.com/firsttap/firsttap/internal/storetest"
)

// TestSQLite_KeepsTheContract holds SQLite to the contract that every engine keeps.
func TestSQLite_KeepsTheContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, sqliteFiles{})
}

// TestSQLite_KeepsTheContractOnANewerSchema holds a release to it whose database a newer one has migrated.
func TestSQLite_KeepsTheContractOnANewerSchema(t *testing.T) {
	t.Parallel()
	storetest.RunCore(t, widenedFiles{})
}

type widenedFiles struct{ sqliteFiles }

func (f widenedFiles) Open(t testing.TB) storetest.Store {
	t.Helper()
	h := f.sqliteFiles.Open(t)
	sqlstore.Widen(t, h.(sqliteHandle).DB)
	return h
}

// sqliteFiles gives each case a file of its own. A second handle is what a second process would have: it
// shares nothing with the first but the file.
type sqliteFiles struct{}

type sqliteHandle struct {
	*sqlstore.DB
	path string
}

func (sqliteFiles) Open(t testing.TB) storetest.Store {
	t.Helper()
	h := openSQLite(t, filepath.Join(t.TempDir(), "firsttap.db"))
	if err := h.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h
}

func (sqliteFiles) Again(t testing.TB, s storetest.Store) storetest.Store {
	t.Helper()
	first, known := s.(sqliteHandle)
	if !known {
		t.Fatalf("%T is no handle of this factory", s)
	}
	return openSQLite(t, first.path)
}

func openSQLite(t testing.TB, path string) sqliteHandle {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), sqlstore.Config{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return sqliteHandle{DB: db, path: path}
}
