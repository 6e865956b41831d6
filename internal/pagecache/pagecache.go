// Package pagecache mends one thing in the page cache of SQLite, which makes writes of a small file dear.
//
// Around the byte where SQLite's locks lie in a file there is a page that is never used. A tree that puts its pages in order gives one
// of them that page's number for a moment. The cache remembers the highest number that any page ever had, and when a transaction ends,
// it looks for pages behind the end of the file if that number lies there. So in a file below 1 GB it walks through all pages in memory
// once that happened, for nearly every commit that adds rows in no order. Here that number is forgotten again.
//
// It promises that files, answers and durability are what they are without it: it changes which pages are looked at, never a page. It
// works for every page size. It must be called before the library is used in the process; after that the library refuses, and is
// slower, and no less right.
//
// To change it: the only names of the library that it leans on are those of sqlite3_pcache_methods2, which SQLite documents, and
// two fields of the cache that comes with it. When a new version renames these, it does not compile; when SQLite no longer does what is
// told above, its tests that listen to the library fail, and the package can go. It is the only room that may use unsafe: functions and
// memory of the library are numbers in Go.
package pagecache

import (
	"sync"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// lockByte is where the locks lie in a file, SQLite's PENDING_BYTE. With pages of 4 KB it is in page 262,145.
const lockByte = 1 << 30

// own are the methods of the library's own cache, mended what it is given. Both are set once, before they are used, and are no local
// variables because the library is told where they lie as a number, which Go does not follow.
var own, mended lib.Tsqlite3_pcache_methods2

// Mend puts the mended cache in the place of the library's own, for the whole process. Only the first call does anything.
var Mend = sync.OnceFunc(mend)

func mend() {
	tls := libc.NewTLS()
	defer tls.Close()
	args := libc.NewVaList(uintptr(unsafe.Pointer(&mended)))
	defer libc.Xfree(tls, args)
	if lib.Xsqlite3_config(tls, lib.SQLITE_CONFIG_GETPCACHE2, args) != lib.SQLITE_OK {
		return
	}
	own = mended
	method := rekey
	mended.FxRekey = *(*uintptr)(unsafe.Pointer(&method))
	lib.Xsqlite3_config(tls, lib.SQLITE_CONFIG_PCACHE2, args)
}

// rekey gives a page in memory another number. Its shape is that of xRekey in sqlite3_pcache_methods2.
func rekey(tls *libc.TLS, cache, page uintptr, from, to uint32) {
	kept := *(**lib.TPCache1)(unsafe.Pointer(&cache))
	highest := kept.FiMaxKey
	ownRekey := *(*func(*libc.TLS, uintptr, uintptr, uint32, uint32))(unsafe.Pointer(&own.FxRekey))
	ownRekey(tls, cache, page, from, to)
	if int64(to) == lockByte/int64(kept.FszPage)+1 && highest < to {
		kept.FiMaxKey = highest
	}
}
