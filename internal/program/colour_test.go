package program_test

import (
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/program"
)

func TestColours_AreReadableOnBothGrounds(t *testing.T) {
	t.Parallel()
	for r := 0; r < 256; r += 15 {
		for g := 0; g < 256; g += 15 {
			for b := 0; b < 256; b += 15 {
				c := program.Colour{Set: true, R: uint8(r), G: uint8(g), B: uint8(b)}
				if got := c.OnDark().Contrast(program.DarkSheet); got < program.Readable {
					t.Fatalf("%s becomes %s in the dark, with a contrast of %.2f", c, c.OnDark(), got)
				}
				if got := c.Text().Contrast(c); got < program.Readable {
					t.Fatalf("%s on %s has a contrast of %.2f", c.Text(), c, got)
				}
			}
		}
	}
	if got := program.LightSheet.Contrast(program.Colour{Set: true}); got != 21 {
		t.Errorf("black on white has a contrast of %.2f", got)
	}
}

func TestColours_OfAPolicyAreMeasured(t *testing.T) {
	t.Parallel()
	for value, wrong := range map[string]string{
		"#0a5c36": "", "": "", "#767676": "", "#777777": "its contrast to white is 4.4", "#ffcc00": "take a darker one", "red": "not a colour", "#12345g": "not a colour", "0a5c36f": "not a colour",
	} {
		p, err := program.ParsePolicy(program.Sandbox, map[string]string{"activation_page.accent": value})
		if (err == nil) != (wrong == "") || err != nil && !strings.Contains(err.Error(), wrong) {
			t.Errorf("%q: %v", value, err)
		}
		if err == nil && p.ActivationPage.Accent.String() != value {
			t.Errorf("%q becomes %s", value, p.ActivationPage.Accent)
		}
	}
	if _, err := program.ParsePolicy(program.Live, map[string]string{"activation_page.card": "#ffcc00"}); err != nil {
		t.Errorf("a card may have any colour: %v", err)
	}
}
