package pagecache

import (
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// mendGroups lets each cache that is made from here on be a group of its own. The library decides that once, when it begins to be
// used; a cache tells where it keeps what it decided.
func mendGroups(tls *libc.TLS) {
	if ownPages.FxCreate == 0 || lib.Xsqlite3_initialize(tls) != lib.SQLITE_OK {
		return
	}
	create := *(*func(*libc.TLS, int32, int32, int32) uintptr)(unsafe.Pointer(&ownPages.FxCreate))
	destroy := *(*func(*libc.TLS, uintptr))(unsafe.Pointer(&ownPages.FxDestroy))
	cache := create(tls, 4096, 8, 0)
	if cache == 0 {
		return
	}
	defer destroy(tls, cache)
	if group := groupOf(cache); group != cache+unsafe.Sizeof(lib.TPCache1{}) { // where the library puts one of its own
		(*(**lib.TPCacheGlobal)(unsafe.Pointer(&group))).FseparateCache = 1
	}
}

// groupOf is where the group of a cache lies. What the library keeps of all caches begins with the group that they share.
func groupOf(cache uintptr) uintptr { return (*(**lib.TPCache1)(unsafe.Pointer(&cache))).FpGroup }
