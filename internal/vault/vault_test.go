package vault_test

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/storetest"
	"github.com/firsttap/firsttap/internal/vault"
)

var (
	programme = ident.ProgramID{UUID: ident.UUID{1}}
	one       = ident.CardID{UUID: ident.UUID{2}}
	other     = ident.CardID{UUID: ident.UUID{3}}
)

func newVault() *vault.BuiltIn {
	return vault.New(storetest.NewSealer(), ident.NewSource(rand.Reader, time.Now))
}

func draw(t *testing.T, v *vault.BuiltIn, bin string) (card.VaultEntry, string) {
	t.Helper()
	e, last4, err := v.Draw(programme, one, bin)
	if err != nil {
		t.Fatal(err)
	}
	return e, last4
}

func TestDraw_GivesANumberBelowTheBIN(t *testing.T) {
	t.Parallel()
	v := newVault()
	seen := map[string]bool{}
	for _, bin := range []string{"411111", "222300", "41234567"} {
		for range 200 {
			e, last4 := draw(t, v, bin)
			d, err := v.Open(e)
			if err != nil {
				t.Fatal(err)
			}
			pan := d.PAN.Reveal()
			if _, valid := card.ParsePAN(pan); !valid || len(pan) != card.PANLength || !strings.HasPrefix(pan, bin) || !strings.HasSuffix(pan, last4) {
				t.Fatalf("the number below %s has %d digits, or other first, last or check digits", bin, len(pan))
			}
			if len(d.CVV.Reveal()) != 3 {
				t.Fatalf("the CVV has %d digits", d.CVV.Len())
			}
			if !slices.Equal(e.Index, v.Index(d.PAN)) {
				t.Fatal("a number is not found by its index")
			}
			if strings.Contains(string(e.Sealed), pan) || strings.Contains(string(e.Index), pan) {
				t.Fatal("the number is kept in clear")
			}
			seen[pan] = true
		}
	}
	if len(seen) < 598 {
		t.Errorf("600 draws gave %d numbers", len(seen))
	}
	if _, _, err := v.Draw(programme, one, "123456789012345"); err == nil {
		t.Error("a BIN without room gives a number")
	}
}

func TestOpen_OpensOnlyForItsCard(t *testing.T) {
	t.Parallel()
	v := newVault()
	e, _ := draw(t, v, "411111")
	for name, moved := range map[string]card.VaultEntry{
		"card":      {Card: other, Program: e.Program, Sealed: e.Sealed},
		"programme": {Card: e.Card, Program: ident.ProgramID{UUID: ident.UUID{9}}, Sealed: e.Sealed},
	} {
		if _, err := v.Open(moved); err == nil {
			t.Errorf("a number opens for another %s", name)
		}
		if _, err := v.NextCVV(moved); err == nil {
			t.Errorf("a number of another %s has a next CVV", name)
		}
	}
}

func TestNextCVV_NeverEqualsTheLast(t *testing.T) {
	t.Parallel()
	v := newVault()
	e, _ := draw(t, v, "411111")
	values := map[string]int{}
	for range 3000 { // some of them would repeat by chance
		before, err := v.Open(e)
		if err != nil {
			t.Fatal(err)
		}
		next, err := v.NextCVV(e)
		if err != nil {
			t.Fatal(err)
		}
		after, err := v.Open(next)
		if err != nil {
			t.Fatal(err)
		}
		if before.CVV.Equal(after.CVV) || !before.PAN.Equal(after.PAN) || next.CVVSeries <= e.CVVSeries {
			t.Fatalf("series %d and %d have one CVV, or another number", e.CVVSeries, next.CVVSeries)
		}
		values[after.CVV.Reveal()]++
		e = next
	}
	if len(values) < 900 {
		t.Errorf("3000 CVVs are %d values", len(values))
	}
}

func TestCVV_DiffersFromCardToCard(t *testing.T) {
	t.Parallel()
	v := newVault()
	cvvs := map[string]bool{}
	for i := range 50 {
		e, _, err := v.Draw(programme, ident.CardID{UUID: ident.UUID{byte(i)}}, "411111")
		if err != nil {
			t.Fatal(err)
		}
		d, err := v.Open(e)
		if err != nil {
			t.Fatal(err)
		}
		cvvs[d.CVV.Reveal()] = true
	}
	if len(cvvs) < 30 {
		t.Errorf("50 cards have %d CVVs", len(cvvs))
	}
}

func BenchmarkDraw(b *testing.B) {
	v := newVault()
	for b.Loop() {
		if _, _, err := v.Draw(programme, one, "411111"); err != nil {
			b.Fatal(err)
		}
	}
}
