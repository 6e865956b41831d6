package keyring

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ownerOnly is the widest mode that a key file may have.
const ownerOnly fs.FileMode = 0o600

// disk is the steps of replacing a file. It is an interface so that a test can lose the power
// before and after each step.
type disk interface {
	Create(path string) (*os.File, error) // a new file, mode 0600
	Sync(f *os.File) error
	Rename(from, to string) error
	SyncDir(dir string) error
}

type osDisk struct{}

func (osDisk) Create(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, ownerOnly)
}

func (osDisk) Sync(f *os.File) error { return f.Sync() }

func (osDisk) Rename(from, to string) error { return os.Rename(from, to) }

func (osDisk) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// readPrivate reads a regular file that only its owner may use. The mode is asked of the open file,
// so that a symbolic link is judged by what it leads to, and nothing can be swapped in between.
func readPrivate(path string) ([]byte, error) {
	// Without O_NONBLOCK, a named pipe in the place of the file would hang the start.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	if mode := info.Mode().Perm(); mode&^ownerOnly != 0 {
		return nil, fmt.Errorf("mode %04o lets more than its owner use it; set it to 0600", mode)
	}
	content, err := io.ReadAll(io.LimitReader(f, maxKeyFileBytes+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxKeyFileBytes {
		return nil, errors.New("larger than a key file can be")
	}
	return content, nil
}

// replaceFile puts content in the place of the file at path: after a crash at any point there is
// either the old file or the new one, whole. It needs the lock of lockBeside.
func replaceFile(d disk, path string, content []byte) error {
	path, err := behindLinks(path)
	if err != nil {
		return err
	}
	// The name is fixed, so that what a crash left is cleared away here and not kept for ever.
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := d.Create(fresh)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := d.Sync(f); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := d.Rename(fresh, path); err != nil {
		return err
	}
	return d.SyncDir(filepath.Dir(path))
}

// lockBeside waits for the exclusive lock of the file at path. The lock is on a file of its own,
// because the file itself is replaced; a process that dies gives it up.
func lockBeside(path string) (unlock func(), err error) {
	path, err = behindLinks(path)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, ownerOnly)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// behindLinks gives the path of the file itself, so that a link is kept and its target replaced.
func behindLinks(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		return real, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	// A file may be here by now, made by another process; only a link is refused.
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return "", errors.New("a symbolic link that leads nowhere")
	}
	return path, nil
}
