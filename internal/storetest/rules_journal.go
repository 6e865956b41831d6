package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

var journalRules = []contract{
	{"a record takes the place of one whose window has passed", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		old := w.answer("k")
		old.Mismatches = 4
		answers.holds(t, w, old, nil)
		fresh := w.answer("k")
		fresh.CreatedAt, fresh.ExpiresAt, fresh.Status = old.ExpiresAt, old.ExpiresAt.Add(time.Hour), 409
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.SaveAnswer(ctx, fresh) })
		answers.readsBack(t, w, fresh, "in the place of the old one")
	}},
	{"a long answer is kept whole, and gives way to a short one, and to a long one", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		at := w.next()
		for i, length := range []int{512, 513, 0, 60_000, 3, 1200} {
			a := w.answer("k")
			a.Body, a.Sealed = w.IDs.Bytes(length), i%2 == 1
			a.CreatedAt, a.ExpiresAt = at.Add(time.Duration(i)*time.Hour), at.Add(time.Duration(i+1)*time.Hour)
			w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.SaveAnswer(ctx, a) })
			answers.readsBack(t, w, a, fmt.Sprintf("of %d bytes, behind the ones before", length))
		}
	}},
	{"a record that somebody else wrote meanwhile makes the transaction run again", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		first, second := w.answer("k"), w.answer("k")
		answers.holds(t, w, first, nil)
		runs := 0
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			if runs++; runs == 1 { // as if the record had not been there when this run looked
				return tx.SaveAnswer(ctx, second)
			}
			_, err := found(tx.Stored(ctx, first.Program, first.Door, first.Key))
			return err
		})
		if runs != 2 {
			t.Errorf("the body ran %d times, want 2", runs)
		}
		answers.readsBack(t, w, first, "and stays")
	}},
	{"mismatches of a record are counted one by one", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		a, other := w.answer("k"), w.answer("l")
		answers.holds(t, w, a, nil)
		answers.holds(t, w, other, nil)
		for range 3 {
			w.Write(func(ctx context.Context, tx issuance.Tx) error {
				now, err := found(tx.Stored(ctx, a.Program, a.Door, a.Key))
				must(t, err)
				return tx.CountMismatch(ctx, now)
			})
		}
		a.Mismatches = 3
		answers.readsBack(t, w, a, "after three mismatches")
		answers.readsBack(t, w, other, "which had none")
	}},
	{"the trail is listed by card, actor, action, outcome and time, alone and together", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		at := w.next()
		row := audit.Row{Program: w.Program.ID, At: at, Actor: "key:a", Channel: "cards", Action: "code.read", Card: w.Card.Card.ID, Outcome: audit.OK}
		var rows []audit.Row
		for i, change := range []func(*audit.Row){
			func(*audit.Row) {},
			func(r *audit.Row) { r.Card = w.BatchCard.Card.ID },
			func(r *audit.Row) { r.Actor, r.OnBehalfOf = "key:b", "agent-7" },
			func(r *audit.Row) { r.Action = "card.activate" },
			func(r *audit.Row) { r.Outcome = "code_mismatch" },
			func(r *audit.Row) { r.Program = w.Foreign.ID },
		} {
			r := row
			r.ID, r.At = w.IDs.UUID(), at.Add(time.Duration(i)*time.Minute)
			change(&r)
			rows = append(rows, r)
		}
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertAudit(ctx, rows...) })
		for name, x := range map[string]struct {
			filter issuance.AuditFilter
			want   []int
		}{
			"all":          {issuance.AuditFilter{}, []int{4, 3, 2, 1, 0}},
			"a card":       {issuance.AuditFilter{Card: row.Card}, []int{4, 3, 2, 0}},
			"another card": {issuance.AuditFilter{Card: w.BatchCard.Card.ID}, []int{1}},
			"an actor":     {issuance.AuditFilter{Actor: "key:b"}, []int{2}},
			"for whom":     {issuance.AuditFilter{OnBehalfOf: "agent-7"}, []int{2}},
			"an action":    {issuance.AuditFilter{Action: "card.activate"}, []int{3}},
			"an outcome":   {issuance.AuditFilter{Outcome: "code_mismatch"}, []int{4}},
			"from":         {issuance.AuditFilter{From: at.Add(3 * time.Minute)}, []int{4, 3}},
			"to":           {issuance.AuditFilter{To: at.Add(3 * time.Minute)}, []int{2, 1, 0}},
			"together": {issuance.AuditFilter{
				Card: row.Card, Actor: "key:a", Action: "code.read", Outcome: audit.OK, From: at, To: at.Add(time.Hour),
			}, []int{0}},
			"nothing":                {issuance.AuditFilter{Card: row.Card, Actor: "key:c"}, nil},
			"an actor within reach":  {issuance.AuditFilter{Actor: "key:b", Through: 3}, []int{2}},
			"an actor beyond it":     {issuance.AuditFilter{Actor: "key:b", Through: 2}, nil},
			"within reach of a time": {issuance.AuditFilter{Actor: "key:a", To: at.Add(2 * time.Minute), Through: 1}, []int{1}},
			"a card needs no reach":  {issuance.AuditFilter{Card: row.Card, Actor: "key:b", Through: 1}, []int{2}},
		} {
			w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
				got, err := tx.AuditTrail(ctx, w.Program.ID, x.filter, issuance.Page{Limit: 10})
				var want []audit.Row
				for _, i := range x.want {
					want = append(want, rows[i])
				}
				same(t, name, want, got)
				return err
			})
		}
	}},
	{"the reach of a look through the audit trail is its last row, and none where the trail ends before", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		row := audit.Row{Program: w.Program.ID, At: w.next(), Actor: "key:a", Channel: "cards", Action: "code.read", Outcome: audit.OK}
		var rows []audit.Row
		for range 4 { // of one instant: the ids decide
			row.ID = w.IDs.UUID()
			rows = append(rows, row)
		}
		slices.SortFunc(rows, func(a, b audit.Row) int { return strings.Compare(a.ID.String(), b.ID.String()) })
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertAudit(ctx, rows...) })
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			for _, x := range []struct {
				through int
				after   issuance.Mark
				want    int // -1: none
			}{{1, issuance.Mark{}, 3}, {4, issuance.Mark{}, 0}, {5, issuance.Mark{}, -1}, {2, issuance.Mark{CreatedAt: row.At, ID: rows[3].ID}, 1}} {
				got, ok, err := tx.AuditReach(ctx, w.Program.ID, issuance.AuditFilter{From: row.At, Through: x.through}, x.after)
				if err != nil {
					return err
				}
				if ok != (x.want >= 0) || (ok && (got.ID != rows[x.want].ID || !got.CreatedAt.Equal(row.At))) {
					t.Errorf("%d rows behind %v: %v, %t", x.through, x.after, got, ok)
				}
			}
			return nil
		})
	}},
	{"audit rows are counted by card, action and outcome, from an instant on", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		at := w.next()
		row := audit.Row{Program: w.Program.ID, At: at, Actor: "key:a", Channel: "cards", Action: "code.read", Card: w.Card.Card.ID, Outcome: audit.OK}
		var rows []audit.Row
		for _, change := range []func(*audit.Row){
			func(*audit.Row) {},
			func(r *audit.Row) { r.At = at.Add(time.Hour) },
			func(r *audit.Row) { r.At = at.Add(-time.Microsecond) },
			func(r *audit.Row) { r.Card = w.BatchCard.Card.ID },
			func(r *audit.Row) { r.Action = "code" },
			func(r *audit.Row) { r.Outcome = "code_mismatch" },
		} {
			r := row
			r.ID = w.IDs.UUID()
			change(&r)
			rows = append(rows, r)
		}
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertAudit(ctx, rows...) })
		w.counts(t, w.Program.ID, row, at, 2)
		w.counts(t, w.Program.ID, row, at.Add(time.Microsecond), 1)
		w.counts(t, w.Program.ID, rows[5], at, 1)
		w.counts(t, w.Foreign.ID, row, at, 0)
		w.last(t, w.Program.ID, row, at, at.Add(time.Hour))
		w.last(t, w.Program.ID, rows[5], at, at)
		w.last(t, w.Program.ID, row, at.Add(time.Hour+time.Microsecond), time.Time{})
		w.last(t, w.Foreign.ID, row, at, time.Time{})
	}},
	{"the codes that an actor read are counted over all cards, by who, what and when", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		at := w.next()
		var rows []audit.Row
		for _, change := range []func(*audit.Row){
			func(*audit.Row) {},
			func(r *audit.Row) { r.Card, r.At = w.BatchCard.Card.ID, at.Add(time.Hour) },
			func(r *audit.Row) { r.Actor = "key:b" },
			func(r *audit.Row) { r.Action = "card.freeze" },
			func(r *audit.Row) { r.Outcome = "activation_code_reveal_limit" },
			func(r *audit.Row) { r.Program = w.Foreign.ID },
		} {
			r := audit.Row{ID: w.IDs.UUID(), Program: w.Program.ID, At: at, Actor: "key:a", Channel: "native", Action: issuance.ActionReadCode, Card: w.Card.Card.ID, Outcome: audit.OK}
			change(&r)
			rows = append(rows, r)
		}
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertAudit(ctx, rows...) })
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			for since, want := range map[time.Time]int{at: 2, at.Add(time.Microsecond): 1, at.Add(2 * time.Hour): 0} {
				if got, err := tx.CodeReads(ctx, w.Program.ID, "key:a", since); err != nil || got != want {
					t.Errorf("%d reads since %s, %v, want %d", got, since, err, want)
				}
			}
			return nil
		})
	}},
	{"an audit row is never changed", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		row := audit.Row{ID: w.IDs.UUID(), Program: w.Program.ID, At: w.next(), Actor: "key:a", Channel: "cards", Action: "a.b", Outcome: audit.OK}
		auditRows.holds(t, w, row, nil)
		forged := row
		forged.Outcome, forged.Actor = "refused", "key:b"
		isFault(t, "a row with an id that is there", w.Store.Issuance().Write(t.Context(), func(tx issuance.Tx) error {
			return tx.InsertAudit(t.Context(), forged)
		}))
		auditRows.readsBack(t, w, row, "after a forgery")
	}},
	{"no rows and no messages are written without complaint", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			must(t, tx.InsertAudit(ctx))
			must(t, tx.InsertItems(ctx, nil))
			must(t, tx.UpdateItems(ctx, nil))
			return tx.InsertMessages(ctx)
		})
	}},
	{"a programme knows who listens: the doors with an endpoint that is not disabled", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		listens := func(when string, cardsDoor, debitDoor bool) {
			t.Helper()
			for _, p := range []map[string]bool{w.program(w.Program.ID).Listeners, w.stateOf(t, w.byCard()).Program.Listeners} {
				if p["cards"] != cardsDoor || p["debit"] != debitDoor {
					t.Errorf("%s: %v, want cards %v, debit %v", when, p, cardsDoor, debitDoor)
				}
			}
		}
		set := func(e issuance.Endpoint, disabled bool) {
			w.Write(func(ctx context.Context, tx issuance.Tx) error {
				now, err := found(tx.Endpoint(ctx, e.Program, e.ID))
				must(t, err)
				now.Disabled = disabled
				return tx.UpdateEndpoint(ctx, now)
			})
		}
		listens("before any endpoint", false, false)
		debit := w.NewEndpoint(event.DebitDoor)
		listens("with one of the debit door", false, true)
		one, two := w.NewEndpoint(event.CardsDoor), w.NewEndpoint(event.CardsDoor, func(e *issuance.Endpoint) { e.Disabled = true })
		listens("with both", true, true)
		set(debit, true)
		set(one, true)
		listens("all disabled", false, false)
		set(two, false)
		listens("the second enabled", true, false)
		if l := w.program(w.Foreign.ID).Listeners; l["cards"] || l["debit"] {
			t.Errorf("another programme's listeners: %v", l)
		}
	}},
	{"endpoints are listed by door", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		debit := w.NewEndpoint(event.DebitDoor)
		w.NewEndpoint(event.CardsDoor)
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			got, err := tx.Endpoints(ctx, w.Program.ID, event.DebitDoor)
			same(t, "the door's endpoints", []issuance.Endpoint{debit}, got)
			return err
		})
	}},
}

// last wants LastAudit to find a row like the given one of that time; zero is none.
func (w *World) last(t *testing.T, p ident.ProgramID, like audit.Row, since, want time.Time) {
	t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		got, found, err := tx.LastAudit(ctx, p, like.Card, like.Action, like.Outcome, since)
		if found == want.IsZero() || !got.Equal(want) {
			t.Errorf("the last row of %s with %s since %s is of %s (%v), want %s", like.Action, like.Outcome, since, got, found, want)
		}
		return err
	})
}

// counts wants CountAudit to count that many rows like the given one.
func (w *World) counts(t *testing.T, p ident.ProgramID, like audit.Row, since time.Time, want int) {
	t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		got, err := tx.CountAudit(ctx, p, like.Card, like.Action, like.Outcome, since)
		if got != want {
			t.Errorf("%d rows of %s with %s since %s, want %d", got, like.Action, like.Outcome, since, want)
		}
		return err
	})
}
