package sqlstore

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
)

// victimFile names the database for the process that is killed; set only in that process.
const victimFile = "SQLSTORE_VICTIM_FILE"

// TestVictim is that process: it writes pairs of rows until it dies, and prints what was acknowledged.
func TestVictim(t *testing.T) {
	path := os.Getenv(victimFile)
	if path == "" {
		return // an ordinary run; TestKill starts this one
	}
	d, err := Open(t.Context(), Config{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	for worker := range 8 {
		go func() {
			for n := worker; ; n += 8 {
				if d.engine.write(context.WithoutCancel(t.Context()), func(s *session) error { return pair(s, n) }) == nil {
					mu.Lock()
					_, _ = fmt.Fprintln(os.Stdout, n)
					mu.Unlock()
				}
			}
		}()
	}
	select {}
}

// pair writes two rows that must be there together.
func pair(s *session, n int) error {
	if err := note(s, n); err != nil {
		return err
	}
	_, err := s.exec(insertMiss, ident.UUID{9}, time.UnixMicro(int64(n)), ident.UUID{2})
	return err
}

func TestKill_LosesNothingThatWasAcknowledgedAndLeavesNothingHalf(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "firsttap.db")
	openFile(t, path) // stays open: the other process shares the file
	acknowledged := killed(t, path, 400)
	d := openFile(t, path)
	there := notes(t, d)
	for _, n := range acknowledged {
		if !there[n] {
			t.Errorf("write %d was acknowledged and is lost", n)
		}
	}
	halves := 0
	err := d.engine.read(t.Context(), func(s *session) error {
		_, err := one(s, `SELECT count(*) FROM guard_misses g WHERE NOT EXISTS
			(SELECT 1 FROM guard_misses h WHERE h.at = g.at AND h.program_id <> g.program_id)`, nil, &halves)
		return err
	})
	if err != nil || halves != 0 {
		t.Errorf("%d halves of pairs, %v", halves, err)
	}
	var sound string
	err = d.engine.read(t.Context(), func(s *session) error {
		_, err := one(s, "PRAGMA integrity_check", nil, &sound)
		return err
	})
	if err != nil || sound != "ok" {
		t.Errorf("the file: %q, %v", sound, err)
	}
	if err := d.engine.write(t.Context(), func(s *session) error { return note(s, 1<<40) }); err != nil {
		t.Errorf("a write afterwards: %v", err)
	}
}

// killed starts the victim, kills it once it has acknowledged some writes, and gives all that it
// acknowledged.
func killed(t *testing.T, path string, after int) []int {
	t.Helper()
	victim := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVictim$")
	victim.Env = append(os.Environ(), victimFile+"="+path)
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	var acknowledged []int
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			continue // the last line may be cut
		}
		acknowledged = append(acknowledged, n)
		if len(acknowledged) == after {
			if err := victim.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = victim.Wait() // it was killed
	if len(acknowledged) < after {
		t.Fatalf("the victim acknowledged %d writes before its end", len(acknowledged))
	}
	return acknowledged
}
