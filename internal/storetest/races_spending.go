package storetest

import (
	"context"
	"testing"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/spending"
	"github.com/firsttap/firsttap/internal/spendpolicy"
	"github.com/firsttap/firsttap/internal/transaction"
)

var spendingRaces = []contract{
	{"authorisations at once, of several cards and through two instances, never spend more than there is", neverOverdrawn},
	{"of two answers to a challenge at once the first wins, and there is one transaction at most", firstAnswerWins},
	{"a clearing and a reversal at once: one is done, and the money is where it says", clearedOrReversed},
	{"policies created at once stop at their limit together", policiesStopTogether},
	{"an authorisation that starts after an activation, a freeze or a policy was answered sees it, through whichever instance", seesWhatWasAnswered},
}

// till is the rules of spending over a handle, with a card of the world that anything may be done with.
type till struct {
	*World
	services []*spending.Service
	rules    []*issuance.Service
}

func newTill(t *testing.T, f Factory) till {
	t.Helper()
	w := NewWorld(t, f.Open(t))
	out := till{World: w}
	for _, on := range []Store{w.Store, f.Again(t, w.Store)} {
		rules := w.Service(on)
		out.rules, out.services = append(out.rules, rules), append(out.services, spending.New(rules, w.IDs))
	}
	return out
}

func (w till) command() issuance.Command { return issuance.Command{Caller: w.Caller()} }

// deposit puts money into the world's account.
func (w till) deposit(t *testing.T, cents int64) {
	t.Helper()
	_, err := w.services[0].Deposit(t.Context(), spending.Deposit{Command: w.command(), Account: w.Account.ID, Cents: cents, Currency: w.Account.Currency})
	must(t, err)
}

func (w till) ask(cents int64) spending.Ask {
	return spending.Ask{Channel: transaction.Ecommerce, Cents: cents, Merchant: transaction.Merchant{Name: "Shop"}}
}

func (w till) authorize(t *testing.T, through int, of ident.CardID, cents int64) (transaction.Transaction, error) {
	return w.services[through%2].Authorize(t.Context(), spending.Authorize{Command: w.command(), Card: of, Ask: w.ask(cents)})
}

// balance wants the world's account to hold so much, and its book to add up.
func (w till) balance(t *testing.T, pending, cleared, available int64) {
	t.Helper()
	b, err := w.services[1].Balance(t.Context(), w.Program.ID, w.Account.ID)
	must(t, err)
	if b.Pending != pending || b.Cleared != cleared || b.Available != available {
		t.Errorf("balance %+v, want pending %d, cleared %d, available %d", b, pending, cleared, available)
	}
	s := w.position(w.Account.ID).Sums
	if s.Total() != 0 {
		t.Errorf("the book does not add up: %+v", s)
	}
}

func neverOverdrawn(t *testing.T, f Factory) {
	w := newTill(t, f)
	w.deposit(t, 1000)
	second, _ := w.NewShippedCard(w.Customer, w.Account)
	cards := []ident.CardID{w.Card.Card.ID, second.Card.ID}
	results := tally(together(crowd, func(i int) error {
		_, err := w.authorize(t, i, cards[i/2%2], 90)
		return err
	}))
	if results["ok"] != 11 || results["balance_too_small"] != crowd-11 {
		t.Errorf("results %v, want 11 that hold 90 of 1000 each", results)
	}
	w.balance(t, 990, 0, 10)
}

func firstAnswerWins(t *testing.T, f Factory) {
	w := newTill(t, f)
	w.deposit(t, 100_000)
	asked := w.NewCard(func(c *card.Card) {
		c.Customer, c.Account, c.ThreeDS = w.Customer.ID, w.Account.ID, "WEBHOOK"
	})
	approved := int64(0)
	for n := range rounds {
		made, err := w.services[n%2].Challenge(t.Context(), spending.Challenge{Command: w.command(), Card: asked.ID, Ask: w.ask(100)})
		must(t, err)
		answers := make([]transaction.ChallengeStatus, 4)
		results := tally(together(4, func(i int) error {
			got, err := w.services[i%2].Respond(t.Context(), spending.Respond{Command: w.command(), Challenge: made.ID, Approve: i%4 < 2})
			answers[i] = got.Answer
			return err
		}))
		if results["ok"] != 1 || results["challenge_not_pending"] != 3 {
			t.Fatalf("round %d: %v", n, results)
		}
		final, err := w.services[0].FindChallenge(t.Context(), w.Program.ID, made.ID)
		must(t, err)
		if final.Transaction.IsZero() != (final.Answer == transaction.ChallengeRejected) {
			t.Errorf("round %d: %s with transaction %s", n, final.Answer, final.Transaction)
		}
		if final.Answer == transaction.ChallengeApproved {
			approved++
		}
	}
	w.balance(t, approved*100, 0, 100_000-approved*100)
}

func clearedOrReversed(t *testing.T, f Factory) {
	w := newTill(t, f)
	w.deposit(t, 100_000)
	cleared := int64(0)
	for n := range rounds {
		x, err := w.authorize(t, n, w.Card.Card.ID, 100)
		must(t, err)
		results := together(2, func(i int) error {
			cmd := spending.Settle{Command: w.command(), Card: w.Card.Card.ID, Transaction: x.ID, Ask: w.ask(100)}
			if i == 0 {
				_, err := w.services[n%2].Clear(t.Context(), cmd)
				return err
			}
			_, err := w.services[(n+1)%2].Reverse(t.Context(), cmd)
			return err
		})
		if got := tally(results); got["ok"] != 1 || got["transaction_not_possible"] != 1 {
			t.Fatalf("round %d: %v", n, got)
		}
		after, err := w.services[0].Transaction(t.Context(), w.Program.ID, x.ID)
		must(t, err)
		if won := after.Status == transaction.Cleared; won != (results[0] == nil) || len(after.Steps) != 2 {
			t.Errorf("round %d: %s with %d steps, clearing %v", n, after.Status, len(after.Steps), results[0])
		}
		if results[0] == nil {
			cleared += 100
		}
	}
	w.balance(t, 0, cleared, 100_000-cleared)
}

func policiesStopTogether(t *testing.T, f Factory) {
	w := newTill(t, f)
	scope := spendpolicy.Scope{Type: spendpolicy.ForCard, ID: w.Card.Card.ID.UUID}
	const room = 5
	w.Write(func(ctx context.Context, tx issuance.Tx) error {
		for range spendpolicy.MaxActive - room {
			if err := tx.InsertSpendPolicy(ctx, w.policy(scope.Type, scope.ID, transaction.ATM)); err != nil {
				return err
			}
		}
		return nil
	})
	results := tally(together(20, func(i int) error {
		_, err := w.services[i%2].CreatePolicy(t.Context(), spending.CreatePolicy{
			Command: w.command(), Type: spendpolicy.ChannelRestriction, Name: "n", Scope: scope, Channels: []transaction.Channel{transaction.POS},
		})
		return err
	}))
	if results["ok"] != room || results["policy_limit"] != 20-room {
		t.Errorf("results %v, want %d", results, room)
	}
}

func seesWhatWasAnswered(t *testing.T, f Factory) {
	w := newTill(t, f)
	w.deposit(t, 100_000)
	terminal := func(through int, of ident.CardID) transaction.DeclineCode {
		t.Helper()
		ask := w.ask(1)
		ask.Channel = transaction.POS
		x, err := w.services[through%2].Authorize(t.Context(), spending.Authorize{Command: w.command(), Card: of, Ask: ask})
		must(t, err)
		return x.Decline
	}
	for n := range rounds {
		v, code := w.NewShippedCard(w.Customer, w.Account)
		id := v.Card.ID
		if got := terminal(n, id); got != transaction.CardNotActivated {
			t.Fatalf("before the activation: %q", got)
		}
		must(t, w.rules[n%2].Activate(t.Context(), issuance.ActivateCard{Command: w.command(), Card: id, Code: code}))
		if got := terminal(n+1, id); got != "" {
			t.Fatalf("right after the activation: %q", got)
		}
		_, err := w.rules[n%2].Freeze(t.Context(), issuance.SwitchCard{Command: w.command(), Card: id})
		must(t, err)
		if got := terminal(n+1, id); got != transaction.CardFrozen {
			t.Fatalf("right after the freeze: %q", got)
		}
		_, err = w.rules[n%2].Unfreeze(t.Context(), issuance.SwitchCard{Command: w.command(), Card: id})
		must(t, err)
		p, err := w.services[n%2].CreatePolicy(t.Context(), spending.CreatePolicy{
			Command: w.command(), Type: spendpolicy.ChannelRestriction, Name: "n", Channels: []transaction.Channel{transaction.POS},
			Scope: spendpolicy.Scope{Type: spendpolicy.ForCard, ID: id.UUID},
		})
		must(t, err)
		if got := terminal(n+1, id); got != transaction.ChannelNotAllowed {
			t.Fatalf("right after the policy: %q", got)
		}
		_, err = w.services[n%2].DisablePolicy(t.Context(), spending.ChangePolicy{Command: w.command(), Policy: p.ID})
		must(t, err)
		if got := terminal(n+1, id); got != "" {
			t.Fatalf("right after the policy was disabled: %q", got)
		}
	}
}
