package issuance

import (
	"context"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// Standing is a card with what decides about what may be done with it now.
type Standing struct {
	CardAt
	Policy    program.Policy
	Holder    *customer.Customer // who holds it, or whom it was ordered for; nil: nobody
	Successor ident.CardID       // the living card that took the place of this one
}

// Guard is the guard as it stands now, of the plastic that can be activated next; a virtual card has none.
func (st Standing) Guard() card.Guard { return st.Coming().Plastic.Guard.At(st.At) }

// Standing gives a card that is not deleted, whether it has a customer or not, or card.NotFound.
func (s *Service) Standing(ctx context.Context, p ident.ProgramID, id ident.CardID) (Standing, error) {
	return Look(ctx, s, card.NotFound, func(tx ReadTx) (Standing, bool, error) {
		read, ok, err := s.standings(ctx, tx, p)
		if err != nil || !ok {
			return Standing{}, false, err
		}
		v, ok, err := tx.CardView(ctx, p, id)
		if err != nil || !ok || v.Card.Deleted() {
			return Standing{}, false, err
		}
		st, err := read.of(ctx, v)
		return st, true, err
	})
}

// Standings lists cards that have a customer and are not deleted, newest first. f.At is filled in.
func (s *Service) Standings(ctx context.Context, p ident.ProgramID, f CardFilter, page Page) ([]Standing, error) {
	return Look(ctx, s, card.NotFound, func(tx ReadTx) ([]Standing, bool, error) {
		read, ok, err := s.standings(ctx, tx, p)
		if err != nil || !ok {
			return nil, false, err
		}
		f.At = read.program.Now(s.now())
		views, err := tx.CardViews(ctx, p, f, page)
		if err != nil {
			return nil, false, err
		}
		out, err := read.all(ctx, views)
		return out, err == nil, err
	})
}

// standingReader reads standings in one snapshot. A holder of several cards is read once.
type standingReader struct {
	tx      ReadTx
	program program.Program
	service *Service
	holders map[ident.CustomerID]*customer.Customer
}

func (s *Service) standings(ctx context.Context, tx ReadTx, p ident.ProgramID) (standingReader, bool, error) {
	owner, ok, err := tx.Program(ctx, p)
	return standingReader{tx, owner, s, map[ident.CustomerID]*customer.Customer{}}, ok, err
}

func (r standingReader) all(ctx context.Context, views []card.View) ([]Standing, error) {
	out := make([]Standing, len(views))
	for i, v := range views {
		var err error
		if out[i], err = r.of(ctx, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r standingReader) of(ctx context.Context, v card.View) (Standing, error) {
	st := Standing{CardAt: CardAt{v, r.program.Now(r.service.now())}, Policy: r.program.Policy}
	if st.Stop().ForGood() { // only such a card has one that lives
		next, _, err := r.tx.Successor(ctx, r.program.ID, v.Card.ID)
		if err != nil {
			return st, err
		}
		st.Successor = next.Card.ID
	}
	id := holderOf(v.Card)
	if id.IsZero() {
		return st, nil
	}
	known, ok := r.holders[id]
	if !ok {
		c, found, err := r.tx.Customer(ctx, r.program.ID, id)
		if err != nil {
			return st, err
		}
		if found {
			known = &c
		}
		r.holders[id] = known
	}
	st.Holder = known
	return st, nil
}

// Action is something that may be done with a card.
type Action string

// The actions, by their names in the native API.
const (
	ToActivate      Action = "activate"
	ToResetGuard    Action = "reset_guard"
	ToRecover       Action = "recover_code"
	ToReportLost    Action = "report_lost"
	ToReportStolen  Action = "report_stolen"
	ToReportDamaged Action = "report_damaged"
	ToReplace       Action = "replace"
	ToReissue       Action = "reissue"
	ToRenew         Action = "renew"
	ToFreeze        Action = "freeze"
	ToUnfreeze      Action = "unfreeze"
	ToBlock         Action = "block"
	ToUnblock       Action = "unblock"
)

// allowed is the whole table: each action with the decision of its command.
var allowed = []struct {
	action Action
	open   func(st Standing) bool
}{
	{ToActivate, func(st Standing) bool { return first(checksOf(st.Coming(), st.Policy), st.facts()) == nil }},
	{ToResetGuard, func(st Standing) bool { return resettable(st.Coming(), st.At) }},
	{ToRecover, recoverable},
	{ToFreeze, func(st Standing) bool { return changes(st, decideFreeze) }},
	{ToUnfreeze, func(st Standing) bool { return changes(st, decideUnfreeze) }},
	{ToBlock, func(st Standing) bool { return changes(st, blockByPartner("")) }},
	{ToUnblock, func(st Standing) bool { return changes(st, decideUnblock) }},
	{ToReportLost, takesReport(ReportLost)},
	{ToReportStolen, takesReport(ReportStolen)},
	{ToReportDamaged, takesReport(ReportDamaged)},
	{ToReplace, replaceable},
	{ToReissue, reissuable(ReissueCauses()...)},
	{ToRenew, reissuable(ReissueRenewal)},
}

// Actions lists all actions, in the order in which a card lists those that are allowed.
func Actions() []Action {
	out := make([]Action, len(allowed))
	for i, a := range allowed {
		out[i] = a.action
	}
	return out
}

// Allowed lists what would be done now, and would change something, if it were asked for.
func (st Standing) Allowed() []Action {
	var out []Action
	for _, a := range allowed {
		if a.open(st) {
			out = append(out, a.action)
		}
	}
	return out
}

// changes reports whether a switch does anything to the card.
func changes(st Standing, decide switchDecision) bool {
	after, no := decide(st.Card, st.At)
	return no == nil && visible(st.Card) && !sameSwitches(st.Card, after)
}

func (st Standing) facts() facts {
	v := st.Coming()
	return facts{&v, st.Holder, &st.Policy, st.At}
}
