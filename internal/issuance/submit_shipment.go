package issuance

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

const actionSubmitShipment = "shipment.submit"

// The causes for which a member is refused at submit (cards contract §14.10).
const (
	refusedBlocked  = "CARD_BLOCKED"
	refusedExpired  = "CARD_EXPIRED"
	refusedHolder   = "USER_NOT_ELIGIBLE"
	refusedDesign   = "DESIGN_INACTIVE"
	refusedName     = "NAME_NOT_PRINTABLE"
	refusedAddress  = "ADDRESS_NOT_SERVED"
	refusedByBureau = "MANUFACTURER_REJECTED"
)

// submitDraws is how often a draft may change between the bureau's answer and its placing.
const submitDraws = 8

// errDraftChanged says that the bureau was asked about another state of the draft.
var errDraftChanged = errors.New("the draft changed while the bureau was asked")

// SubmitShipment names the draft to place with the bureau (cards contract §14.10).
type SubmitShipment struct {
	Command
	Shipment ident.ShipmentID
}

// bureauWord is what the bureau said about a draft, and about which state of it.
type bureauWord struct {
	version int64
	refused map[ident.MemberID]string
	down    error
}

// SubmitShipment places a draft. The bureau is asked before the transaction; the members are checked again
// inside. Members that are refused are marked in the result. Refusals, in order: shipment.NotFound,
// shipment.AlreadySubmitted, shipment.AllRejected (our own checks), shipment.BureauDown,
// shipment.AllRejected (the bureau).
func (s *Service) SubmitShipment(ctx context.Context, cmd SubmitShipment) (card.Box, error) {
	for range submitDraws {
		word, err := s.askBureau(ctx, cmd)
		if err != nil {
			return card.Box{}, err
		}
		box, err := Run(ctx, s, cmd.Command, actionSubmitShipment, func(w *Work) (card.Box, error) {
			return s.place(ctx, w, cmd.Shipment, word)
		})
		if !errors.Is(err, errDraftChanged) {
			return box, err
		}
	}
	return card.Box{}, fault.Wrap(errDraftChanged, "submit a shipment")
}

// askBureau asks about the draft as it stands. A shipment that is no draft is told of later, in its turn.
func (s *Service) askBureau(ctx context.Context, cmd SubmitShipment) (bureauWord, error) {
	box, err := s.Shipment(ctx, cmd.Caller.Program, cmd.Shipment)
	if fault.IsRefusal(err) || (err == nil && box.Shipment.Status != shipment.Draft) {
		return bureauWord{}, nil
	}
	if err != nil {
		return bureauWord{}, err
	}
	word := bureauWord{version: box.Shipment.Version}
	word.refused, word.down = s.bureau.Check(box)
	return word, nil
}

func (s *Service) place(ctx context.Context, w *Work, id ident.ShipmentID, word bureauWord) (card.Box, error) {
	box, err := loadBox(ctx, w, id)
	if err != nil {
		return card.Box{}, err
	}
	if box.Shipment.Status != shipment.Draft {
		return card.Box{}, fault.RefuseWith(shipment.AlreadySubmitted, box.Shipment.Status)
	}
	if box.Shipment.Version != word.version {
		return card.Box{}, errDraftChanged
	}
	views, own, err := s.checkMembers(ctx, w, box)
	if err != nil {
		return card.Box{}, err
	}
	refused, no := decideSubmit(box, own, word)
	if no != nil {
		return card.Box{}, no
	}
	return s.order(ctx, w, box, views, refused)
}

// checkMembers checks the members of a draft again: the cards as they are now, and why each is refused.
func (s *Service) checkMembers(ctx context.Context, w *Work, box card.Box) (map[ident.MemberID]card.View, map[ident.MemberID]string, error) {
	views, refused := map[ident.MemberID]card.View{}, map[ident.MemberID]string{}
	for _, p := range box.Packed {
		v, _, err := w.Tx.CardView(ctx, w.Program.ID, p.Member.Card)
		if err != nil {
			return nil, nil, err
		}
		v = v.Coming()
		eligible, err := eligibleHolder(ctx, w.Tx, w.Program.ID, v.Card.Customer)
		if err != nil {
			return nil, nil, err
		}
		d, _, err := w.Tx.Design(ctx, w.Program.ID, p.Member.Design)
		if err != nil {
			return nil, nil, err
		}
		views[p.Member.ID] = v
		if cause := decideOrder(v, eligible, d, p.Member, w.Program, w.Now); cause != "" {
			refused[p.Member.ID] = cause
		}
	}
	return views, refused, nil
}

// decideOrder says why our own checks refuse a member at submit, "" when they do not.
func decideOrder(v card.View, eligible bool, d card.Design, m shipment.Member, p program.Program, now time.Time) string {
	switch unshippable(v, eligible, now) {
	case "":
	case "EXPIRED":
		return refusedExpired
	case "USER_NOT_ELIGIBLE":
		return refusedHolder
	default:
		return refusedBlocked
	}
	switch {
	case !d.Active || !d.Makes(card.Physical):
		return refusedDesign
	case v.Card.HolderName == "":
		return refusedName
	case !allows(p.Policy.ShippingCountries, m.Address.Country):
		return refusedAddress
	}
	return ""
}

// allows reports whether a list of a policy allows the value; an empty list allows all.
func allows(list []string, value string) bool {
	for _, have := range list {
		if have == value {
			return true
		}
	}
	return len(list) == 0
}

// decideSubmit puts our own refusals and the bureau's together. A draft of which nothing would be made is
// not placed.
func decideSubmit(box card.Box, own map[ident.MemberID]string, word bureauWord) (map[ident.MemberID]string, error) {
	if len(own) == len(box.Packed) {
		return nil, fault.RefuseWith(shipment.AllRejected, rejections(box, own))
	}
	if word.down != nil {
		return nil, word.down
	}
	refused := map[ident.MemberID]string{}
	for _, p := range box.Packed {
		if cause, no := own[p.Member.ID]; no {
			refused[p.Member.ID] = cause
		} else if cause, no := word.refused[p.Member.ID]; no {
			refused[p.Member.ID] = cause
		}
	}
	if len(refused) == len(box.Packed) {
		return nil, fault.RefuseWith(shipment.AllRejected, rejections(box, refused))
	}
	return refused, nil
}

func rejections(box card.Box, refused map[ident.MemberID]string) []shipment.Rejection {
	var out []shipment.Rejection
	for _, p := range box.Packed {
		if cause, no := refused[p.Member.ID]; no {
			out = append(out, shipment.Rejection{Member: p.Member.ID, Card: p.Member.Card, Cause: cause})
		}
	}
	return out
}

// order places the draft: a code for each plastic that is accepted, a mark on each member that is not.
func (s *Service) order(ctx context.Context, w *Work, box card.Box, views map[ident.MemberID]card.View, refused map[ident.MemberID]string) (card.Box, error) {
	changed := program.Later(w.Now, box.LastChange())
	for _, i := range byCard(box.Packed) {
		p := box.Packed[i]
		if cause, no := refused[p.Member.ID]; no {
			p.Member.RejectedAt, p.Member.RejectionReason, p.Member.UpdatedAt = w.Now, cause, changed
			box.Packed[i] = p
			if err := w.Tx.UpdateMember(ctx, p.Member); err != nil {
				return card.Box{}, err
			}
			continue
		}
		plastic, err := s.request(box.Shipment.ID, views[p.Member.ID].Plastic, w.Program.Policy.ActivationCode, w.Now)
		if err != nil {
			return card.Box{}, err
		}
		plastic.UpdatedAt = changed
		if c := views[p.Member.ID].Card; c.Design != p.Member.Design {
			c.Design, c.UpdatedAt = p.Member.Design, changed
			if err := w.Tx.UpdateCard(ctx, c); err != nil {
				return card.Box{}, err
			}
		}
		if err := w.Tx.UpdatePlastic(ctx, plastic); err != nil {
			return card.Box{}, err
		}
		box.Packed[i].Plastic = plastic
	}
	box.Shipment.Status, box.Shipment.SubmittedAt = shipment.Placed, w.Now
	box.Shipment.CutoffAt, box.Shipment.UpdatedAt = s.bureau.Cutoff(w.Now), changed
	w.Announce(event.Event{Name: event.ShipmentPlaced, Box: &box})
	return box, w.Tx.UpdateShipment(ctx, box.Shipment)
}

// byCard is the order in which what is packed is written, in every box alike: the cards of one are never
// waited for in a circle.
func byCard(packed []card.Packed) []int {
	order := make([]int, len(packed))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return bytes.Compare(packed[a].Member.Card.UUID[:], packed[b].Member.Card.UUID[:])
	})
	return order
}

// request asks the bureau for a plastic: it gets its code and belongs to the box.
func (s *Service) request(in ident.ShipmentID, p card.Plastic, policy program.ActivationCode, now time.Time) (card.Plastic, error) {
	next, legal := p.State.Move(card.Request)
	if !legal {
		return p, fault.Wrap(errors.New("a plastic that was checked cannot be requested"), "submit a shipment")
	}
	method := p.Guard.Method
	p, err := s.issueCode(p, policy, now)
	if err != nil {
		return p, fault.Wrap(err, "issue an activation code")
	}
	p.State, p.Custody, p.Shipment, p.Guard.Method = next, card.CustodyBureau, in, method
	return p, nil
}
