package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
)

// numbered makes a virtual card of the world's customer, with a number.
func (w *World) numbered(rules *issuance.Service) card.Card {
	w.t.Helper()
	made, err := rules.CreateCard(w.t.Context(), issuance.CreateCard{
		Command: issuance.Command{Caller: w.asTest()}, Customer: w.Customer.ID, Account: w.Account.ID, Type: card.Virtual, ThreeDS: "SMS",
	})
	must(w.t, err)
	return made.Card
}

func (w *World) asTest() issuance.Caller {
	return issuance.Caller{Program: w.Program.ID, Actor: "test"}
}

// linkTo makes a link to a page that shows a card.
func (w *World) linkTo(rules *issuance.Service, id ident.CardID) issuance.NewRevealLink {
	w.t.Helper()
	made, err := rules.CreateRevealLink(w.t.Context(), issuance.CreateRevealLink{Command: issuance.Command{Caller: w.asTest()}, Card: id})
	must(w.t, err)
	return made
}

// refusedLink wants a link to show nothing, for that reason.
func (w *World) refusedLink(rules *issuance.Service, what string, l issuance.NewRevealLink, reason string) {
	w.t.Helper()
	got := tally([]error{errOf(rules.OpenRevealLink(w.t.Context(), issuance.OpenRevealLink{Token: l.Token}))})
	if got[reason] != 1 {
		w.t.Errorf("a link %s answers %v, want %s", what, got, reason)
	}
}

// revealLinkCases are about the links of pages that show a card.
var revealLinkCases = []contract{
	{"the link of a page comes back with every field, by the hash of its token alone, and a stale change of it is run again", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		at := w.next()
		full := card.RevealLink{
			Hash: w.IDs.Bytes(32), Program: w.Program.ID, Card: w.NewCard().ID, Stylesheet: "https://app.example.com/a.css?v=1", CopyButton: true,
			CreatedAt: at, ExpiresAt: at.Add(5 * time.Minute), UsedAt: at.Add(time.Microsecond), Version: 1,
		}
		sparse := card.RevealLink{Hash: w.IDs.Bytes(32), Program: w.Program.ID, Card: full.Card, CreatedAt: at, ExpiresAt: at.Add(time.Minute)}
		for _, l := range []card.RevealLink{filled(t, full), sparse} {
			same(t, "a link before it is kept", card.RevealLink{}, w.linkWith(l.Hash, false))
			w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertRevealLink(ctx, l) })
			same(t, "a link as it was written", l, w.linkWith(l.Hash, true))
			used := l
			used.UsedAt = w.next()
			runs := 0
			w.Write(func(ctx context.Context, tx issuance.Tx) error {
				if runs++; runs == 1 {
					used.Version = l.Version + 7 // as if somebody had been here before
				} else {
					used.Version = l.Version
				}
				return tx.UpdateRevealLink(ctx, used)
			})
			used.Version++
			same(t, "a link as it was changed", used, w.linkWith(l.Hash, true))
			if runs != 2 {
				t.Errorf("a stale change made %d runs", runs)
			}
		}
	}},
	{"of those who open a link at once one is served, and nobody after", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		rules := w.Service(w.Store)
		handles := []*issuance.Service{rules, w.Service(f.Again(t, w.Store))}
		w.NewEndpoint(event.CardsDoor)
		made := w.numbered(rules)
		link := w.linkTo(rules, made.ID)
		counts := tally(together(crowd, func(i int) error {
			shown, err := handles[i%2].OpenRevealLink(t.Context(), issuance.OpenRevealLink{Token: link.Token})
			if err == nil && shown.PAN.Reveal()[12:] != made.Last4 {
				t.Error("the page shows another card")
			}
			return err
		}))
		if counts["ok"] != 1 || counts[card.LinkOver.Name()] != crowd-1 {
			t.Errorf("%d callers are told %v", crowd, counts)
		}
		w.refusedLink(rules, "that was used", link, card.LinkOver.Name())
		revealed := 0
		w.fanOut(w.Store)
		for _, d := range w.claim(w.Store, "reader", 1000, 1000) {
			if event.Name(d.Message.Type) == event.CardRevealed {
				revealed++
			}
		}
		if rows := w.countTrail(made.ID, "card.reveal_number"); revealed != 1 || rows != 1 {
			t.Errorf("one page makes %d events and %d rows of the trail that say ok", revealed, rows)
		}
	}},
	{"a link lives five minutes of its programme's clock", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t), WithProgramClock(program.Clock{Offset: 900 * time.Hour}))
		rules := w.Service(w.Store)
		made := w.numbered(rules)
		first, second := w.linkTo(rules, made.ID), w.linkTo(rules, made.ID)
		if !first.ExpiresAt.Equal(w.Now().Add(5*time.Minute)) || first.Token.Equal(second.Token) || first.Token.Len() != 43 {
			t.Errorf("a link ends at %s, now is %s", first.ExpiresAt, w.Now())
		}
		w.Clock.Advance(5*time.Minute - time.Microsecond)
		_, err := rules.OpenRevealLink(t.Context(), issuance.OpenRevealLink{Token: first.Token})
		must(t, err)
		w.Clock.Advance(time.Microsecond)
		w.refusedLink(rules, "after five minutes", second, card.LinkOver.Name())
	}},
	{"a link shows nothing once its card may not be shown, and one that was never made is unknown", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		rules := w.Service(w.Store)
		made := w.numbered(rules)
		link := w.linkTo(rules, made.ID)
		blocked := issuance.SwitchCard{Command: issuance.Command{Caller: w.asTest()}, Card: made.ID, Message: "no"}
		must(t, errOf(rules.Block(t.Context(), blocked)))
		w.refusedLink(rules, "to a blocked card", link, card.LinkOver.Name())
		must(t, errOf(rules.Unblock(t.Context(), blocked)))
		must(t, errOf(rules.OpenRevealLink(t.Context(), issuance.OpenRevealLink{Token: link.Token}))) // a refusal used nothing up
		late := w.linkTo(rules, made.ID)
		must(t, rules.DeleteCard(t.Context(), issuance.DeleteCard{Command: issuance.Command{Caller: w.asTest()}, Card: made.ID}))
		w.refusedLink(rules, "to a deleted card", late, card.LinkOver.Name())
		w.refusedLink(rules, "that was never made", issuance.NewRevealLink{}, card.LinkUnknown.Name())
	}},
}

// linkWith looks a link up.
func (w *World) linkWith(hash []byte, there bool) (l card.RevealLink) {
	w.t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		var ok bool
		var err error
		if l, ok, err = tx.RevealLink(ctx, hash); ok != there {
			w.t.Errorf("a link is found: %v", ok)
		}
		return err
	})
	return l
}

// countTrail counts the successes of an act on a card.
func (w *World) countTrail(id ident.CardID, action string) (n int) {
	w.t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) (err error) {
		n, err = tx.CountAudit(ctx, w.Program.ID, id, action, audit.OK, time.UnixMicro(1))
		return err
	})
	return n
}
