package pagecache

import (
	"sync"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

const (
	// smallest and largest are the bytes that the library asks for where it wants memory for one page of 4 KB: the page and what it
	// notes beside it, some 270 bytes. A slot is an odd number of cache lines, so that the same place of many pages does not
	// fall on the same few lines of a processor's cache.
	smallest = 4096 + 1
	largest  = 69 * 64
	piece    = 2 << 20   // what the system can keep as one page of its own
	reserved = 256 << 20 // addresses, no memory; who needs more gets it from the library
)

// ownMemory are the methods by which the library gets memory, memory what it is given in their place. Both are set once, before they are
// used; slots is where pages lie from then on.
var (
	ownMemory, memory lib.Tsqlite3_mem_methods
	slots             slab
)

func mendMemory(tls *libc.TLS) {
	if !slots.reserve() || !configure(tls, lib.SQLITE_CONFIG_GETMALLOC, unsafe.Pointer(&memory)) {
		return
	}
	ownMemory = memory
	memory.FxMalloc, memory.FxFree, memory.FxRealloc, memory.FxSize = pointer(get), pointer(giveBack), pointer(resize), pointer(size)
	configure(tls, lib.SQLITE_CONFIG_MALLOC, unsafe.Pointer(&memory))
}

// A slab is memory for pages, in slots of one size. What it hands out is not cleared, as the library expects.
type slab struct {
	start, end uintptr // the addresses that are reserved
	grow       func(from uintptr) bool

	mu     sync.Mutex
	usable uintptr // up to here there is memory
	unused uintptr // from here on no slot was ever handed out
	free   uintptr // the slot that was given back last; the first word of each tells which was before it
}

// take gives a slot, or 0 when there is no memory for one.
func (s *slab) take() uintptr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slot := s.free; slot != 0 {
		s.free = *word(slot)
		return slot
	}
	if s.unused+largest > s.end {
		return 0
	}
	for s.unused+largest > s.usable {
		if !s.grow(s.usable) {
			return 0
		}
		s.usable += piece
	}
	slot := s.unused
	s.unused += largest
	return slot
}

func (s *slab) put(slot uintptr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*word(slot) = s.free
	s.free = slot
}

func (s *slab) holds(p uintptr) bool { return p >= s.start && p < s.end }

// word is the first word of a slot.
func word(slot uintptr) *uintptr { return *(**uintptr)(unsafe.Pointer(&slot)) }

// The four methods have the shapes that sqlite3_mem_methods has for them.

func get(tls *libc.TLS, bytes int32) uintptr {
	if bytes >= smallest && bytes <= largest {
		if slot := slots.take(); slot != 0 {
			return slot
		}
	}
	own := *(*func(*libc.TLS, int32) uintptr)(unsafe.Pointer(&ownMemory.FxMalloc))
	return own(tls, bytes)
}

func giveBack(tls *libc.TLS, p uintptr) {
	if slots.holds(p) {
		slots.put(p)
		return
	}
	own := *(*func(*libc.TLS, uintptr))(unsafe.Pointer(&ownMemory.FxFree))
	own(tls, p)
}

func resize(tls *libc.TLS, p uintptr, bytes int32) uintptr {
	if !slots.holds(p) {
		own := *(*func(*libc.TLS, uintptr, int32) uintptr)(unsafe.Pointer(&ownMemory.FxRealloc))
		return own(tls, p, bytes)
	}
	if bytes <= largest {
		return p
	}
	larger := get(tls, bytes)
	if larger != 0 {
		libc.Xmemcpy(tls, larger, p, largest)
		slots.put(p)
	}
	return larger
}

func size(tls *libc.TLS, p uintptr) int32 {
	if slots.holds(p) {
		return largest
	}
	own := *(*func(*libc.TLS, uintptr) int32)(unsafe.Pointer(&ownMemory.FxSize))
	return own(tls, p)
}
