//go:build amd64 || arm64

package sqlstore

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// descriptorOf finds the descriptor by which this process has a file open, -1 when it has none. To open the file once more would not do:
// when a process closes any descriptor of a file, the system takes all of its locks on that file, and SQLite's are among them.
func descriptorOf(path string) int {
	const open = "/proc/self/fd"
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return -1
	}
	if real, err = filepath.Abs(real); err != nil {
		return -1
	}
	entries, err := os.ReadDir(open)
	if err != nil {
		return -1
	}
	for _, entry := range entries {
		if target, err := os.Readlink(filepath.Join(open, entry.Name())); err != nil || target != real {
			continue
		}
		if fd, err := strconv.Atoi(entry.Name()); err == nil {
			return fd
		}
	}
	return -1
}

// startWriting has the system begin to write the pages of a file that are only in its memory, and does not wait for it. It promises
// nothing: what makes pages durable is the sync that follows, which finds fewer of them.
func startWriting(fd int) {
	const write = 2 // SYNC_FILE_RANGE_WRITE
	if fd >= 0 {
		_ = syscall.SyncFileRange(fd, 0, 0, write) // the sync tells what fails
	}
}
