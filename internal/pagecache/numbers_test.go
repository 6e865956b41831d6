package pagecache

import (
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// open opens a new file through the mended cache.
func open(t *testing.T) *sqlite.Conn {
	t.Helper()
	conn, err := Open(filepath.Join(t.TempDir(), "one.db"), sqlite.OpenReadWrite, sqlite.OpenCreate, sqlite.OpenWAL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return conn
}

func TestThePageOfTheLocksIsNoPageOfTheCache(t *testing.T) {
	open(t) // so the library is in use
	create := *(*func(*libc.TLS, int32, int32, int32) uintptr)(unsafe.Pointer(&ownPages.FxCreate))
	size := *(*func(*libc.TLS, uintptr, int32))(unsafe.Pointer(&ownPages.FxCachesize))
	fetch := *(*func(*libc.TLS, uintptr, uint32, int32) uintptr)(unsafe.Pointer(&ownPages.FxFetch))
	destroy := *(*func(*libc.TLS, uintptr))(unsafe.Pointer(&ownPages.FxDestroy))
	for _, c := range []struct {
		bytes   int32
		numbers []uint32 // that page 3 gets, one after the other
		highest uint32
	}{
		{4096, []uint32{262145}, 3},
		{4096, []uint32{262145, 2}, 3},
		{4096, []uint32{262145, 5}, 5},
		{4096, []uint32{262144}, 262144},
		{4096, []uint32{262146, 262145}, 262146},
		{8192, []uint32{131073}, 3},
		{8192, []uint32{262145}, 262145},
		{65536, []uint32{16385, 7}, 7},
	} {
		t.Run(fmt.Sprint(c.bytes, c.numbers), func(t *testing.T) {
			tls := libc.NewTLS()
			defer tls.Close()
			cache := create(tls, c.bytes, 100, 1)
			defer destroy(tls, cache)
			size(tls, cache, 10)
			page, number := fetch(tls, cache, 3, 2), uint32(3)
			for _, to := range c.numbers {
				rekey(tls, cache, page, number, to)
				number = to
			}
			if is := (*(**lib.TPCache1)(unsafe.Pointer(&cache))).FiMaxKey; is != c.highest {
				t.Errorf("the highest number is %d, not %d", is, c.highest)
			}
			if fetch(tls, cache, number, 0) != page {
				t.Errorf("the page is not found by %d, its last number", number)
			}
		})
	}
}

// A tree whose rows come in no order splits its pages and puts them in order again. Meanwhile the cache of a connection must know
// no higher number than the file has pages.
func TestOrderingPagesLeavesNoNumberBehindTheFile(t *testing.T) {
	conn := open(t)
	if err := sqlitex.ExecuteTransient(conn, "CREATE TABLE tree (id BLOB PRIMARY KEY) WITHOUT ROWID", nil); err != nil {
		t.Fatal(err)
	}
	libraryRekey, listening := ownPages.FxRekey, listen
	defer func() { ownPages.FxRekey = libraryRekey }()
	highestSeen, listensTo = 0, libraryRekey
	ownPages.FxRekey = *(*uintptr)(unsafe.Pointer(&listening))
	for range 20 {
		err := sqlitex.Execute(conn, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 100)
			INSERT INTO tree SELECT randomblob(200) FROM n`, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	if highestSeen == 0 {
		t.Fatal("no page had another number, so nothing was tested")
	}
	if pages, err := strconv.Atoi(answer(t, conn, "PRAGMA page_count")); err != nil || int(highestSeen) > pages {
		t.Errorf("the cache knew a page %d, the file has %d (%v)", highestSeen, pages, err)
	}
	if found := answer(t, conn, "PRAGMA integrity_check"); found != "ok" {
		t.Errorf("the tree: %q", found)
	}
}

func answer(t *testing.T, conn *sqlite.Conn, sql string) (text string) {
	t.Helper()
	err := sqlitex.ExecuteTransient(conn, sql, &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error { text = s.ColumnText(0); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// listen stands in front of the library's method, and remembers the highest number that a cache knew.
var (
	listensTo   uintptr
	highestSeen uint32
)

func listen(tls *libc.TLS, cache, page uintptr, from, to uint32) {
	highestSeen = max(highestSeen, (*(**lib.TPCache1)(unsafe.Pointer(&cache))).FiMaxKey)
	library := *(*func(*libc.TLS, uintptr, uintptr, uint32, uint32))(unsafe.Pointer(&listensTo))
	library(tls, cache, page, from, to)
}
