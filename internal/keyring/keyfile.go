package keyring

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/firsttap/firsttap/internal/redact"
)

// keyBytes is the size of every key in the house: AES-256 and HMAC-SHA-256.
const keyBytes = 32

// kek is one key-encryption key.
type kek struct {
	id        string
	key       redact.Text
	createdAt time.Time
}

// KEK tells about a key-encryption key without giving it.
type KEK struct {
	ID        string
	CreatedAt time.Time
	Primary   bool // new and rewrapped data keys go under this one
}

// KeyFile is the file that holds the key-encryption keys, oldest first; the last one is primary.
// It is safe for use by many goroutines, and by many processes on one file.
type KeyFile struct {
	path   string
	disk   disk
	random io.Reader
	now    func() time.Time

	mu   sync.Mutex // guards keks
	keks []kek
}

// OpenFile reads the key file at path, and makes it with one KEK when there is none. Two processes
// that do so at once end with one file and the same KEK.
//
// It refuses a file that anybody but its owner may read or write (directly or through a symbolic
// link), one that is not a regular file, and one that it does not fully understand.
func OpenFile(path string, random io.Reader, now func() time.Time) (*KeyFile, error) {
	return openFile(path, random, now, osDisk{})
}

func openFile(path string, random io.Reader, now func() time.Time, d disk) (*KeyFile, error) {
	f := &KeyFile{path: path, disk: d, random: random, now: now}
	err := f.reload()
	if errors.Is(err, fs.ErrNotExist) {
		err = f.create()
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// KEKs lists the keys of the file, oldest first.
func (f *KeyFile) KEKs() []KEK {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]KEK, len(f.keks))
	for i, k := range f.keks {
		list[i] = KEK{ID: k.id, CreatedAt: k.createdAt, Primary: i == len(f.keks)-1}
	}
	return list
}

// AddKEK adds a new primary KEK, beside the old ones, and returns its id. [Keyring.Rotate] does
// this by itself. Where several machines have copies of the file, call AddKEK on one, copy the file
// to all, and rotate then: Rotate uses a KEK that waits.
func (f *KeyFile) AddKEK() (string, error) {
	unlock, err := f.lock()
	if err != nil {
		return "", err
	}
	defer unlock()
	if err := f.reload(); err != nil {
		return "", err
	}
	return f.addLocked()
}

// create makes the file, unless another process was faster.
func (f *KeyFile) create() error {
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := f.reload(); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_, err = f.addLocked()
	return err
}

// addLocked needs the file lock, and keks as the file has them now.
func (f *KeyFile) addLocked() (string, error) {
	fresh, err := newKEK(f.random, f.now())
	if err != nil {
		return "", err
	}
	if err := f.writeLocked(append(f.all(), fresh)); err != nil {
		return "", err
	}
	return fresh.id, nil
}

// keepLocked drops every KEK but the primary one and those that used names. It needs the file lock.
func (f *KeyFile) keepLocked(used map[string]bool) (dropped []string, err error) {
	var kept []kek
	all := f.all()
	for i, k := range all {
		if used[k.id] || i == len(all)-1 {
			kept = append(kept, k)
		} else {
			dropped = append(dropped, k.id)
		}
	}
	if len(dropped) == 0 {
		return nil, nil
	}
	if err := f.writeLocked(kept); err != nil {
		return nil, err
	}
	return dropped, nil
}

func (f *KeyFile) writeLocked(keks []kek) error {
	content, err := encodeKeyFile(keks)
	if err != nil {
		return fmt.Errorf("write key file %s: %w", f.path, err)
	}
	defer clear(content)
	// Nothing is written that could not be read again: a broken clock or source of randomness must
	// be found now, and not at the next start.
	if _, err := parseKeyFile(content); err != nil {
		return fmt.Errorf("write key file %s: %w", f.path, err)
	}
	if err := replaceFile(f.disk, f.path, content); err != nil {
		return fmt.Errorf("write key file %s: %w", f.path, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keks = keks
	return nil
}

// reload reads the file again: another process may have added or dropped a KEK.
func (f *KeyFile) reload() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	content, err := readPrivate(f.path)
	if err != nil {
		return fmt.Errorf("read key file %s: %w", f.path, err)
	}
	defer clear(content)
	keks, err := parseKeyFile(content)
	if err != nil {
		return fmt.Errorf("read key file %s: %w", f.path, err)
	}
	f.keks = keks
	return nil
}

func (f *KeyFile) lock() (unlock func(), err error) {
	unlock, err = lockBeside(f.path)
	if err != nil {
		return nil, fmt.Errorf("lock key file %s: %w", f.path, err)
	}
	return unlock, nil
}

// all gives a copy of the list of KEKs.
func (f *KeyFile) all() []kek {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]kek(nil), f.keks...)
}

func (f *KeyFile) primary() kek {
	all := f.all()
	return all[len(all)-1]
}

func (f *KeyFile) find(id string) (kek, bool) {
	for _, k := range f.all() {
		if k.id == id {
			return k, true
		}
	}
	return kek{}, false
}

func newKEK(random io.Reader, now time.Time) (kek, error) {
	var id [8]byte
	var key [keyBytes]byte
	defer clear(key[:])
	if _, err := io.ReadFull(random, id[:]); err != nil {
		return kek{}, fmt.Errorf("make a key-encryption key: %w", err)
	}
	if _, err := io.ReadFull(random, key[:]); err != nil {
		return kek{}, fmt.Errorf("make a key-encryption key: %w", err)
	}
	return kek{
		id:        "kek_" + hex.EncodeToString(id[:]),
		key:       redact.TextFromBytes(key[:]),
		createdAt: now.UTC().Truncate(time.Second),
	}, nil
}
