package issuance

import (
	"crypto/subtle"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// Decision is the outcome of an activation's checks.
type Decision struct {
	Refusal *fault.Error   // nil: activate
	Tried   []card.Plastic // plastics whose guard counted a try, with the guard as it is then
	Missed  bool           // a wrong try, for the programme's breaker
	Chosen  card.View      // the card that is meant; zero while that is not clear
	// How to link, when activated through identifier and batch.
	Account   ident.AccountID // zero with NewWallet: the new customer's new wallet
	NewWallet bool
}

// refused reports whether a check said no.
func (d Decision) refused() bool { return d.Refusal != nil }

// refuse ends the checks without costing a try.
func (d Decision) refuse(r fault.Reason) Decision {
	d.Refusal = fault.Refuse(r)
	return d
}

// refuseWith is refuse with a detail.
func (d Decision) refuseWith(r fault.Reason, detail any) Decision {
	d.Refusal = fault.RefuseWith(r, detail)
	return d
}

// CodeCheck compares the code that was sent with the keyed hash of a plastic's code, in constant time.
// The decision calls it at most once, and only when every other check has passed.
type CodeCheck func(p card.Plastic) bool

// DecideActivation decides an activation by the code of the mailer (cards contract §11.2). The first
// check that fails answers; only the last compares, and only a wrong code costs a try.
func DecideActivation(s ActivationState, now time.Time, right CodeCheck) Decision {
	var d Decision
	if len(s.Candidates) != 1 || s.Candidates[0].View.Card.Deleted() || s.Candidates[0].View.Card.Customer.IsZero() {
		return d.refuse(card.NotFound)
	}
	d.Chosen = s.Candidates[0].View
	f := facts{&s.Candidates[0].View, s.Holder, &s.Program.Policy, now}
	if d.Refusal = first(checksByCode, f); d.Refusal != nil {
		return d
	}
	return compareCode(d, f, right)
}

// compareCode is check 10, the end of the road. Only a wrong code costs a try.
func compareCode(d Decision, f facts, right CodeCheck) Decision {
	if right(f.view.Plastic) {
		return d
	}
	d.Missed = true
	tried := f.view.Plastic
	tried.Guard = tried.Guard.At(f.now).Wrong(f.now, f.policy.Activation)
	d.Tried = []card.Plastic{tried}
	return d.refuseWith(card.CodeWrong, attemptsOf(tried.Guard, f.policy.Activation))
}

// DecideActivationForCustomer decides an activation by identifier and batch (debit contract §7.3). The
// identifier and the batch must belong together before anything about the card's state is told.
func DecideActivationForCustomer(s ActivationState, cmd ActivateForCustomer, now time.Time, right CodeCheck) Decision {
	var d Decision
	policy := s.Program.Policy
	if b := policy.Activation.BreakerTries; b > 0 && s.Misses > b {
		d.Refusal = fault.Refuse(BreakerOpen)
		d.Refusal.RetryAfter = policy.Activation.BreakerWindow
		return d
	}
	if len(s.Candidates) == 0 {
		d.Missed = true
		return d.refuse(card.NotFound)
	}
	left, locked := unlocked(s.Candidates, policy.Activation, now)
	if len(left) == 0 {
		d.Refusal = locked
		return d
	}
	chosen, found := matching(left, cmd)
	if !found {
		return mismatch(d, left, cmd.Reference, policy.Activation, now)
	}
	d.Chosen = chosen
	f := facts{&d.Chosen, s.Holder, &s.Program.Policy, now}
	if d.Refusal = first(lifeChecks, f); d.Refusal != nil {
		return d
	}
	if no := holderObstacle(s, cmd, chosen.Card); no != nil {
		d.Refusal = no
		return d
	}
	d, no := decideBalance(d, s, cmd)
	if no != nil {
		d.Refusal = no
		return d
	}
	if d.Refusal = roadCheck(f); d.Refusal != nil {
		return d
	}
	if policy.Debit.RequireActivationCode {
		if cmd.Code.IsZero() {
			return d.refuse(card.CodeRequired)
		}
		if d.Refusal = first(codeChecks, f); d.Refusal != nil {
			return d
		}
		if d = compareCode(d, f, right); d.Refusal != nil {
			return d
		}
	}
	if cmd.OwnPIN != "" {
		policy.PIN = ownPIN(cmd.OwnPIN)
	}
	return decidePIN(d, cmd.PIN, chosen.Card, policy.PIN)
}

// unlocked leaves out the cards whose guard is locked. When none is left it gives the refusal: locked
// for the shortest time, or for good when all are.
func unlocked(all []Candidate, policy program.Activation, now time.Time) ([]Candidate, *fault.Error) {
	var left []Candidate
	var locked *fault.Error
	for _, c := range all {
		no := lockOf(c.View.Plastic.Guard.At(now), policy, now)
		if no == nil {
			left = append(left, c)
			continue
		}
		if locked == nil || locked.Reason == card.GuardHardLocked ||
			(no.Reason == card.GuardLocked && no.RetryAfter < locked.RetryAfter) {
			locked = no
		}
	}
	return left, locked
}

// matching finds the card of the batch that was named. Every candidate is compared, in constant time, so
// that the answer's time tells nothing.
func matching(left []Candidate, cmd ActivateForCustomer) (card.View, bool) {
	ref, err := ident.ParseReference(cmd.Reference)
	var chosen card.View
	found := false
	for _, c := range left {
		same := subtle.ConstantTimeCompare([]byte(c.Reference), []byte(ref))&subtle.ConstantTimeCompare([]byte(c.View.Plastic.Identifier), []byte(cmd.Identifier)) == 1
		if meant := cmd.Card.IsZero() || cmd.Card == c.View.Card.ID; same && meant && err == nil && !found {
			chosen, found = c.View, true
		}
	}
	return chosen, found
}

// mismatch costs every card whose guard is armed one try, if the value has the form of a reference.
func mismatch(d Decision, left []Candidate, sent string, policy program.Activation, now time.Time) Decision {
	d.Missed = true
	if _, err := ident.ParseReference(sent); err == nil {
		for _, c := range left {
			if guard := c.View.Plastic.Guard.At(now); guard.State == card.Armed {
				tried := c.View.Plastic
				tried.Guard = guard.Wrong(now, policy)
				d.Tried = append(d.Tried, tried)
			}
		}
	}
	return d.refuse(card.BatchMismatch)
}

func attemptsOf(g card.Guard, policy program.Activation) card.Attempts {
	return card.Attempts{Show: policy.ShowAttempts, Left: g.Left(policy), LockedUntil: g.LockedUntil}
}

// holderObstacle is check 8 of the debit contract: the customer may hold the card.
func holderObstacle(s ActivationState, cmd ActivateForCustomer, c card.Card) *fault.Error {
	if cmd.New == nil {
		if s.Holder == nil {
			return fault.Refuse(customer.NotFound)
		}
		if !s.Holder.Eligible() {
			return fault.RefuseWith(customer.NotEligible, customer.Inactive)
		}
	}
	var holder ident.CustomerID
	if s.Holder != nil {
		holder = s.Holder.ID
	}
	for _, only := range []ident.CustomerID{c.ReservedFor, c.Customer} {
		if !only.IsZero() && only != holder {
			return fault.RefuseWith(customer.NotEligible, customer.NotAllowed)
		}
	}
	// A card that is the customer's already, or was ordered for it, is counted in CardsHeld.
	held := s.CardsHeld
	if c.Customer.IsZero() && c.ReservedFor.IsZero() {
		held++
	}
	if limit := s.Program.Policy.Debit.MaxCardsPerCustomer; limit > 0 && held > limit {
		return fault.RefuseWith(customer.NotEligible, customer.TooManyCards)
	}
	if wrong := wrongTaxIDs(s, cmd.New); len(wrong) > 0 {
		return fault.RefuseWith(customer.DataInvalid, wrong)
	}
	if cmd.New != nil && len(s.Taken) > 0 {
		return fault.RefuseWith(customer.Exists, s.Taken)
	}
	return nil
}

// wrongTaxIDs names the tax numbers, stored or sent, that are present and not valid.
func wrongTaxIDs(s ActivationState, fresh *NewHolder) []customer.Field {
	var kind customer.Kind
	var rfc, curp string
	switch {
	case fresh != nil:
		kind, rfc, curp = fresh.kind(), fresh.RFC, fresh.CURP
	case s.Holder != nil:
		kind, rfc, curp = s.Holder.Kind, s.Holder.RFC, s.Holder.CURP
	}
	var wrong []customer.Field
	if rfc != "" && !customer.ValidRFC(kind, rfc, s.Program.Policy.Debit.RFCCheckDigit) {
		wrong = append(wrong, customer.FieldRFC)
	}
	if curp != "" && !customer.ValidCURP(curp) {
		wrong = append(wrong, customer.FieldCURP)
	}
	return wrong
}

func (n *NewHolder) kind() customer.Kind {
	if n.Gender == 3 {
		return customer.Company
	}
	return customer.Person
}

// decideBalance is check 9 of the debit contract (§7.4): which account the card will spend.
func decideBalance(d Decision, s ActivationState, cmd ActivateForCustomer) (Decision, *fault.Error) {
	composite := s.Program.Policy.Debit.Composite && s.Composite
	var chosen *account.Account
	switch {
	case cmd.Balance != 0:
		if cmd.New != nil || s.Balance == nil ||
			!s.Balance.Account.SpendableBy(s.Holder.ID, s.Balance.ParentOwner) {
			return d, fault.Refuse(account.BalanceNotFound)
		}
		chosen = &s.Balance.Account
	case cmd.New != nil:
		d.NewWallet = true
		return d, nil
	case !d.Chosen.Card.Account.IsZero(): // it was activated before, and gets another plastic
		d.Account = d.Chosen.Card.Account
		return d, nil
	case composite:
		return d, fault.Refuse(account.BalanceRequired)
	case s.Reserved != nil:
		chosen = s.Reserved
	case s.Wallet != nil:
		chosen = s.Wallet
	default:
		d.NewWallet = true
		return d, nil
	}
	if chosen.Status != account.Active {
		return d, fault.RefuseWith(account.NotActive, chosen.Status)
	}
	d.Account = chosen.ID
	return d, nil
}

// decidePIN is check 12 of the debit contract: the PIN is acceptable.
func decidePIN(d Decision, sent card.PIN, c card.Card, policy program.PIN) Decision {
	if !sent.IsZero() && policy.RejectWeak && sent.Guessable(c.Last4) {
		return d.refuse(card.PINWeak)
	}
	if sent.IsZero() && c.PINSetAt.IsZero() && policy.RequiredAtActivation {
		return d.refuse(card.PINRequired)
	}
	return d
}
