package sqlstore

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	checkpointEvery = 250 * time.Millisecond // while there are commits
	checkpointIdle  = 20                     // quiet rounds until the log is cut to nothing
	// checkpointPatience is how long a checkpoint waits for readers: the writer waits behind it.
	checkpointPatience = 50 * time.Millisecond
	pausePages         = 16384 // pages in the log (64 MB) beyond which the writer pauses for it
	restPages          = 256   // pages that may be left to move when it pauses
	mostRounds         = 16    // in which they are made that few, before it pauses anyway
)

// checkpointer moves the write-ahead log into the file on its own connection, so that no commit pays for
// it. A log that is written all the time never ends by itself; when it grows long, the bulk is moved
// first, while patient writes wait, and then the writer stands still for the small rest, so that it begins
// anew.
type checkpointer struct {
	conn    *sqliteConn
	turn    *sync.Mutex   // the writer's turn
	catch   sync.Mutex    // held while it catches up
	commits *atomic.Int64 // made so far
	signal  chan struct{}
	quit    chan struct{}
	ended   chan struct{}
	pages   atomic.Int64 // in the log after the last look
	done    atomic.Int64
	moved   int64 // pages of the log that are in the file, after the last look
	file    int   // the library's descriptor of the file; -1 when it is not known
	// caughtUp is where the log was when it was caught up with last. It goes on from there while somebody reads what is in it, and
	// to sync the file again before as much was added would only make commits wait for the disk.
	caughtUp int64
}

func newCheckpointer(conn *sqliteConn, turn *sync.Mutex, commits *atomic.Int64) *checkpointer {
	return &checkpointer{conn: conn, turn: turn, commits: commits, file: -1, signal: make(chan struct{}, 1), quit: make(chan struct{}), ended: make(chan struct{})}
}

// wake says that there was a commit.
func (c *checkpointer) wake() {
	select {
	case c.signal <- struct{}{}:
	default:
	}
}

func (c *checkpointer) loop() {
	defer close(c.ended)
	for {
		select {
		case <-c.quit:
			return
		case <-c.signal:
		}
		if !c.busy() {
			return
		}
	}
}

// busy checkpoints while there are commits of this process; false when the store closes.
func (c *checkpointer) busy() bool {
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	c.wake() // for the commit that began it
	for quiet := 0; quiet < checkpointIdle; {
		select {
		case <-c.quit:
			return false
		case <-tick.C:
		}
		select {
		case <-c.signal:
			quiet = 0
		default:
			quiet++
			continue // what others write they move: a process that only reads may run at the lowest priority
		}
		c.passive()
		startWriting(c.file) // else the sync, for which commits wait, has all pages to write at once
		if c.due() {
			c.restart()
		}
	}
	c.cut()
	return true
}

// due says that the log has grown long since this was said last, or since it began anew.
func (c *checkpointer) due() bool {
	pages := c.pages.Load()
	if pages < c.caughtUp {
		c.caughtUp = 0 // it has begun anew
	}
	if pages-c.caughtUp <= pausePages {
		return false
	}
	c.caughtUp = pages
	return true
}

// cut makes the log empty, unless another process has written since the last look: nobody can write while the log is
// cut, and whoever writes does it when he has no more to write.
func (c *checkpointer) cut() {
	c.turn.Lock()
	defer c.turn.Unlock()
	before := c.pages.Load()
	if c.passive(); c.pages.Load() == before {
		c.run("PRAGMA wal_checkpoint(TRUNCATE)")
	}
}

// restart lets the log begin anew. What is written while pages are moved is moved too, until the rest is small:
// the writer stands still for that. A checkpoint syncs the file only when it came to the end of the log, with no
// reader before it and no commit meanwhile. One that did not is no end: the next would sync all that was moved.
//
// Whoever reads for long, as a copy or an export does, holds the log at what he sees: nothing behind that can be moved. Then
// the writer does not stand still, since nothing would come of it; the log grows until he is done.
func (c *checkpointer) restart() {
	c.catch.Lock()
	defer c.catch.Unlock()
	held := false
	for round := 0; round < mostRounds && !held; round++ {
		before, commits := c.moved, c.commits.Load()
		c.passive()
		left := c.pages.Load() - c.moved
		if c.moved == before && left > restPages {
			return
		}
		if c.moved-before < restPages && left == 0 && c.turn.TryLock() {
			if held = commits == c.commits.Load(); !held {
				c.turn.Unlock()
			}
		}
	}
	if !held {
		c.turn.Lock()
	}
	defer c.turn.Unlock()
	c.passive()
}

// letCatchUp waits while the log is being caught up with: long work in the background would keep it from ending.
func (c *checkpointer) letCatchUp() {
	c.catch.Lock()
	c.catch.Unlock() //nolint:staticcheck // only the wait counts
}

func (c *checkpointer) passive() { c.run("PRAGMA wal_checkpoint(PASSIVE)") }

// run checkpoints. A failure is not told: the log keeps everything, and a disk that fails is met by the
// next commit.
func (c *checkpointer) run(pragma string) {
	var blocked, pages, moved int64
	if found, err := one(c.conn, pragma, nil, &blocked, &pages, &moved); err != nil || !found || pages < 0 {
		return // pages is -1 while another process checkpoints
	}
	c.done.Add(1)
	c.pages.Store(pages)
	c.moved = moved
}

// stop ends the goroutine and closes the connection. The log is left to SQLite, which moves it and takes it away when the last
// connection to the file is closed. To cut it here would make a server wait for every command line that ends beside it, until
// all pages are moved.
func (c *checkpointer) stop() error {
	close(c.quit)
	<-c.ended
	return c.conn.db.Close()
}
