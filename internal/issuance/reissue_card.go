package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

// The actions of audit rows about another plastic of the same card.
const (
	actionReissue = "card.reissue"
	actionRenew   = "card.renew"
)

// ReissueCause is why a card gets another plastic with the same number and PIN: the number was in nobody else's hands.
type ReissueCause string

// The causes.
const (
	ReissueDamaged  ReissueCause = "damaged"
	ReissueName     ReissueCause = "name_change"
	ReissueNamed    ReissueCause = "named" // the first one bears no name
	ReissueDesign   ReissueCause = "design_change"
	ReissueReturned ReissueCause = "returned" // came back unopened, or was destroyed by whom it came back to
	ReissueRenewal  ReissueCause = "renewal"  // with another expiry and CVV; see [RenewCard]
)

// ReissueCauses lists the causes of a reissue; a renewal is asked for by a name of its own.
func ReissueCauses() []ReissueCause {
	return []ReissueCause{ReissueDamaged, ReissueName, ReissueNamed, ReissueDesign, ReissueReturned}
}

// ReissueCard asks for another plastic of the same card.
type ReissueCard struct {
	Command
	Card     ident.CardID
	For      ReissueCause
	Retire   card.RetireSource // "": on activation, or now when nobody uses the old one
	RetireOn time.Time         // of card.RetireOnDate; zero in a renewal: when the old one expires
	Design   string            // "": the one that the card has
	Reason   string            // what the caller tells; kept in the audit row
}

// Reissued is a card with the plastic that is to take the place of another one.
type Reissued struct {
	CardAt
	Plastic card.Plastic // the new one
	Source  card.Plastic // the old one, as it is now
}

// ReissueCard makes a plastic that waits to be ordered, with the number and the PIN of the card; it gets a code of its own then. It
// is activated like any other, by the code or by the label and batch of the one before. That one works on until it dies: now, when
// the new one is activated, or on a date; one that nobody uses dies now. A new name or design is the card's at once. A card has one
// plastic at most that waits or is on its way; one that expired there makes room for a renewal. Refusals, in order: card.NotFound, those of decideReissue, customer.NotEligible, those
// of a design.
func (s *Service) ReissueCard(ctx context.Context, cmd ReissueCard) (Reissued, error) {
	action := actionReissue
	if cmd.For == ReissueRenewal {
		action = actionRenew
	}
	return Run(ctx, s, cmd.Command, action, func(w *Work) (Reissued, error) {
		w.Audit.Card, w.Audit.Note = cmd.Card, string(cmd.For)+": "+cmd.Reason
		v, err := anyCard(ctx, w, cmd.Card)
		if err != nil {
			return Reissued{}, err
		}
		if no := decideReissue(CardAt{v, w.Now}, cmd.For, cmd.Retire); no != nil {
			return Reissued{}, no
		}
		holder, _, err := w.Tx.Customer(ctx, w.Program.ID, v.Card.Customer)
		if err != nil {
			return Reissued{}, err
		}
		if !holder.Eligible() {
			return Reissued{}, fault.RefuseWith(customer.NotEligible, customer.Inactive)
		}
		if cmd.Design != "" {
			d, err := loadDesign(ctx, w.Tx, w.Program.ID, cmd.Design)
			if err != nil {
				return Reissued{}, err
			}
			if no := decideDesign(d, card.Physical); no != nil {
				return Reissued{}, no
			}
			v.Card.Design = d.design.ID
		}
		if cmd.For == ReissueName || cmd.For == ReissueNamed {
			v.Card.HolderName = embossedName(s.bureau, holder)
		}
		return s.reissue(ctx, w, v, cmd)
	})
}

// decideReissue refuses a card that gets no other plastic; the first check that fails answers.
func decideReissue(v CardAt, why ReissueCause, retire card.RetireSource) error {
	status := v.Card.Status(v.At)
	switch {
	case v.Card.Type != card.Physical:
		return fault.Refuse(card.NotPhysical)
	case v.Card.Customer.IsZero():
		return fault.RefuseWith(card.NotAllowed, card.OperationState{Status: status, Cause: "UNASSIGNED"})
	case v.Stop().ForGood():
		return fault.RefuseWith(card.AlreadyStopped, v.Stop())
	case status == card.Closed:
		return fault.Refuse(card.IsCanceled)
	case status == card.Expired && why != ReissueRenewal:
		return fault.Refuse(card.IsExpired)
	case v.Next != nil && !pastExpiry(v):
		return fault.RefuseWith(card.SuccessorOnWay, v.Next.Plastic.ID)
	}
	if no := decideSource(v, why); no != nil {
		return no
	}
	if retire != "" && retire != card.RetireNow && !v.Plastic.InUse(v.At) {
		return fault.RefuseWith(card.NotAllowed, card.OperationState{Status: status, Cause: "NOT_ACTIVATED"})
	}
	return nil
}

// pastExpiry reports whether the plastic to come would expire before anybody could activate it. Such a one holds no place: else nothing
// would open the card again.
func pastExpiry(v CardAt) bool {
	until := v.Coming().ExpiresAt()
	return !until.IsZero() && !v.At.Before(until)
}

// decideSource refuses a plastic whose place no other one takes. What is lost on its way shows its number to whoever finds it, and
// that takes a replacement: also when the one that was lost was to take the place of this one.
func decideSource(v CardAt, why ReissueCause) error {
	back := cameBack(v.View)
	living := card.Piece{Plastic: v.Plastic, Box: v.Box}.Living()
	switch {
	case why == ReissueReturned && !back:
		return fault.RefuseWith(shipment.NotReturned, v.Box.Status)
	case v.NextLost:
		return fault.Refuse(card.LostInTransit)
	case v.Plastic.EverActivated(), back:
		return nil
	case v.Box.Status == shipment.Lost, v.Plastic.VoidReason == card.VoidLost:
		return fault.Refuse(card.LostInTransit)
	case !living && v.Plastic.Link.Supersedes.IsZero():
		return fault.Refuse(card.IsCanceled)
	case living && !v.Plastic.Link.Supersedes.IsZero() && !pastExpiry(v):
		return fault.RefuseWith(card.SuccessorOnWay, v.Plastic.ID)
	}
	return nil
}

// cameBack reports whether a plastic that was never activated went back to its sender.
func cameBack(v card.View) bool {
	gone := v.Plastic.State == card.Void && v.Plastic.VoidReason == card.VoidDestroyed
	return !v.Plastic.EverActivated() && (v.Box.Status == shipment.Returned || gone)
}

// reissue writes the card, the end of the old plastic, and the new one.
func (s *Service) reissue(ctx context.Context, w *Work, v card.View, cmd ReissueCard) (Reissued, error) {
	next := s.planPlastic(v.Card, w.Now)
	next.CreatedAt = program.Later(w.Now, v.Plastic.CreatedAt)
	next.Identifier, next.Batch, next.Guard.Method = v.Plastic.Identifier, v.Plastic.Batch, v.Plastic.Guard.Method
	next.Link = card.Link{Supersedes: v.Plastic.ID, RetireSource: cmd.Retire}
	switch {
	case !v.Plastic.InUse(w.Now):
		next.Link.RetireSource = card.RetireNow
	case cmd.Retire == "":
		next.Link.RetireSource = card.RetireOnActivation
	}
	if cmd.For == ReissueRenewal {
		if err := s.renew(ctx, w, v.Card, &next.Link); err != nil {
			return Reissued{}, err
		}
	}
	if err := leaveDraft(ctx, w, v.Coming().Plastic); err != nil {
		return Reissued{}, err
	}
	changed := program.Later(w.Now, v.UpdatedAt())
	v.Card.UpdatedAt = changed
	if err := w.Tx.UpdateCard(ctx, v.Card); err != nil {
		return Reissued{}, err
	}
	if v.Next != nil { // it came too late
		coming := v.Coming()
		if err := endNeverUsed(ctx, w, &coming, changed); err != nil {
			return Reissued{}, err
		}
	}
	if err := endSourcePlastic(ctx, w, &v, next.Link.RetireSource, cmd.RetireOn, changed); err != nil {
		return Reissued{}, err
	}
	if err := w.Tx.InsertPlastic(ctx, next); err != nil {
		return Reissued{}, err
	}
	source := v.Plastic
	if v.Plastic.EverActivated() {
		v.Next = &card.Piece{Plastic: next}
	} else {
		v.Plastic, v.Box = next, shipment.Shipment{}
	}
	w.Announce(event.Event{Name: event.CardReissued, Card: &v})
	return Reissued{CardAt{v, w.Now}, next, source}, nil
}

// renew draws what a renewed plastic brings: its expiry, and its CVV where the vault has the number.
func (s *Service) renew(ctx context.Context, w *Work, c card.Card, link *card.Link) error {
	link.ExpiresAt = expiryOf(w.Program, w.Now)
	e, kept, err := w.Tx.VaultEntry(ctx, w.Program.ID, c.ID)
	if err != nil || !kept {
		return err
	}
	if e, err = s.vault.NextCVV(e); err != nil {
		return fault.Wrap(err, "draw the next CVV")
	}
	link.CVVSeries = e.CVVSeries
	return nil
}

// endSourcePlastic writes when the old plastic dies. One that was never activated is void at once, and the bureau makes it no more.
func endSourcePlastic(ctx context.Context, w *Work, v *card.View, when card.RetireSource, on, changed time.Time) error {
	if !v.Plastic.EverActivated() {
		return endNeverUsed(ctx, w, v, changed)
	}
	p := v.Plastic.At(w.Now)
	p.RetiresAt = time.Time{}
	switch when {
	case card.RetireNow:
		p.State, _ = p.State.Move(card.Retire)
	case card.RetireOnDate:
		p.RetiresAt = on
		if until := v.Card.ExpiresAt; on.IsZero() || !until.IsZero() && until.Before(on) {
			p.RetiresAt = until
		}
	case card.RetireOnActivation:
	}
	p.UpdatedAt = changed
	v.Plastic = p
	return w.Tx.UpdatePlastic(ctx, p)
}

// endNeverUsed writes the end of a plastic that was never activated, because another one takes its place.
func endNeverUsed(ctx context.Context, w *Work, v *card.View, changed time.Time) error {
	change, boxed, err := endPiece(ctx, w, v, card.VoidSuperseded, changed)
	if boxed && err == nil {
		tellOfBox(w, change)
	}
	return err
}

// reissuable reports whether the card gets another plastic now, for any of the causes. What is wrong with a design is told when it is
// asked for.
func reissuable(causes ...ReissueCause) func(Standing) bool {
	return func(st Standing) bool { return barredFromReissue(st, causes...) == nil }
}

// barredFromReissue is why a card gets no other plastic for any of the causes.
func barredFromReissue(st Standing, causes ...ReissueCause) (no error) {
	for _, why := range causes {
		if no = decideReissue(st.CardAt, why, ""); no == nil {
			break
		}
	}
	if no == nil && (st.Holder == nil || !st.Holder.Eligible()) {
		no = fault.RefuseWith(customer.NotEligible, customer.Inactive)
	}
	return no
}
