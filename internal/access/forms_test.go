package access

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

const (
	goodCards     = "ftk_sandbox_4fT9aB2cD3eF_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	goodCardsLive = "ftk_live_4fT9aB2cD3eF_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
)

var goodHex = strings.Repeat("0123456789abcdef", 4)

func TestIsCardsKey(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]program.Kind{goodCards: program.Sandbox, goodCardsLive: program.Live} {
		if kind, ok := isKey(CardsKey, text); !ok || kind != want {
			t.Errorf("%s is refused or of kind %q", text, kind)
		}
	}
	for _, bad := range []string{
		"", "ftk_sandbox_", goodCards + "x", goodCards[:len(goodCards)-1], strings.ToUpper(goodCards), "ftk_test" + goodCards[11:],
		strings.Replace(goodCards, "0", "-", 1), strings.Replace(goodCards, "F_", "F", 1), " " + goodCards, "ec_test_" + goodHex,
	} {
		if _, ok := isKey(CardsKey, bad); ok {
			t.Errorf("%q is taken as a cards key", bad)
		}
	}
}

func TestIsEcommerceToken(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]program.Kind{"ec_test_" + goodHex: program.Sandbox, "ec_live_" + goodHex: program.Live} {
		if kind, ok := isEcommerceToken(text); !ok || kind != want {
			t.Errorf("%s is refused or of kind %q", text, kind)
		}
	}
	for _, bad := range []string{"", "ec_test_", goodHex, "ec_test_" + goodHex[1:], "ec_test_" + goodHex + "0", "ec_test_" + strings.ToUpper(goodHex), "ec_sandbox_" + goodHex, goodCards} {
		if _, ok := isEcommerceToken(bad); ok {
			t.Errorf("%q is taken as an e-commerce token", bad)
		}
	}
}

func TestBearer_TakesTheTokenAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values           []string
		strict, tolerant string // the token; "-" for refused
	}{
		{nil, "-", "-"},
		{[]string{"Bearer abc"}, "abc", "abc"},
		{[]string{"bEARER abc"}, "abc", "abc"},
		{[]string{"Bearer   abc"}, "-", "abc"},
		{[]string{"Bearer  abc"}, "-", "abc"},
		{[]string{" Bearer abc\t"}, "abc", "abc"},
		{[]string{"abc"}, "-", "abc"},
		{[]string{"Bearer"}, "-", "Bearer"},
		{[]string{"Bearer "}, "-", "Bearer"},
		{[]string{""}, "-", "-"},
		{[]string{"Basic abc"}, "-", "-"},
		{[]string{"Bearer a bc"}, "-", "-"},
		{[]string{"Bearer a\tbc"}, "-", "-"},
		{[]string{"Bearer abc", "Bearer abc"}, "-", "-"},
	} {
		for required, want := range map[bool]string{true: c.strict, false: c.tolerant} {
			token, ok := bearer(c.values, required)
			if ok != (want != "-") || ok && token != want {
				t.Errorf("%q, required %v: %q %v, want %q", c.values, required, token, ok, want)
			}
		}
	}
}

// FuzzForms holds that what is taken has exactly the form of what is minted.
func FuzzForms(f *testing.F) {
	for _, seed := range []string{goodCards, goodCardsLive, "ec_test_" + goodHex, "ec_live_" + goodHex, goodHex, "Bearer x", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if kind, ok := isKey(CardsKey, s); ok && (len(s) != len(keyPrefix(CardsKey, kind))+cardsPublicLen+1+cardsSecretLen || !strings.HasPrefix(s, keyPrefix(CardsKey, kind))) {
			t.Fatalf("%q was taken as a cards key", s)
		}
		if kind, ok := isEcommerceToken(s); ok {
			rest := strings.TrimPrefix(s, ecommercePrefix(kind))
			if _, err := hex.DecodeString(rest); err != nil || len(rest) != tokenHexLen {
				t.Fatalf("%q was taken as an e-commerce token", s)
			}
		}
		if token, ok := bearer([]string{s}, true); ok && strings.ContainsAny(token, " \t") {
			t.Fatalf("%q gave the token %q", s, token)
		}
	})
}

func TestMint_GivesWhatTheFormsTake(t *testing.T) {
	t.Parallel()
	ids := ident.NewSource(rand.Reader, time.Now)
	seen := map[string]bool{}
	for _, of := range []program.Kind{program.Sandbox, program.Live} {
		for range 50 {
			cards, ecommerce := mint(ids, CardsKey, of), mint(ids, Ecommerce, of)
			if kind, ok := isKey(CardsKey, cards.secret.Reveal()); !ok || kind != of {
				t.Fatal("a minted cards key is not one")
			}
			if kind, ok := isEcommerceToken(ecommerce.secret.Reveal()); !ok || kind != of {
				t.Fatal("a minted e-commerce token is not one")
			}
			if !strings.HasPrefix(cards.secret.Reveal(), cards.publicID+"_") || !strings.HasPrefix(cards.publicID, cards.prefix) {
				t.Fatal("the public id of a cards key is not its head")
			}
			if strings.Contains(ecommerce.secret.Reveal(), ecommerce.publicID) {
				t.Fatal("the public id of an e-commerce token is part of its secret")
			}
			for _, v := range []string{cards.secret.Reveal(), ecommerce.secret.Reveal(), cards.publicID, ecommerce.publicID} {
				if seen[v] {
					t.Fatal("minted twice")
				}
				seen[v] = true
			}
		}
	}
}
