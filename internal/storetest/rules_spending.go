package storetest

import (
	"context"
	"testing"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/ledger"
	"github.com/firsttap/firsttap/internal/spendpolicy"
	"github.com/firsttap/firsttap/internal/transaction"
)

var spendingRules = []contract{
	{"the use of a card finds card, account, where it stands, and the one policy that is told", useFindsAll},
	{"policies that count are those of the scopes asked, not disabled, the narrowest first, then the oldest", policiesThatCount},
	{"spend policies are filtered by each of their keys, and by all together", policiesAreFiltered},
	{"a movement that is not balanced is a fault, and nothing is written", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		bad := w.journal(ledger.Deposited, w.position(w.Account.ID).Move(ledger.Change{Spendable: 1}))
		isFault(t, "money out of nothing", w.Store.Issuance().Write(t.Context(), func(tx issuance.Tx) error { return tx.Post(t.Context(), bad) }))
		if at := w.position(w.Account.ID); at.Seq != 0 {
			t.Errorf("the account stands at %+v", at)
		}
	}},
	{"an entry that is not the next of its account makes the transaction run again", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		stale := w.position(w.Account.ID)
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			return tx.Post(ctx, w.journal(ledger.Deposited, stale.Move(ledger.Deposit(5))))
		})
		runs := 0
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			at := stale
			if runs++; runs > 1 {
				var err error
				if at, err = tx.Position(ctx, w.Account.ID); err != nil {
					return err
				}
			}
			return tx.Post(ctx, w.journal(ledger.Deposited, at.Move(ledger.Deposit(7))))
		})
		if at := w.position(w.Account.ID); runs < 2 || at.Seq != 2 || at.Sums.Spendable != 12 {
			t.Errorf("after %d runs the account stands at %+v", runs, at)
		}
	}},
	{"a step is kept once, whoever was faster", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		x := w.transaction()
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertTransaction(ctx, x) })
		first, err := x.Take(w.step(transaction.Clearing, 5))
		must(t, err)
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateTransaction(ctx, first) })
		second, err := x.Take(w.step(transaction.Reversal, 5))
		must(t, err)
		runs := 0
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			if runs++; runs > 1 {
				return nil
			}
			return tx.UpdateTransaction(ctx, second)
		})
		if runs < 2 {
			t.Error("a stale version was written")
		}
	}},
	{"challenges of a card end when it is told so, answered ones excepted", challengesEnd},
	{"the programme's own account is its oldest wallet of that currency", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		own := func(currency string) (account.Account, bool) {
			var a account.Account
			var there bool
			w.Read(func(ctx context.Context, tx issuance.ReadTx) (err error) {
				a, there, err = tx.OwnAccount(ctx, w.Program.ID, currency)
				return err
			})
			return a, there
		}
		if _, there := own("MXN"); there {
			t.Error("a customer's account is the programme's")
		}
		first := w.NewOwnAccount("USD")
		w.NewOwnAccount("USD")
		if got, there := own("USD"); !there || got.ID != first.ID {
			t.Errorf("account %s, %v", got.ID, there)
		}
		if _, there := own("EUR"); there {
			t.Error("an account of another currency")
		}
	}},
}

// use reads what the use of the world's card is decided from.
func (w *World) use(of card.View, c transaction.Channel) issuance.CardUse {
	w.t.Helper()
	var u issuance.CardUse
	w.Read(func(ctx context.Context, tx issuance.ReadTx) (err error) {
		u, err = found(tx.CardUse(ctx, w.Program.ID, of.Card.ID, c))
		return err
	})
	return u
}

func useFindsAll(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	w.Write(func(ctx context.Context, tx issuance.Tx) error {
		return tx.Post(ctx, w.journal(ledger.Deposited, w.position(w.Account.ID).Move(ledger.Deposit(5))))
	})
	want := issuance.CardUse{View: w.Card, Account: w.Account, Position: w.position(w.Account.ID)}
	same(t, "without policies", want, w.use(w.Card, transaction.ATM))
	w.NewPolicy(spendpolicy.ForProgram, w.Program.ID.UUID, transaction.POS)
	same(t, "with one for another channel", want, w.use(w.Card, transaction.ATM))
	for _, scope := range []spendpolicy.Scope{
		{Type: spendpolicy.ForProgram, ID: w.Program.ID.UUID}, {Type: spendpolicy.ForCustomer, ID: w.Customer.ID.UUID}, {Type: spendpolicy.ForCard, ID: w.Card.Card.ID.UUID},
	} {
		oldest := w.NewPolicy(scope.Type, scope.ID, transaction.POS, transaction.ATM)
		w.NewPolicy(scope.Type, scope.ID, transaction.ATM)
		want.Policies = []spendpolicy.Policy{oldest}
		same(t, "with two for "+string(scope.Type), want, w.use(w.Card, transaction.ATM))
	}
	other, _ := w.NewShippedCard(w.NewCustomer(), w.NewAccount(w.Customer))
	if got := w.use(other, transaction.ATM).Policies; len(got) != 1 || got[0].Scope.Type != spendpolicy.ForProgram {
		t.Errorf("another card meets %+v", got)
	}
	bare := w.NewCard()
	same(t, "a card of nobody without an account", issuance.CardUse{View: w.View(bare.ID)}, w.use(w.View(bare.ID), transaction.VisaDirect))
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		_, there, err := tx.CardUse(ctx, w.Foreign.ID, w.Card.Card.ID, transaction.ATM)
		if there {
			t.Error("another programme finds the card")
		}
		return err
	})
}

func policiesThatCount(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	project := spendpolicy.Scope{Type: spendpolicy.ForProgram, ID: w.Program.ID.UUID}
	user := spendpolicy.Scope{Type: spendpolicy.ForCustomer, ID: w.Customer.ID.UUID}
	one := spendpolicy.Scope{Type: spendpolicy.ForCard, ID: w.Card.Card.ID.UUID}
	a := w.NewPolicy(project.Type, project.ID, transaction.ATM)
	b := w.NewPolicy(one.Type, one.ID, transaction.POS)
	c := w.NewPolicy(user.Type, user.ID, transaction.ATM)
	d := w.NewPolicy(one.Type, one.ID, transaction.ATM)
	off := w.NewPolicy(one.Type, one.ID, transaction.ATM)
	off.Disabled = true
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateSpendPolicy(ctx, off) })
	w.NewPolicy(spendpolicy.ForCustomer, w.IDs.UUID(), transaction.ATM)
	for _, tt := range []struct {
		scopes []spendpolicy.Scope
		want   []spendpolicy.Policy
	}{
		{[]spendpolicy.Scope{project}, []spendpolicy.Policy{a}},
		{[]spendpolicy.Scope{project, user}, []spendpolicy.Policy{c, a}},
		{[]spendpolicy.Scope{project, user, one}, []spendpolicy.Policy{b, d, c, a}},
		{nil, nil},
	} {
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			got, err := tx.EffectivePolicies(ctx, w.Program.ID, tt.scopes)
			same(t, "what counts", tt.want, got)
			return err
		})
	}
	for scope, want := range map[spendpolicy.Scope]int{project: 1, user: 1, one: 2} {
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			n, err := tx.CountPolicies(ctx, w.Program.ID, scope)
			if n != want {
				t.Errorf("%s has %d, want %d", scope.Type, n, want)
			}
			return err
		})
	}
}

func policiesAreFiltered(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	w.NewPolicy(spendpolicy.ForProgram, w.Program.ID.UUID, transaction.ATM)
	one := w.NewPolicy(spendpolicy.ForCard, w.Card.Card.ID.UUID, transaction.ATM)
	w.NewPolicy(spendpolicy.ForCard, w.IDs.UUID(), transaction.ATM)
	one.Disabled = true
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateSpendPolicy(ctx, one) })
	yes, no := true, false
	for _, tt := range []struct {
		filter issuance.SpendPolicyFilter
		want   int
	}{
		{issuance.SpendPolicyFilter{}, 3},
		{issuance.SpendPolicyFilter{ScopeType: spendpolicy.ForCard}, 2},
		{issuance.SpendPolicyFilter{ScopeID: w.Card.Card.ID.UUID}, 1},
		{issuance.SpendPolicyFilter{Disabled: &yes}, 1},
		{issuance.SpendPolicyFilter{Disabled: &no}, 2},
		{issuance.SpendPolicyFilter{ScopeType: spendpolicy.ForCard, ScopeID: w.Card.Card.ID.UUID, Disabled: &yes}, 1},
		{issuance.SpendPolicyFilter{ScopeType: spendpolicy.ForCard, ScopeID: w.Card.Card.ID.UUID, Disabled: &no}, 0},
	} {
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			got, err := tx.SpendPolicies(ctx, w.Program.ID, tt.filter, all)
			if len(got) != tt.want {
				t.Errorf("%+v gives %d, want %d", tt.filter, len(got), tt.want)
			}
			return err
		})
	}
}

func challengesEnd(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	other, _ := w.NewShippedCard(w.Customer, w.Account)
	waiting, answered, elsewhere := w.challenge(), w.challenge(), w.challenge()
	answered.Answer, elsewhere.Card = transaction.ChallengeApproved, other.Card.ID
	end := w.next()
	w.Write(func(ctx context.Context, tx issuance.Tx) error {
		for _, c := range []transaction.Challenge{waiting, answered, elsewhere} {
			if err := tx.InsertChallenge(ctx, c); err != nil {
				return err
			}
		}
		return tx.ExpireChallenges(ctx, w.Card.Card.ID, end)
	})
	waiting.ExpiresAt, waiting.Version = end, waiting.Version+1
	for _, want := range []transaction.Challenge{waiting, answered, elsewhere} {
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			got, err := found(tx.Challenge(ctx, w.Program.ID, want.ID))
			same(t, "a challenge", want, got)
			return err
		})
	}
}
