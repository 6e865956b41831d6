package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// BatchReport is a batch with how its notice fares.
type BatchReport struct {
	Batch  batch.Batch
	Notice *Notice // nil: there is none
}

// NoticeID is the id of the message that tells the end of a batch, the same in every attempt (debit
// contract §8.6).
func NoticeID(ref ident.Reference) ident.EventID { return ident.EventID("msg_" + string(ref)) }

// Batch reads a batch. Refusals: batch.NotFound.
func (s *Service) Batch(ctx context.Context, p ident.ProgramID, ref ident.Reference) (BatchReport, error) {
	var out BatchReport
	err := s.store.Read(ctx, func(tx ReadTx) error {
		b, err := readBatch(ctx, tx, p, ref)
		if err != nil {
			return err
		}
		out = BatchReport{Batch: b}
		n, ok, err := tx.Notice(ctx, p, NoticeID(ref))
		if ok {
			out.Notice = &n
		}
		return err
	})
	return out, err
}

// BatchByID reads a batch by its id. Refusals: batch.NotFound.
func (s *Service) BatchByID(ctx context.Context, p ident.ProgramID, id ident.BatchID) (batch.Batch, error) {
	return Look(ctx, s, batch.NotFound, func(tx ReadTx) (batch.Batch, bool, error) { return tx.BatchByID(ctx, p, id) })
}

// Batches lists batches, newest first.
func (s *Service) Batches(ctx context.Context, p ident.ProgramID, f BatchFilter, page Page) ([]batch.Batch, error) {
	return Look(ctx, s, batch.NotFound, func(tx ReadTx) ([]batch.Batch, bool, error) {
		list, err := tx.Batches(ctx, p, f, page)
		return list, true, err
	})
}

// BatchItems asks for items of a batch in their order.
type BatchItems struct {
	Program   ident.ProgramID
	Reference ident.Reference
	From      int           // index of the first
	Outcome   batch.Outcome // "": any
	Limit     int
}

// BatchItem is an item with the card that was made for it.
type BatchItem struct {
	batch.Item
	View card.View // zero while there is no card
}

// ItemPage is a page of items, with what tells the state of their cards.
type ItemPage struct {
	Items   []BatchItem
	More    bool
	Program program.Program
	Now     time.Time // on its clock
}

// BatchItems reads a page of items. Refusals: batch.NotFound.
func (s *Service) BatchItems(ctx context.Context, q BatchItems) (ItemPage, error) {
	var out ItemPage
	err := s.store.Read(ctx, func(tx ReadTx) error {
		out = ItemPage{}
		b, err := readBatch(ctx, tx, q.Program, q.Reference)
		if err != nil {
			return err
		}
		if out.Program, _, err = tx.Program(ctx, q.Program); err != nil {
			return err
		}
		out.Now = out.Program.Now(s.now())
		items, err := tx.Items(ctx, b.ID, q.From, q.Outcome, q.Limit+1)
		if err != nil {
			return err
		}
		if out.More = len(items) > q.Limit; out.More {
			items = items[:q.Limit]
		}
		for _, item := range items {
			full := BatchItem{Item: item}
			if item.Outcome == batch.ItemCreated {
				if full.View, _, err = tx.CardView(ctx, q.Program, item.Card); err != nil {
					return err
				}
			}
			out.Items = append(out.Items, full)
		}
		return nil
	})
	return out, err
}

func readBatch(ctx context.Context, tx BatchReader, p ident.ProgramID, ref ident.Reference) (batch.Batch, error) {
	b, ok, err := tx.Batch(ctx, p, ref)
	if err == nil && !ok {
		err = fault.Refuse(batch.NotFound)
	}
	return b, err
}

// Ready reports whether the plastic of a card has left the bureau, as far as the programme's policy cares:
// nothing on its road stands against an activation.
func Ready(v card.View, policy program.Policy) bool {
	_, obstacle := roadObstacle(v, policy)
	return !obstacle
}
