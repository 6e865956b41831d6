package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"zombiezen.com/go/sqlite"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/pagecache"
)

// backupPages are copied between two looks at the caller's context, and between two syncs of the copy: what is written to the disk
// at once keeps the commits of a server from it for as long.
const backupPages = 500

// ErrBackupThere says that a copy would take the place of a file.
var ErrBackupThere = errors.New("there is a file already; a copy never takes its place")

// Backup copies a database of SQLite to a new file while anybody reads and writes it: the copy is what was
// committed when it began. It is checked before it gets its name, and only its owner may read it.
func Backup(ctx context.Context, from, to string, told func(done, total int)) (err error) {
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("%s: %w", to, ErrBackupThere), err)
	}
	partial := to + ".partial"
	if err := emptyFile(partial); err != nil {
		return fmt.Errorf("make the copy: %w", err)
	}
	defer func() {
		for _, left := range []string{partial, partial + "-wal", partial + "-shm", partial + "-journal"} {
			if e := os.Remove(left); e != nil && !errors.Is(e, fs.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
	}()
	if err := copyPages(ctx, from, partial, told); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	if err := checkFile(partial); err != nil {
		return fmt.Errorf("check the copy: %w", err)
	}
	if err := syncPath(partial); err != nil {
		return fmt.Errorf("write the copy to the disk: %w", err)
	}
	if err := os.Link(partial, to); err != nil { // unlike a rename it never takes another file's place
		return fmt.Errorf("name the copy: %w", err)
	}
	return syncPath(filepath.Dir(to))
}

// emptyFile makes a file that only its owner may read; what an earlier, interrupted copy left is taken away.
func emptyFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// copyPages holds one snapshot of the source, so that writers do not make the copy begin anew.
func copyPages(ctx context.Context, from, to string, told func(done, total int)) error {
	if _, err := os.Stat(from); err != nil {
		return err
	}
	src, err := pagecache.Open(from, sqlite.OpenReadWrite)
	if err != nil {
		return sqliteFault(err)
	}
	defer func() { _ = src.Close() }() // it was only read
	src.SetBusyTimeout(busyWait)
	conn := newSQLiteConn(src)
	for _, sql := range []string{"BEGIN", "SELECT count(*) FROM sqlite_schema"} {
		if err := conn.query(sql, nil, func(row) error { return nil }); err != nil {
			return err
		}
	}
	file, err := os.Open(to)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // after dst: to close it takes SQLite's locks off the file
	dst, err := pagecache.Open(to, sqlite.OpenReadWrite)
	if err != nil {
		return sqliteFault(err)
	}
	b, err := sqlite.NewBackup(dst, "main", src, "main")
	if err != nil {
		return errors.Join(sqliteFault(err), dst.Close())
	}
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return errors.Join(err, b.Close(), dst.Close())
		}
		if more, err = b.Step(backupPages); err != nil {
			return errors.Join(sqliteFault(err), b.Close(), dst.Close())
		}
		if err := file.Sync(); err != nil {
			return errors.Join(err, b.Close(), dst.Close())
		}
		if told != nil {
			told(b.PageCount()-b.Remaining(), b.PageCount())
		}
	}
	return errors.Join(b.Close(), dst.Close())
}

// checkFile makes sure that a file is a whole database of this release or an older one.
func checkFile(path string) error {
	conn, err := openSQLiteConn(path, readerCache)
	if err != nil {
		return err
	}
	err = func() error {
		found := ""
		if _, err := one(conn, "PRAGMA integrity_check(1)", nil, &found); err != nil {
			return err
		}
		if found != "ok" {
			return fault.Wrap(errors.New(found), "check the integrity")
		}
		dangling, err := one(conn, `SELECT 1 FROM pragma_foreign_key_check LIMIT 1`, nil, new(int))
		if err != nil {
			return err
		}
		if dangling {
			return fault.Wrap(errors.New("a row points to another that is not there"), "check the integrity")
		}
		status, err := statusOf(conn, sqliteDialect(), migrationFiles)
		if err != nil {
			return err
		}
		if len(status.Migrations) == len(status.Pending()) {
			return fault.Wrap(errors.New("it holds no installation"), "check the schema")
		}
		return status.usable()
	}()
	return errors.Join(err, conn.db.Close())
}
