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

var cardRows = []contract{
	{"a card comes back with every field, full or sparse", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		full := filled(t, w.fullCard(), "ClosedAt", "ClosedReason", "Version")
		cards.holds(t, w, full, func(c *card.Card) {
			c.HolderName, c.ThreeDS, c.FrozenBy, c.Block, c.ReportedAs = "ANA", "WEBHOOK", "", card.Block{}, card.ClosedStolen
			c.ClosedAt, c.ClosedReason, c.PINSealed, c.PINSetAt = w.next(), card.ClosedOther, nil, w.next()
			c.PINHash, c.PINViewable = nil, false
			c.ExpiresAt, c.UpdatedAt = w.next(), w.next()
		})
		sparse := w.card()
		sparse.Design, sparse.Customer, sparse.Type = w.Design.ID, w.Customer.ID, card.Virtual
		sparse.ExpiresAt, sparse.Last4, sparse.ThreeDS = time.Time{}, "", ""
		cards.holds(t, w, sparse, func(c *card.Card) {
			c.Account, c.HolderName, c.FrozenBy = w.Account.ID, "LAURA", card.ByIssuer
			c.Block = card.Block{Type: card.BlockOther, By: card.ByPartner, Message: "why"}
			c.PINSealed, c.PINSetAt, c.UpdatedAt = w.IDs.Bytes(40), w.next(), w.next()
			c.PINHash, c.PINViewable = w.IDs.Bytes(32), true
		})
	}},
	{"the block history of a card comes back with every field, newest first", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		var want []card.BlockChange
		for _, became := range []card.Stop{card.StopQuery, card.StopNone} {
			c := card.BlockChange{
				Card: w.Card.Card.ID, ID: w.IDs.UUID(), At: w.next(), Actor: "key:k", Channel: "debit", Is: became, Note: "«why»",
			}
			if became == card.StopNone {
				c.Was = card.StopQuery
			}
			want = append([]card.BlockChange{c}, want...)
			w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertBlockChange(ctx, c) })
		}
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			got, err := tx.BlockHistory(ctx, w.Card.Card.ID, 10)
			same(t, "the history", want, got)
			must(t, err)
			got, err = tx.BlockHistory(ctx, w.Card.Card.ID, 1)
			same(t, "the newest", want[:1], got)
			must(t, err)
			got, err = tx.BlockHistory(ctx, w.BatchCard.Card.ID, 10)
			same(t, "the history of another", []card.BlockChange(nil), got)
			return err
		})
	}},
	{"the holdings of a customer are its cards and those that wait for it, newest first", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		other := w.NewCustomer()
		waits := w.NewBatchCard(w.Batch, "WAITS", func(c *card.Card) { c.ReservedFor = w.Customer.ID })
		w.NewCard(func(c *card.Card) {
			c.Customer, c.ClosedAt, c.ClosedReason = w.Customer.ID, w.Now(), card.ClosedDeleted
		})
		w.NewCard(func(c *card.Card) { c.Customer, c.ReservedFor = other.ID, w.Customer.ID })
		bound := w.NewCard(func(c *card.Card) { c.Customer, c.ReservedFor = w.Customer.ID, w.Customer.ID })
		closed := w.NewCard(func(c *card.Card) {
			c.Customer, c.ClosedAt, c.ClosedReason = w.Customer.ID, w.Now(), card.ClosedRetired
		})
		holds := func(limit int, want ...ident.CardID) {
			t.Helper()
			w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
				got, err := tx.Holdings(ctx, w.Program.ID, w.Customer.ID, limit)
				var ids []ident.CardID
				for _, c := range got {
					ids = append(ids, c.View.Card.ID)
					if c.View.Card.ID == waits.Card.ID {
						same(t, "the card that waits", issuance.Candidate{View: waits, Reference: w.Batch.Reference}, c)
					}
				}
				same(t, "the holdings", want, ids)
				return err
			})
		}
		holds(10, closed.ID, bound.ID, waits.Card.ID, w.Card.Card.ID)
		holds(3, closed.ID, bound.ID, waits.Card.ID)
		w.holds(t, 3)
	}},
	{"a plastic comes back with its guard and every field", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		boxed := w.NewShipment()
		at := w.next()
		full := card.Plastic{
			ID: ident.PlasticID{UUID: w.IDs.UUID()}, Program: w.Program.ID, State: card.Retired, VoidReason: card.VoidDestroyed,
			Card: w.NewCard().ID, Custody: card.CustodyHolder, CustodyPresumed: true, ActivatedAt: at, Shipment: boxed.ID,
			Batch: w.Batch.ID, Identifier: "A.b_c-9", DamagedAt: w.next(),
			Guard: card.Guard{
				Method: card.ByCode, State: card.Locked, Tries: 4, LifetimeWrong: 9, Locks: 1, LockedUntil: w.next(),
				CodeHash: w.IDs.Bytes(32), CodeSealed: append(w.IDs.Bytes(32), 0, 0), CodeIssuedAt: w.next(), CodeVersion: 3,
			},
			Link:      card.Link{Supersedes: ident.PlasticID{UUID: w.IDs.UUID()}, RetireSource: card.RetireOnDate, ExpiresAt: w.next(), CVVSeries: 7},
			RetiresAt: w.next(), CreatedAt: at, UpdatedAt: w.next(),
		}
		plastics.holds(t, w, filled(t, full, "Version"), func(p *card.Plastic) {
			p.Custody, p.CustodyPresumed, p.UpdatedAt, p.DamagedAt, p.RetiresAt = card.CustodyDead, false, w.next(), w.next(), w.next()
			p.Guard = card.Guard{Method: card.ByCode, State: card.Consumed, LifetimeWrong: 9, Locks: 1, CodeVersion: 4}
		})
		sparse := w.plastic(w.NewCard().ID)
		plastics.holds(t, w, sparse, func(p *card.Plastic) {
			p.State, p.VoidReason, p.Custody, p.Shipment = card.Void, card.VoidLost, card.CustodyLost, boxed.ID
			p.Guard, p.UpdatedAt = w.Armed(*p, w.Code), w.next()
		})
	}},
	{"a view shows the plastic that speaks for the card, and its box", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		same(t, "the box", w.Shipment, w.Card.Box)
		virtual := w.NewCard(func(c *card.Card) { c.Type = card.Virtual })
		same(t, "a card without a plastic", card.View{Card: virtual}, w.View(virtual.ID))
		var made []card.Plastic
		c := w.NewCard()
		speaks := func(what string, p card.Plastic) {
			made = append(made, p)
			if want, got := card.Speaker(made), w.View(c.ID).Plastic; want.ID != got.ID {
				t.Errorf("%s: plastic %s speaks, want %s", what, got.ID, want.ID)
			}
		}
		speaks("the only one", w.NewPlastic(c.ID))
		speaks("the newest", w.NewPlastic(c.ID))
		speaks("a void one never does while another lives", w.NewPlastic(c.ID, func(p *card.Plastic) { p.State = card.Void }))
		speaks("the one that was activated", w.NewPlastic(c.ID, func(p *card.Plastic) {
			p.State, p.ActivatedAt = card.Retired, w.next()
		}))
		speaks("the one that was activated, also when a newer one lives", w.NewPlastic(c.ID))
		speaks("the newest that was activated", w.NewPlastic(c.ID, func(p *card.Plastic) {
			p.State, p.ActivatedAt = card.Activated, w.next()
		}))
	}},
	{"a shipment comes back with every field, full or sparse", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		at := w.next()
		full := shipment.Shipment{
			ID: ident.ShipmentID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Kind: shipment.OfCards, Status: shipment.Placed,
			Batch:       w.Batch.ID,
			Destination: shipment.Address{Line1: "Calle «1»", Line2: "2", Zone: "3", City: "México", PostalCode: "06600", Country: "MX"},
			Recipient:   shipment.Recipient{FirstName: "L", LastName: "P", PhoneNumber: "5512345678", DialCode: 52, Email: "l@example.com"},
			Courier:     shipment.Courier{Type: "DHL", Name: "Express"}, TrackingNumber: "T1", TrackingURL: "https://dhl.example/T1",
			CutoffAt: w.next(), SubmittedAt: w.next(), DeliveredAt: w.next(), CreatedAt: at, UpdatedAt: w.next(),
		}
		change := func(s *shipment.Shipment) {
			s.Status, s.Destination.Line2, s.Recipient.Email, s.Courier.Name = shipment.Exception, "", "x@example.com", "Other"
			s.TrackingNumber, s.TrackingURL, s.CutoffAt, s.SubmittedAt = "T2", "", w.next(), w.next()
			s.DeliveredAt, s.UpdatedAt = time.Time{}, w.next()
		}
		shipments.holds(t, w, filled(t, full, "Version"), change)
		sparse := shipment.Shipment{
			ID: ident.ShipmentID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Kind: shipment.OfCards, Status: shipment.Draft,
			CreatedAt: at, UpdatedAt: at,
		}
		shipments.holds(t, w, sparse, change)
	}},
	{"the members of a box come back with every field, in their order, each with its plastic as it is now", membersComeBack},
	{"scans come back with every field", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		scan := filled(t, shipment.Scan{Key: "dhl:1", Status: shipment.InTransit, At: w.next(), RecordedAt: w.next()})
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			_, err := tx.InsertScan(ctx, w.Shipment.ID, scan)
			return err
		})
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			got, err := tx.Scans(ctx, w.Shipment.ID)
			same(t, "the scans", []shipment.Scan{scan}, got)
			return err
		})
	}},
}

func membersComeBack(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	box := w.NewShipment(func(s *shipment.Shipment) { s.Status = shipment.Draft })
	var want []shipment.Member
	for range 3 {
		p := w.NewPlastic(w.NewCard().ID)
		m := w.Pack(box.ID, p, func(m *shipment.Member) {
			m.Position = 2 - m.Position // the last one packed is the first in the box
			m.Address = shipment.Address{Line1: "a", Line2: "b", Zone: "c", City: "d", PostalCode: "e", Country: "MX"}
			m.RejectedAt, m.RejectionReason = w.next(), "CARD_BLOCKED"
		})
		filled(t, m, "Position")
		want = append([]shipment.Member{m}, want...)
	}
	want[1].RejectedAt, want[1].RejectionReason, want[1].UpdatedAt = time.Time{}, "", w.next()
	want[1].Address, want[1].Design = shipment.Address{Line1: "z", City: "y", Country: "US"}, w.NewDesign().ID
	gone := want[2]
	want = want[:2]
	w.Write(func(ctx context.Context, tx issuance.Tx) error {
		if err := tx.UpdateMember(ctx, want[1]); err != nil {
			return err
		}
		return tx.DeleteMember(ctx, gone)
	})
	var got card.Box
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		if _, there, err := tx.Box(ctx, w.Foreign.ID, box.ID); there || err != nil {
			t.Errorf("the box of another programme: found %v, %v", there, err)
		}
		var err error
		got, err = found(tx.Box(ctx, w.Program.ID, box.ID))
		return err
	})
	same(t, "the shipment of the box", box, got.Shipment)
	var members []shipment.Member
	for _, p := range got.Packed {
		members = append(members, p.Member)
		same(t, "the plastic of a member", w.View(p.Member.Card).Plastic, p.Plastic)
	}
	same(t, "the members", want, members)
}

// fullCard is a card with every field set, not written yet.
func (w *World) fullCard() card.Card {
	c := w.card()
	c.Number = ident.MaxNumber53 - 2
	c.Customer, c.Account, c.ReservedFor, c.ReservedAccount = w.Customer.ID, w.Account.ID, w.Customer.ID, w.Account.ID
	c.Replaces, c.PINHash, c.PINViewable = w.NewCard().ID, w.IDs.Bytes(32), true
	c.HolderName, c.FrozenBy, c.ReportedAs = "LAURA PEREZ", card.ByHolder, card.ClosedLost
	c.Block = card.Block{Type: card.BlockPINTries, By: card.ByIssuer, Message: "too many", Liftable: true}
	c.PINSealed, c.PINSetAt, c.UpdatedAt = append(w.IDs.Bytes(32), 0), w.next(), w.next()
	return c
}

var cards = keeping[card.Card]{
	insert:  func(ctx context.Context, tx issuance.Tx, c card.Card) error { return tx.InsertCard(ctx, c) },
	update:  func(ctx context.Context, tx issuance.Tx, c card.Card) error { return tx.UpdateCard(ctx, c) },
	version: func(c *card.Card) *int64 { return &c.Version },
	readers: []reader[card.Card]{
		{"CardView", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, c card.Card) (card.Card, bool, error) {
			v, there, err := tx.CardView(ctx, p, c.ID)
			return v.Card, there, err
		}},
		{"CardByNumber", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, c card.Card) (card.Card, bool, error) {
			found, there, err := tx.CardByNumber(ctx, p, c.Number)
			return found.View.Card, there, err
		}},
		{"CardViews", listed(func(c card.Card) ident.UUID { return c.ID.UUID },
			func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID) ([]card.Card, error) {
				views, err := tx.CardViews(ctx, p, issuance.CardFilter{}, all)
				out := make([]card.Card, len(views))
				for i, v := range views {
					out[i] = v.Card
				}
				return out, err
			})},
	},
}

var plastics = keeping[card.Plastic]{
	insert:  func(ctx context.Context, tx issuance.Tx, p card.Plastic) error { return tx.InsertPlastic(ctx, p) },
	update:  func(ctx context.Context, tx issuance.Tx, p card.Plastic) error { return tx.UpdatePlastic(ctx, p) },
	version: func(p *card.Plastic) *int64 { return &p.Version },
	readers: []reader[card.Plastic]{
		{"CardView", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, want card.Plastic) (card.Plastic, bool, error) {
			v, there, err := tx.CardView(ctx, p, want.Card)
			return v.Plastic, there && !v.Plastic.ID.IsZero(), err
		}},
	},
}

var shipments = keeping[shipment.Shipment]{
	insert:  func(ctx context.Context, tx issuance.Tx, s shipment.Shipment) error { return tx.InsertShipment(ctx, s) },
	update:  func(ctx context.Context, tx issuance.Tx, s shipment.Shipment) error { return tx.UpdateShipment(ctx, s) },
	version: func(s *shipment.Shipment) *int64 { return &s.Version },
	readers: []reader[shipment.Shipment]{
		{"Shipment", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, s shipment.Shipment) (shipment.Shipment, bool, error) {
			return tx.Shipment(ctx, p, s.ID)
		}},
		{"Box", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, s shipment.Shipment) (shipment.Shipment, bool, error) {
			b, there, err := tx.Box(ctx, p, s.ID)
			return b.Shipment, there, err
		}},
		{"Shipments", listed(func(s shipment.Shipment) ident.UUID { return s.ID.UUID },
			func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID) ([]shipment.Shipment, error) {
				list, err := tx.Shipments(ctx, p, issuance.ShipmentFilter{}, all)
				out := make([]shipment.Shipment, len(list))
				for i, s := range list {
					out[i] = s.Shipment
				}
				return out, err
			})},
	},
}
