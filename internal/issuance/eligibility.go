package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

// Remover is who can take an obstacle away.
type Remover string

// Who can take an obstacle away.
const (
	ByNobody    Remover = "nobody"    // for good: the card needs a successor
	ByProgramme Remover = "programme" // through this or another API
	ByOperator  Remover = "operator"  // on the command line, or by a key with the scope for it
	ByHolder    Remover = "holder"    // when the programme has heard of it
	ByBureau    Remover = "bureau"
	ByCourier   Remover = "courier"
	ByTime      Remover = "time" // it goes by itself
)

// removers is the table of all obstacles.
var removers = map[fault.Reason]Remover{
	card.NotPhysical: ByNobody, card.AlreadyActivated: ByNobody, card.IsCanceled: ByNobody, card.IsSuperseded: ByNobody, card.IsExpired: ByProgramme,
	card.ReportedLost: ByNobody, card.ReportedStolen: ByNobody, card.IsBlocked: ByProgramme, customer.NotEligible: ByProgramme,
	card.NotShipped: ByBureau, card.FailedDelivery: ByCourier, card.ExceptionOnWay: ByCourier, card.CameBack: ByProgramme, card.LostInTransit: ByNobody,
	card.CodeNotIssued: ByBureau, card.CodeExpired: ByProgramme, card.GuardLocked: ByTime, card.GuardHardLocked: ByOperator,
}

// beginning is before everything that was ever written down; the zero time would stand for none.
var beginning = time.UnixMicro(0).UTC()

// Obstacle is one thing that stands against an activation.
type Obstacle struct {
	Refusal *fault.Error // as the activation would give it
	Since   time.Time    // zero: nobody wrote it down
	Remover Remover
}

// Eligibility tells whether a card may be activated now.
type Eligibility struct {
	Standing
	Reads     int // of the activation code, that are kept in the audit trail
	Obstacles []Obstacle
}

// Eligibility asks every check that an activation asks before it compares a secret, and changes nothing. Refusal:
// card.NotFound.
func (s *Service) Eligibility(ctx context.Context, p ident.ProgramID, id ident.CardID) (Eligibility, error) {
	return Look(ctx, s, card.NotFound, func(tx ReadTx) (Eligibility, bool, error) {
		read, ok, err := s.standings(ctx, tx, p)
		if err != nil || !ok {
			return Eligibility{}, false, err
		}
		v, ok, err := tx.CardView(ctx, p, id)
		if err != nil || !ok || v.Card.Deleted() {
			return Eligibility{}, false, err
		}
		var out Eligibility
		if out.Standing, err = read.of(ctx, v); err != nil {
			return Eligibility{}, false, err
		}
		if out.Reads, err = tx.CountAudit(ctx, p, id, ActionReadCode, audit.OK, beginning); err != nil {
			return Eligibility{}, false, err
		}
		history, err := tx.BlockHistory(ctx, id, 1)
		if err != nil {
			return Eligibility{}, false, err
		}
		out.Obstacles = out.obstacles(history)
		return out, true, nil
	})
}

// obstacles are all checks that say no. What is no card to activate at all has no others.
func (st Standing) obstacles(history []card.BlockChange) []Obstacle {
	var out []Obstacle
	for _, c := range checksOf(st.Coming(), st.Policy) {
		no := c(st.facts())
		if no == nil {
			continue
		}
		o := Obstacle{Refusal: no, Since: st.since(no.Reason, history), Remover: removers[no.Reason]}
		if no.Reason == card.IsBlocked && !st.Card.Block.Liftable || no.Reason == card.IsExpired && barredFromReissue(st, ReissueRenewal) != nil {
			o.Remover = ByNobody
		}
		out = append(out, o)
		if no.Reason == card.NotPhysical || no.Reason == card.AlreadyActivated {
			return []Obstacle{o}
		}
	}
	return out
}

// since is when an obstacle came, as far as the facts tell.
func (st Standing) since(r fault.Reason, history []card.BlockChange) time.Time {
	v := st.Coming()
	switch r {
	case card.AlreadyActivated:
		return v.Plastic.ActivatedAt
	case card.IsExpired:
		return v.ExpiresAt()
	case card.IsCanceled, card.IsSuperseded:
		if !st.Card.ClosedAt.IsZero() {
			return st.Card.ClosedAt
		}
		return v.Plastic.UpdatedAt
	case card.IsBlocked, card.ReportedLost, card.ReportedStolen:
		if len(history) > 0 && history[0].Is == st.Stop() {
			return history[0].At
		}
	case card.NotPhysical:
		return st.Card.CreatedAt
	case card.CodeExpired:
		return v.Plastic.Guard.CodeIssuedAt.Add(st.Policy.Activation.CodeLifetime)
	case card.NotShipped, card.CodeNotIssued:
		return v.Plastic.CreatedAt
	case card.FailedDelivery, card.ExceptionOnWay, card.CameBack, card.LostInTransit:
		return v.Box.UpdatedAt
	}
	return time.Time{}
}
