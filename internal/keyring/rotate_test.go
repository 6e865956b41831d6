package keyring_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/firsttap/firsttap/internal/keyring"
)

var hashOfPlastic = keyring.Binding{Purpose: keyring.CodeHash, Program: "prg_1", Subject: "pls_1"}

// sealMany puts n values under n bindings into a new store. Value i is "code i".
func sealMany(t *testing.T, k *keyring.Keyring, n int) *memSealed {
	t.Helper()
	store := &memSealed{page: 3}
	for i := range n {
		b := keyring.Binding{Purpose: keyring.ActivationCode, Program: "prg_1", Subject: fmt.Sprintf("pls_%d", i)}
		store.put(b.Subject, b, mustSeal(t, k, b, fmt.Sprintf("code %d", i)))
	}
	return store
}

// wantAllOpen checks each value of the store, by a process of its own.
func wantAllOpen(t *testing.T, k *keyring.Keyring, store *memSealed) {
	t.Helper()
	for i, v := range store.all() {
		if got := mustOpen(t, k, v.Binding, v.Blob); got != fmt.Sprintf("code %d", i) {
			t.Fatalf("value %d opens as %q", i, got)
		}
	}
}

func TestRotate_OldValuesOpenAndNewOnesUseTheNewKey(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	k := m.start(t)
	store, hash := sealMany(t, k, 7), k.MAC(hashOfPlastic, []byte("048213"))
	oldKEK := m.file(t).KEKs()[0].ID

	done, err := k.Rotate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keks := m.file(t).KEKs()
	if len(keks) != 2 || keks[0].ID != oldKEK || keks[1].ID != done.KEK || done.SealKey != 3 || done.Rewrapped != 2 || done.Resumed {
		t.Fatalf("%+v with the KEKs %+v", done, keks)
	}
	for _, key := range m.vault.keys {
		if key.KEK != done.KEK || key.Retired {
			t.Errorf("data key %d is under %s (retired: %v), want %s", key.ID, key.KEK, key.Retired, done.KEK)
		}
	}
	for _, process := range []*keyring.Keyring{k, m.start(t)} {
		wantAllOpen(t, process, store)
		if id, _ := keyring.KeyIDOf(mustSeal(t, process, codeOfPlastic, "1")); id != 3 {
			t.Errorf("seals under key %d, want 3", id)
		}
		if !bytes.Equal(process.MAC(hashOfPlastic, []byte("048213")), hash) {
			t.Error("the hash changed")
		}
	}
	again, err := k.Rotate(t.Context())
	if err != nil || !again.Resumed || again.KEK != done.KEK || again.SealKey != 3 || again.Rewrapped != 0 {
		t.Errorf("while the rotation is open: %+v, %v; want nothing done", again, err)
	}
}

func TestReseal_MovesAllValuesAndRetiresOldKeys(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	k := m.start(t)
	store := sealMany(t, k, 7)
	if _, err := k.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var progress []int
	if err := k.Reseal(t.Context(), store, func(done int) { progress = append(progress, done) }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(progress, []int{3, 6, 7}) {
		t.Errorf("progress %v", progress)
	}
	seals := m.vault.list("seal")
	if !seals[0].Retired || seals[1].Retired || m.vault.list("mac")[0].Retired {
		t.Errorf("want only seal key 1 retired: %+v", seals)
	}
	for _, v := range store.all() {
		if id, _ := keyring.KeyIDOf(v.Blob); id != 3 {
			t.Errorf("%s is under key %d", v.ID, id)
		}
	}
	wantAllOpen(t, m.start(t), store)

	dropped, err := k.DropOldKEKs(t.Context())
	if err != nil || len(dropped) != 1 || len(m.file(t).KEKs()) != 1 {
		t.Fatalf("dropped %v, %v; want one, and one left", dropped, err)
	}
	wantAllOpen(t, m.start(t), store)
	if dropped, err := k.DropOldKEKs(t.Context()); err != nil || dropped != nil {
		t.Errorf("nothing to drop: %v, %v", dropped, err)
	}
	if next, err := k.Rotate(t.Context()); err != nil || next.Resumed || next.SealKey != 4 || next.Rewrapped != 3 {
		t.Errorf("the next rotation: %+v, %v", next, err)
	}
}

func TestReseal_WithoutARotationDoesNothing(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	k := m.start(t)
	store := sealMany(t, k, 2)
	before := store.all()
	if err := k.Reseal(t.Context(), store, nil); err != nil {
		t.Fatal(err)
	}
	for i, v := range store.all() {
		if !bytes.Equal(v.Blob, before[i].Blob) {
			t.Error("a value under the newest key was sealed anew")
		}
	}
	if m.vault.list("seal")[0].Retired {
		t.Error("the only seal key was retired")
	}
}

// A process that has not heard of a rotation seals under the old key, even after that was retired.
// The value opens, and the next Reseal moves it.
func TestReseal_FindsLateValuesOfAnotherProcess(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	k, late := m.start(t), m.start(t)
	store := sealMany(t, k, 1)
	if _, err := k.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := k.Reseal(t.Context(), store, nil); err != nil {
		t.Fatal(err)
	}
	b := keyring.Binding{Purpose: keyring.ActivationCode, Subject: "late"}
	store.put("late", b, mustSeal(t, late, b, "code 1"))
	wantAllOpen(t, m.start(t), store)
	if err := k.Reseal(t.Context(), store, nil); err != nil {
		t.Fatal(err)
	}
	if id, _ := keyring.KeyIDOf(store.all()[1].Blob); id != 3 {
		t.Errorf("the late value is under key %d", id)
	}
	if err := late.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if id, _ := keyring.KeyIDOf(mustSeal(t, late, b, "")); id != 3 {
		t.Errorf("after a refresh it seals under key %d", id)
	}
}

func TestReseal_ValueThatDoesNotOpenKeepsTheOldKey(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(blob []byte) []byte{
		"altered":           func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"of an unknown key": func(b []byte) []byte { b[1] = 9; return b },
		"of no form":        func([]byte) []byte { return []byte("?") },
	} {
		m := newMachine(t)
		k := m.start(t)
		store := sealMany(t, k, 7)
		store.values[2].Blob = spoil(bytes.Clone(store.values[2].Blob))
		if _, err := k.Rotate(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := k.Reseal(t.Context(), store, nil)
		if err == nil || !strings.Contains(err.Error(), "plastics.code of pls_2") {
			t.Errorf("%s: %v, want the place of the value", name, err)
		}
		if m.vault.list("seal")[0].Retired {
			t.Errorf("%s: the key was retired with a value left", name)
		}
		for i, v := range store.all() {
			if id, _ := keyring.KeyIDOf(v.Blob); i != 2 && id != 3 {
				t.Errorf("%s: value %d was held up", name, i)
			}
		}
	}
}

// deaf is a store that forgets replacements.
type deaf struct{ *memSealed }

func (deaf) ReplaceSealed(context.Context, keyring.SealedValue, []byte) error { return nil }

func TestReseal_DoesNotRunForEverOnAStoreThatLosesValues(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	k := m.start(t)
	store := sealMany(t, k, 1)
	if _, err := k.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := k.Reseal(t.Context(), deaf{store}, nil); err == nil || !strings.Contains(err.Error(), "came back") {
		t.Fatalf("%v, want an end", err)
	}
}

func TestDropOldKEKs_KeepsWhatIsUsed(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	k := m.start(t)
	store := sealMany(t, k, 1)
	used := m.file(t).KEKs()[0].ID
	between, err := m.file(t).AddKEK()
	if err != nil {
		t.Fatal(err)
	}
	primary, err := m.file(t).AddKEK()
	if err != nil {
		t.Fatal(err)
	}
	dropped, err := k.DropOldKEKs(t.Context())
	if err != nil || !slices.Equal(dropped, []string{between}) {
		t.Fatalf("dropped %v, %v; want %s alone", dropped, err, between)
	}
	if left := m.file(t).KEKs(); len(left) != 2 || left[0].ID != used || left[1].ID != primary {
		t.Fatalf("left %+v", left)
	}
	wantAllOpen(t, m.start(t), store)
}

func TestRotate_TwoAtOnceAreOne(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	rings := []*keyring.Keyring{m.start(t), m.start(t)}
	errs := make([]error, len(rings))
	var running sync.WaitGroup
	for i, k := range rings {
		running.Go(func() { _, errs[i] = k.Rotate(context.Background()) })
	}
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if keks, seals := m.file(t).KEKs(), m.vault.list("seal"); len(keks) != 2 || len(seals) != 2 {
		t.Fatalf("%d KEKs and %d seal keys, want 2 and 2", len(keks), len(seals))
	}
}

// A whole rotation, old KEK dropped, fits between the two readings of a refresh.
func TestRefresh_OutlivesARotationBetweenVaultAndFile(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	serving, rotating := m.start(t), m.start(t)
	var once sync.Once
	m.vault.listed = func() {
		once.Do(func() {
			m.vault.listed = nil
			_, err := rotating.Rotate(t.Context())
			err = errors.Join(err, rotating.Reseal(t.Context(), &memSealed{}, nil))
			_, dropErr := rotating.DropOldKEKs(t.Context())
			if err := errors.Join(err, dropErr); err != nil {
				t.Error(err)
			}
		})
	}
	if err := serving.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if id, _ := keyring.KeyIDOf(mustSeal(t, serving, codeOfPlastic, "")); id != 3 {
		t.Errorf("seals under key %d, want the newest", id)
	}
}

// While one process rotates again and again, another one never fails to read or to write.
func TestRotate_ReadsAndWritesNeverFailMeanwhile(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	rotating, serving := m.start(t), m.start(t)
	store := sealMany(t, rotating, 5)
	over := make(chan struct{})
	var running sync.WaitGroup
	var failed error
	running.Go(func() {
		defer close(over)
		for range 10 {
			_, err := rotating.Rotate(context.Background())
			err = errors.Join(err, rotating.Reseal(context.Background(), store, nil))
			_, dropErr := rotating.DropOldKEKs(context.Background())
			if failed = errors.Join(err, dropErr); failed != nil {
				return
			}
		}
	})
	for busy := true; busy; {
		select {
		case <-over:
			busy = false
		default:
			wantAllOpen(t, serving, store)
			mustOpen(t, serving, codeOfPlastic, mustSeal(t, serving, codeOfPlastic, "048213"))
		}
	}
	running.Wait()
	if failed != nil {
		t.Fatal(failed)
	}
}

// rotateAll is what an operator runs, and runs again after a crash.
func rotateAll(ctx context.Context, m *machine, store *memSealed, p *power) error {
	f, err := keyring.OpenFileOn(m.path, m.rand, clock, poweredDisk{power: p})
	if err != nil {
		return err
	}
	k, err := keyring.Open(ctx, f, poweredVault{m.vault, p}, m.rand, clock)
	if err != nil {
		return err
	}
	if _, err := k.Rotate(ctx); err != nil {
		return err
	}
	if err := k.Reseal(ctx, poweredSealed{store, p}, nil); err != nil {
		return err
	}
	_, err = k.DropOldKEKs(ctx)
	return err
}

// The power is lost before and after each call to the disk, the vault and the store. At every such
// point all values open; and the same command, run again, finishes the rotation that was begun.
func TestRotate_IsFinishedAfterACrashAtEachStep(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		for n := 0; ; n++ {
			m := newMachine(t)
			k := m.start(t)
			store, hash := sealMany(t, k, 7), k.MAC(hashOfPlastic)
			p := &power{left: n, after: after}
			err := rotateAll(t.Context(), m, store, p)
			if !p.lost {
				if err != nil || n < 20 {
					t.Fatalf("without a crash, after %d steps: %v", n, err)
				}
				break
			}
			what := fmt.Sprintf("crash at step %d (after it: %v)", n, after)
			if !errors.Is(err, errPowerLost) {
				t.Fatalf("%s: %v", what, err)
			}
			wantAllOpen(t, m.start(t), store)
			finishAfterCrash(t, what, m, store)
			last := m.start(t)
			wantAllOpen(t, last, store)
			if !bytes.Equal(last.MAC(hashOfPlastic), hash) {
				t.Fatalf("%s: the hash changed", what)
			}
		}
	}
}

func finishAfterCrash(t *testing.T, what string, m *machine, store *memSealed) {
	t.Helper()
	keks, resealed := m.file(t).KEKs(), m.vault.list("seal")[0].Retired
	if err := rotateAll(t.Context(), m, store, &power{left: 1 << 30}); err != nil {
		t.Fatalf("%s: run again: %v", what, err)
	}
	left, seals := m.file(t).KEKs(), m.vault.list("seal")
	if len(left) != 1 {
		t.Fatalf("%s: %d KEKs left", what, len(left))
	}
	// Until the old seal key is retired, running again goes on with the one rotation.
	if !resealed && (len(seals) != 2 || len(keks) == 2 && left[0].ID != keks[1].ID) {
		t.Fatalf("%s: a second rotation was begun: %d seal keys", what, len(seals))
	}
	newest := seals[len(seals)-1]
	for _, key := range seals {
		if key.Retired != (key.ID != newest.ID) || key.KEK != left[0].ID {
			t.Fatalf("%s: seal key %d: %+v", what, key.ID, key)
		}
	}
	for _, v := range store.all() {
		if id, _ := keyring.KeyIDOf(v.Blob); id != newest.ID {
			t.Fatalf("%s: %s is under key %d", what, v.ID, id)
		}
	}
	if _, err := os.Stat(m.path + ".new"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s: a copy of the keys was left", what)
	}
}
