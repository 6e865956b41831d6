package pagecache

import (
	"testing"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

func TestEachCacheIsAGroupOfItsOwnWithoutALock(t *testing.T) {
	open(t) // so the library is in use
	tls := libc.NewTLS()
	defer tls.Close()
	create := *(*func(*libc.TLS, int32, int32, int32) uintptr)(unsafe.Pointer(&ownPages.FxCreate))
	destroy := *(*func(*libc.TLS, uintptr))(unsafe.Pointer(&ownPages.FxDestroy))
	groups := map[uintptr]bool{}
	for range 3 {
		cache := create(tls, 4096, 100, 1)
		defer destroy(tls, cache)
		group := groupOf(cache)
		groups[group] = true
		if lock := (*(**lib.TPGroup)(unsafe.Pointer(&group))).Fmutex; lock != 0 {
			t.Errorf("the group has a lock, %#x", lock)
		}
	}
	if len(groups) != 3 {
		t.Errorf("3 caches are %d groups", len(groups))
	}
}

// Each cache gives up pages of its own when it is full, and no others.
func TestAFullCacheGivesUpItsOwnPages(t *testing.T) {
	open(t)
	tls := libc.NewTLS()
	defer tls.Close()
	create := *(*func(*libc.TLS, int32, int32, int32) uintptr)(unsafe.Pointer(&ownPages.FxCreate))
	limit := *(*func(*libc.TLS, uintptr, int32))(unsafe.Pointer(&ownPages.FxCachesize))
	fetch := *(*func(*libc.TLS, uintptr, uint32, int32) uintptr)(unsafe.Pointer(&ownPages.FxFetch))
	release := *(*func(*libc.TLS, uintptr, uintptr, int32))(unsafe.Pointer(&ownPages.FxUnpin))
	count := *(*func(*libc.TLS, uintptr) int32)(unsafe.Pointer(&ownPages.FxPagecount))
	destroy := *(*func(*libc.TLS, uintptr))(unsafe.Pointer(&ownPages.FxDestroy))
	fill := func(pages uint32) uintptr {
		cache := create(tls, 4096, 100, 1)
		limit(tls, cache, 20)
		for number := uint32(1); number <= pages; number++ {
			release(tls, cache, fetch(tls, cache, number, 2), 0)
		}
		return cache
	}
	quiet := fill(15)
	defer destroy(tls, quiet)
	busy := fill(1000)
	defer destroy(tls, busy)
	if left := count(tls, quiet); left != 15 {
		t.Errorf("the cache that nobody used meanwhile has %d pages of 15", left)
	}
	if kept := count(tls, busy); kept > 21 {
		t.Errorf("the full cache has %d pages, its limit is 20", kept)
	}
}
