package sqlstore

import (
	"errors"
	"os"
	"syscall"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/firsttap/firsttap/internal/fault"
)

// turnPause is between two tries to get through the turnstile, or to write.
const turnPause = 500 * time.Microsecond

// turnstile lets the processes that write one file take turns. SQLite knows no queue: who waits looks again now and then, and
// a server under load opens its next transaction so soon after the last that it is hardly ever found closed. So whoever wants to
// write first goes through the turnstile, and stays in it until it may write; the others wait before it, the server too.
//
// It is a lock on an empty file beside the database. The lock ends with its process, and nothing depends on it but fairness: who
// waits too long for it tries to write without.
type turnstile struct{ file *os.File }

func openTurnstile(path string) (turnstile, error) {
	file, err := os.OpenFile(path+"-turn", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return turnstile{}, fault.Wrap(err, "open the database")
	}
	return turnstile{file}, nil
}

// pass begins a transaction that writes. It waits for so long at the turnstile, and in it.
func (t turnstile) pass(wait time.Duration, begin func() error) error {
	var locked error
	tryFor(wait, func() (again bool) {
		locked = syscall.Flock(int(t.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		return errors.Is(locked, syscall.EWOULDBLOCK) // another error: the file system knows no such locks
	})
	if locked == nil {
		defer func() { _ = syscall.Flock(int(t.file.Fd()), syscall.LOCK_UN) }() // the end of the process would do it too
	}
	var err error
	tryFor(wait, func() (again bool) {
		err = begin()
		return sqlite.ErrCode(err).ToPrimary() == sqlite.ResultBusy
	})
	return err
}

// tryFor tries at once, and then again and again until the time is over.
func tryFor(wait time.Duration, try func() (again bool)) {
	if !try() {
		return
	}
	tick := time.NewTicker(turnPause)
	defer tick.Stop()
	for range wait / turnPause {
		<-tick.C
		if !try() {
			return
		}
	}
}

func (t turnstile) close() error { return t.file.Close() }
