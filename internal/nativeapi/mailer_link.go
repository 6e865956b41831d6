package nativeapi

import (
	"fmt"
	"image/color"
	"strings"

	"github.com/boombuler/barcode/qr"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// qrMargin is the white border that a QR needs, in modules (ISO/IEC 18004).
const qrMargin = 4

// getMailerLink gives what is printed as a QR on the mailer of a card.
func (d *Door) getMailerLink(c *call) error {
	c.takes()
	id := ident.CardID{UUID: c.id()}
	if err := c.checked(); err != nil {
		return err
	}
	reference, err := d.service.MailerLink(c.ctx(), c.programID(), id)
	if err != nil {
		return err
	}
	drawn, err := drawQR(d.mailerURL(reference))
	if err != nil {
		return err
	}
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("card_id").String(id.String())
	w.Key("url").String(d.mailerURL(reference))
	w.Key("qr_svg").String(drawn)
	w.EndObject()
	return write(c.w, ok(w.Bytes()))
}

func (d *Door) mailerURL(reference string) string { return d.pageURL() + "/card/" + reference }

// printedURL is the link for a table of cards; "" where the programme's mailers have no QR.
func (d *Door) printedURL(p program.Program, i issuance.BatchItem) string {
	if p.Policy.ActivationPage.SecondFactor == program.FactorOff {
		return ""
	}
	return d.mailerURL(d.service.MailerReference(p.ID, i.Card))
}

// drawQR draws a QR that survives the loss of 15 % of it. Each row is one path of runs, so that printers need no image.
func drawQR(text string) (string, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", fault.Wrap(err, "draw a QR")
	}
	var path strings.Builder
	size := code.Bounds().Dx()
	for y := range size {
		for x := 0; x < size; x++ {
			run := 0
			for x+run < size && color.GrayModel.Convert(code.At(x+run, y)) == (color.Gray{}) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+qrMargin, y+qrMargin, run, run)
				x += run
			}
		}
	}
	whole := size + 2*qrMargin
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`,
		whole, whole, whole, whole, path.String()), nil
}
