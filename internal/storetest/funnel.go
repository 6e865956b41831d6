package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
)

// counted seals the trail, counts it in steps of two rows, and gives the overview.
func (w *World) counted(rules *issuance.Service) issuance.Overview {
	w.t.Helper()
	w.sealAll(w.t, w.Store)
	for more := true; more; {
		var err error
		more, err = rules.CountFunnel(w.t.Context(), w.Program.ID, 2)
		must(w.t, err)
	}
	out, err := rules.Overview(w.t.Context(), w.Program.ID, 30)
	must(w.t, err)
	return out
}

func (w *World) trail(action, outcome, note string, about audit.Row) {
	w.t.Helper()
	about.ID, about.Program, about.At, about.Actor, about.Channel = w.IDs.UUID(), w.Program.ID, w.next(), "key:a", audit.ChannelNative
	about.Action, about.Outcome, about.Note = action, outcome, note
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertAudit(ctx, about) })
}

func sum(days []issuance.FunnelDay) map[issuance.Lane]issuance.FunnelCounts {
	out := map[issuance.Lane]issuance.FunnelCounts{}
	for _, d := range days {
		lane := out[d.Lane]
		lane.Add(d.FunnelCounts)
		out[d.Lane] = lane
	}
	return out
}

// funnelRules are about the figures of the overview.
var funnelRules = []contract{
	{"the funnel counts each sealed row once, by day, lane and batch, and what is repeated or refused not at all", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		rules := w.Service(w.Store)
		b := w.NewBatch()
		b.Requested, b.Created, b.Failed = 5, 3, 2
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateBatch(ctx, b) })
		b.Version++
		item := w.NewBatchCard(b, "CARD-900")
		w.trail("batch.accept", audit.OK, "", audit.Row{Batch: b.ID})
		w.trail("batch.make", audit.OK, "", audit.Row{Batch: b.ID})
		w.trail("batch.make", audit.OK, "", audit.Row{Batch: b.ID})
		w.trail("batch.accept", "order_invalid", "", audit.Row{Batch: b.ID})
		w.trail("card.create", audit.OK, "", audit.Row{Card: w.Card.Card.ID})
		w.trail("card.view", audit.OK, "", audit.Row{Card: w.Card.Card.ID})
		w.trail("shipment.submit", audit.OK, "", audit.Row{Shipment: w.Shipment.ID})
		w.trail("shipment.scan", audit.OK, "", audit.Row{Shipment: w.Shipment.ID})
		w.trail("card.activate", card.CodeWrong.Name(), "tries counted: 1, locked by them: 0", audit.Row{Card: w.Card.Card.ID})
		w.trail("card.activate", card.CodeWrong.Name(), "tries counted: 1, locked by them: 1", audit.Row{Card: w.Card.Card.ID})
		w.trail("card.activate", card.GuardLocked.Name(), "", audit.Row{Card: w.Card.Card.ID})
		w.trail("card.activate", card.BatchMismatch.Name(), "tries counted: 2", audit.Row{})
		w.trail("card.open_by_mailer", card.FactorWrong.Name(), "tries counted: 1, locked by them: 1", audit.Row{Card: item.Card.ID})
		w.trail("card.open_by_mailer", audit.OK, "", audit.Row{Card: item.Card.ID})
		w.trail("card.activate", audit.OK, "", audit.Row{Card: item.Card.ID})
		want := map[issuance.Lane]issuance.FunnelCounts{
			issuance.BulkLane:   {Ordered: 5, Made: 3, Activated: 1, Wrong: 3, Locked: 1},
			issuance.SingleLane: {Ordered: 1, Made: 1, Shipped: 1, Wrong: 2, Locked: 1},
		}
		first := w.counted(rules)
		same(t, "the lanes", want, sum(first.Days))
		if first.Mark.Behind() != 0 || first.Mark.Counted == 0 {
			t.Errorf("the mark is %+v", first.Mark)
		}
		same(t, "counted again", first.Days, w.counted(rules).Days)
		part, err := rules.BatchFunnelOf(t.Context(), b.ID)
		must(t, err)
		same(t, "the batch", issuance.FunnelCounts{Ordered: 5, Made: 3, Activated: 1, Wrong: 1, Locked: 1}, part)

		box := w.Shipment
		box.Status, box.DeliveredAt = shipment.Delivered, w.next()
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateShipment(ctx, box) })
		w.trail("shipment.courier_scan", audit.OK, "", audit.Row{Shipment: box.ID})
		w.Clock.Advance(48 * time.Hour)
		w.trail("card.activate", audit.OK, "", audit.Row{Card: w.Card.Card.ID})
		later := w.counted(rules)
		single := sum(later.Days)[issuance.SingleLane]
		if single.Shipped != 1 || single.Delivered != 1 || single.Activated != 1 {
			t.Errorf("after the delivery: %+v", single)
		}
		next := item.Plastic
		next.ID, next.CreatedAt, next.ActivatedAt, next.State = ident.PlasticID{UUID: w.IDs.UUID()}, w.next(), w.next(), card.Activated
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertPlastic(ctx, next) })
		w.trail("card.reissue", audit.OK, "", audit.Row{Card: item.Card.ID})
		w.trail("card.activate", audit.OK, "", audit.Row{Card: item.Card.ID})
		again := sum(w.counted(rules).Days)
		if one := again[issuance.SingleLane]; one.Ordered != 2 || one.Activated != 2 || again[issuance.BulkLane].Activated != 1 {
			t.Errorf("after the second plastic of a card of the batch: %+v", again)
		}
		last := later.Days[len(later.Days)-1]
		if !last.Day.Equal(w.Now().Truncate(24*time.Hour)) || last.Activated != 1 || last.Delivered != 0 {
			t.Errorf("the last day is %+v", last)
		}
		if there, err := rules.Overview(t.Context(), w.Foreign.ID, 30); err != nil || len(there.Days) != 0 || len(there.Batches) != 0 {
			t.Errorf("the other programme has %+v, %v", there, err)
		}
	}},
	{"of those who count at once none counts a row that another one did", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []*issuance.Service{w.Service(w.Store), w.Service(f.Again(t, w.Store))}
		for range 40 {
			w.trail("card.create", audit.OK, "", audit.Row{Card: w.Card.Card.ID})
		}
		w.sealAll(t, w.Store)
		for _, err := range together(crowd, func(i int) error {
			for more := true; more; {
				var err error
				if more, err = handles[i%2].CountFunnel(t.Context(), w.Program.ID, 3); err != nil {
					return err
				}
			}
			return nil
		}) {
			must(t, err)
		}
		same(t, "the lanes", map[issuance.Lane]issuance.FunnelCounts{issuance.SingleLane: {Ordered: 40, Made: 40}}, sum(w.counted(handles[0]).Days))
	}},
	{"programmes wait whose sealed trail is longer than what was counted, page by page", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		rules := w.Service(w.Store)
		w.counted(rules)
		here, there := w.auditRow(w.Program.ID), w.auditRow(w.Foreign.ID)
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			return tx.InsertAudit(ctx, here, there, w.auditRow(ident.ProgramID{}))
		})
		for more := true; more; {
			var err error
			more, err = rules.CountFunnel(t.Context(), w.Foreign.ID, 100)
			must(t, err)
		}
		w.sealAll(t, w.Store)
		var all []ident.ProgramID
		for after := (ident.ProgramID{}); ; after = all[len(all)-1] {
			page, err := rules.FunnelsWaiting(t.Context(), after, 1)
			must(t, err)
			if len(page) == 0 {
				break
			}
			all = append(all, page...)
		}
		if len(all) != 2 {
			t.Errorf("%d programmes wait, want 2", len(all))
		}
		w.counted(rules)
		waiting, err := rules.FunnelsWaiting(t.Context(), ident.ProgramID{}, 10)
		must(t, err)
		same(t, "those who wait", []ident.ProgramID{w.Foreign.ID}, waiting)
	}},
	{"parcels need attention that failed, came back full, or are quiet on their way; and an endpoint shows its backlog", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		rules := w.Service(w.Store)
		look := func() issuance.Overview {
			t.Helper()
			out, err := rules.Overview(t.Context(), w.Program.ID, 30)
			must(t, err)
			return out
		}
		if out := look(); len(out.Failed) != 0 || len(out.Quiet) != 0 {
			t.Errorf("at first %d failed, %d are quiet", len(out.Failed), len(out.Quiet))
		}
		w.Clock.Advance(issuance.QuietFor + time.Hour)
		if out := look(); len(out.Quiet) != 1 || out.Quiet[0].ID != w.Shipment.ID {
			t.Errorf("after a week %d are quiet", len(out.Quiet))
		}
		box := w.Shipment
		for _, status := range []shipment.Status{shipment.DeliveryFailed, shipment.Exception, shipment.Returned, shipment.Lost} {
			box.Status, box.UpdatedAt = status, w.next()
			w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateShipment(ctx, box) })
			box.Version++
			if out := look(); len(out.Failed) != 1 || len(out.Quiet) != 0 {
				t.Errorf("%s: %d failed, %d are quiet", status, len(out.Failed), len(out.Quiet))
			}
		}
		p := w.Card.Plastic
		p.Custody = card.CustodyDead
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdatePlastic(ctx, p) })
		if out := look(); len(out.Failed) != 0 {
			t.Error("a lost parcel without living plastics needs attention")
		}
	}},
	{"the overview lists the newest batches of more than one card", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		one := w.NewBatch()
		one.Requested, one.Status = 1, batch.Completed
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateBatch(ctx, one) })
		many := w.NewBatch()
		many.Requested = 2
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateBatch(ctx, many) })
		out, err := w.Service(w.Store).Overview(t.Context(), w.Program.ID, 30)
		must(t, err)
		found := 0
		for _, b := range out.Batches {
			if b.ID == one.ID {
				t.Error("a batch of one is listed")
			}
			if b.ID == many.ID {
				found++
			}
		}
		if found != 1 {
			t.Errorf("the batch of two is listed %d times", found)
		}
	}},
}

// Seal gives all rows of the trails their places, as the worker does.
func (w *World) Seal(t testing.TB) { w.sealAll(t, w.Store) }
