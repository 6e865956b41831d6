package cli

import (
	"io"
	"sync"
	"time"
)

// How long a line of the server's log waits for others, and how many bytes gather at most. Lines that come close together
// are written at once: with a system call for each, a busy server spends more on writing them than on making them.
const (
	logDelay = 20 * time.Millisecond
	logBytes = 64 << 10
)

// gatheredLog gathers lines for to. Whoever fills it waits until they are written, so a reader that does not keep up slows
// the server down rather than filling its memory.
type gatheredLog struct {
	to    io.Writer
	timer *time.Timer // the first line that gathers sets it

	mu    sync.Mutex
	lines []byte

	writing sync.Mutex // taken before mu
	written []byte     // the other piece of memory
}

func gatherLog(to io.Writer) *gatheredLog {
	g := &gatheredLog{to: to}
	g.timer = time.AfterFunc(logDelay, func() { _ = g.flush() }) // a log that cannot be written has nobody to tell
	return g
}

// Write takes one line or several.
func (g *gatheredLog) Write(p []byte) (int, error) {
	g.mu.Lock()
	first := len(g.lines) == 0
	g.lines = append(g.lines, p...)
	full := len(g.lines) >= logBytes
	g.mu.Unlock()
	switch {
	case full:
		return len(p), g.flush()
	case first:
		g.timer.Reset(logDelay)
	}
	return len(p), nil
}

func (g *gatheredLog) flush() error {
	g.writing.Lock()
	defer g.writing.Unlock()
	g.mu.Lock()
	lines := g.lines
	g.lines = g.written[:0]
	g.mu.Unlock()
	g.written = lines
	if len(lines) == 0 {
		return nil
	}
	_, err := g.to.Write(lines)
	return err
}

// Close writes what is left. Lines that come afterwards are still written, a moment later.
func (g *gatheredLog) Close() error {
	g.timer.Stop()
	return g.flush()
}
