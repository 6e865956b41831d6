package pagecache

import (
	"bytes"
	"runtime"
	"testing"
	"unsafe"

	"modernc.org/libc"
)

// bytesAt is the memory of the library at p.
func bytesAt(p uintptr, n int) []byte { return unsafe.Slice(*(**byte)(unsafe.Pointer(&p)), n) }

// inTheSlab says whether this system has one, so that what is told of slots can be asked only there.
func inTheSlab() bool { return slots.start != 0 }

func TestPagesLieInSlotsAndAllElseWithTheLibrary(t *testing.T) {
	open(t)
	tls := libc.NewTLS()
	defer tls.Close()
	for bytes, want := range map[int32]bool{1: false, 4096: false, smallest: true, 4368: true, largest: true, largest + 1: false, 8192 + 272: false, 1 << 20: false} {
		p := get(tls, bytes)
		if p == 0 || slots.holds(p) != (want && inTheSlab()) {
			t.Errorf("%d bytes are at %x, in a slot: %t, not %t", bytes, p, slots.holds(p), want)
		}
		if is := size(tls, p); is < bytes {
			t.Errorf("%d bytes have room for %d", bytes, is)
		}
		giveBack(tls, p)
	}
}

// What is in a piece of memory stays there when it grows and shrinks, wherever it lies before and after.
func TestWhatGrowsKeepsWhatItHolds(t *testing.T) {
	open(t)
	tls := libc.NewTLS()
	defer tls.Close()
	for _, c := range [][2]int32{{100, 4368}, {4368, 4400}, {4368, 100}, {4368, 9000}, {largest, largest + 1}, {9000, 4368}} {
		p := get(tls, c[0])
		held := min(c[0], c[1])
		for i := range bytesAt(p, int(c[0])) {
			bytesAt(p, int(c[0]))[i] = byte(i)
		}
		before := bytes.Clone(bytesAt(p, int(held)))
		if p = resize(tls, p, c[1]); p == 0 || !bytes.Equal(bytesAt(p, int(held)), before) {
			t.Errorf("from %d to %d bytes something was lost", c[0], c[1])
		}
		giveBack(tls, p)
	}
}

// When no address is left, or the system has no memory, there is no slot; get asks the library then.
func TestASlabThatIsFullGivesNoSlot(t *testing.T) {
	for name, c := range map[string]struct {
		hasMemory bool
		slots     int
	}{"no address is left": {true, 3}, "no memory": {false, 0}} {
		t.Run(name, func(t *testing.T) {
			region := make([]byte, 4*largest)
			defer runtime.KeepAlive(region)
			first := uintptr(unsafe.Pointer(unsafe.SliceData(region)))
			s := slab{start: first, end: first + 3*largest, usable: first, unused: first, grow: func(uintptr) bool { return c.hasMemory }}
			got := 0
			for s.take() != 0 {
				got++
			}
			if got != c.slots {
				t.Errorf("%d slots, not %d", got, c.slots)
			}
			if got > 0 {
				s.put(first)
				if p := s.take(); p != first {
					t.Errorf("the slot that was given back is not handed out again, but %x", p)
				}
			}
		})
	}
}
