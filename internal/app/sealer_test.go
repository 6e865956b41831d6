package app

import (
	"bytes"
	"crypto/rand"
	"path/filepath"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/keyring"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/sqlstore"
)

func newSealer(t *testing.T) sealer {
	t.Helper()
	dir := t.TempDir()
	db, err := sqlstore.Open(t.Context(), sqlstore.Config{Path: filepath.Join(dir, "firsttap.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	file, err := keyring.OpenFile(filepath.Join(dir, "keys.json"), rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keyring.Open(t.Context(), file, db.Keys(), rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return sealer{keys}
}

func TestSealer_OpensOnlyInItsPlace(t *testing.T) {
	t.Parallel()
	s := newSealer(t)
	p := ident.ProgramID{UUID: ident.UUID{1}}
	purposes := []issuance.Purpose{
		issuance.PurposeCode, issuance.PurposePIN, issuance.PurposeWebhook, issuance.PurposeAnswer, issuance.PurposeCredential,
		issuance.PurposeCardNumber,
	}
	for i, purpose := range purposes {
		to := issuance.Bound{Purpose: purpose, Program: p, Subject: "x"}
		sealed, err := s.Seal(to, redact.NewText("048213"))
		if err != nil {
			t.Fatalf("%s does not seal: %v", purpose, err)
		}
		if got, err := s.Open(to, sealed); err != nil || got.Reveal() != "048213" {
			t.Errorf("%s opens as %v, %v", purpose, got.Len(), err)
		}
		for name, elsewhere := range map[string]issuance.Bound{
			"another purpose":   {Purpose: purposes[(i+1)%len(purposes)], Program: p, Subject: "x"},
			"another programme": {Purpose: purpose, Program: ident.ProgramID{UUID: ident.UUID{2}}, Subject: "x"},
			"another row":       {Purpose: purpose, Program: p, Subject: "y"},
		} {
			if _, err := s.Open(elsewhere, sealed); err == nil {
				t.Errorf("%s opens in the place of %s", purpose, name)
			}
		}
	}
	if _, err := s.Seal(issuance.Bound{Purpose: issuance.PurposeOrder}, redact.NewText("x")); err == nil {
		t.Error("a purpose of hashes seals")
	}
}

func TestSealer_HashesDifferByPurposePlaceAndParts(t *testing.T) {
	t.Parallel()
	s := newSealer(t)
	seen := map[string]string{}
	for _, purpose := range []issuance.Purpose{issuance.PurposeCode, issuance.PurposeCredential, issuance.PurposeFingerprint, issuance.PurposeOrder, issuance.PurposeNumberIndex, issuance.PurposeCVV, issuance.PurposePIN} {
		for _, subject := range []string{"x", "y"} {
			for _, parts := range [][][]byte{{[]byte("ab"), []byte("c")}, {[]byte("a"), []byte("bc")}} {
				what := string(purpose) + subject + string(bytes.Join(parts, []byte{'|'}))
				to := issuance.Bound{Purpose: purpose, Subject: subject}
				hash := s.Hash(to, parts...)
				if other, twice := seen[string(hash)]; twice {
					t.Errorf("%s and %s have one hash", what, other)
				}
				seen[string(hash)] = what
				if !s.SameHash(hash, s.Hash(to, parts...)) || s.SameHash(hash, nil) {
					t.Errorf("%s is not the same twice", what)
				}
			}
		}
	}
}
