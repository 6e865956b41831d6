package issuance

import (
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

var noon = time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC)

// nameOf is the reason of a refusal, with the text of its detail when it has one; "" when there is none.
func nameOf(err error) string {
	if err == nil {
		return ""
	}
	e := fault.Of(err)
	if text, ok := e.Detail.(string); ok {
		return e.Reason.Name() + " " + text
	}
	return e.Reason.Name()
}

// cardsByStatus holds one card for each state that a credential can be in.
func cardsByStatus() map[card.Status]card.Card {
	open := card.Card{Customer: ident.CustomerID{UUID: ident.UUID{1}}, ExpiresAt: noon.Add(time.Hour), CreatedAt: noon}
	with := func(change func(*card.Card)) card.Card {
		c := open
		change(&c)
		return c
	}
	return map[card.Status]card.Card{
		card.Open:       open,
		card.Frozen:     with(func(c *card.Card) { c.FrozenBy = card.ByHolder }),
		card.Blocked:    with(func(c *card.Card) { c.Block = card.Block{Type: card.BlockByPartner, Liftable: true} }),
		card.Expired:    with(func(c *card.Card) { c.ExpiresAt = noon }),
		card.Closed:     with(func(c *card.Card) { c.ClosedAt, c.ClosedReason = noon, card.ClosedLost }),
		card.Unassigned: with(func(c *card.Card) { c.Customer = ident.CustomerID{} }),
	}
}

func TestSwitches_EveryStateTimesEveryCommand(t *testing.T) {
	t.Parallel()
	block := card.Block{Type: card.BlockByPartner, By: card.ByPartner, Message: "stop", Liftable: true}
	commands := map[string]func(card.Card, time.Time) (card.Card, error){
		"freeze": decideFreeze, "unfreeze": decideUnfreeze, "unblock": decideUnblock,
		"block": func(c card.Card, now time.Time) (card.Card, error) { return decideBlock(c, block, now) },
	}
	const no = "card_operation_not_allowed"
	type outcome struct {
		after   card.Status
		refusal string
	}
	want := map[string]map[card.Status]outcome{
		"freeze": {
			card.Open: {card.Frozen, ""}, card.Frozen: {card.Frozen, ""}, card.Blocked: {card.Blocked, ""},
			card.Expired: {card.Expired, no}, card.Closed: {card.Closed, no}, card.Unassigned: {card.Frozen, ""},
		},
		"unfreeze": {
			card.Open: {card.Open, ""}, card.Frozen: {card.Open, ""}, card.Blocked: {card.Blocked, ""},
			card.Expired: {card.Expired, no}, card.Closed: {card.Closed, no}, card.Unassigned: {card.Unassigned, ""},
		},
		"block": {
			card.Open: {card.Blocked, ""}, card.Frozen: {card.Blocked, ""}, card.Blocked: {card.Blocked, ""},
			card.Expired: {card.Expired, no}, card.Closed: {card.Closed, ""}, card.Unassigned: {card.Blocked, ""},
		},
		"unblock": {
			card.Open: {card.Open, ""}, card.Frozen: {card.Frozen, ""}, card.Blocked: {card.Open, ""},
			card.Expired: {card.Expired, no}, card.Closed: {card.Closed, "block_not_liftable"}, card.Unassigned: {card.Unassigned, ""},
		},
	}
	for name, decide := range commands {
		for _, st := range card.Statuses() {
			after, err := decide(cardsByStatus()[st], noon)
			if got := (outcome{after.Status(noon), nameOf(err)}); got != want[name][st] {
				t.Errorf("%s of a card that is %s: %+v, want %+v", name, st, got, want[name][st])
			}
		}
	}
}

func TestBlock_KeepsTheFirstReasonAndTheFreeze(t *testing.T) {
	t.Parallel()
	first := card.Block{Type: card.BlockOther, By: card.ByIssuer}
	c := cardsByStatus()[card.Frozen]
	c.Block = first
	after, err := decideBlock(c, card.Block{Type: card.BlockByPartner}, noon)
	if err != nil || after.Block != first || after.FrozenBy == "" {
		t.Errorf("%+v, %v", after, err)
	}
	if _, err := decideUnblock(after, noon); fault.Of(err).Detail != first {
		t.Errorf("a block that is not liftable was answered with %v", err)
	}
	after.Block.Liftable = true
	if after, err = decideUnblock(after, noon); err != nil || after.Status(noon) != card.Frozen {
		t.Errorf("unblocked to %s, %v", after.Status(noon), err)
	}
}

func TestCardStatus_SimulationReachesEveryStateFromEveryState(t *testing.T) {
	t.Parallel()
	p := program.Program{Kind: program.Sandbox, Policy: program.DefaultPolicy(program.Sandbox)}
	no := map[card.Status]map[card.Status]string{
		card.Closed: {
			card.Open: "simulation_invalid_state CLOSED", card.Frozen: "simulation_invalid_state CLOSED",
			card.Blocked: "simulation_invalid_state CLOSED", card.Expired: "simulation_invalid_state CLOSED",
		},
		card.Expired: {card.Frozen: "simulation_invalid_state EXPIRED", card.Blocked: "simulation_invalid_state EXPIRED"},
	}
	for from, c := range cardsByStatus() {
		for _, to := range []card.Status{card.Open, card.Frozen, card.Blocked, card.Expired} {
			cmd := SetCardStatus{Status: to, Block: card.Block{Type: card.BlockOther}}
			after, _, err := decideCardStatus(c, cmd, p, noon)
			if got := nameOf(err); got != no[from][to] {
				t.Errorf("%s → %s: %q, want %q", from, to, got, no[from][to])
				continue
			}
			wanted := to
			if from == card.Unassigned && to == card.Open {
				wanted = card.Unassigned
			}
			if from == card.Blocked && to == card.Frozen {
				wanted = card.Blocked // a freeze under a block sets the flag only
			}
			if err == nil && after.Status(noon) != wanted {
				t.Errorf("%s → %s gave %s", from, to, after.Status(noon))
			}
		}
	}
	old := cardsByStatus()[card.Expired]
	old.CreatedAt = noon.AddDate(-5, 0, 0)
	if _, _, err := decideCardStatus(old, SetCardStatus{Status: card.Open}, p, noon); nameOf(err) != "simulation_invalid_state EXPIRED" {
		t.Errorf("a card whose time is over: %v", err)
	}
}

// TestCard_TheFirstThingWrongAnswers makes everything wrong and repairs it from the front.
func TestCard_TheFirstThingWrongAnswers(t *testing.T) {
	t.Parallel()
	holder := customer.Customer{ID: ident.CustomerID{UUID: ident.UUID{1}}, Status: customer.Active, Application: customer.InReview}
	foreign := account.Account{OwnerKind: account.OwnerUser, Owner: ident.CustomerID{UUID: ident.UUID{2}}, Status: account.Inactive}
	order := cardOrder{design: designChoice{named: true}}
	for _, step := range []struct {
		want   string
		repair func()
	}{
		{"customer_not_found", func() { order.holder = &holder }},
		{"customer_not_approved", func() { holder.Application = customer.Approved }},
		{"customer_profile_incomplete", func() { holder.FirstName, holder.LastName = "Ana", "Torres" }},
		{"account_not_found", func() { order.account = &foreign }},
		{"account_not_active", func() { foreign.Status = account.Active }},
		{"account_owner_mismatch", func() { foreign.Owner = holder.ID }},
		{"design_not_found", func() { order.design.named = false }},
		{"design_not_usable NO_DEFAULT", func() { order.design.design = &card.Design{Types: []card.Type{card.Virtual}} }},
		{"design_not_usable TYPE_NOT_SUPPORTED", func() { order.design.design.Types = []card.Type{card.Physical} }},
		{"design_not_usable INACTIVE", func() { order.design.design.Active = true }},
		{"", func() {}},
	} {
		if got := nameOf(decideCard(order, card.Physical)); got != step.want {
			t.Fatalf("%q, want %q", got, step.want)
		}
		step.repair()
	}
}

func TestMaySpend_OwnCompanyAndProgram(t *testing.T) {
	t.Parallel()
	me, firm, other := ident.CustomerID{UUID: ident.UUID{1}}, ident.CustomerID{UUID: ident.UUID{2}}, ident.CustomerID{UUID: ident.UUID{3}}
	holder := customer.Customer{ID: me, Company: firm}
	for name, c := range map[string]struct {
		a      account.Account
		parent ident.CustomerID
		want   bool
	}{
		"own":                     {account.Account{OwnerKind: account.OwnerUser, Owner: me}, ident.CustomerID{}, true},
		"of the company":          {account.Account{OwnerKind: account.OwnerCompany, Owner: firm}, ident.CustomerID{}, true},
		"of the programme":        {account.Account{OwnerKind: account.OwnerProgram}, ident.CustomerID{}, true},
		"somebody else's":         {account.Account{OwnerKind: account.OwnerUser, Owner: other}, ident.CustomerID{}, false},
		"a parent line":           {account.Account{OwnerKind: account.OwnerUser, Owner: me, Kind: account.CompositeParent}, ident.CustomerID{}, false},
		"a child of the firm's":   {account.Account{OwnerKind: account.OwnerUser, Owner: other, Kind: account.CompositeChild}, firm, true},
		"a child of another line": {account.Account{OwnerKind: account.OwnerUser, Owner: other, Kind: account.CompositeChild}, other, false},
	} {
		if got := maySpend(holder, c.a, c.parent); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestApplications_EveryStateAndBothReviews(t *testing.T) {
	t.Parallel()
	for _, kind := range []program.Kind{program.Sandbox, program.Live} {
		for _, auto := range []bool{false, true} {
			p := program.Program{Kind: kind, Policy: program.Policy{ReviewAuto: auto}}
			for st, takes := range map[customer.ApplicationStatus]bool{
				customer.NotStarted: true, customer.AwaitingDocuments: true, customer.RetryRequired: true,
				customer.InReview: false, customer.Approved: false, customer.Rejected: false,
			} {
				c := customer.Customer{Application: st, FirstName: "Ana"}
				after, err := decideSubmission(c, SubmitApplication{FirstName: "Eva", Country: "MX"}, p, noon)
				if !takes {
					if nameOf(err) != "application_not_allowed" || fault.Of(err).Detail != st {
						t.Errorf("%s: %v", st, err)
					}
					continue
				}
				want, last := customer.InReview, ""
				if auto {
					want = customer.Approved
					if kind == program.Sandbox {
						last = sandboxLastName
					}
				}
				if err != nil || after.Application != want || after.FirstName != "Ana" || after.Country != "MX" || after.LastName != last {
					t.Errorf("%s %s auto=%v: %+v, %v", kind, st, auto, after, err)
				}
			}
		}
	}
}

func TestAccountStatus_ClosedStaysClosed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		have, want account.Status
		changed    bool
		no         string
	}{
		{account.Active, account.Active, false, ""},
		{account.Active, account.Inactive, true, ""},
		{account.Inactive, account.Active, true, ""},
		{account.Inactive, account.Inactive, false, ""},
		{account.Closed, account.Active, false, "simulation_invalid_state CLOSED"},
	} {
		if changed, err := decideAccountStatus(c.have, c.want); changed != c.changed || nameOf(err) != c.no {
			t.Errorf("%s → %s: %v, %v", c.have, c.want, changed, err)
		}
	}
}

func TestFacts_ThePhoneIsToldFirst(t *testing.T) {
	t.Parallel()
	for want, taken := range map[string][]customer.Field{
		"":                  nil,
		"phone_taken":       {customer.FieldExternalID, customer.FieldPhone},
		"external_id_taken": {customer.FieldExternalID},
	} {
		if got := nameOf(decideFacts(taken)); got != want {
			t.Errorf("%v: %q", taken, got)
		}
	}
}

// TestRead_TheFirstThingWrongAnswers makes everything wrong and repairs it from the front.
func TestRead_TheFirstThingWrongAnswers(t *testing.T) {
	t.Parallel()
	policy := program.DefaultPolicy(program.Sandbox)
	policy.ActivationCode.Mode, policy.ActivationCode.RequireShipped = program.CodeRequireReason, true
	v := card.View{
		Card: card.Card{Type: card.Virtual, ExpiresAt: noon, Block: card.Block{Type: card.BlockOther}, FrozenBy: card.ByHolder},
		Plastic: card.Plastic{
			State: card.Void, ActivatedAt: noon, Guard: card.Guard{State: card.HardLocked, CodeHash: []byte{1}},
		},
	}
	reason, found, byCard, byKey, approved := "", false, 5, 100, false
	for _, step := range []struct {
		want   string
		repair func()
	}{
		{"activation_code_reveal_refused REASON_REQUIRED", func() { reason = "lost mailer" }},
		{"card_not_found", func() { found = true }},
		{"card_type_not_supported", func() { v.Card.Type, policy.ActivationCode.Mode = card.Physical, program.CodeRefuse }},
		{"activation_code_reveal_refused POLICY", func() { policy.ActivationCode.Mode = program.CodeApproval }},
		{"activation_code_reveal_refused NOT_STORED", func() { v.Plastic.Guard.CodeHash = nil }},
		{"activation_code_not_available ALREADY_ACTIVATED", func() { v.Plastic.ActivatedAt = time.Time{} }},
		{"activation_code_not_available CANCELED", func() { v.Plastic.State = card.Requested }},
		{"activation_code_not_available EXPIRED", func() { v.Card.ExpiresAt = noon.Add(1) }},
		{"activation_code_not_available BLOCKED", func() { v.Card.Block = card.Block{} }},
		{"activation_code_not_available NOT_ISSUED", func() { v.Plastic.Guard.CodeHash, v.Plastic.Guard.CodeSealed = []byte{1}, []byte{2} }},
		{"activation_code_not_available NOT_SHIPPED", func() { policy.ActivationCode.RequireShipped = false }},
		{"activation_code_reveal_refused APPROVAL_REQUIRED", func() { approved = true }},
		{"activation_code_reveal_limit", func() { byCard = 4 }},
		{"activation_code_reveal_limit", func() { byKey = 99 }},
		{"", func() {}},
	} {
		got := ""
		read := codeRead{view: v, found: found, reason: reason, byCard: byCard, byKey: byKey, approved: approved}
		if no := read.decide(policy, noon); no != nil {
			got = nameOf(no)
		}
		if got != step.want {
			t.Fatalf("%q, want %q", got, step.want)
		}
		step.repair()
	}
}
