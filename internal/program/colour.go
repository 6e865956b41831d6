package program

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
)

// Colour is one of the pages for holders, as the screen mixes it. The zero Colour is none: the house's own.
type Colour struct {
	Set     bool
	R, G, B uint8
}

// The ground that the pages for holders stand on, light and dark. The style sheet of the activation page has the same, held by a test.
var (
	LightSheet = Colour{true, 0xff, 0xff, 0xff}
	DarkSheet  = Colour{true, 0x18, 0x1b, 0x29}
)

// Readable is the contrast that WCAG 2.2 wants between a text and its ground, at level AA.
const Readable = 4.5

// ParseColour reads #rrggbb.
func ParseColour(s string) (Colour, error) {
	raw, err := hex.DecodeString(strings.TrimPrefix(s, "#"))
	if err != nil || len(s) != 7 || len(raw) != 3 {
		return Colour{}, errors.New("not a colour such as #2f49c9")
	}
	return Colour{true, raw[0], raw[1], raw[2]}, nil
}

// String is the colour as style sheets write it; "" for none.
func (c Colour) String() string {
	if !c.Set {
		return ""
	}
	return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
}

// Contrast is how far two colours can be told apart, from 1 to 21, as WCAG 2.2 counts it.
func (c Colour) Contrast(with Colour) float64 {
	a, b := c.luminance(), with.luminance()
	return (max(a, b) + 0.05) / (min(a, b) + 0.05)
}

func (c Colour) luminance() float64 {
	part := func(n uint8) float64 {
		v := float64(n) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B)
}

// OnDark is the colour as bright as it must be to be read on [DarkSheet]. White can, so it ends.
func (c Colour) OnDark() Colour {
	for step := 0; ; step++ {
		lighter := func(n uint8) uint8 { return n + uint8((255-int(n))*step/20) } //nolint:gosec // at most 255
		out := Colour{c.Set, lighter(c.R), lighter(c.G), lighter(c.B)}
		if out.Contrast(DarkSheet) >= Readable {
			return out
		}
	}
}

// Text is white or nearly black, whichever reads better on the colour. One of both always has the contrast.
func (c Colour) Text() Colour {
	if white := (Colour{true, 0xff, 0xff, 0xff}); c.Contrast(white) >= Readable {
		return white
	}
	return Colour{true, 0x00, 0x00, 0x00}
}

// setColour reads a colour of a policy. One that is written must be readable on the light ground, where least says so.
func setColour(v string, to *Colour, least float64) error {
	*to = Colour{}
	if v == "" {
		return nil
	}
	c, err := ParseColour(v)
	if err != nil {
		return err
	}
	if got := c.Contrast(LightSheet); got < least {
		got = math.Floor(got*10) / 10 // rounded up it could be what text needs
		return fmt.Errorf("its contrast to white is %.1f, and text needs %.1f: take a darker one", got, least)
	}
	*to = c
	return nil
}
