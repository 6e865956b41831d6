package keyring_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/keyring"
	"github.com/firsttap/firsttap/internal/redact"
)

var (
	sealing = []keyring.Purpose{
		keyring.ActivationCode, keyring.PIN, keyring.StagedPIN,
		keyring.WebhookSecret, keyring.CredentialSecret, keyring.StoredAnswer,
	}
	hashing = []keyring.Purpose{keyring.CodeHash, keyring.CredentialHash, keyring.Fingerprint, keyring.BodyHash}
)

func TestSeal_OpensOnlyUnderItsBinding(t *testing.T) {
	t.Parallel()
	k := newMachine(t).start(t)
	rapid.Check(t, func(rt *rapid.T) {
		binding := rapid.Custom(func(rt *rapid.T) keyring.Binding {
			return keyring.Binding{
				Purpose: rapid.SampledFrom(sealing).Draw(rt, "purpose"),
				Program: rapid.StringMatching(`[ab]{0,3}`).Draw(rt, "program"),
				Subject: rapid.StringMatching(`[ab]{0,3}`).Draw(rt, "subject"),
			}
		})
		b, other := binding.Draw(rt, "binding"), binding.Draw(rt, "other")
		plain := rapid.SliceOf(rapid.Byte()).Draw(rt, "plain")

		blob, err := k.SealBytes(b, plain)
		if err != nil || len(blob) != len(plain)+33 {
			rt.Fatalf("seal: %d bytes, %v", len(blob), err)
		}
		got, err := k.OpenBytes(context.Background(), b, blob)
		if err != nil || got == nil || !bytes.Equal(got, plain) {
			rt.Fatalf("round trip: %v", err)
		}
		text, err := k.Open(context.Background(), b, blob)
		if err != nil || !bytes.Equal(text.Bytes(), plain) || text.IsZero() {
			rt.Fatalf("round trip as text: %v", err)
		}
		if _, err := k.OpenBytes(context.Background(), other, blob); (err == nil) != (b == other) {
			rt.Fatalf("%v opened under %v: %v", b, other, err)
		}
	})
}

func TestOpen_EachChangedByteFails(t *testing.T) {
	t.Parallel()
	k := newMachine(t).start(t)
	blob := mustSeal(t, k, codeOfPlastic, "048213")
	for i := range blob {
		for bit := range 8 {
			changed := bytes.Clone(blob)
			changed[i] ^= 1 << bit
			wantFault(t, k, codeOfPlastic, changed, fmt.Sprintf("bit %d of byte %d", bit, i))
		}
	}
	for n := range blob {
		wantFault(t, k, codeOfPlastic, blob[:n], fmt.Sprintf("cut to %d bytes", n))
	}
	wantFault(t, k, codeOfPlastic, append(bytes.Clone(blob), 0), "one byte longer")
}

// A ciphertext moved to another card, programme, column or key id fails closed: 4 of 4.
func TestOpen_MovedValueFails(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	k := m.start(t)
	blob := mustSeal(t, k, codeOfPlastic, "048213")
	if _, err := k.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, move := range map[string]func(b *keyring.Binding, blob []byte){
		"another subject":   func(b *keyring.Binding, _ []byte) { b.Subject = "pls_2" },
		"another programme": func(b *keyring.Binding, _ []byte) { b.Program = "prg_2" },
		"another purpose":   func(b *keyring.Binding, _ []byte) { b.Purpose = keyring.StagedPIN },
		"another key id":    func(_ *keyring.Binding, blob []byte) { blob[4] = 3 },
	} {
		b, moved := codeOfPlastic, bytes.Clone(blob)
		move(&b, moved)
		if _, err := k.Open(t.Context(), b, moved); !errors.Is(err, keyring.ErrAltered) {
			t.Errorf("%s: %v, want ErrAltered", name, err)
		}
	}
	if seals := m.vault.list("seal"); len(seals) != 2 || seals[1].ID != 3 {
		t.Fatal("the key id of the test is not that of a real key")
	}
	if mustOpen(t, k, codeOfPlastic, blob) != "048213" {
		t.Fatal("the value in its place does not open")
	}
}

func wantFault(t *testing.T, k *keyring.Keyring, b keyring.Binding, blob []byte, what string) {
	t.Helper()
	text, err := k.Open(t.Context(), b, blob)
	if err == nil || fault.IsRefusal(err) || !text.IsZero() {
		t.Errorf("%s: %v, want a fault and no text", what, err)
	}
}

func TestSeal_RefusesMisuse(t *testing.T) {
	t.Parallel()
	k := newMachine(t).start(t)
	if _, err := k.Seal(codeOfPlastic, redact.Text{}); err == nil {
		t.Error("no secret at all was sealed")
	}
	for _, p := range append([]keyring.Purpose{"", "other"}, hashing...) {
		if _, err := k.SealBytes(keyring.Binding{Purpose: p}, nil); err == nil {
			t.Errorf("purpose %q sealed", p)
		}
	}
	for _, p := range append([]keyring.Purpose{"", "other"}, sealing...) {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("purpose %q hashed", p)
				}
			}()
			k.MAC(keyring.Binding{Purpose: p})
		}()
	}
}

func TestMAC_TellsApartBindingsAndParts(t *testing.T) {
	t.Parallel()
	k := newMachine(t).start(t)
	rapid.Check(t, func(rt *rapid.T) {
		type input struct {
			b     keyring.Binding
			parts [][]byte
		}
		inputs := rapid.Custom(func(rt *rapid.T) input {
			return input{
				b: keyring.Binding{
					Purpose: rapid.SampledFrom(hashing).Draw(rt, "purpose"),
					Program: rapid.StringMatching(`[ab]{0,2}`).Draw(rt, "program"),
					Subject: rapid.StringMatching(`[ab]{0,2}`).Draw(rt, "subject"),
				},
				parts: rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom([]byte{'a', 0}), 0, 3), 0, 3).Draw(rt, "parts"),
			}
		})
		x, y := inputs.Draw(rt, "x"), inputs.Draw(rt, "y")
		same := fmt.Sprintf("%q", x) == fmt.Sprintf("%q", y)
		mx, my := k.MAC(x.b, x.parts...), k.MAC(y.b, y.parts...)
		if len(mx) != 32 || keyring.MACEqual(mx, my) != same {
			rt.Fatalf("%q and %q: equal = %v, want %v", x, y, !same, same)
		}
	})
}

func TestMACEqual(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b []byte
		want bool
	}{
		"equal":          {[]byte{1, 2}, []byte{1, 2}, true},
		"different":      {[]byte{1, 2}, []byte{1, 3}, false},
		"of two lengths": {[]byte{1, 2}, []byte{1}, false},
	} {
		if keyring.MACEqual(c.a, c.b) != c.want {
			t.Errorf("%s: want %v", name, c.want)
		}
	}
}

func TestOpenKeyring_RefusesToStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, m *machine)
		want  error
		says  string
	}{
		"with the KEK missing": {
			spoil: func(t *testing.T, m *machine) { m.path += ".other" },
			want:  keyring.ErrKEKMissing, says: "kek_",
		},
		"with the KEK wrong": {
			spoil: func(t *testing.T, m *machine) { changeKeyOnly(t, m.path) },
			want:  keyring.ErrAltered, says: "data key 1",
		},
		"with the purpose of a key changed": {
			spoil: func(_ *testing.T, m *machine) {
				_ = m.vault.change(2, func(k *keyring.DataKey) { k.Purpose = "seal" })
			},
			want: keyring.ErrAltered, says: "data key 2",
		},
		"with the keys swapped": {
			spoil: func(_ *testing.T, m *machine) {
				one, two := m.vault.keys[1], m.vault.keys[2]
				_ = m.vault.change(1, func(k *keyring.DataKey) { k.Wrapped = two.Wrapped })
				_ = m.vault.change(2, func(k *keyring.DataKey) { k.Wrapped = one.Wrapped })
			},
			want: keyring.ErrAltered, says: "data key 1",
		},
		"with the vault out of reach": {
			spoil: func(_ *testing.T, m *machine) { m.vault.down = os.ErrDeadlineExceeded },
			want:  os.ErrDeadlineExceeded, says: "open the keyring",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.start(t)
			c.spoil(t, m)
			keys := len(m.vault.keys)
			_, err := keyring.Open(t.Context(), m.file(t), m.vault, m.rand, clock)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v, want %v with %q", err, c.want, c.says)
			}
			if len(m.vault.keys) != keys {
				t.Fatal("a start that was refused added a key")
			}
		})
	}
}

func TestOpenKeyring_RefusesBrokenRandomness(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	f := m.file(t)
	if _, err := keyring.Open(t.Context(), f, m.vault, iotest.ErrReader(os.ErrClosed), clock); !errors.Is(err, os.ErrClosed) {
		t.Errorf("no randomness: %v", err)
	}
	same := bytes.NewReader(bytes.Repeat([]byte{7}, 1000))
	if _, err := keyring.Open(t.Context(), f, m.vault, same, clock); err == nil || !strings.Contains(err.Error(), "randomness") {
		t.Errorf("the seal key and the MAC key are the same: %v", err)
	}
}

// changeKeyOnly keeps the ids of a key file and changes its keys.
func changeKeyOnly(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Version int `json:"version"`
		Keys    []struct {
			ID        string `json:"id"`
			Key       []byte `json:"key"`
			CreatedAt string `json:"created_at"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	file.Keys[0].Key[0] ^= 1
	content, _ = json.Marshal(file)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOpenKeyring_FirstStartsAtOnceEndWithTheSameKeys(t *testing.T) {
	t.Parallel()
	const processes = 8
	m := newMachine(t)
	// Nobody goes on from the first listing until all have seen the empty vault.
	var all sync.WaitGroup
	all.Add(processes)
	var mu sync.Mutex
	lists := 0
	m.vault.listed = func() {
		mu.Lock()
		lists++
		first := lists <= processes
		mu.Unlock()
		if first {
			all.Done()
			all.Wait()
		}
	}
	rings := make([]*keyring.Keyring, processes)
	errs := make([]error, processes)
	var running sync.WaitGroup
	for i := range processes {
		running.Go(func() {
			f, err := keyring.OpenFile(m.path, m.rand, clock)
			if err != nil {
				errs[i] = err
				all.Done()
				return
			}
			rings[i], errs[i] = keyring.Open(context.Background(), f, m.vault, m.rand, clock)
		})
	}
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if s, h, n := m.vault.list("seal"), m.vault.list("mac"), m.file(t).KEKs(); len(s) != 1 || len(h) != 1 || len(n) != 1 {
		t.Fatalf("%d seal keys, %d MAC keys, %d KEKs; want one of each", len(s), len(h), len(n))
	}
	blob := mustSeal(t, rings[0], codeOfPlastic, "048213")
	b := keyring.Binding{Purpose: keyring.CodeHash, Subject: "pls_1"}
	for i, k := range rings {
		if mustOpen(t, k, codeOfPlastic, blob) != "048213" || !keyring.MACEqual(k.MAC(b), rings[0].MAC(b)) {
			t.Fatalf("process %d has other keys", i)
		}
	}
}

func TestOpen_UnknownKeyIsReadOnceAndIsNeverARefusal(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	here, there := m.start(t), m.start(t)
	if _, err := there.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	blob := mustSeal(t, there, codeOfPlastic, "048213")

	m.vault.lists = 0
	if mustOpen(t, here, codeOfPlastic, blob) != "048213" || m.vault.lists != 1 {
		t.Fatalf("opened after %d readings of the vault, want 1", m.vault.lists)
	}
	if mustOpen(t, here, codeOfPlastic, blob) != "048213" || m.vault.lists != 1 {
		t.Fatal("a key that is known by now was read again")
	}
	if id, _ := keyring.KeyIDOf(mustSeal(t, here, codeOfPlastic, "1")); id != 3 {
		t.Fatalf("seals under key %d after the refresh, want the newest", id)
	}

	unknown := bytes.Clone(blob)
	unknown[4] = 99
	_, err := here.Open(t.Context(), codeOfPlastic, unknown)
	wantPassing(t, err, keyring.ErrKeyUnknown)
	m.vault.down = os.ErrDeadlineExceeded
	_, err = here.Open(t.Context(), codeOfPlastic, unknown)
	wantPassing(t, err, os.ErrDeadlineExceeded)
	m.vault.down = nil
	if err := os.Remove(m.path); err != nil {
		t.Fatal(err)
	}
	_, err = here.Open(t.Context(), codeOfPlastic, unknown)
	wantPassing(t, err, os.ErrNotExist)
	if mustOpen(t, here, codeOfPlastic, blob) != "048213" {
		t.Fatal("a refresh that failed took the keys away")
	}
}

func wantPassing(t *testing.T, err, cause error) {
	t.Helper()
	if !errors.Is(err, fault.ReasonUnavailable) || !errors.Is(err, cause) || fault.Of(err).RetryAfter != time.Second {
		t.Fatalf("%v, want unavailable, to be tried again in 1s, because of: %v", err, cause)
	}
}

func TestKeyIDOf(t *testing.T) {
	t.Parallel()
	blob := mustSeal(t, newMachine(t).start(t), codeOfPlastic, "")
	if id, ok := keyring.KeyIDOf(blob); !ok || id != 1 {
		t.Errorf("key %d, %v; want 1", id, ok)
	}
	other := bytes.Clone(blob)
	other[0] = 2
	for name, b := range map[string][]byte{"nil": nil, "too short": blob[:len(blob)-1], "another version": other} {
		if _, ok := keyring.KeyIDOf(b); ok {
			t.Errorf("%s: has a key id", name)
		}
	}
}

func TestKeyringAndKeyFile_PrintNoKey(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	k, f := m.start(t), m.file(t)
	k.MAC(keyring.Binding{Purpose: keyring.CodeHash})
	raw := make([]byte, 8+32+32+32) // what the seeded source gave: KEK id, KEK, seal key, MAC key
	if _, err := newSeeded(1).Read(raw); err != nil {
		t.Fatal(err)
	}

	var out bytes.Buffer
	for _, v := range []any{k, f, struct{ K, f any }{k, f}, []any{k, f}, map[string]any{"k": k, "f": f}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		if a, b := fmt.Sprintf(verb, k), fmt.Sprintf(verb, f); a != redact.Mask || b != redact.Mask {
			t.Errorf("%s prints %q and %q", verb, a, b)
		}
	}
	fmt.Fprint(&out, k.String(), k.GoString(), f.String(), f.GoString(), f.KEKs())

	content, err := os.ReadFile(m.path)
	if err != nil || !strings.Contains(string(content), base64.StdEncoding.EncodeToString(raw[8:40])) {
		t.Fatal("the test does not know the real keys: it proves nothing")
	}
	for name, key := range map[string][]byte{"KEK": raw[8:40], "seal key": raw[40:72], "MAC key": raw[72:]} {
		for _, form := range []string{
			string(key), hex.EncodeToString(key), strings.ToUpper(hex.EncodeToString(key)),
			base64.StdEncoding.EncodeToString(key), strings.Trim(fmt.Sprintf("%d", key), "[]"),
			fmt.Sprintf("%#v", key)[len("[]byte{"):],
		} {
			if strings.Contains(out.String(), form) {
				t.Errorf("the %s was printed", name)
			}
		}
	}
	if !strings.Contains(out.String(), redact.Mask) {
		t.Error("the mask was never printed: the test reaches nothing")
	}
}

func FuzzOpenBytes(f *testing.F) {
	m := newMachine(f)
	k := m.start(f)
	genuine := mustSeal(f, k, codeOfPlastic, "048213")
	f.Add(genuine)
	f.Add([]byte{})
	f.Add(genuine[:33])
	f.Add(append([]byte{1, 0, 0, 0, 9}, genuine[5:]...))
	f.Fuzz(func(t *testing.T, blob []byte) {
		plain, err := k.OpenBytes(t.Context(), codeOfPlastic, blob)
		if err != nil && (plain != nil || fault.IsRefusal(err) || bytes.Equal(blob, genuine)) {
			t.Fatalf("%x: %v", blob, err)
		}
		// The processes of one fuzzing run have the same keys but each its own genuine blob.
		if err == nil && string(plain) != "048213" {
			t.Fatalf("%x was never sealed and opened", blob)
		}
	})
}
