package storetest_test

import (
	"testing"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/storetest"
)

func TestSealer_KeepsWhatTheRulesAskOfKeys(t *testing.T) {
	t.Parallel()
	s := storetest.NewSealer()
	to := issuance.Bound{Purpose: issuance.PurposePIN, Program: ident.ProgramID{UUID: ident.UUID{1}}, Subject: "a"}
	sealed, err := s.Seal(to, redact.NewText("4821"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := s.Open(to, sealed); err != nil || plain.Reveal() != "4821" {
		t.Fatalf("what was sealed does not open: %v", err)
	}
	hash := s.Hash(to, []byte("48"), []byte("21"))
	if !s.SameHash(hash, s.Hash(to, []byte("48"), []byte("21"))) || s.SameHash(hash, s.Hash(to, []byte("482"), []byte("1"))) {
		t.Error("hashes do not tell parts apart")
	}
	for name, elsewhere := range map[string]issuance.Bound{
		"another purpose":   {Purpose: issuance.PurposeCode, Program: to.Program, Subject: to.Subject},
		"another programme": {Purpose: to.Purpose, Subject: to.Subject},
		"another row":       {Purpose: to.Purpose, Program: to.Program, Subject: "b"},
	} {
		if _, err := s.Open(elsewhere, sealed); err == nil {
			t.Errorf("opens for %s", name)
		}
		if s.SameHash(s.Hash(to, []byte("x")), s.Hash(elsewhere, []byte("x"))) {
			t.Errorf("hashes the same for %s", name)
		}
	}
	if _, err := storetest.NewSealer().Open(to, sealed); err == nil {
		t.Error("opens under other keys")
	}
}
