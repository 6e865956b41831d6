package card_test

import (
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/shipment"
)

// piece is one of a card's; the number is its id.
func piece(id byte, state card.PlasticState, change ...func(*card.Piece)) card.Piece {
	p := card.Piece{Plastic: card.Plastic{ID: ident.PlasticID{UUID: ident.UUID{id}}, State: state}}
	if state == card.Activated || state == card.Retired {
		p.Plastic.ActivatedAt = now
	}
	for _, c := range change {
		c(&p)
	}
	return p
}

// after is a piece that is to take the place of another one.
func after(id byte) func(*card.Piece) {
	return func(p *card.Piece) { p.Plastic.Link.Supersedes = ident.PlasticID{UUID: ident.UUID{id}} }
}

func in(status shipment.Status) func(*card.Piece) {
	return func(p *card.Piece) { p.Box.Status = status }
}

func held(by card.Custody) func(*card.Piece) {
	return func(p *card.Piece) { p.Plastic.Custody = by }
}

func TestNewView_TellsTheOneInUseFromTheOneThatIsToTakeItsPlace(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		pieces        []card.Piece
		speaker, next byte
	}{
		"none":                                          {nil, 0, 0},
		"the only one":                                  {[]card.Piece{piece(1, card.Produced)}, 1, 0},
		"one in use and one to come":                    {[]card.Piece{piece(1, card.Activated), piece(2, card.Planned, after(1))}, 1, 2},
		"one retired at once and one to come":           {[]card.Piece{piece(1, card.Retired), piece(2, card.HandedOver, after(1), in(shipment.InTransit))}, 1, 2},
		"one that came back still may be sent":          {[]card.Piece{piece(1, card.Activated), piece(2, card.HandedOver, after(1), in(shipment.Returned))}, 1, 2},
		"one that the bureau rejected may be asked for": {[]card.Piece{piece(1, card.Activated), piece(2, card.Rejected, after(1))}, 1, 2},
		"one that is void is none":                      {[]card.Piece{piece(1, card.Activated), piece(2, card.Void, after(1))}, 1, 0},
		"one that is canceled is none":                  {[]card.Piece{piece(1, card.Activated), piece(2, card.Canceled, after(1))}, 1, 0},
		"one in a canceled box is none":                 {[]card.Piece{piece(1, card.Activated), piece(2, card.Requested, after(1), in(shipment.Canceled))}, 1, 0},
		"one in a lost box is none":                     {[]card.Piece{piece(1, card.Activated), piece(2, card.HandedOver, after(1), in(shipment.Lost))}, 1, 0},
		"one that was destroyed is none":                {[]card.Piece{piece(1, card.Activated), piece(2, card.HandedOver, after(1), held(card.CustodyDead))}, 1, 0},
		"one took the place after one was lost in the post is told apart": {[]card.Piece{
			piece(1, card.Activated), piece(2, card.HandedOver, after(1), in(shipment.Lost)), piece(3, card.Planned, after(1)),
		}, 1, 3},
		"one that is lost is none":                    {[]card.Piece{piece(1, card.Activated), piece(2, card.HandedOver, after(1), held(card.CustodyLost))}, 1, 0},
		"the place is free again":                     {[]card.Piece{piece(1, card.Activated), piece(2, card.Void, after(1)), piece(3, card.Planned, after(1))}, 1, 3},
		"one that took the place":                     {[]card.Piece{piece(1, card.Retired), piece(2, card.Activated, after(1))}, 2, 0},
		"a chain":                                     {[]card.Piece{piece(1, card.Retired), piece(2, card.Activated, after(1)), piece(3, card.Planned, after(2))}, 2, 3},
		"the first was never in use":                  {[]card.Piece{piece(1, card.Void), piece(2, card.Planned, after(1))}, 2, 0},
		"a second one without a link is no successor": {[]card.Piece{piece(1, card.Activated), piece(2, card.Planned)}, 1, 0},
	} {
		v := card.NewView(card.Card{Type: card.Physical}, tc.pieces)
		coming := tc.speaker
		if tc.next != 0 {
			coming = tc.next
		}
		if v.Plastic.ID.UUID[0] != tc.speaker || (v.Next != nil) != (tc.next != 0) || v.Coming().Plastic.ID.UUID[0] != coming {
			t.Errorf("%s: plastic %d speaks, next is %+v, want %d and %d", name, v.Plastic.ID.UUID[0], v.Next, tc.speaker, tc.next)
		}
		if lost := strings.Contains(name, "lost"); v.NextLost != lost {
			t.Errorf("%s: the next one was lost: %t", name, v.NextLost)
		}
		if len(tc.pieces) > 1 && v.Canceled() {
			t.Errorf("%s: the card is canceled", name)
		}
	}
}

func TestPlastic_DiesOnItsDate(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		state card.PlasticState
		until time.Time
		want  card.PlasticState
		used  bool
	}{
		"in use for good":             {card.Activated, time.Time{}, card.Activated, true},
		"before its date":             {card.Activated, now.Add(1), card.Activated, true},
		"on its date":                 {card.Activated, now, card.Retired, false},
		"after its date":              {card.Activated, now.Add(-1), card.Retired, false},
		"never activated, a date":     {card.HandedOver, now, card.HandedOver, false},
		"retired":                     {card.Retired, time.Time{}, card.Retired, false},
		"void":                        {card.Void, now, card.Void, false},
		"produced and without a date": {card.Produced, time.Time{}, card.Produced, false},
	} {
		p := card.Plastic{State: tc.state, RetiresAt: tc.until}
		if got := p.At(now).State; got != tc.want || p.InUse(now) != tc.used {
			t.Errorf("%s: %s, in use %v", name, got, p.InUse(now))
		}
	}
}

func TestView_ARenewedPlasticBringsItsOwnExpiry(t *testing.T) {
	t.Parallel()
	old, own := now, now.AddDate(4, 0, 0)
	renewed := piece(2, card.HandedOver, after(1))
	renewed.Plastic.Link.ExpiresAt = own
	v := card.NewView(card.Card{ExpiresAt: old}, []card.Piece{piece(1, card.Activated), renewed})
	if got := v.ExpiresAt(); !got.Equal(old) {
		t.Errorf("the one in use expires at %s", got)
	}
	if got := v.Coming().ExpiresAt(); !got.Equal(own) {
		t.Errorf("the renewed one expires at %s", got)
	}
}
