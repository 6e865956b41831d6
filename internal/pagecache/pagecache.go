// Package pagecache mends three things in how SQLite keeps pages in memory, which make small transactions dear.
//
// Numbers. Around the byte where SQLite's locks lie in a file there is a page that is never used. A tree that puts its pages in order
// gives one of them that page's number for a moment. The cache remembers the highest number that any page ever had, and when a
// transaction ends, it looks for pages behind the end of the file if that number lies there. So in a file below 1 GB it walks through all
// pages in memory once that happened, for nearly every commit that adds rows in no order. Here that number is forgotten again.
//
// Memory. A page of 4 KB and what SQLite notes beside it are a little more than 4 KB, for which the library takes 8, spread over the
// address space, so a processor looks up where each page lies again and again. Here pages lie side by side in pieces of 2 MB, which
// the system is asked to keep as one page of its own each.
//
// Groups. The library was built so that the caches of all connections share one lock, which is taken for each page that is looked up and
// each that is put back, and one list of pages to give up next. Here each cache has a list of its own and no lock: only one goroutine
// at a time uses a connection, and a connection that reads much takes no page from the one that writes.
//
// It promises that files, answers and durability are what they are without it: it changes which pages are looked at and where they
// lie, never a page. It works for every page size; only pages of 4 KB lie side by side, and only on Linux with 64 bits. Files are opened
// through it, so that it comes before the library is used; where somebody else used the library first, that refuses, and is slower,
// and no less right.
//
// To change it: the only names of the library that it leans on are those of sqlite3_pcache_methods2 and sqlite3_mem_methods, which SQLite
// documents, and four fields of the cache that comes with it. When a new version renames these, it does not compile; when SQLite no longer does
// what is told above, the tests that listen to the library fail, and that part can go. It is the only room that may use unsafe: functions
// and memory of the library are numbers in Go.
package pagecache

import (
	"sync"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
	"zombiezen.com/go/sqlite"
)

// Open opens a database file as sqlite.OpenConn does, in a process whose library is mended.
func Open(path string, flags ...sqlite.OpenFlags) (*sqlite.Conn, error) {
	mend()
	return sqlite.OpenConn(path, flags...)
}

// mend puts the mended methods in the place of the library's own, for the whole process. Only the first call does anything.
var mend = sync.OnceFunc(func() {
	tls := libc.NewTLS()
	defer tls.Close()
	mendNumbers(tls)
	mendMemory(tls)
	mendGroups(tls)
})

// configure tells the library where something lies, for it to read or to fill in, and says whether the library took it. The
// something must be no local variable: the library is told a number, which Go does not follow.
func configure(tls *libc.TLS, option int32, at unsafe.Pointer) bool {
	args := libc.NewVaList(uintptr(at))
	defer libc.Xfree(tls, args)
	return lib.Xsqlite3_config(tls, option, args) == lib.SQLITE_OK
}

// pointer gives the number by which the library calls a function. It must be a function with a name: a closure would move.
func pointer[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }
