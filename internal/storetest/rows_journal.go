package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

var journalRows = []contract{
	{"the record of a key comes back with every field", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		full := w.answer("key-1")
		full.Body, full.Sealed, full.Mismatches = append(w.IDs.Bytes(60), 0), true, 3
		answers.holds(t, w, filled(t, full), nil)
		sparse := w.answer("key '2' ñ")
		sparse.Body = nil
		answers.holds(t, w, sparse, nil)
	}},
	{"a key belongs to one door", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		cardsDoor, debitDoor := w.answer("key"), w.answer("key")
		debitDoor.Door = "debit"
		answers.holds(t, w, cardsDoor, nil)
		answers.holds(t, w, debitDoor, nil)
	}},
	{"an audit row comes back with every field, full or sparse", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		full := audit.Row{
			ID: w.IDs.UUID(), Program: w.Program.ID, At: w.next(), Actor: "key:ñ'1", OnBehalfOf: "agent «7»", Channel: audit.ChannelDebit,
			Source: "2001:db8::1", RequestID: "req", Action: "card.activate", Card: w.Card.Card.ID, Customer: w.Customer.ID,
			Shipment: w.Shipment.ID, Batch: w.Batch.ID, Outcome: audit.OK, Note: "device 7",
		}
		auditRows.holds(t, w, filled(t, full), nil)
		auditRows.holds(t, w, audit.Row{
			ID: w.IDs.UUID(), Program: w.Program.ID, At: w.next(), Actor: "worker:bulk", Channel: audit.ChannelWorker,
			Action: "batch.finish", Outcome: audit.OK,
		}, nil)
	}},
	{"an endpoint comes back with every field, full or sparse", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		change := func(e *issuance.Endpoint) {
			e.Name, e.URL, e.Disabled, e.UpdatedAt = "other", "https://b.example/", !e.Disabled, w.next()
			e.SecretSealed, e.PreviousSealed, e.PreviousUntil = w.IDs.Bytes(48), e.SecretSealed, w.next()
			e.LastUsedAt, e.Types, e.Paused = w.next(), []string{"card.closed"}, !e.Paused
		}
		full := w.endpoint(event.DebitDoor)
		full.Disabled, full.PreviousSealed, full.PreviousUntil, full.LastUsedAt = true, w.IDs.Bytes(48), w.next(), w.next()
		full.UpdatedAt, full.Types, full.Paused = w.next(), []string{"card.created", "card.activated"}, true
		endpoints.holds(t, w, filled(t, full, "Version"), change)
		sparse := w.endpoint(event.CardsDoor)
		sparse.Name = ""
		endpoints.holds(t, w, sparse, change)
	}},
	{"a message reaches its delivery with every byte", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		w.NewEndpoint(event.CardsDoor)
		body := append([]byte("{\"a\":\"ñ'\"}\n\x00\xff"), w.IDs.Bytes(200)...)
		message := filled(t, event.Message{
			ID: w.IDs.EventID(), Program: w.Program.ID, Door: event.CardsDoor, Type: "card.created", Body: body, CreatedAt: w.next(),
		}, "Awaited")
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertMessages(ctx, message) })
		w.fanOut(w.Store)
		held := w.claim(w.Store, "a", 10, 10)
		if len(held) != 1 {
			t.Fatalf("%d deliveries, want 1", len(held))
		}
		same(t, "the message", message, held[0].Message)
	}},
}

// answer is a record of a key that lives for a day, not written yet.
func (w *World) answer(key string) issuance.StoredAnswer {
	at := w.next()
	return issuance.StoredAnswer{
		Program: w.Program.ID, Door: "cards", Key: key, Fingerprint: w.IDs.Bytes(32), Status: 200, Body: []byte(`{"ok":true}`),
		CreatedAt: at, ExpiresAt: at.Add(24 * time.Hour),
	}
}

var answers = keeping[issuance.StoredAnswer]{
	insert: func(ctx context.Context, tx issuance.Tx, a issuance.StoredAnswer) error { return tx.SaveAnswer(ctx, a) },
	readers: []reader[issuance.StoredAnswer]{
		{"Stored", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, a issuance.StoredAnswer) (issuance.StoredAnswer, bool, error) {
			return tx.Stored(ctx, p, a.Door, a.Key)
		}},
		{"TimedAnswer", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, a issuance.StoredAnswer) (issuance.StoredAnswer, bool, error) {
			clock, stored, ok, err := tx.TimedAnswer(ctx, p, a.Door, a.Key)
			return stored, ok, errors.Join(err, goes(ctx, tx, clock, stored.Program))
		}},
	},
}

var auditRows = keeping[audit.Row]{
	insert: func(ctx context.Context, tx issuance.Tx, r audit.Row) error { return tx.InsertAudit(ctx, r) },
	readers: []reader[audit.Row]{
		{"AuditTrail", listed(func(r audit.Row) ident.UUID { return r.ID },
			func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID) ([]audit.Row, error) {
				return tx.AuditTrail(ctx, p, issuance.AuditFilter{}, all)
			})},
	},
}

var endpoints = keeping[issuance.Endpoint]{
	insert:  func(ctx context.Context, tx issuance.Tx, e issuance.Endpoint) error { return tx.InsertEndpoint(ctx, e) },
	update:  func(ctx context.Context, tx issuance.Tx, e issuance.Endpoint) error { return tx.UpdateEndpoint(ctx, e) },
	version: func(e *issuance.Endpoint) *int64 { return &e.Version },
	readers: []reader[issuance.Endpoint]{
		{"Endpoint", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, e issuance.Endpoint) (issuance.Endpoint, bool, error) {
			return tx.Endpoint(ctx, p, e.ID)
		}},
		{"Endpoints", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, e issuance.Endpoint) (issuance.Endpoint, bool, error) {
			return listed(func(e issuance.Endpoint) ident.UUID { return e.ID.UUID },
				func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID) ([]issuance.Endpoint, error) {
					return tx.Endpoints(ctx, p, e.Door)
				})(ctx, tx, p, e)
		}},
	},
}
