package holderpage

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
)

// told are all reasons that the page must have words for: what can stand against an activation, and the session's own.
var told = []fault.Reason{
	card.NotPhysical, card.AlreadyActivated, card.IsCanceled, card.IsSuperseded, card.IsExpired, card.ReportedLost, card.ReportedStolen, card.IsBlocked,
	customer.NotEligible, card.NotShipped, card.FailedDelivery, card.ExceptionOnWay, card.CameBack, card.LostInTransit, card.CodeNotIssued, card.CodeExpired,
	card.GuardLocked, card.GuardHardLocked, card.NotFound, card.SessionUnknown, card.SessionOver, card.SessionUsed, card.SessionMixed, card.FactorUnknown,
}

func TestTexts_AreCompleteInEachLanguage(t *testing.T) {
	t.Parallel()
	if len(texts) != len(card.Languages()) {
		t.Errorf("%d languages", len(texts))
	}
	for language, all := range texts {
		for other, more := range texts {
			for key := range more {
				if strings.TrimSpace(all[key]) == "" {
					t.Errorf("%s has no text %s, which %s has", language, key, other)
				}
			}
		}
		for _, r := range told {
			if all[r.Name()+".title"] == "" || all[r.Name()+".what"] == "" {
				t.Errorf("%s has no words for %s", language, r.Name())
			}
		}
		for _, mistake := range []string{
			mistakeIdentifier, mistakeBatch, card.BatchMismatch.Name(), issuance.BreakerOpen.Name(), "provider", card.FactorWrong.Name(),
			mistakeFactor + ".phone_last4", mistakeFactor + ".date_of_birth", mistakeFactor + ".code", mistakeCode, mistakePIN, mistakePINAgain, card.CodeWrong.Name(), card.PINWeak.Name(), card.PINRequired.Name(), card.SessionMixed.Name(),
		} {
			if all["error."+mistake] == "" {
				t.Errorf("%s has no words for the mistake %s", language, mistake)
			}
		}
	}
	text, err := files.ReadFile("page/page.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`\.T "([a-z0-9_.]+)"`).FindAllSubmatch(text, -1) {
		if english[string(m[1])] == "" {
			t.Errorf("the page asks for %s, which nobody says", m[1])
		}
	}
}

// TestStyle_ColoursAreTellable measures the contrast of every pair that stands on another, as WCAG 2.2 counts it: 4.5 for
// text, 3 for the edges of fields and for signs.
func TestStyle_ColoursAreTellable(t *testing.T) {
	t.Parallel()
	css, err := files.ReadFile("page/page.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, found := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	if !found {
		t.Fatal("there is no dark scheme")
	}
	for scheme, text := range map[string]string{"light": light, "dark": dark} {
		if ground := map[string]program.Colour{"light": program.LightSheet, "dark": program.DarkSheet}[scheme]; "#"+colour(t, text, "sheet") != ground.String() {
			t.Errorf("%s: the colours of programmes are measured on %s", scheme, ground)
		}
		for _, pair := range []struct {
			on, ground string
			least      float64
		}{
			{"ink", "sheet", 4.5},
			{"soft", "sheet", 4.5},
			{"wrong", "sheet", 4.5},
			{"good", "sheet", 4.5},
			{"accent", "sheet", 4.5},
			{"on-accent", "accent", 4.5},
			{"on-plastic", "plastic", 4.5},
			{"edge", "sheet", 3},
			{"ink", "ground", 4.5},
		} {
			if got := contrast(t, colour(t, text, pair.on), colour(t, text, pair.ground)); got < pair.least {
				t.Errorf("%s: %s on %s has a contrast of %.2f, want %.1f", scheme, pair.on, pair.ground, got, pair.least)
			}
		}
	}
}

func colour(t *testing.T, css, name string) string {
	t.Helper()
	m := regexp.MustCompile(`--` + name + `: #([0-9a-f]{6});`).FindStringSubmatch(css)
	if m == nil {
		t.Fatalf("there is no colour %s", name)
	}
	return m[1]
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, hex string) (l float64) {
	t.Helper()
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		l += weight * c
	}
	return l
}
