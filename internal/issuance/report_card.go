package issuance

import (
	"context"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

const actionReport = "card.report"

// Report is what happened to a card in somebody's hands, or on its way into them.
type Report string

// The reports.
const (
	ReportLost    Report = "lost"
	ReportStolen  Report = "stolen"
	ReportDamaged Report = "damaged"
)

// Reports lists the reports.
func Reports() []Report { return []Report{ReportLost, ReportStolen, ReportDamaged} }

// reportStops are the stops of the reports that end a number for good. Damage ends none: the number was in nobody else's
// hands, so the card may be used until a successor takes its place.
var reportStops = map[Report]card.Stop{ReportLost: card.StopLost, ReportStolen: card.StopStolen}

// ReportCard reports a card lost, stolen or damaged, before its activation or after it.
type ReportCard struct {
	Command
	Card   ident.CardID
	As     Report
	Reason string // what the caller tells; kept in the audit row and in the history of stops
}

// Reported is a card after a report.
type Reported struct {
	CardAt
	As      Report
	Changed bool // false: it was reported so before
}

// ReportCard takes a report; one that was made before changes nothing. A lost or stolen card is stopped for good: a
// plastic that was never activated is void with its code erased, and a draft loses it. A damaged one keeps its number and
// is only marked. Refusals, in order: card.NotFound, card.NotPhysical (damage), card.IsCanceled, card.IsExpired,
// card.AlreadyStopped (for good, otherwise than reported).
func (s *Service) ReportCard(ctx context.Context, cmd ReportCard) (Reported, error) {
	return Run(ctx, s, cmd.Command, actionReport, func(w *Work) (Reported, error) {
		w.Audit.Card, w.Audit.Note = cmd.Card, string(cmd.As)+": "+cmd.Reason
		v, err := anyCard(ctx, w, cmd.Card)
		if err != nil {
			return Reported{}, err
		}
		changes, no := decideReport(CardAt{v, w.Now}, cmd.As)
		if no != nil || !changes {
			return Reported{CardAt: CardAt{v, w.Now}, As: cmd.As}, no
		}
		v, err = s.setReport(ctx, w, v, cmd)
		return Reported{CardAt{v, w.Now}, cmd.As, true}, err
	})
}

// setReport writes a report that changes the card.
func (s *Service) setReport(ctx context.Context, w *Work, v card.View, cmd ReportCard) (card.View, error) {
	stop, stops := reportStops[cmd.As]
	if !stops {
		v.Plastic.DamagedAt, v.Plastic.UpdatedAt = w.Now, program.Later(w.Now, v.UpdatedAt())
		w.Announce(event.Event{Name: event.CardDamaged, Card: &v})
		return v, w.Tx.UpdatePlastic(ctx, v.Plastic)
	}
	if err := s.noteBlock(ctx, w, v, stop, cmd.Reason); err != nil {
		return card.View{}, err
	}
	return s.setStop(ctx, w, v, v.Card.Stopped(stop, card.ByPartner, w.Now), stop)
}

// decideReport tells whether a report changes anything, or refuses it; the first check that fails answers.
func decideReport(v CardAt, as Report) (changes bool, no error) {
	stop, stops := reportStops[as]
	switch {
	case !stops && v.Card.Type != card.Physical:
		return false, fault.Refuse(card.NotPhysical)
	case v.Canceled():
		return false, fault.Refuse(card.IsCanceled)
	case stops && v.Stop() == stop:
		return false, nil
	case v.Card.Status(v.At) == card.Expired:
		return false, fault.Refuse(card.IsExpired)
	case v.Stop().ForGood():
		return false, fault.RefuseWith(card.AlreadyStopped, v.Stop())
	}
	return stops || v.Plastic.DamagedAt.IsZero(), nil
}

// takesReport reports whether a report would change the card now.
func takesReport(as Report) func(Standing) bool {
	return func(st Standing) bool {
		changes, no := decideReport(st.CardAt, as)
		return no == nil && changes
	}
}
