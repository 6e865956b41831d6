package sqlstore

import "testing"

// Widen migrates a database as a newer release would, that gives every table a column more.
func Widen(t testing.TB, d *DB) {
	t.Helper()
	newer := *d
	newer.files = release(t, d, "more", widen(t, d))
	if err := newer.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
}
