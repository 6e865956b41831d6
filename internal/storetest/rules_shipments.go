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

var shipmentRules = []contract{
	{"the box of a batch is in a list only where it is asked for", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		ofBatch := w.NewShipment(func(s *shipment.Shipment) { s.Kind, s.Batch = shipment.OfBatch, w.Batch.ID })
		w.listsShipments(t, "all", issuance.ShipmentFilter{}, w.Shipment.ID)
		w.listsShipments(t, "both kinds", issuance.ShipmentFilter{Batches: true}, ofBatch.ID, w.Shipment.ID)
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			got, err := found(tx.Shipment(ctx, w.Program.ID, ofBatch.ID))
			same(t, "the box by its id", ofBatch, got)
			if _, there, err := tx.Box(ctx, w.Program.ID, ofBatch.ID); there || err != nil {
				t.Errorf("Box gives the box of a batch: %v, %v", there, err)
			}
			return err
		})
	}},
	{"shipments are filtered by card and by status", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		draft := w.NewShipment(func(s *shipment.Shipment) { s.Status = shipment.Draft })
		lost := w.NewShipment(func(s *shipment.Shipment) { s.Status = shipment.Lost })
		w.Pack(lost.ID, w.BatchCard.Plastic)
		w.listsShipments(t, "by card", issuance.ShipmentFilter{Card: w.Card.Card.ID}, w.Shipment.ID)
		w.listsShipments(t, "by status", issuance.ShipmentFilter{Statuses: []shipment.Status{shipment.Draft, shipment.Lost}}, lost.ID, draft.ID)
		w.listsShipments(t, "by both", issuance.ShipmentFilter{Card: w.Card.Card.ID, Statuses: []shipment.Status{shipment.Lost}})
	}},
	{"a listed shipment changed when it, a member or a plastic of one that it has not refused changed last", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		box := w.NewShipment()
		p := w.NewPlastic(w.NewCard().ID)
		m := w.Pack(box.ID, p)
		w.changedAt(t, "by its member", box.ID, m.UpdatedAt)
		touch := func(p card.Plastic) card.Plastic {
			p.UpdatedAt = w.next()
			w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdatePlastic(ctx, p) })
			p.Version++
			return p
		}
		p = touch(p)
		w.changedAt(t, "by the plastic", box.ID, p.UpdatedAt)
		m.RejectedAt, m.RejectionReason, m.UpdatedAt = w.next(), "CARD_BLOCKED", w.next()
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateMember(ctx, m) })
		touch(p)
		w.changedAt(t, "by the refusal, and no more by the plastic", box.ID, m.UpdatedAt)
		box.UpdatedAt = w.next()
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateShipment(ctx, box) })
		w.changedAt(t, "by itself", box.ID, box.UpdatedAt)
		bare := w.NewShipment()
		w.changedAt(t, "without members", bare.ID, bare.UpdatedAt)
	}},
	{"a plastic is occupied by a draft, or by a shipment that has not ended and has not refused it", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		for _, status := range shipment.Statuses() {
			p := w.NewPlastic(w.NewCard().ID)
			box := w.NewShipment(func(s *shipment.Shipment) { s.Status = status })
			w.occupied(t, "before it is packed", p, ident.ShipmentID{})
			m := w.Pack(box.ID, p)
			if status.Ended() {
				w.occupied(t, "by a shipment that is "+string(status), p, ident.ShipmentID{})
				continue
			}
			w.occupied(t, "by a shipment that is "+string(status), p, box.ID)
			if status == shipment.Draft {
				continue // refusals come with the submission
			}
			m.RejectedAt, m.RejectionReason = w.next(), "CARD_BLOCKED"
			w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateMember(ctx, m) })
			w.occupied(t, "by one that refused it", p, ident.ShipmentID{})
			again := w.NewShipment(func(s *shipment.Shipment) { s.Status = shipment.Draft })
			second := w.Pack(again.ID, p)
			w.occupied(t, "by a later draft", p, again.ID)
			w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.DeleteMember(ctx, second) })
			w.occupied(t, "by one that it was taken out of", p, ident.ShipmentID{})
		}
	}},
	{"shipments are found by their tracking number, of either kind and whichever courier, the newest first", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		track := func(courier, number string) ident.ShipmentID {
			return w.NewShipment(func(s *shipment.Shipment) { s.Courier.Type, s.TrackingNumber = courier, number }).ID
		}
		oldest, newer, newest := track("DHL", "77"), track("FEDEX", "77"), track("DHL", "77")
		other := track("", "88")
		track("DHL", "")
		for number, want := range map[string][]ident.ShipmentID{"77": {newest, newer, oldest}, "88": {other}, "7": nil, "": nil} {
			w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
				list, err := tx.Tracked(ctx, w.Program.ID, number)
				var got []ident.ShipmentID
				for _, s := range list {
					got = append(got, s.ID)
				}
				same(t, "those with "+number, want, got)
				if foreign, err := tx.Tracked(ctx, w.Foreign.ID, number); len(foreign) > 0 || err != nil {
					t.Errorf("%s, to another programme: %d, %v", number, len(foreign), err)
				}
				return err
			})
		}
	}},
	{"a draft is deleted with its members", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		draft := w.NewShipment(func(s *shipment.Shipment) { s.Status = shipment.Draft })
		p := w.NewPlastic(w.NewCard().ID)
		w.Pack(draft.ID, p)
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.DeleteShipment(ctx, draft) })
		shipments.readsNothing(t, w, w.Program.ID, draft, "after it was deleted")
		w.occupied(t, "by a draft that was deleted", p, ident.ShipmentID{})
	}},
	{"a shipment that is no draft is not deleted", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		for _, status := range shipment.Statuses()[1:] {
			s := w.NewShipment(func(s *shipment.Shipment) { s.Status = status })
			isFault(t, "deleting a shipment that is "+string(status), w.Store.Issuance().Write(t.Context(), func(tx issuance.Tx) error {
				return tx.DeleteShipment(t.Context(), s)
			}))
			shipments.readsBack(t, w, s, "after the fault")
		}
	}},
	{"a scan counts once by its key, in each shipment", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		other := w.NewShipment()
		scan := shipment.Scan{Key: "dhl:1", Status: shipment.InTransit, At: w.next(), RecordedAt: w.next()}
		record := func(in ident.ShipmentID, s shipment.Scan) (fresh bool) {
			w.Write(func(ctx context.Context, tx issuance.Tx) (err error) {
				fresh, err = tx.InsertScan(ctx, in, s)
				return err
			})
			return fresh
		}
		repeat := scan
		repeat.Status, repeat.RecordedAt = shipment.Lost, w.next()
		second := scan
		second.Key = "dhl:2"
		for i, want := range []bool{true, false, true, true} {
			in, s := []ident.ShipmentID{w.Shipment.ID, w.Shipment.ID, other.ID, w.Shipment.ID}[i], []shipment.Scan{scan, repeat, scan, second}[i]
			if got := record(in, s); got != want {
				t.Errorf("scan %d is fresh: %v, want %v", i, got, want)
			}
		}
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			got, err := tx.Scans(ctx, w.Shipment.ID)
			if len(got) == 2 && got[0].Key == second.Key {
				got[0], got[1] = got[1], got[0]
			}
			same(t, "the scans", []shipment.Scan{scan, second}, got)
			return err
		})
	}},
}

func (w *World) listsShipments(t *testing.T, what string, filter issuance.ShipmentFilter, want ...ident.ShipmentID) {
	t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		list, err := tx.Shipments(ctx, w.Program.ID, filter, all)
		var got []ident.ShipmentID
		for _, s := range list {
			got = append(got, s.ID)
		}
		same(t, what, want, got)
		return err
	})
}

// changedAt wants the list to tell when the shipment changed last.
func (w *World) changedAt(t *testing.T, what string, id ident.ShipmentID, want time.Time) {
	t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		list, err := tx.Shipments(ctx, w.Program.ID, issuance.ShipmentFilter{}, all)
		for _, s := range list {
			if s.ID == id {
				same(t, "changed "+what, want, s.ChangedAt)
			}
		}
		return err
	})
}

// occupied wants the plastic to be held by that shipment; the zero id is none.
func (w *World) occupied(t *testing.T, how string, c card.Plastic, want ident.ShipmentID) {
	t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		got, there, err := tx.OccupiedBy(ctx, w.Program.ID, c)
		if there == want.IsZero() || got != want {
			t.Errorf("occupied %s: %v %s, want %s", how, there, got, want)
		}
		if _, there, err := tx.OccupiedBy(ctx, w.Foreign.ID, c); there || err != nil {
			t.Errorf("occupied %s, to another programme: %v, %v", how, there, err)
		}
		return err
	})
}
