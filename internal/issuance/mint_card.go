package issuance

import (
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// cardYears is how long a new card lives: to the end of the month, that many years on.
const cardYears = 4

// testRange is where the built-in card numbers come from: the networks publish it for tests, so that no
// number of ours can ever be a real one.
const testRange = "411111"

// mintCard draws a new card of a design, bound to nobody.
func (s *Service) mintCard(p program.Program, t card.Type, d ident.DesignID, now time.Time) card.Card {
	return card.Card{
		ID: ident.CardID{UUID: s.ids.UUID()}, Program: p.ID,
		Number: s.ids.Number(ident.MinCardNumber, maxNumber(p)), Reference: s.ids.Reference(),
		Type: t, Design: d, Last4: s.testLast4(), ThreeDS: "SMS", ExpiresAt: expiryOf(p, now),
		CreatedAt: now, UpdatedAt: now,
	}
}

// testLast4 draws the last four digits of a number of the test range. The rest of it is kept nowhere.
func (s *Service) testLast4() string {
	digits := testRange + s.ids.Digits(9)
	return digits[len(digits)-3:] + string(card.Luhn(digits))
}

// expiryOf is the first instant after a new card's last month, in the programme's time zone.
func expiryOf(p program.Program, now time.Time) time.Time {
	y, m, _ := now.In(p.Policy.Debit.TimeZone).Date()
	return time.Date(y+cardYears, m+1, 1, 0, 0, 0, 0, p.Policy.Debit.TimeZone).UTC()
}
