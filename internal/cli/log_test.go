package cli

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// sink counts the writes that reach it.
type sink struct {
	mu     sync.Mutex
	text   bytes.Buffer
	writes int
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	return s.text.Write(p)
}

func (s *sink) seen() (text string, writes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String(), s.writes
}

func TestGatheredLog(t *testing.T) {
	t.Run("lines that come together are written at once, a moment later", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			to := &sink{}
			log := gatherLog(to)
			for n := range 3 {
				for line := range 5 {
					_, _ = fmt.Fprintln(log, n, line)
				}
				if _, writes := to.seen(); writes != n {
					t.Fatalf("%d writes before the delay, want %d", writes, n)
				}
				<-time.After(2 * logDelay)
				if text, writes := to.seen(); writes != n+1 || strings.Count(text, "\n") != 5*(n+1) {
					t.Fatalf("%d writes with %q", writes, text)
				}
			}
		})
	})
	t.Run("a full log is written by whoever fills it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			to := &sink{}
			log := gatherLog(to)
			line := bytes.Repeat([]byte("x"), logBytes/4)
			for range 4 {
				_, _ = log.Write(line)
			}
			if text, writes := to.seen(); writes != 1 || len(text) != logBytes {
				t.Errorf("%d writes of %d bytes", writes, len(text))
			}
		})
	})
	t.Run("closing writes the rest", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			to := &sink{}
			log := gatherLog(to)
			_, _ = fmt.Fprintln(log, "the last words")
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			if text, _ := to.seen(); text != "the last words\n" {
				t.Errorf("wrote %q", text)
			}
		})
	})
	t.Run("every line is there once and whole, in the order of its writer", func(t *testing.T) {
		to := &sink{}
		log := gatherLog(to)
		var all sync.WaitGroup
		const writers, lines = 8, 5000
		for w := range writers {
			all.Go(func() {
				for n := range lines {
					_, _ = fmt.Fprintf(log, "%d %d of some length that fills a log\n", w, n)
				}
			})
		}
		all.Wait()
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		text, _ := to.seen()
		next := make([]int, writers)
		for line := range strings.Lines(text) {
			var w, n int
			if _, err := fmt.Sscanf(line, "%d %d of some length that fills a log\n", &w, &n); err != nil || next[w] != n {
				t.Fatalf("line %q, want number %d: %v", line, next[w], err)
			}
			next[w]++
		}
		for w, n := range next {
			if n != lines {
				t.Errorf("writer %d: %d lines", w, n)
			}
		}
	})
}
