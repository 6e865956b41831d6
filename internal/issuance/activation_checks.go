package issuance

import (
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

// facts are what the checks of an activation look at. Nothing secret is among them.
type facts struct {
	view   *card.View
	holder *customer.Customer // nil: nobody
	policy *program.Policy
	now    time.Time
}

// check is one thing that may stand against an activation; nil when it does not.
type check func(f facts) *fault.Error

// The checks of design §2, in their order. An activation stops at the first that says no; [Standing.Obstacles] tells
// all that do.
var (
	// lifeChecks are what the card and its plastic themselves have against an activation: 3 to 6.
	lifeChecks = []check{isPhysical, isFresh, isLiving, isInTime, isNotReported, isNotBlocked}
	roadCheck  = check(hasLeft)                           // 8
	codeChecks = []check{hasCode, codeLives, guardIsOpen} // 9, before the code is compared

	checksByCode = slices.Concat(lifeChecks, []check{holderIsEligible, roadCheck}, codeChecks)
)

// checksOf are the checks of the way by which a card is activated, without those of what a caller sends.
func checksOf(v card.View, p program.Policy) []check {
	if v.Plastic.Guard.Method != card.ByIdentifierBatch {
		return checksByCode
	}
	out := append([]check{guardIsOpen}, lifeChecks...)
	if !holderOf(v.Card).IsZero() {
		out = append(out, holderIsEligible)
	}
	out = append(out, roadCheck)
	if p.Debit.RequireActivationCode {
		out = append(out, hasCode, codeLives)
	}
	return out
}

// first is the refusal of the first check that says no.
func first(checks []check, f facts) *fault.Error {
	for _, c := range checks {
		if no := c(f); no != nil {
			return no
		}
	}
	return nil
}

func isPhysical(f facts) *fault.Error {
	return refuseIf(f.view.Card.Type != card.Physical, card.NotPhysical)
}

func isFresh(f facts) *fault.Error {
	return refuseIf(f.view.Plastic.EverActivated(), card.AlreadyActivated)
}

// isLiving is check 5: canceled, superseded, void, closed. Lost and stolen are facts of their own and told later.
func isLiving(f facts) *fault.Error {
	r, no := endObstacle(*f.view)
	return refuseIf(no, r)
}

func isInTime(f facts) *fault.Error {
	until := f.view.ExpiresAt()
	return refuseIf(!until.IsZero() && !f.now.Before(until), card.IsExpired)
}

func isNotReported(f facts) *fault.Error {
	c, p := f.view.Card, f.view.Plastic
	reported := func(reason card.CloseReason, void card.VoidReason) bool {
		return c.ReportedAs == reason || c.ClosedReason == reason || p.State == card.Void && p.VoidReason == void
	}
	if reported(card.ClosedStolen, card.VoidRepStolen) {
		return fault.Refuse(card.ReportedStolen)
	}
	return refuseIf(reported(card.ClosedLost, card.VoidRepLost), card.ReportedLost)
}

func isNotBlocked(f facts) *fault.Error {
	return refuseIf(f.view.Card.Block != card.Block{}, card.IsBlocked)
}

func holderIsEligible(f facts) *fault.Error {
	if f.holder == nil || !f.holder.Eligible() {
		return fault.RefuseWith(customer.NotEligible, customer.Inactive)
	}
	return nil
}

func hasLeft(f facts) *fault.Error {
	r, no := roadObstacle(*f.view, *f.policy)
	return refuseIf(no, r)
}

func hasCode(f facts) *fault.Error {
	guard := f.view.Plastic.Guard.At(f.now)
	return refuseIf(guard.CodeHash == nil || !counts(guard), card.CodeNotIssued)
}

func codeLives(f facts) *fault.Error {
	life, guard := f.policy.Activation.CodeLifetime, f.view.Plastic.Guard
	return refuseIf(life > 0 && guard.CodeHash != nil && !f.now.Before(guard.CodeIssuedAt.Add(life)), card.CodeExpired)
}

func guardIsOpen(f facts) *fault.Error {
	return lockOf(f.view.Plastic.Guard.At(f.now), f.policy.Activation, f.now)
}

func refuseIf(no bool, r fault.Reason) *fault.Error {
	if no {
		return fault.Refuse(r)
	}
	return nil
}

// counts tells whether a wrong try at a guard would be counted, now or once its lock is over. What is not counted is never
// compared: it could be guessed at for ever.
func counts(g card.Guard) bool {
	return g.State == card.Armed || g.State == card.Locked || g.State == card.HardLocked
}

// lockOf is the refusal of a locked guard, nil when it is not locked.
func lockOf(g card.Guard, policy program.Activation, now time.Time) *fault.Error {
	switch g.State {
	case card.HardLocked:
		return fault.Refuse(card.GuardHardLocked)
	case card.Locked:
		no := fault.RefuseWith(card.GuardLocked, attemptsOf(g, policy))
		no.RetryAfter = g.LockedUntil.Sub(now)
		return no
	case card.Unset, card.Armed, card.Consumed, card.GuardVoid:
	}
	return nil
}

// endObstacle says how a card or its plastic ended.
func endObstacle(v card.View) (fault.Reason, bool) {
	switch v.Plastic.State {
	case card.Canceled:
		return card.IsCanceled, true
	case card.Void:
		switch v.Plastic.VoidReason {
		case card.VoidSuperseded:
			return card.IsSuperseded, true
		case card.VoidLost:
			return card.LostInTransit, true
		case card.VoidCanceled, card.VoidDestroyed:
			return card.IsCanceled, true
		case card.VoidRepLost, card.VoidRepStolen:
		}
	case card.Planned, card.Requested, card.InProduction, card.OnHold, card.Produced, card.HandedOver,
		card.Activated, card.Retired, card.Rejected:
	}
	if v.Box.Status == shipment.Canceled {
		return card.IsCanceled, true
	}
	switch v.Card.ClosedReason {
	case "", card.ClosedLost, card.ClosedStolen:
		return fault.Reason{}, false
	case card.ClosedReplaced:
		return card.IsSuperseded, true
	case card.ClosedDeleted, card.ClosedRetired, card.ClosedOther, card.ClosedConsolidated, card.ClosedForReplacement,
		card.ClosedForReissue, card.ClosedAccount, card.ClosedFraud:
	}
	return card.IsCanceled, true
}

// roadObstacle is check 8: the plastic has left the bureau. A box speaks first; without one, custody
// does. Cards of a bulk order count as in stock as soon as they are made, unless the programme wants a
// report (policy debit.activation_gate).
func roadObstacle(v card.View, policy program.Policy) (fault.Reason, bool) {
	if v.Plastic.State == card.OnHold || v.Plastic.State == card.Rejected {
		return card.NotShipped, true // it lies at the bureau, whatever else is said
	}
	if v.Plastic.CustodyPresumed && v.Plastic.Custody == card.CustodyStock && policy.Debit.ActivationGate == "created" {
		return fault.Reason{}, false
	}
	reported := !v.Plastic.CustodyPresumed && (v.Plastic.Custody == card.CustodyStock || v.Plastic.Custody == card.CustodyHolder)
	open := policy.Activation.AcceptAfterFailedDelivery
	switch v.Box.Status {
	case shipment.InTransit, shipment.OutForDelivery, shipment.Delivered:
		return fault.Reason{}, false
	case shipment.DeliveryFailed:
		return card.FailedDelivery, !open
	case shipment.Exception:
		return card.ExceptionOnWay, !open
	case shipment.Returned:
		return card.CameBack, true
	case shipment.Lost:
		return card.LostInTransit, true
	case "", shipment.Draft:
		return card.NotShipped, !reported
	case shipment.Placed, shipment.InProduction, shipment.ReadyToShip, shipment.Canceled:
		// A batch's card that the operator received before the courier reported: custody speaks.
		return card.NotShipped, v.Box.Kind != shipment.OfBatch || !reported
	}
	return card.NotShipped, true
}
