package auditworker_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/firsttap/firsttap/internal/auditlog"
	"github.com/firsttap/firsttap/internal/auditworker"
)

func signed(t *testing.T, size int64) []byte {
	t.Helper()
	b, err := signer.Sign(auditlog.Checkpoint{Origin: auditlog.Origin(program), Size: size, Root: tlog.Hash{byte(size)}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func publish(t *testing.T, f *auditworker.Folder, size int64, at time.Time) {
	t.Helper()
	if err := f.Publish(auditlog.Origin(program), at, func([]byte) ([]byte, error) { return signed(t, size), nil }); err != nil {
		t.Fatal(err)
	}
}

func TestFolder_KeepsTheNewestAndAHistoryOfMinutes(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	f, at := openFolder(t, filepath.Join(path, "deep", "er")), time.Unix(1_790_000_000, 0)
	if content, err := f.Latest(auditlog.Origin(program)); content != nil || err != nil {
		t.Errorf("at first: %q, %v", content, err)
	}
	for i := range int64(5) {
		publish(t, f, i+1, at.Add(time.Duration(i)*29*time.Second))
	}
	if got := newest(t, f).Size; got != 5 {
		t.Errorf("the newest has %d rows", got)
	}
	want := []int64{1, 4} // at 0 s and 87 s
	got := read(t, history(t, filepath.Join(path, "deep", "er")))
	if len(got) != len(want) || got[0].Size != want[0] || got[1].Size != want[1] {
		t.Errorf("the history is %+v", got)
	}
	broken := errors.New("broken")
	if err := f.Publish(auditlog.Origin(program), at, func([]byte) ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("what failed: %v", err)
	}
	if got := newest(t, f).Size; got != 5 {
		t.Errorf("after a failure the newest has %d rows", got)
	}
}

func history(t *testing.T, folder string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, program.String()+".history"))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// What a crash left behind the last whole checkpoint does not spoil those that follow.
func TestFolder_CutsOffWhatACrashLeft(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	whole := signed(t, 1)
	for cut := range len(whole) {
		if err := os.WriteFile(filepath.Join(path, program.String()+".history"), append(signed(t, 7), whole[:cut]...), 0o600); err != nil {
			t.Fatal(err)
		}
		publish(t, openFolder(t, path), 2, time.Unix(1, 0))
		got := read(t, history(t, path))
		if len(got) != 2 || got[0].Size != 7 || got[1].Size != 2 {
			t.Fatalf("cut after %d bytes: %+v", cut, got)
		}
	}
}
