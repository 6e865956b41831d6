package storetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
)

// sessionFor makes a session at the activation page for the world's card, which waits for its activation.
func (w *World) sessionFor(rules *issuance.Service, pin card.PINChoice) issuance.NewActivationSession {
	w.t.Helper()
	made, err := rules.CreateActivationSession(w.t.Context(), issuance.CreateActivationSession{
		Command: issuance.Command{Caller: w.asTest()}, Card: w.Card.Card.ID, Language: card.Spanish, PIN: pin, ReturnURL: "https://app.example.com/",
	})
	must(w.t, err)
	return made
}

// opened opens the link of a session, and gives the cookie.
func (w *World) opened(rules *issuance.Service, s issuance.NewActivationSession) redact.Text {
	w.t.Helper()
	out, err := rules.OpenActivationSession(w.t.Context(), issuance.OpenActivationSession{Token: s.Token})
	must(w.t, err)
	return out.Cookie
}

// says wants an error of that reason; "ok" is none.
func (w *World) says(what string, err error, reason string) {
	w.t.Helper()
	if got := tally([]error{err}); got[reason] != 1 {
		w.t.Errorf("%s: %v, want %s", what, got, reason)
	}
}

// activationSessionCases are about the sessions of the activation page.
var activationSessionCases = []contract{
	{"a session comes back with every field, by the hashes of its link and of its cookie, and a stale change of it is run again", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		at := w.next()
		full := card.ActivationSession{
			Hash: w.IDs.Bytes(32), CookieHash: w.IDs.Bytes(32), Program: w.Program.ID, Card: w.Card.Card.ID, Customer: w.Customer.ID, ReturnURL: "https://app.example.com/?a=1",
			Language: card.English, PIN: card.OptionalPIN, CreatedAt: at, ExpiresAt: at.Add(time.Minute), OpenedAt: at.Add(time.Microsecond), Version: 1,
		}
		sparse := card.ActivationSession{Hash: w.IDs.Bytes(32), Program: w.Program.ID, Card: w.Card.Card.ID, Language: card.Spanish, PIN: card.NoPIN, CreatedAt: at, ExpiresAt: at}
		for _, s := range []card.ActivationSession{filled(t, full), sparse} {
			w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertActivationSession(ctx, s) })
			w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
				got, found, err := tx.ActivationSession(ctx, s.Hash)
				same(t, "a session as it was written", s, got)
				if _, byCookie, _ := tx.ActivationSessionOf(ctx, s.CookieHash); !found || byCookie != (s.CookieHash != nil) {
					t.Errorf("found by link: %v, by cookie: %v", found, byCookie)
				}
				return err
			})
			opened, runs := s, 0
			opened.CookieHash, opened.OpenedAt = w.IDs.Bytes(32), w.next()
			w.Write(func(ctx context.Context, tx issuance.Tx) error {
				opened.Version = s.Version
				if runs++; runs == 1 {
					opened.Version += 7 // as if somebody had been here before
				}
				return tx.UpdateActivationSession(ctx, opened)
			})
			opened.Version++
			w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
				got, _, err := tx.ActivationSessionOf(ctx, opened.CookieHash)
				same(t, "a session as it was opened", opened, got)
				return err
			})
			if runs != 2 {
				t.Errorf("a stale change made %d runs", runs)
			}
		}
	}},
	{"of those who open the link of a session at once one is served, and only that browser may come again", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		rules := w.Service(w.Store)
		handles := []*issuance.Service{rules, w.Service(f.Again(t, w.Store))}
		link := w.sessionFor(rules, card.NoPIN)
		cookies := make([]redact.Text, crowd)
		counts := tally(together(crowd, func(i int) error {
			out, err := handles[i%2].OpenActivationSession(t.Context(), issuance.OpenActivationSession{Token: link.Token})
			cookies[i] = out.Cookie
			return err
		}))
		if counts["ok"] != 1 || counts[card.SessionUsed.Name()] != crowd-1 {
			t.Fatalf("%d browsers are told %v", crowd, counts)
		}
		for _, c := range cookies {
			if c.IsZero() {
				continue
			}
			again, err := rules.OpenActivationSession(t.Context(), issuance.OpenActivationSession{Token: link.Token, Cookie: c})
			must(t, err)
			_, err = rules.HolderSession(t.Context(), again.Cookie)
			must(t, err)
		}
		if rows := w.countTrail(w.Card.Card.ID, "card.open_activation_session"); rows != 1 {
			t.Errorf("one opening leaves %d rows of the trail that say ok", rows)
		}
	}},
	{"link and session live fifteen minutes of their programme's clock", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t), WithProgramClock(program.Clock{Offset: 900 * time.Hour}))
		rules := w.Service(w.Store)
		first, second := w.sessionFor(rules, card.NoPIN), w.sessionFor(rules, card.NoPIN)
		if !first.ExpiresAt.Equal(w.Now().Add(15*time.Minute)) || first.Token.Len() != 43 || first.Token.Equal(second.Token) {
			t.Errorf("a session ends at %s, now is %s", first.ExpiresAt, w.Now())
		}
		w.Clock.Advance(15*time.Minute - time.Microsecond)
		cookie := w.opened(rules, first)
		must(t, errOf(rules.HolderSession(t.Context(), cookie)))
		w.Clock.Advance(time.Microsecond)
		w.says("an old link", errOf(rules.OpenActivationSession(t.Context(), issuance.OpenActivationSession{Token: second.Token})), card.SessionOver.Name())
		old, err := rules.HolderSession(t.Context(), cookie)
		w.says("an old session", err, card.SessionOver.Name())
		if old.Session.Language != card.Spanish || old.Session.ReturnURL == "" {
			t.Error("an old session does not know its language, or where it came from")
		}
		w.says("a code in an old session", rules.ActivateInSession(t.Context(), issuance.ActivateInSession{Cookie: cookie, Code: w.Code}), card.SessionOver.Name())
	}},
	{"a code in a session meets the guard of the card, and the right one activates it, with the holder's PIN", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		rules := w.Service(w.Store)
		cookie := w.opened(rules, w.sessionFor(rules, card.RequiredPIN))
		shown, err := rules.HolderSession(t.Context(), cookie)
		must(t, err)
		digits := "000000"
		if w.Code.Reveal() == digits {
			digits = "000001"
		}
		wrong, _ := card.ParseCode(digits)
		try := issuance.ActivateInSession{Cookie: cookie, FormToken: shown.FormToken, Code: wrong}
		w.says("a wrong code", rules.ActivateInSession(t.Context(), try), card.CodeWrong.Name())
		try.Code = w.Code
		w.says("no PIN", rules.ActivateInSession(t.Context(), try), card.PINRequired.Name())
		try.PIN, _ = card.ParsePIN("1234", 4, 4)
		w.says("a weak PIN", rules.ActivateInSession(t.Context(), try), card.PINWeak.Name())
		try.PIN, _ = card.ParsePIN("7391", 4, 4)
		other := w.opened(rules, w.sessionFor(rules, card.NoPIN))
		mixed := try
		mixed.Cookie = other
		w.says("the form of another session", rules.ActivateInSession(t.Context(), mixed), card.SessionMixed.Name())
		if now := w.View(w.Card.Card.ID).Plastic; now.EverActivated() || now.Guard.Tries != 1 {
			t.Errorf("activated %v after %d tries", now.EverActivated(), now.Guard.Tries)
		}
		w.next()
		must(t, rules.ActivateInSession(t.Context(), try))
		now := w.View(w.Card.Card.ID)
		if !now.Plastic.EverActivated() || now.Card.PINSetAt.IsZero() {
			t.Errorf("activated %v, PIN set at %s", now.Plastic.EverActivated(), now.Card.PINSetAt)
		}
		if shown, err = rules.HolderSession(t.Context(), cookie); err != nil || !shown.Activated() {
			t.Errorf("the page does not see the activation: %v", err)
		}
		w.says("the code once more", rules.ActivateInSession(t.Context(), try), card.AlreadyActivated.Name())
		w.next()
		late, err := rules.HolderSession(t.Context(), w.opened(rules, w.sessionFor(rules, card.NoPIN)))
		if must(t, err); late.Activated() {
			t.Error("a session that was made later takes the activation for its own")
		}
		if n := w.countTrail(w.Card.Card.ID, "card.activate"); n != 1 {
			t.Errorf("one activation leaves %d rows of the trail that say ok", n)
		}
	}},
	{"wrong second factors that come at once are counted one by one by the guard of the card, and the right one opens a session", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t), WithPolicy("activation_page.second_factor", "phone_last4"))
		holder := w.Customer
		holder.Phone = "+525512340042"
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateCustomer(ctx, holder, nil, nil) })
		rules := w.Service(w.Store)
		handles := []*issuance.Service{rules, w.Service(f.Again(t, w.Store))}
		open := issuance.OpenByMailer{Reference: rules.MailerReference(w.Program.ID, w.Card.Card.ID), Language: card.Spanish, Answer: redact.NewText("0024")}
		counts := tally(together(crowd, func(i int) error { return errOf(handles[i%2].OpenByMailer(t.Context(), open)) }))
		tries := w.Program.Policy.Activation.Tries
		if counts[card.FactorWrong.Name()] != tries || counts[card.GuardLocked.Name()] != crowd-tries {
			t.Fatalf("%d wrong answers at once are told %v", crowd, counts)
		}
		w.Clock.Advance(w.Program.Policy.Activation.LockSteps[0])
		open.Answer = redact.NewText("0042")
		cookie, err := rules.OpenByMailer(t.Context(), open)
		must(t, err)
		shown, err := rules.HolderSession(t.Context(), cookie)
		must(t, err)
		if shown.Session.Customer != holder.ID || shown.Eligibility.Plastic.Guard.LifetimeWrong != tries {
			t.Errorf("a session for %s after %d wrong answers", shown.Session.Customer, shown.Eligibility.Plastic.Guard.LifetimeWrong)
		}
		w.next()
		must(t, rules.ActivateInSession(t.Context(), issuance.ActivateInSession{Cookie: cookie, FormToken: shown.FormToken, Code: w.Code}))
		if n := w.countTrail(w.Card.Card.ID, "card.open_by_mailer"); n != 1 {
			t.Errorf("one right answer leaves %d rows of the trail that say ok", n)
		}
	}},
	{"identifier and batch in a session are those of its card: a wrong one costs that card a try, and never the card that bears what was typed", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		rules := w.Service(w.Store)
		other := w.NewBatchCard(w.NewBatch(), "CARD-002")
		made, err := rules.CreateActivationSession(t.Context(), issuance.CreateActivationSession{
			Command: issuance.Command{Caller: w.asTest()}, Card: w.BatchCard.Card.ID, Customer: w.Customer.ID, Language: card.Spanish, PIN: card.RequiredPIN,
		})
		must(t, err)
		cookie := w.opened(rules, made)
		shown, err := rules.HolderSession(t.Context(), cookie)
		must(t, err)
		pin, _ := card.ParsePIN("7391", 4, 4)
		try := issuance.ActivateInSession{Cookie: cookie, FormToken: shown.FormToken, Identifier: "card-002", Reference: string(w.Batch.Reference)}
		w.says("the label of another card", rules.ActivateInSession(t.Context(), try), card.BatchMismatch.Name())
		try.Identifier, try.Reference = BatchIdentifier, strings.Repeat("0", 32)
		w.says("the reference of no batch", rules.ActivateInSession(t.Context(), try), card.BatchMismatch.Name())
		if mine, theirs := w.View(w.BatchCard.Card.ID).Plastic.Guard.Tries, w.View(other.Card.ID).Plastic.Guard.Tries; mine != 2 || theirs != 0 {
			t.Errorf("the card has counted %d tries, another one %d", mine, theirs)
		}
		try.Identifier, try.Reference = strings.ToLower(BatchIdentifier), string(w.Batch.Reference)
		w.says("no PIN", rules.ActivateInSession(t.Context(), try), card.PINRequired.Name())
		try.PIN = pin
		must(t, rules.ActivateInSession(t.Context(), try))
		now := w.View(w.BatchCard.Card.ID)
		if !now.Plastic.EverActivated() || now.Card.Customer != w.Customer.ID || now.Card.Account.IsZero() || now.Card.PINSetAt.IsZero() {
			t.Errorf("activated %v, for %s", now.Plastic.EverActivated(), now.Card.Customer)
		}
	}},
}
