//go:build amd64 || arm64

package pagecache

import (
	"syscall"
	"unsafe"
)

// reserve takes addresses for the slab, and says whether it got them. Memory comes with grow.
func (s *slab) reserve() bool {
	region, err := syscall.Mmap(-1, 0, reserved+piece, syscall.PROT_NONE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return false
	}
	first := uintptr(unsafe.Pointer(unsafe.SliceData(region)))
	s.start = (first + piece - 1) / piece * piece
	s.end = s.start + reserved
	s.usable, s.unused = s.start, s.start
	s.grow = func(from uintptr) bool {
		next := region[from-first:][:piece]
		if syscall.Mprotect(next, syscall.PROT_READ|syscall.PROT_WRITE) != nil {
			return false
		}
		_ = syscall.Madvise(next, syscall.MADV_HUGEPAGE) // where the system has none, small pages do
		return true
	}
	return true
}
