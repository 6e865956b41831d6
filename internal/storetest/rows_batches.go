package storetest

import (
	"context"
	"testing"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

var batchRows = []contract{
	{"a batch comes back with every field, full or sparse", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		at := w.next()
		full := batch.Batch{
			ID: ident.BatchID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Reference: w.IDs.Reference(), Status: batch.WithFailed,
			Campaign: "SUMMER", Requested: 50_000, Created: 49_998, Failed: 2, NextIndex: 50_000, Shipment: w.Shipment.ID,
			Credential: w.NewCredential().ID, BodyHash: w.IDs.Bytes(32), CreatedAt: at, FinishedAt: w.next(), UpdatedAt: w.next(),
			Location: batch.Location{
				FirstNames: "Laura", LastNames: "Pérez", Street: "Reforma", ExteriorNumber: "1", InteriorNumber: "2",
				Neighborhood: "Juárez", City: "CDMX", State: "CMX", PostalCode: "06600", Mobile: "5512345678", Notes: "ring", Country: "MX",
			},
		}
		batches.holds(t, w, filled(t, full, "Version"), func(b *batch.Batch) {
			b.Status, b.Campaign, b.Location.Notes, b.Requested, b.Created = batch.Failed, "", "", 3, 0
			b.Failed, b.NextIndex, b.Shipment, b.BodyHash = 3, 3, ident.ShipmentID{}, nil
			b.CreatedAt, b.FinishedAt, b.UpdatedAt = w.next(), w.next(), w.next()
		})
		sparse := batch.Batch{
			ID: ident.BatchID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Reference: w.IDs.Reference(), Status: batch.Accepted,
			CreatedAt: at, UpdatedAt: at,
		}
		batches.holds(t, w, sparse, func(b *batch.Batch) {
			b.Status, b.Shipment, b.Credential, b.BodyHash = batch.Processing, w.Shipment.ID, full.Credential, w.IDs.Bytes(32)
			b.UpdatedAt = w.next()
		})
	}},
	{"items come back with every field, in the order of their index", itemsComeBack},
	{"a batch of thousands of items is written and read in pieces", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		const many = 5_000
		b := w.NewBatch(func(b *batch.Batch) { b.Status, b.Requested = batch.Processing, many })
		items := make([]batch.Item, many)
		for i := range items {
			items[i] = batch.Item{Batch: b.ID, Index: i, Outcome: batch.Pending}
		}
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertItems(ctx, items) })
		var got []batch.Item
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			for {
				page, err := tx.Items(ctx, b.ID, len(got), "", 999)
				if err != nil || len(page) == 0 {
					return err
				}
				got = append(got, page...)
			}
		})
		same(t, "the items", items, got)
	}},
}

func itemsComeBack(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	b := w.NewBatch(func(b *batch.Batch) { b.Status, b.Requested = batch.Processing, 5 })
	var items []batch.Item
	for i := range 5 {
		items = append(items, batch.Item{Batch: b.ID, Index: i, Outcome: batch.Pending})
	}
	items[1] = batch.Item{
		Batch: b.ID, Index: 1, Identifier: "CARD-7", FrontName: "ANA", QR: "https://q.example/7", PINSealed: w.IDs.Bytes(40),
		Campaign: "SUMMER", Outcome: batch.ItemFailed, Reason: batch.QRInvalid, Card: w.BatchCard.Card.ID, CardNumber: 1 << 52,
	}
	filled(t, items[1])
	items[3].Identifier, items[3].PINSealed = "CARD-8", w.IDs.Bytes(40)
	read := func(from int, outcome batch.Outcome, limit int) (got []batch.Item) {
		w.Read(func(ctx context.Context, tx issuance.ReadTx) (err error) {
			got, err = tx.Items(ctx, b.ID, from, outcome, limit)
			return err
		})
		return got
	}
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertItems(ctx, items) })
	same(t, "all items", items, read(0, "", 100))
	same(t, "a page", items[1:3], read(1, "", 2))
	same(t, "pending ones after the first", []batch.Item{items[2], items[3], items[4]}, read(1, batch.Pending, 3))

	items[3].Outcome, items[3].Card, items[3].CardNumber, items[3].PINSealed = batch.ItemCreated, w.BatchCard.Card.ID, 7, nil
	items[4].Outcome, items[4].Reason = batch.ItemFailed, batch.PINWeak
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateItems(ctx, items[3:]) })
	same(t, "all items with their outcomes", items, read(0, "", 100))
	same(t, "failed ones", []batch.Item{items[1], items[4]}, read(0, batch.ItemFailed, 100))
}

// NewCredential adds an e-commerce credential of the programme.
func (w *World) NewCredential(change ...func(*access.Credential)) access.Credential {
	w.t.Helper()
	at := w.next()
	c := access.Credential{
		ID: ident.CredentialID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Kind: access.Ecommerce, Role: access.RoleProgram,
		PublicID: w.IDs.Base62(12), Hash: w.IDs.Bytes(32), Status: access.Active, CreatedAt: at,
	}
	apply(&c, change)
	w.Admin(func(ctx context.Context, tx access.Tx) error { return tx.InsertCredential(ctx, c) })
	return c
}

var batches = keeping[batch.Batch]{
	insert:  func(ctx context.Context, tx issuance.Tx, b batch.Batch) error { return tx.InsertBatch(ctx, b) },
	update:  func(ctx context.Context, tx issuance.Tx, b batch.Batch) error { return tx.UpdateBatch(ctx, b) },
	version: func(b *batch.Batch) *int64 { return &b.Version },
	readers: []reader[batch.Batch]{
		{"BatchByID", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, b batch.Batch) (batch.Batch, bool, error) {
			return tx.BatchByID(ctx, p, b.ID)
		}},
		{"Batch", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, b batch.Batch) (batch.Batch, bool, error) {
			return tx.Batch(ctx, p, b.Reference)
		}},
		{"Batches", listed(func(b batch.Batch) ident.UUID { return b.ID.UUID },
			func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID) ([]batch.Batch, error) {
				return tx.Batches(ctx, p, issuance.BatchFilter{}, all)
			})},
	},
}
