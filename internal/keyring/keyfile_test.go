package keyring_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/keyring"
)

func TestOpenFile_MakesAPrivateFileOnce(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	first := m.file(t).KEKs()
	info, err := os.Stat(m.path)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if len(first) != 1 || !first[0].Primary || !first[0].CreatedAt.Equal(noon) {
		t.Fatalf("made %+v; want one primary KEK of noon", first)
	}
	if again := m.file(t).KEKs(); len(again) != 1 || again[0] != first[0] {
		t.Fatalf("read again: %+v, want %+v", again, first)
	}
}

func TestOpenFile_RefusesWhatOthersMayUse(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.file(t)
	link := m.path + ".link"
	if err := os.Symlink(m.path, link); err != nil {
		t.Fatal(err)
	}
	for mode := fs.FileMode(0); mode <= 0o777; mode++ {
		if mode&0o400 == 0 {
			continue // not readable by its owner: a matter of the operating system
		}
		if err := os.Chmod(m.path, mode); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{m.path, link} {
			_, err := keyring.OpenFile(path, m.rand, clock)
			if want := mode == 0o600 || mode == 0o400; (err == nil) != want {
				t.Errorf("mode %04o of %s: %v", mode, filepath.Base(path), err)
			}
		}
	}
}

func TestOpenFile_RefusesWhatIsNoKeyFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		put  func(path string) error
		says string
	}{
		"a directory":            {func(p string) error { return os.Mkdir(p, 0o700) }, "not a regular file"},
		"a named pipe":           {func(p string) error { return syscall.Mkfifo(p, 0o600) }, "not a regular file"},
		"a link to nowhere":      {func(p string) error { return os.Symlink(p+".gone", p) }, "leads nowhere"},
		"an empty file":          {func(p string) error { return os.WriteFile(p, nil, 0o600) }, "not a key file"},
		"a file beyond measure":  {func(p string) error { return os.WriteFile(p, make([]byte, 1<<20+1), 0o600) }, "larger"},
		"a file without any key": {func(p string) error { return os.WriteFile(p, []byte(`{"version":1}`), 0o600) }, "holds no key"},
	} {
		m := newMachine(t)
		if err := c.put(m.path); err != nil {
			t.Fatal(err)
		}
		if _, err := keyring.OpenFile(m.path, m.rand, clock); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if info, err := os.Lstat(m.path); err != nil || info.Size() == 0 && info.Mode().IsRegular() && name != "an empty file" {
			t.Errorf("%s: what was refused was touched", name)
		}
	}
}

func TestOpenFile_NeverWritesWhatItCouldNotRead(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for _, year := range []int{0, 1, 10000} {
		broken := func() time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }
		if _, err := keyring.OpenFile(m.path, m.rand, broken); err == nil {
			t.Errorf("a clock in the year %d made a key file", year)
		}
		if _, err := os.Stat(m.path); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("year %d: a file was written", year)
		}
	}
}

func TestAddKEK_KeepsALinkAndTheOldKeys(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	k := m.start(t)
	blob := mustSeal(t, k, codeOfPlastic, "048213")
	target := filepath.Join(t.TempDir(), "elsewhere.json")
	if err := os.Rename(m.path, target); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, m.path); err != nil {
		t.Fatal(err)
	}
	f := m.file(t)
	id, err := f.AddKEK()
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(m.path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Fatal("the link was replaced by a file")
	}
	keks := m.file(t).KEKs()
	if len(keks) != 2 || keks[0].Primary || !keks[1].Primary || keks[1].ID != id {
		t.Fatalf("%+v, want the old one and the primary %s", keks, id)
	}
	if mustOpen(t, m.start(t), codeOfPlastic, blob) != "048213" {
		t.Fatal("a value from before does not open")
	}
	// A KEK that waits is the one that the next rotation uses.
	done, err := m.start(t).Rotate(t.Context())
	if err != nil || done.KEK != id || !done.Resumed || len(m.file(t).KEKs()) != 2 {
		t.Fatalf("%+v, %v; want a rotation to %s", done, err, id)
	}
}

func TestAddKEK_LosesNoneOfManyWriters(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	const writers = 8
	errs := make([]error, writers)
	var running sync.WaitGroup
	for i := range writers {
		running.Go(func() {
			f, err := keyring.OpenFile(m.path, m.rand, clock)
			if err == nil {
				_, err = f.AddKEK()
			}
			errs[i] = err
		})
	}
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if got := len(m.file(t).KEKs()); got != writers+1 {
		t.Fatalf("%d KEKs, want %d", got, writers+1)
	}
}

// The power is lost before and after each step of making the file: then there is no file or a whole
// one, and the next start works.
func TestOpenFile_SurvivesACrashAtEachStep(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		for n := 0; ; n++ {
			m := newMachine(t)
			p := &power{left: n, after: after}
			_, err := keyring.OpenFileOn(m.path, m.rand, clock, poweredDisk{power: p})
			if !p.lost {
				if err != nil || n < 4 {
					t.Fatalf("without a crash, after %d steps: %v", n, err)
				}
				break
			}
			if !errors.Is(err, errPowerLost) {
				t.Fatalf("crash at step %d (after it: %v): %v", n, after, err)
			}
			if got := len(m.file(t).KEKs()); got != 1 {
				t.Fatalf("crash at step %d (after it: %v): %d KEKs", n, after, got)
			}
			if _, err := os.Stat(m.path + ".new"); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("crash at step %d (after it: %v): a copy of the keys was left", n, after)
			}
		}
	}
}

const canary = "Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5LWNhbmE=" // 32 bytes in base64

func keyFileWith(entries ...string) []byte {
	return []byte(`{"version":1,"keys":[` + strings.Join(entries, ",") + `]}`)
}

func entry(id, key, createdAt string) string {
	return fmt.Sprintf(`{"id":%q,"key":%q,"created_at":%q}`, id, key, createdAt)
}

func TestParseKeyFile_RefusesWithoutQuotingAKey(t *testing.T) {
	t.Parallel()
	const at = "2026-03-01T12:00:00Z"
	other := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{5}, 32))
	if _, err := keyring.ParseAndPrint(keyFileWith(entry("kek_a", canary, at), entry("kek_b", other, at))); err != nil {
		t.Fatalf("a good file: %v", err)
	}
	for name, file := range map[string][]byte{
		"another version":      []byte(`{"version":2,"keys":[` + entry("kek_a", canary, at) + `]}`),
		"no version":           []byte(`{"keys":[` + entry("kek_a", canary, at) + `]}`),
		"no key":               keyFileWith(),
		"cut off":              keyFileWith(entry("kek_a", canary, at))[:60],
		"something behind":     append(keyFileWith(entry("kek_a", canary, at)), canary...),
		"an unknown member":    keyFileWith(`{"` + canary + `":1}`),
		"a key as a number":    keyFileWith(`{"id":"kek_a","key":12345}`),
		"an id as an object":   keyFileWith(`{"id":{"a":"` + canary + `"}}`),
		"a key as the id":      keyFileWith(entry(canary, canary, at)),
		"no id":                keyFileWith(entry("", canary, at)),
		"an id too long":       keyFileWith(entry(strings.Repeat("a", 65), canary, at)),
		"a short key":          keyFileWith(entry("kek_a", canary[4:], at)),
		"a long key":           keyFileWith(entry("kek_a", "AAAA"+canary, at)),
		"a key with a newline": keyFileWith(entry("kek_a", canary[:8]+"\n"+canary[8:], at)),
		"a key of loose bits":  keyFileWith(entry("kek_a", canary[:42]+"F=", at)),
		"a key of zeros":       keyFileWith(entry("kek_a", strings.Repeat("A", 43)+"=", at)),
		"no time":              keyFileWith(`{"id":"kek_a","key":"` + canary + `"}`),
		"a key as the time":    keyFileWith(entry("kek_a", canary, canary)),
		"a year past writing":  keyFileWith(entry("kek_a", canary, "9999-12-31T23:59:59-23:00")),
		"an id twice":          keyFileWith(entry("kek_a", canary, at), entry("kek_a", other, at)),
		"a key twice":          keyFileWith(entry("kek_a", canary, at), entry("kek_b", canary, at)),
	} {
		got, err := keyring.ParseAndPrint(file)
		if err == nil || got != nil {
			t.Errorf("%s: was taken", name)
			continue
		}
		if strings.Contains(err.Error(), canary[4:20]) {
			t.Errorf("%s: the error quotes the key", name)
		}
	}
}

func FuzzParseKeyFile(f *testing.F) {
	const at = "2026-03-01T12:00:00.5+01:00"
	f.Add(keyFileWith(entry("kek_a", canary, at)))
	f.Add(keyFileWith(entry("kek_a", canary, at), entry("kek_b", strings.Repeat("B", 43)+"=", at)))
	f.Add([]byte(`{"version":1,"version":1,"keys":null}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, file []byte) {
		once, err := keyring.ParseAndPrint(file)
		if err != nil {
			if once != nil {
				t.Fatal("refused, and yet a value")
			}
			return
		}
		twice, err := keyring.ParseAndPrint(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("what was printed reads otherwise: %v", err)
		}
	})
}
