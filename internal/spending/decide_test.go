package spending_test

import (
	"slices"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/spending"
	"github.com/firsttap/firsttap/internal/spendpolicy"
	"github.com/firsttap/firsttap/internal/transaction"
)

var now = time.Date(2026, 3, 6, 17, 40, 0, 0, time.UTC)

// good is a use that nothing is wrong with: 10.00 at a terminal, of an activated card.
func good() spending.Use {
	return spending.Use{
		CardUse: issuance.CardUse{
			View: card.View{
				Card:    card.Card{Type: card.Physical, Customer: ident.CustomerID{UUID: ident.UUID{1}}, ExpiresAt: now.Add(time.Microsecond)},
				Plastic: card.Plastic{State: card.Activated, ActivatedAt: now},
			},
			Account: account.Account{Status: account.Active},
		},
		Channel: transaction.POS, Cents: 1000, Available: 1000, DigitalFirst: true, Now: now,
	}
}

// wrongs are what may be wrong with a use, in the order of the rules; each alone gives its code.
var wrongs = []struct {
	name string
	code transaction.DeclineCode
	make func(u *spending.Use)
}{
	{"expired", "CARD_NOT_ACTIVE", func(u *spending.Use) { u.View.Card.ExpiresAt = now }},
	{"closed", "CARD_BLOCKED", func(u *spending.Use) { u.View.Card.ClosedAt = now }},
	{"reported", "CARD_BLOCKED", func(u *spending.Use) { u.View.Card.ReportedAs = card.ClosedStolen }},
	{"blocked", "CARD_BLOCKED", func(u *spending.Use) { u.View.Card.Block = card.Block{Type: card.BlockOther} }},
	{"frozen", "CARD_FROZEN", func(u *spending.Use) { u.View.Card.FrozenBy = card.ByHolder }},
	{"virtual at a terminal", "TRANSACTION_NOT_ALLOWED", func(u *spending.Use) { u.View.Card.Type = card.Virtual }},
	{"not activated", "CARD_NOT_ACTIVATED", func(u *spending.Use) { u.View.Plastic = card.Plastic{State: card.HandedOver} }},
	{"account restricted", "ACCOUNT_NOT_ACTIVE", func(u *spending.Use) { u.Account.Status = account.Inactive }},
	{"channel restricted", "CHANNEL_NOT_ALLOWED", func(u *spending.Use) { u.Policies = []spendpolicy.Policy{posPolicy} }},
	{"balance too small", "INSUFFICIENT_BALANCE", func(u *spending.Use) { u.Available = 999 }},
}

var posPolicy = spendpolicy.Policy{
	ID: ident.PolicyID{UUID: ident.UUID{7}}, Type: spendpolicy.ChannelRestriction, Name: "No terminals",
	Scope: spendpolicy.Scope{Type: spendpolicy.ForCard}, Channels: []transaction.Channel{transaction.POS},
}

// TestDecideUse_TheFirstRuleAnswers makes every set of things wrong at once: the first of them is told.
func TestDecideUse_TheFirstRuleAnswers(t *testing.T) {
	t.Parallel()
	if v := spending.DecideUse(good()); v != (spending.Verdict{}) {
		t.Fatalf("a good use is declined: %+v", v)
	}
	for set := 1; set < 1<<len(wrongs); set++ {
		u, first, names := good(), -1, []string(nil)
		for i, w := range wrongs {
			if set&(1<<i) != 0 {
				w.make(&u)
				names = append(names, w.name)
				if first < 0 {
					first = i
				}
			}
		}
		v := spending.DecideUse(u)
		if v.Decline != wrongs[first].code {
			t.Fatalf("%v: %q, want %q", names, v.Decline, wrongs[first].code)
		}
		if (v.Policy == posPolicy.Reference()) != (v.Decline == transaction.ChannelNotAllowed) {
			t.Fatalf("%v: policy %+v", names, v.Policy)
		}
	}
}

// TestDecideUse_Activation is rules 4 to 6: every channel, with and without a wallet, before and after.
func TestDecideUse_Activation(t *testing.T) {
	t.Parallel()
	for _, channel := range transaction.Channels() {
		for _, wallet := range []string{"", "APPLE_PAY"} {
			for _, digitalFirst := range []bool{true, false} {
				present := wallet == "" && slices.Contains([]transaction.Channel{transaction.POS, transaction.ATM}, channel)
				gone := map[bool]transaction.DeclineCode{true: "CARD_NOT_ACTIVATED"}[present]
				for kind, want := range map[string]transaction.DeclineCode{
					"activated": "", "before its date": "", "retired": gone, "on its date": gone, "not activated": map[bool]transaction.DeclineCode{true: "CARD_NOT_ACTIVATED"}[present || !digitalFirst],
					"virtual": map[bool]transaction.DeclineCode{true: "TRANSACTION_NOT_ALLOWED"}[present],
				} {
					u := good()
					u.Channel, u.Wallet, u.DigitalFirst = channel, wallet, digitalFirst
					switch kind {
					case "retired":
						u.View.Plastic.State = card.Retired
					case "on its date":
						u.View.Plastic.RetiresAt = u.Now
					case "before its date":
						u.View.Plastic.RetiresAt = u.Now.Add(1)
					case "not activated":
						u.View.Plastic = card.Plastic{State: card.HandedOver}
					case "virtual":
						u.View.Card.Type, u.View.Plastic = card.Virtual, card.Plastic{}
					}
					if v := spending.DecideUse(u); v.Decline != want {
						t.Errorf("%s, wallet %q, digital first %v, %s: %q, want %q", channel, wallet, digitalFirst, kind, v.Decline, want)
					}
				}
			}
		}
	}
}

func TestDecideUse_Edges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(u *spending.Use)
		want   transaction.DeclineCode
	}{
		"all that there is":             {func(u *spending.Use) { u.Cents, u.Available = 5, 5 }, ""},
		"a cent more":                   {func(u *spending.Use) { u.Cents, u.Available = 6, 5 }, "INSUFFICIENT_BALANCE"},
		"a check of an empty account":   {func(u *spending.Use) { u.Cents, u.Available = 0, -5 }, ""},
		"a card without an account":     {func(u *spending.Use) { u.Account = account.Account{} }, "ACCOUNT_NOT_ACTIVE"},
		"a card that never expires":     {func(u *spending.Use) { u.View.Card.ExpiresAt = time.Time{} }, ""},
		"a policy for another channel":  {func(u *spending.Use) { u.Channel, u.Policies = transaction.ATM, []spendpolicy.Policy{posPolicy} }, ""},
		"a policy that is switched off": {func(u *spending.Use) { off := posPolicy; off.Disabled = true; u.Policies = []spendpolicy.Policy{off} }, ""},
	} {
		u := good()
		c.change(&u)
		if v := spending.DecideUse(u); v.Decline != c.want {
			t.Errorf("%s: %q, want %q", name, v.Decline, c.want)
		}
	}
}
