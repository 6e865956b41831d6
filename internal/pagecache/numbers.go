package pagecache

import (
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// lockByte is where the locks lie in a file, SQLite's PENDING_BYTE. With pages of 4 KB it is in page 262,145.
const lockByte = 1 << 30

// ownPages are the methods of the library's own cache, pages what it is given in their place. Both are set once, before they are used.
var ownPages, pages lib.Tsqlite3_pcache_methods2

func mendNumbers(tls *libc.TLS) {
	if !configure(tls, lib.SQLITE_CONFIG_GETPCACHE2, unsafe.Pointer(&pages)) {
		return
	}
	ownPages = pages
	pages.FxRekey = pointer(rekey)
	configure(tls, lib.SQLITE_CONFIG_PCACHE2, unsafe.Pointer(&pages))
}

// rekey gives a page in memory another number. Its shape is that of xRekey in sqlite3_pcache_methods2.
func rekey(tls *libc.TLS, cache, page uintptr, from, to uint32) {
	kept := *(**lib.TPCache1)(unsafe.Pointer(&cache))
	highest := kept.FiMaxKey
	own := *(*func(*libc.TLS, uintptr, uintptr, uint32, uint32))(unsafe.Pointer(&ownPages.FxRekey))
	own(tls, cache, page, from, to)
	if int64(to) == lockByte/int64(kept.FszPage)+1 && highest < to {
		kept.FiMaxKey = highest
	}
}
