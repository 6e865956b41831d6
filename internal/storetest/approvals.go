package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/approval"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

// as is the world's caller under another name.
func (w *World) as(actor string) issuance.Command {
	by := w.Caller()
	by.Actor, by.Channel = actor, audit.ChannelNative
	return issuance.Command{Caller: by}
}

func (w *World) approvals(f issuance.ApprovalFilter) (ids []ident.ApprovalID) {
	w.t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		list, err := tx.Approvals(ctx, w.Program.ID, f, issuance.Page{Limit: 100})
		for _, a := range list {
			ids = append(ids, a.ID)
		}
		return err
	})
	return ids
}

// approvalCases are about what somebody asks for and somebody else decides.
var approvalCases = []contract{
	{"an approval comes back with every field, by its id and by what was asked, and a stale change of it is run again", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		a := approval.Approval{
			ID: ident.ApprovalID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Action: approval.GuardReset, Card: w.Card.Card.ID, Digest: w.IDs.Bytes(32),
			Reason: "She called", AskedBy: "key:a", Stored: approval.Pending, CreatedAt: w.next(), ExpiresAt: w.next().Add(time.Hour),
		}
		other := a
		other.ID, other.Digest, other.Card = ident.ApprovalID{UUID: w.IDs.UUID()}, w.IDs.Bytes(32), ident.CardID{}
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertApproval(ctx, a) })
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertApproval(ctx, other) })
		read := func(what string, want approval.Approval, open bool) {
			t.Helper()
			w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
				got, _, err := tx.Approval(ctx, w.Program.ID, want.ID)
				same(t, what, want, got)
				if _, ok, _ := tx.Approval(ctx, w.Foreign.ID, want.ID); ok {
					t.Errorf("%s: another programme finds it", what)
				}
				if err != nil {
					return err
				}
				got, ok, err := tx.OpenApproval(ctx, w.Program.ID, want.Digest)
				if ok != open || ok && got.ID != want.ID {
					t.Errorf("%s: open is %v, %v", what, ok, got.ID)
				}
				return err
			})
		}
		read("as it was asked", a, true)
		read("of many cards", other, true)
		decided := a
		decided.Stored, decided.DecidedBy, decided.Note, decided.DecidedAt = approval.Approved, "key:b", "Fine", w.next()
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateApproval(ctx, decided) })
		decided.Version++
		read("as it was approved", decided, true)
		decided.Stored, decided.UsedAt = approval.Used, w.next()
		runs := 0
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			if runs++; runs == 1 {
				return tx.UpdateApproval(ctx, a) // as it was before it was approved
			}
			return tx.UpdateApproval(ctx, decided)
		})
		decided.Version++
		read("as it was used", decided, false)
		if runs != 2 {
			t.Errorf("the stale change was run %d times", runs)
		}
		for status, want := range map[approval.Status][]ident.ApprovalID{
			"": {other.ID, a.ID}, approval.Pending: {other.ID}, approval.Used: {a.ID}, approval.Refused: nil, approval.Approved: nil, approval.Expired: nil,
		} {
			same(t, "those that are "+string(status), want, w.approvals(issuance.ApprovalFilter{Status: status, At: a.CreatedAt}))
		}
		for status, want := range map[approval.Status][]ident.ApprovalID{approval.Pending: nil, approval.Expired: {other.ID}, approval.Used: {a.ID}} {
			same(t, "those that are "+string(status)+" at the end", want, w.approvals(issuance.ApprovalFilter{Status: status, At: a.ExpiresAt}))
		}
	}},
	{"of those who ask at once all wait for one approval, of those who decide at once one does, and of those who use it at once one may", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t), WithPolicy("approvals.actions", "guard_reset"))
		handles := []*issuance.Service{w.Service(w.Store), w.Service(f.Again(t, w.Store))}
		v, _ := w.NewShippedCard(w.Customer, w.Account)
		digest := w.IDs.Bytes(32)
		reset := func(i int, id ident.ApprovalID) error {
			cmd := issuance.ResetGuard{Command: w.as("key:a"), Card: v.Card.ID, Reason: "She called", Asked: issuance.Asked{Approval: id, Digest: digest}}
			_, err := handles[i%2].ResetGuard(t.Context(), cmd)
			return err
		}
		if counts := tally(together(crowd, func(i int) error { return reset(i, ident.ApprovalID{}) })); counts[approval.Needed.Name()] != crowd {
			t.Errorf("those who ask are told %v", counts)
		}
		waiting := w.approvals(issuance.ApprovalFilter{Status: approval.Pending, At: w.Now()})
		if len(waiting) != 1 {
			t.Fatalf("%d approvals wait", len(waiting))
		}
		own, err := handles[0].DecideApproval(t.Context(), issuance.DecideApproval{Command: w.as("key:a"), Approval: waiting[0], Approve: true})
		if w.says("who asked", err, approval.Own.Name()); own.ID != (ident.ApprovalID{}) {
			t.Errorf("who asked got %+v", own)
		}
		counts := tally(together(crowd, func(i int) error {
			_, err := handles[i%2].DecideApproval(t.Context(), issuance.DecideApproval{Command: w.as("key:b"), Approval: waiting[0], Approve: true})
			return err
		}))
		if counts["ok"] != 1 || counts[approval.Over.Name()] != crowd-1 {
			t.Errorf("those who decide are told %v", counts)
		}
		counts = tally(together(crowd, func(i int) error { return reset(i, waiting[0]) }))
		if counts["ok"] != 1 || counts[approval.Over.Name()] != crowd-1 {
			t.Errorf("those who use it are told %v", counts)
		}
	}},
}
