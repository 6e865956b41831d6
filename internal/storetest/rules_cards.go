package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
)

var cardRules = []contract{
	{"activated_at is written once", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		p := w.Card.Plastic
		p.State, p.ActivatedAt = card.Activated, w.next()
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdatePlastic(ctx, p) })
		p = w.View(p.Card).Plastic
		retired := p
		retired.State, retired.UpdatedAt = card.Retired, w.next()
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdatePlastic(ctx, retired) })
		p = w.View(p.Card).Plastic
		for what, at := range map[string]time.Time{"later": w.next(), "never": {}} {
			changed := p
			changed.ActivatedAt = at
			isFault(t, "activated "+what, w.Store.Issuance().Write(t.Context(), func(tx issuance.Tx) error {
				return tx.UpdatePlastic(t.Context(), changed)
			}))
		}
		same(t, "the plastic", p, w.View(p.Card).Plastic)
	}},
	{"an activation by code erases the PIN that waited for the bureau, and keeps one that its holder may read", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		for what, viewable := range map[string]bool{"that waited": false, "to be read": true} {
			v, code := w.NewShippedCard(w.Customer, w.Account)
			v.Card.PINHash, v.Card.PINSealed, v.Card.PINViewable, v.Card.PINSetAt = w.IDs.Bytes(32), w.IDs.Bytes(40), viewable, w.next()
			w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateCard(ctx, v.Card) })
			must(t, w.Service(w.Store).Activate(t.Context(), issuance.ActivateCard{Command: issuance.Command{Caller: w.Caller()}, Card: v.Card.ID, Code: code}))
			got := w.View(v.Card.ID)
			if kept := got.Card.PINSealed != nil; kept != viewable || !got.Plastic.EverActivated() {
				t.Errorf("a PIN %s: sealed copy kept %v", what, kept)
			}
			same(t, "the hash of a PIN "+what, v.Card.PINHash, got.Card.PINHash)
		}
	}},
	{"lists of cards leave out those without a customer and those that were deleted", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		deleted := w.NewCard(func(c *card.Card) {
			c.Customer, c.ClosedAt, c.ClosedReason = w.Customer.ID, w.Now(), card.ClosedDeleted
		})
		closed := w.NewCard(func(c *card.Card) { c.Customer, c.ClosedAt, c.ClosedReason = w.Customer.ID, w.Now(), card.ClosedLost })
		w.listsCards(t, "all", issuance.CardFilter{}, closed.ID, w.Card.Card.ID)
		if got := w.View(deleted.ID); !got.Card.Deleted() {
			t.Error("a deleted card is not found by its id")
		}
	}},
	{"cards are filtered by customer, account, type and last four digits", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		other := w.NewCustomer()
		spends := w.NewAccount(other)
		virtual := w.NewCard(func(c *card.Card) { c.Customer, c.Account, c.Type = other.ID, spends.ID, card.Virtual })
		physical := w.NewCard(func(c *card.Card) { c.Customer = other.ID })
		w.listsCards(t, "by customer", issuance.CardFilter{Customer: other.ID}, physical.ID, virtual.ID)
		w.listsCards(t, "by account", issuance.CardFilter{Account: spends.ID}, virtual.ID)
		w.listsCards(t, "by type", issuance.CardFilter{Type: card.Virtual}, virtual.ID)
		ends := w.NewCard(func(c *card.Card) { c.Customer, c.Last4 = other.ID, "0007" })
		w.NewCard(func(c *card.Card) { c.Last4 = "0007" })
		w.NewCard(func(c *card.Card) {
			c.Customer, c.Last4, c.ClosedAt, c.ClosedReason = other.ID, "0007", w.Now(), card.ClosedDeleted
		})
		w.NewCard(func(c *card.Card) { c.Customer, c.Last4 = other.ID, "" })
		w.listsCards(t, "by last four digits", issuance.CardFilter{Last4: "0007"}, ends.ID)
		w.listsCards(t, "by last four digits of a customer", issuance.CardFilter{Customer: w.Customer.ID, Last4: "0007"})
		w.listsCards(t, "by all", issuance.CardFilter{Customer: other.ID, Account: spends.ID, Type: card.Physical})
	}},
	{"cards are filtered by the status that is computed at an instant", statusIsComputed},
	{"an identifier is taken while a living card bears it", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		other := w.NewBatch()
		dead := w.NewBatchCard(other, "DEAD", func(c *card.Card) { c.ClosedAt, c.ClosedReason = w.Now(), card.ClosedLost })
		for _, tt := range []struct {
			what       string
			program    ident.ProgramID
			in         ident.BatchID
			identifier string
			want       bool
		}{
			{"in its batch", w.Program.ID, w.Batch.ID, BatchIdentifier, true},
			{"in the programme", w.Program.ID, ident.BatchID{}, BatchIdentifier, true},
			{"in another batch", w.Program.ID, other.ID, BatchIdentifier, false},
			{"in another programme", w.Foreign.ID, ident.BatchID{}, BatchIdentifier, false},
			{"in another case", w.Program.ID, w.Batch.ID, "card-001", false},
			{"by nobody", w.Program.ID, w.Batch.ID, "CARD-00", false},
			{"by a card that is closed", w.Program.ID, ident.BatchID{}, dead.Plastic.Identifier, false},
		} {
			w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
				got, err := tx.IdentifiersTaken(ctx, tt.program, tt.in, []string{"nobody's", tt.identifier})
				if got[tt.identifier] != tt.want || got["nobody's"] {
					t.Errorf("taken %s: %v, want %v", tt.what, got, tt.want)
				}
				return err
			})
		}
	}},
	{"many cards are added at once, but those whose number is taken", cardsComeInMany},
	{"plastics of a box are read in the order of making, in pages", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		box := w.NewShipment(func(s *shipment.Shipment) { s.Kind, s.Batch = shipment.OfBatch, w.Batch.ID })
		var want []card.Plastic
		for range 7 {
			c := w.NewCard()
			w.NewPlastic(c.ID, func(p *card.Plastic) { p.Shipment, p.Batch = box.ID, w.Batch.ID })
			want = append(want, w.View(c.ID).Plastic)
		}
		var got []card.Plastic
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			for after := (ident.PlasticID{}); ; after = got[len(got)-1].ID {
				page, err := tx.PlasticsIn(ctx, box.ID, after, 3)
				if err != nil || len(page) == 0 || len(page) > 3 {
					return err
				}
				got = append(got, page...)
			}
		})
		same(t, "the plastics", want, got)
	}},
}

// listsCards wants the filter to give exactly these cards, newest first.
func (w *World) listsCards(t *testing.T, what string, filter issuance.CardFilter, want ...ident.CardID) {
	t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		views, err := tx.CardViews(ctx, w.Program.ID, filter, all)
		var got []ident.CardID
		for _, v := range views {
			got = append(got, v.Card.ID)
			if whole, err := found(tx.CardView(ctx, w.Program.ID, v.Card.ID)); err == nil {
				same(t, what+": an entry of the list and the card by its id", whole, v)
			}
		}
		same(t, what, want, got)
		return err
	})
}

func statusIsComputed(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	at := w.Now().Add(time.Hour)
	block := card.Block{Type: card.BlockOther, By: card.ByIssuer}
	var made []card.Card
	for _, change := range []func(*card.Card){
		func(*card.Card) {},
		func(c *card.Card) { c.FrozenBy = card.ByHolder },
		func(c *card.Card) { c.FrozenBy, c.Block = card.ByHolder, block },
		func(c *card.Card) { c.ExpiresAt, c.Block = at, block },
		func(c *card.Card) { c.ExpiresAt = at.Add(time.Microsecond) },
		func(c *card.Card) { c.ExpiresAt = time.Time{} },
		func(c *card.Card) { c.ClosedAt, c.ClosedReason, c.ExpiresAt = at, card.ClosedStolen, at },
	} {
		made = append(made, w.NewCard(func(c *card.Card) { c.Customer = w.Customer.ID; change(c) }))
	}
	made = append([]card.Card{w.Card.Card}, made...)
	wanted := func(statuses ...card.Status) (out []ident.CardID) {
		for i := len(made) - 1; i >= 0; i-- {
			for _, s := range statuses {
				if made[i].Status(at) == s {
					out = append(out, made[i].ID)
				}
			}
		}
		return out
	}
	for _, s := range card.Statuses() {
		w.listsCards(t, string(s), issuance.CardFilter{Statuses: []card.Status{s}, At: at}, wanted(s)...)
	}
	two := []card.Status{card.Blocked, card.Closed}
	w.listsCards(t, "two statuses", issuance.CardFilter{Statuses: two, At: at}, wanted(two...)...)
}

// cardsComeInMany adds more cards than an engine puts into one statement.
func cardsComeInMany(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	const many = 207
	var cards []card.Card
	var plastics []card.Plastic
	for range many {
		c := w.card()
		cards, plastics = append(cards, c), append(plastics, w.plastic(c.ID))
	}
	free := cards[150].Number
	cards[150].Number, cards[3].Number = w.Card.Card.Number, cards[2].Number
	w.Write(func(ctx context.Context, tx issuance.Tx) error {
		taken, err := tx.InsertCards(ctx, cards)
		must(t, err)
		same(t, "the cards whose number is taken", []int{3, 150}, taken)
		cards[150].Number, cards[3].Number = free, w.number()
		taken, err = tx.InsertCards(ctx, []card.Card{cards[3], cards[150]})
		must(t, err)
		same(t, "the cards whose number is taken after new numbers", []int(nil), taken)
		return tx.InsertPlastics(ctx, plastics)
	})
	for i, c := range cards {
		v := w.View(c.ID)
		same(t, "a card", c, v.Card)
		same(t, "its plastic", plastics[i], v.Plastic)
	}
}
