package keyring_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/keyring"
)

// The layouts of what is stored, spelled out without the package under test. Values in databases
// depend on each byte: a change here loses them.

var (
	layoutKEK  = bytes.Repeat([]byte{0x11}, 32)
	layoutSeal = bytes.Repeat([]byte{0x22}, 32)
	layoutMAC  = bytes.Repeat([]byte{0x33}, 32)
)

// field is 8 bytes of length, big endian, and the text.
func field(s string) string {
	return string([]byte{0, 0, 0, 0, 0, 0, 0, byte(len(s))}) + s
}

// gcm is nonce, ciphertext, tag.
func gcm(t *testing.T, key []byte, plain, associated string) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	nonce := []byte("twelve bytes")
	return aead.Seal(nonce, nonce, []byte(plain), []byte(associated))
}

// layoutMachine has a seal key with the id 1 and a MAC key with the id 2.
func layoutMachine(t *testing.T) *machine {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.json")
	content := fmt.Sprintf(`{"version":1,"keys":[{"id":"kek_a","key":%q,"created_at":"2026-03-01T12:00:00Z"}]}`,
		base64.StdEncoding.EncodeToString(layoutKEK))
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	m := &machine{path: path, vault: newVault(), rand: newSeeded(1)}
	m.vault.keys[1] = layoutKey(t, 1, "seal", layoutSeal)
	m.vault.keys[2] = layoutKey(t, 2, "mac", layoutMAC)
	return m
}

func layoutKey(t *testing.T, id byte, purpose string, key []byte) keyring.DataKey {
	t.Helper()
	associated := field("firsttap data key") + string([]byte{0, 0, 0, id}) + field(purpose) + field("kek_a")
	return keyring.DataKey{
		ID: uint32(id), Purpose: purpose, KEK: "kek_a",
		Wrapped: gcm(t, layoutKEK, string(key), associated),
	}
}

func TestOpenKeyring_RefusesAVaultThatIsNotSound(t *testing.T) {
	t.Parallel()
	fresh := bytes.Repeat([]byte{0x44}, 32)
	for name, c := range map[string]struct {
		key  keyring.DataKey
		says string
	}{
		"with two MAC keys":               {layoutKey(t, 3, "mac", fresh), "more than one MAC key"},
		"with a purpose that nobody made": {layoutKey(t, 3, "sign", fresh), `purpose "sign"`},
		"with the id zero":                {layoutKey(t, 0, "seal", fresh), "zero or there twice"},
		"with an id twice":                {layoutKey(t, 1, "seal", fresh), "zero or there twice"},
		"with one key for two jobs":       {layoutKey(t, 3, "seal", layoutMAC), "equals another one"},
		"with a key of another size":      {layoutKey(t, 3, "seal", fresh[:16]), "altered"},
	} {
		m := layoutMachine(t)
		m.vault.keys[9] = c.key
		_, err := keyring.Open(t.Context(), m.file(t), m.vault, m.rand, clock)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

func TestSeal_NeverUnderARetiredKey(t *testing.T) {
	t.Parallel()
	m := layoutMachine(t)
	m.vault.keys[3] = layoutKey(t, 3, "seal", bytes.Repeat([]byte{0x44}, 32))
	blob := mustSeal(t, m.start(t), codeOfPlastic, "048213")
	if err := m.vault.RetireDataKey(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	k := m.start(t)
	if id, _ := keyring.KeyIDOf(mustSeal(t, k, codeOfPlastic, "")); id != 1 {
		t.Errorf("seals under key %d, want 1", id)
	}
	if mustOpen(t, k, codeOfPlastic, blob) != "048213" {
		t.Error("a value under the retired key does not open")
	}
}

func TestLayout_OfASealedValue(t *testing.T) {
	t.Parallel()
	k := layoutMachine(t).start(t)
	associated := field("firsttap sealed value") + "\x01\x00\x00\x00\x01" +
		field("activation_code") + field("prg_1") + field("pls_1")
	blob := append([]byte{1, 0, 0, 0, 1}, gcm(t, layoutSeal, "048213", associated)...)
	if got := mustOpen(t, k, codeOfPlastic, blob); got != "048213" {
		t.Fatalf("opened %q", got)
	}
}

func TestLayout_OfAHash(t *testing.T) {
	t.Parallel()
	k := layoutMachine(t).start(t)
	long := bytes.Repeat([]byte("x"), 700)
	for name, c := range map[string]struct {
		parts [][]byte
		tail  string
	}{
		"no part":     {nil, "\x00\x00\x00\x00\x00\x00\x00\x00"},
		"two parts":   {[][]byte{[]byte("048213"), {}}, "\x00\x00\x00\x00\x00\x00\x00\x02" + field("048213") + field("")},
		"a long part": {[][]byte{long}, "\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x02\xbc" + string(long)},
	} {
		want := hmac.New(sha256.New, layoutMAC)
		fmt.Fprint(want, field("firsttap mac"), "\x01", field("code_hash"), field("prg_1"), field("pls_1"), c.tail)
		b := keyring.Binding{Purpose: keyring.CodeHash, Program: "prg_1", Subject: "pls_1"}
		if got := k.MAC(b, c.parts...); !bytes.Equal(got, want.Sum(nil)) {
			t.Errorf("%s: %s, want %s", name, hex.EncodeToString(got), hex.EncodeToString(want.Sum(nil)))
		}
	}
}

func TestPurposes_AreWrittenForEver(t *testing.T) {
	t.Parallel()
	for got, want := range map[keyring.Purpose]string{
		keyring.ActivationCode: "activation_code", keyring.PIN: "pin", keyring.StagedPIN: "staged_pin",
		keyring.WebhookSecret: "webhook_secret", keyring.CredentialSecret: "credential_secret",
		keyring.StoredAnswer: "stored_answer", keyring.CodeHash: "code_hash",
		keyring.CredentialHash: "credential_hash", keyring.Fingerprint: "fingerprint", keyring.BodyHash: "body_hash",
	} {
		if string(got) != want {
			t.Errorf("%q was %q in stored values", got, want)
		}
	}
}
