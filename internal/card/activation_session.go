package card

import (
	"time"

	"github.com/firsttap/firsttap/internal/ident"
)

// Language is one that the pages for holders speak.
type Language string

// The languages.
const (
	Spanish Language = "es"
	English Language = "en"
)

// Languages lists the languages.
func Languages() []Language { return []Language{Spanish, English} }

// PINChoice says whether the holder chooses a PIN while activating.
type PINChoice string

// The choices.
const (
	NoPIN       PINChoice = "none"
	OptionalPIN PINChoice = "optional"
	RequiredPIN PINChoice = "required"
)

// PINChoices lists the choices.
func PINChoices() []PINChoice { return []PINChoice{NoPIN, OptionalPIN, RequiredPIN} }

// ActivationSession is a holder at the activation page of one card. The link that begins it opens once, and is exchanged
// for a cookie of the browser that opened it. Only keyed hashes of both are kept.
type ActivationSession struct {
	Hash       []byte // of the link's token
	CookieHash []byte // nil until it was opened
	Program    ident.ProgramID
	Card       ident.CardID
	Customer   ident.CustomerID // who holds the card once it is activated
	ReturnURL  string           // where the holder goes afterwards, https; "" leaves the holder on the page
	Language   Language
	PIN        PINChoice
	CreatedAt  time.Time
	ExpiresAt  time.Time // of link and session alike
	OpenedAt   time.Time // zero until it was opened
	Version    int64
}

// Over reports whether the session has passed.
func (s ActivationSession) Over(now time.Time) bool { return !now.Before(s.ExpiresAt) }
