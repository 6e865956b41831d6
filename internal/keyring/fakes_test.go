package keyring_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/keyring"
	"github.com/firsttap/firsttap/internal/redact"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

// seeded is a source of randomness that can be repeated; safe for many goroutines, as crypto/rand is.
type seeded struct {
	mu  sync.Mutex
	rng *rand.ChaCha8
}

func newSeeded(seed uint64) *seeded {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	return &seeded{rng: rand.NewChaCha8(key)}
}

func (s *seeded) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rng.Read(p)
}

// memVault is the table of data keys.
type memVault struct {
	mu     sync.Mutex
	keys   map[uint32]keyring.DataKey
	listed func() // called after each listing, outside the lock
	lists  int
	down   error
}

func newVault() *memVault { return &memVault{keys: map[uint32]keyring.DataKey{}} }

func (v *memVault) DataKeys(ctx context.Context) ([]keyring.DataKey, error) {
	v.mu.Lock()
	v.lists++
	down := v.down
	var list []keyring.DataKey
	for _, k := range v.keys { // in the random order of a map: any order must do
		k.Wrapped = slices.Clone(k.Wrapped)
		list = append(list, k)
	}
	v.mu.Unlock()
	if v.listed != nil {
		v.listed()
	}
	return list, errors.Join(down, ctx.Err())
}

func (v *memVault) AddDataKey(_ context.Context, k keyring.DataKey) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, taken := v.keys[k.ID]; taken {
		return fmt.Errorf("insert: %w", keyring.ErrKeyExists)
	}
	v.keys[k.ID] = k
	return nil
}

func (v *memVault) RewrapDataKey(_ context.Context, k keyring.DataKey) error {
	return v.change(k.ID, func(row *keyring.DataKey) { row.KEK, row.Wrapped = k.KEK, k.Wrapped })
}

func (v *memVault) RetireDataKey(_ context.Context, id uint32) error {
	return v.change(id, func(row *keyring.DataKey) { row.Retired = true })
}

func (v *memVault) change(id uint32, set func(*keyring.DataKey)) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	row, ok := v.keys[id]
	if !ok {
		return fmt.Errorf("no data key %d", id)
	}
	set(&row)
	v.keys[id] = row
	return nil
}

// list gives the keys of a purpose in the order of their ids.
func (v *memVault) list(purpose string) []keyring.DataKey {
	v.mu.Lock()
	defer v.mu.Unlock()
	var list []keyring.DataKey
	for _, k := range v.keys {
		if k.Purpose == purpose {
			list = append(list, k)
		}
	}
	slices.SortFunc(list, func(a, b keyring.DataKey) int { return int(a.ID) - int(b.ID) })
	return list
}

// memSealed is a table of sealed values. It gives at most page values a batch, so that a few values
// make several batches.
type memSealed struct {
	mu     sync.Mutex
	values []keyring.SealedValue
	page   int
}

func (s *memSealed) put(id string, b keyring.Binding, blob []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values = append(s.values, keyring.SealedValue{Table: "plastics", Column: "code", ID: id, Binding: b, Blob: blob})
}

func (s *memSealed) all() []keyring.SealedValue {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.values)
}

func (s *memSealed) SealedBatch(_ context.Context, keep uint32, limit int) ([]keyring.SealedValue, error) {
	var batch []keyring.SealedValue
	for _, v := range s.all() {
		if id, ok := keyring.KeyIDOf(v.Blob); (!ok || id != keep) && len(batch) < min(limit, s.page) {
			batch = append(batch, v)
		}
	}
	return batch, nil
}

func (s *memSealed) ReplaceSealed(_ context.Context, old keyring.SealedValue, fresh []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, v := range s.values {
		if v.ID == old.ID && string(v.Blob) == string(old.Blob) {
			s.values[i].Blob = fresh
		}
	}
	return nil
}

var errPowerLost = errors.New("power lost")

// power runs steps until it is lost: before or after the step with the number that is left. Then
// nothing works any more, as in a process that was killed.
type power struct {
	mu    sync.Mutex
	left  int
	after bool
	lost  bool
}

func (p *power) step(do func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lost {
		return errPowerLost
	}
	if p.left == 0 {
		p.lost = true
		if p.after {
			_ = do()
		}
		return errPowerLost
	}
	p.left--
	return do()
}

type poweredDisk struct {
	keyring.OSDisk
	*power
}

func (d poweredDisk) Create(path string) (f *os.File, err error) {
	err = d.step(func() (err error) { f, err = d.OSDisk.Create(path); return err })
	return f, err
}

func (d poweredDisk) Sync(f *os.File) error {
	return d.step(func() error { return d.OSDisk.Sync(f) })
}

func (d poweredDisk) Rename(from, to string) error {
	return d.step(func() error { return d.OSDisk.Rename(from, to) })
}

func (d poweredDisk) SyncDir(dir string) error {
	return d.step(func() error { return d.OSDisk.SyncDir(dir) })
}

type poweredVault struct {
	*memVault
	*power
}

func (v poweredVault) DataKeys(ctx context.Context) (list []keyring.DataKey, err error) {
	err = v.step(func() (err error) { list, err = v.memVault.DataKeys(ctx); return err })
	return list, err
}

func (v poweredVault) AddDataKey(ctx context.Context, k keyring.DataKey) error {
	return v.step(func() error { return v.memVault.AddDataKey(ctx, k) })
}

func (v poweredVault) RewrapDataKey(ctx context.Context, k keyring.DataKey) error {
	return v.step(func() error { return v.memVault.RewrapDataKey(ctx, k) })
}

func (v poweredVault) RetireDataKey(ctx context.Context, id uint32) error {
	return v.step(func() error { return v.memVault.RetireDataKey(ctx, id) })
}

type poweredSealed struct {
	*memSealed
	*power
}

func (s poweredSealed) SealedBatch(ctx context.Context, keep uint32, limit int) (list []keyring.SealedValue, err error) {
	err = s.step(func() (err error) { list, err = s.memSealed.SealedBatch(ctx, keep, limit); return err })
	return list, err
}

func (s poweredSealed) ReplaceSealed(ctx context.Context, old keyring.SealedValue, fresh []byte) error {
	return s.step(func() error { return s.memSealed.ReplaceSealed(ctx, old, fresh) })
}

// machine is one disk and one database, on which processes come and go.
type machine struct {
	path  string
	vault *memVault
	rand  io.Reader
}

func newMachine(t testing.TB) *machine {
	t.Helper()
	return &machine{path: filepath.Join(t.TempDir(), "keys.json"), vault: newVault(), rand: newSeeded(1)}
}

// start is a new process: it reads everything again.
func (m *machine) start(t testing.TB) *keyring.Keyring {
	t.Helper()
	k, err := keyring.Open(t.Context(), m.file(t), m.vault, m.rand, clock)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	return k
}

func (m *machine) file(t testing.TB) *keyring.KeyFile {
	t.Helper()
	f, err := keyring.OpenFile(m.path, m.rand, clock)
	if err != nil {
		t.Fatalf("open the key file: %v", err)
	}
	return f
}

var codeOfPlastic = keyring.Binding{Purpose: keyring.ActivationCode, Program: "prg_1", Subject: "pls_1"}

func mustSeal(t testing.TB, k *keyring.Keyring, b keyring.Binding, secret string) []byte {
	t.Helper()
	blob, err := k.Seal(b, redact.NewText(secret))
	if err != nil {
		t.Fatalf("seal: %v", err)
	}
	return blob
}

func mustOpen(t testing.TB, k *keyring.Keyring, b keyring.Binding, blob []byte) string {
	t.Helper()
	text, err := k.Open(t.Context(), b, blob)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return text.Reveal()
}
