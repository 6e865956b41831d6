package card

import (
	"time"

	"github.com/firsttap/firsttap/internal/ident"
)

// RevealLink is the right to see number, expiry and CVV of a card once, on a page of ours. Whoever has its token has
// the right; only a keyed hash of the token is kept.
type RevealLink struct {
	Hash       []byte
	Program    ident.ProgramID
	Card       ident.CardID
	Stylesheet string // an https URL that the page links to; "" for none
	CopyButton bool   // the page has a button that copies the number
	CreatedAt  time.Time
	ExpiresAt  time.Time
	UsedAt     time.Time // zero until it was opened
	Version    int64
}

// Over reports whether the link shows nothing any more.
func (l RevealLink) Over(now time.Time) bool { return !l.UsedAt.IsZero() || !now.Before(l.ExpiresAt) }
