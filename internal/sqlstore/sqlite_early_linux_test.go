//go:build amd64 || arm64

package sqlstore

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// The checkpointer knows the library's own descriptor of the file, by whatever way the path leads there, and opens none.
func TestDescriptorOf_IsTheLibrarys(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path, way := filepath.Join(folder, "one.db"), filepath.Join(folder, "way")
	if got := descriptorOf(path); got != -1 {
		t.Errorf("a file that does not exist has the descriptor %d", got)
	}
	if err := os.Symlink(folder, way); err != nil {
		t.Fatal(err)
	}
	d := openFile(t, filepath.Join(way, "one.db"))
	e, ok := d.engine.(*sqliteEngine)
	if !ok {
		t.Fatal("not a file")
	}
	got := e.checkpoints.file
	if target, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", got)); err != nil || target != path {
		t.Errorf("the checkpointer's descriptor %d is %q: %v", got, target, err)
	}
	for _, p := range []string{path, filepath.Join(way, "one.db")} {
		if fd := descriptorOf(p); fd < 0 {
			t.Errorf("%s has no descriptor", p)
		}
	}
	startWriting(got)
	startWriting(-1)
}
