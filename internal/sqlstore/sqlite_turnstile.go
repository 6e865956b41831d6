package sqlstore

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"zombiezen.com/go/sqlite"
)

// turnPause is between two tries to get through the turnstile, or to write.
const turnPause = 500 * time.Microsecond

// turnstile lets the processes that write one file take turns. SQLite knows no queue: who waits looks again now and then, and
// a server under load opens its next transaction so soon after the last that he hardly ever comes in between. So whoever wants to
// write first goes through the turnstile, and stays in it until it may write; the others wait before it, the server too.
//
// It is a lock on an empty file beside the database. The lock ends with its process, and nothing depends on it but fairness: who
// waits too long for it tries to write without.
type turnstile struct{ file *os.File } // nil: there is none

// openTurnstile opens that file, and makes it where there is none: for whom the database is, as SQLite does with its own files, since
// a command line that root runs comes before a server that is another user's. Without it everything works, but nobody's turn comes
// for certain: so a failure is told and no more.
func openTurnstile(path string) (turnstile, error) {
	file, err := os.OpenFile(path+"-turn", os.O_RDONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		if file, err = os.Open(path + "-turn"); err == nil {
			return turnstile{file}, nil
		}
	}
	if err != nil {
		return turnstile{}, err
	}
	database, err := os.Stat(path)
	if err != nil {
		return turnstile{file}, err
	}
	err = file.Chmod(database.Mode().Perm())
	if of, ok := database.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		err = errors.Join(err, file.Chown(int(of.Uid), int(of.Gid)))
	}
	return turnstile{file}, err
}

// pass begins a transaction that writes. It waits for so long at the turnstile, and in it.
func (t turnstile) pass(wait time.Duration, begin func() error) error {
	if t.file != nil {
		defer t.enter(wait)()
	}
	var err error
	tryFor(wait, func() (again bool) {
		err = begin()
		return sqlite.ErrCode(err).ToPrimary() == sqlite.ResultBusy
	})
	return err
}

// enter waits at the turnstile, and goes on without it when the time is over.
func (t turnstile) enter(wait time.Duration) (leave func()) {
	var locked error
	tryFor(wait, func() (again bool) {
		locked = syscall.Flock(int(t.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		return errors.Is(locked, syscall.EWOULDBLOCK) // another error: the file system knows no such locks
	})
	return func() {
		if locked == nil {
			_ = syscall.Flock(int(t.file.Fd()), syscall.LOCK_UN) // the end of the process would do it too
		}
	}
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

func (t turnstile) close() error {
	if t.file == nil {
		return nil
	}
	return t.file.Close()
}
