package auditworker

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// historyEvery is how often a checkpoint also goes into the history of its log. The history makes the first
// bad row known more closely.
const historyEvery = time.Minute

// Folder keeps checkpoints as files: NAME.checkpoint is the newest of a log, NAME.history has one a minute.
// Several processes may share it. It is safe for one goroutine.
type Folder struct {
	path    string
	written map[string]time.Time // when the history of a log got its last one
}

// OpenFolder makes the folder when it is not there.
func OpenFolder(path string) (*Folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	return &Folder{path: path, written: map[string]time.Time{}}, nil
}

// CheckpointFile is where the newest checkpoint of a log lies in a folder.
func CheckpointFile(folder, origin string) string { return fileOf(folder, origin, ".checkpoint") }

func fileOf(folder, origin, ending string) string {
	return filepath.Join(folder, origin[strings.LastIndexByte(origin, '/')+1:]+ending)
}

// Latest reads the checkpoint that was published last; nil when there is none.
func (f *Folder) Latest(origin string) ([]byte, error) {
	content, err := os.ReadFile(CheckpointFile(f.path, origin))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return content, err
}

// Publish replaces the newest checkpoint, and now and then adds to the history.
func (f *Folder) Publish(origin string, at time.Time, next func(latest []byte) ([]byte, error)) error {
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	latest, err := f.Latest(origin)
	if err != nil {
		return err
	}
	signed, err := next(latest)
	if err != nil || signed == nil {
		return err
	}
	if err := f.replace(CheckpointFile(f.path, origin), signed); err != nil {
		return err
	}
	if last, ok := f.written[origin]; ok && at.Sub(last) < historyEvery {
		return nil
	}
	if err := appendWhole(fileOf(f.path, origin, ".history"), signed); err != nil {
		return err
	}
	f.written[origin] = at
	return nil
}

// lock waits for its turn among all processes that share the folder; one that dies gives it up.
func (f *Folder) lock() (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(f.path, ".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() { _ = file.Close() }, nil
}

func (f *Folder) replace(path string, content []byte) error {
	fresh, err := os.CreateTemp(f.path, ".new-*")
	if err != nil {
		return err
	}
	_, err = fresh.Write(content)
	if err = errors.Join(err, fresh.Sync(), fresh.Close()); err == nil {
		err = os.Rename(fresh.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(fresh.Name()))
	}
	folder, err := os.Open(f.path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// appendWhole adds to a file. What a crash left of an earlier addition is cut off first.
func appendWhole(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	err = cutTail(file)
	if err == nil {
		_, err = file.Write(content)
	}
	return errors.Join(err, file.Sync(), file.Close())
}

// cutTail removes what stands behind the last whole note: one ends with a line of its signature.
func cutTail(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	tail := make([]byte, min(info.Size(), 4096)) // many times the length of a note
	start := info.Size() - int64(len(tail))
	if _, err := file.ReadAt(tail, start); err != nil {
		return err
	}
	end := 0
	if signature := bytes.LastIndex(tail[:bytes.LastIndexByte(tail, '\n')+1], []byte("\n— ")); signature >= 0 {
		end = signature + 1 + bytes.IndexByte(tail[signature+1:], '\n') + 1
	}
	if end == len(tail) {
		return nil
	}
	return file.Truncate(start + int64(end))
}
