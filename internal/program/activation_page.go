package program

// SecondFactor is what a holder who scans the QR of the mailer must know before the card is told anything about.
type SecondFactor string

// The second factors.
const (
	FactorOff         SecondFactor = "off"  // the mailer has no QR; holders come from the programme's own pages
	FactorCode        SecondFactor = "code" // nothing more than the code of the mailer itself
	FactorDateOfBirth SecondFactor = "date_of_birth"
	FactorPhoneLast4  SecondFactor = "phone_last4"
)

// ActivationPage are the policies of the page that holders see.
type ActivationPage struct {
	SecondFactor SecondFactor
	PIN          string // none, optional, required: of those who come by the QR; the others' own session says it
	Accent       Colour // of buttons and what is chosen
	Card         Colour // of the picture of the card
}

func activationPageSettings() []Setting {
	return []Setting{
		chosen("activation_page.second_factor", string(FactorOff), "off, code, date_of_birth or phone_last4", "what a holder who scans the QR of the mailer must know before the page says anything of the card; off is no QR", func(p *Policy, v string) error {
			return oneOf(v, &p.ActivationPage.SecondFactor, FactorOff, FactorCode, FactorDateOfBirth, FactorPhoneLast4)
		}, string(FactorOff), string(FactorCode), string(FactorDateOfBirth), string(FactorPhoneLast4)),
		choice("activation_page.pin", "none", "whether a holder who came by the QR chooses a PIN on the activation page", func(p *Policy) *string { return &p.ActivationPage.PIN }, "none", "optional", "required"),
		written("activation_page.accent", "", "a colour such as #2f49c9 that can be read on white; empty is the house's own", "colour of the buttons of the activation page; in the dark it is as much brighter as it must be", func(p *Policy, v string) error {
			return setColour(v, &p.ActivationPage.Accent, Readable)
		}),
		written("activation_page.card", "", "a colour such as #1c2547; empty is the house's own", "colour of the card that the activation page draws", func(p *Policy, v string) error {
			return setColour(v, &p.ActivationPage.Card, 0)
		}),
	}
}
