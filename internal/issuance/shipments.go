package issuance

import (
	"context"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

// The actions of audit rows about drafts.
const (
	actionCreateShipment = "shipment.create"
	actionEditShipment   = "shipment.edit"
	actionDeleteShipment = "shipment.delete"
	actionAddMember      = "shipment.add_card"
	actionRemoveMember   = "shipment.remove_card"
)

// NewMember is a card that shall go into a box.
type NewMember struct {
	Card    ident.CardID
	Design  string            // as sent; "" is the design of the card
	Address *shipment.Address // printed on the mailer; nil is the destination of the box
}

// CreateShipment drafts a box (cards contract §14.3).
type CreateShipment struct {
	Command
	Destination shipment.Address
	Recipient   shipment.Recipient
	Courier     shipment.Courier
	Members     []NewMember // 1 to shipment.MaxCards, no card twice
}

// CreateShipment drafts a box: all members or none. Nothing reaches the bureau before SubmitShipment.
func (s *Service) CreateShipment(ctx context.Context, cmd CreateShipment) (card.Box, error) {
	return Run(ctx, s, cmd.Command, actionCreateShipment, func(w *Work) (card.Box, error) {
		box := card.Box{Shipment: shipment.Shipment{
			ID: ident.ShipmentID{UUID: s.ids.UUID()}, Program: w.Program.ID, Kind: shipment.OfCards, Status: shipment.Draft,
			Destination: cmd.Destination, Recipient: cmd.Recipient, Courier: cmd.Courier, CreatedAt: w.Now, UpdatedAt: w.Now,
		}}
		for i, m := range cmd.Members {
			packed, err := s.packMember(ctx, w, box.Shipment, m, i)
			if err != nil {
				return card.Box{}, err
			}
			box.Packed = append(box.Packed, packed)
		}
		w.Audit.Shipment = box.Shipment.ID
		if err := w.Tx.InsertShipment(ctx, box.Shipment); err != nil {
			return card.Box{}, err
		}
		for _, p := range box.Packed {
			if err := w.Tx.InsertMember(ctx, p.Member); err != nil {
				return card.Box{}, err
			}
		}
		return box, nil
	})
}

// packMember decides whether a card may go into a draft, and gives its place there. It writes nothing.
func (s *Service) packMember(ctx context.Context, w *Work, in shipment.Shipment, m NewMember, position int) (card.Packed, error) {
	facts, err := loadMember(ctx, w, m)
	if err != nil {
		return card.Packed{}, err
	}
	if no := decideMember(m.Card, facts, w.Now); no != nil {
		return card.Packed{}, no
	}
	member := shipment.Member{
		ID: ident.MemberID{UUID: s.ids.UUID()}, Shipment: in.ID, Position: position, Card: m.Card,
		Plastic: facts.view.Plastic.ID, Design: facts.design.design.ID, Address: in.Destination, CreatedAt: w.Now, UpdatedAt: w.Now,
	}
	if m.Address != nil {
		member.Address = *m.Address
	}
	return card.Packed{Member: member, Plastic: facts.view.Plastic}, nil
}

// memberFacts is everything that a new member is decided from.
type memberFacts struct {
	view     card.View
	found    bool
	eligible bool // the customer may hold the card
	heldBy   ident.ShipmentID
	held     bool
	design   designChoice
}

func loadMember(ctx context.Context, w *Work, m NewMember) (f memberFacts, err error) {
	p := w.Program.ID
	f.view, f.found, err = w.Tx.CardView(ctx, p, m.Card)
	if err != nil || !f.found {
		return f, err
	}
	f.view = f.view.Coming()
	if f.eligible, err = eligibleHolder(ctx, w.Tx, p, f.view.Card.Customer); err != nil {
		return f, err
	}
	if f.heldBy, f.held, err = w.Tx.OccupiedBy(ctx, p, f.view.Plastic); err != nil {
		return f, err
	}
	if m.Design != "" {
		f.design, err = loadDesign(ctx, w.Tx, p, m.Design)
		return f, err
	}
	d, ok, err := w.Tx.Design(ctx, p, f.view.Card.Design)
	if f.design.named = true; ok {
		f.design.design = &d
	}
	return f, err
}

// decideMember refuses a card that may not go into a draft; the first check that fails answers (cards
// contract §14.3). The card itself may be frozen.
func decideMember(asked ident.CardID, f memberFacts, now time.Time) error {
	if !f.found || !visible(f.view.Card) {
		return fault.RefuseWith(card.NotFound, asked)
	}
	if f.view.Card.Type != card.Physical {
		return fault.RefuseWith(card.TypeNotSupported, f.view.Card.Type)
	}
	if cause := unshippable(f.view, f.eligible, now); cause != "" {
		return fault.RefuseWith(shipment.CardNotShippable, shipment.NotShippable{Card: asked, Cause: cause})
	}
	if f.held {
		return fault.RefuseWith(shipment.CardInShipment, shipment.InShipment{Card: asked, Shipment: f.heldBy})
	}
	return decideDesign(f.design, card.Physical)
}

// unshippable says why a card cannot be put into a box, "" when it can.
func unshippable(v card.View, eligible bool, now time.Time) string {
	switch v.Plastic.State {
	case card.Activated, card.Retired:
		return "ACTIVATED"
	case card.Requested, card.InProduction, card.OnHold, card.Produced, card.HandedOver:
		return "ALREADY_ORDERED"
	case card.Canceled, card.Void:
		return "CANCELED"
	case card.Planned, card.Rejected:
		if !v.Plastic.Batch.IsZero() && v.Plastic.Link.Supersedes.IsZero() {
			return "ALREADY_ORDERED" // a bulk order ships its cards itself
		}
	}
	c := v.Card
	c.ExpiresAt = v.ExpiresAt()
	switch c.Status(now) {
	case card.Closed:
		return "CANCELED"
	case card.Expired:
		return "EXPIRED"
	case card.Blocked:
		return "BLOCKED"
	case card.Frozen, card.Open, card.Unassigned:
	}
	if v.Card.ReportedAs != "" {
		return "BLOCKED"
	}
	if !eligible {
		return "USER_NOT_ELIGIBLE"
	}
	return ""
}

// Shipment gives a shipment with its members, or shipment.NotFound.
func (s *Service) Shipment(ctx context.Context, p ident.ProgramID, id ident.ShipmentID) (card.Box, error) {
	return Look(ctx, s, shipment.NotFound, func(tx ReadTx) (card.Box, bool, error) { return tx.Box(ctx, p, id) })
}

// Shipments lists shipments, newest first.
func (s *Service) Shipments(ctx context.Context, p ident.ProgramID, f ShipmentFilter, page Page) ([]ListedShipment, error) {
	return Look(ctx, s, shipment.NotFound, func(tx ReadTx) ([]ListedShipment, bool, error) {
		list, err := tx.Shipments(ctx, p, f, page)
		return list, true, err
	})
}

// loadBox loads the shipment that a command is about, or refuses with shipment.NotFound.
func loadBox(ctx context.Context, w *Work, id ident.ShipmentID) (card.Box, error) {
	box, ok, err := w.Tx.Box(ctx, w.Program.ID, id)
	if err != nil {
		return card.Box{}, err
	}
	if !ok {
		return card.Box{}, fault.Refuse(shipment.NotFound)
	}
	w.Audit.Shipment = id
	return box, nil
}

// loadDraft is loadBox for commands that only a draft takes.
func loadDraft(ctx context.Context, w *Work, id ident.ShipmentID) (card.Box, error) {
	box, err := loadBox(ctx, w, id)
	if err == nil && box.Shipment.Status != shipment.Draft {
		return card.Box{}, fault.RefuseWith(shipment.NotEditable, box.Shipment.Status)
	}
	return box, err
}

// EditShipment changes a draft; what is nil stays (cards contract §14.6).
type EditShipment struct {
	Command
	Shipment    ident.ShipmentID
	Destination *shipment.Address
	Recipient   *shipment.Recipient
	Courier     *shipment.Courier
}

// EditShipment replaces parts of a draft. The addresses of its members are not touched.
func (s *Service) EditShipment(ctx context.Context, cmd EditShipment) (card.Box, error) {
	return Run(ctx, s, cmd.Command, actionEditShipment, func(w *Work) (card.Box, error) {
		box, err := loadDraft(ctx, w, cmd.Shipment)
		if err != nil {
			return card.Box{}, err
		}
		before := box.Shipment
		if cmd.Destination != nil {
			box.Shipment.Destination = *cmd.Destination
		}
		if cmd.Recipient != nil {
			box.Shipment.Recipient = *cmd.Recipient
		}
		if cmd.Courier != nil {
			box.Shipment.Courier = *cmd.Courier
		}
		if box.Shipment == before {
			return box, nil
		}
		box.Shipment.UpdatedAt = program.Later(w.Now, box.LastChange())
		return box, w.Tx.UpdateShipment(ctx, box.Shipment)
	})
}

// DeleteShipment names the draft to delete.
type DeleteShipment struct {
	Command
	Shipment ident.ShipmentID
}

// DeleteShipment deletes a draft; its cards are free again.
func (s *Service) DeleteShipment(ctx context.Context, cmd DeleteShipment) error {
	_, err := Run(ctx, s, cmd.Command, actionDeleteShipment, func(w *Work) (struct{}, error) {
		box, err := loadDraft(ctx, w, cmd.Shipment)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, w.Tx.DeleteShipment(ctx, box.Shipment)
	})
	return err
}

// AddMember puts one more card into a draft (cards contract §14.8).
type AddMember struct {
	Command
	Shipment ident.ShipmentID
	Member   NewMember
}

// AddMember puts one more card into a draft. Refusals, in order: shipment.NotFound, shipment.NotEditable,
// shipment.Full, then those of a member.
func (s *Service) AddMember(ctx context.Context, cmd AddMember) (card.Box, error) {
	return Run(ctx, s, cmd.Command, actionAddMember, func(w *Work) (card.Box, error) {
		box, err := loadDraft(ctx, w, cmd.Shipment)
		if err != nil {
			return card.Box{}, err
		}
		if len(box.Packed) >= shipment.MaxCards {
			return card.Box{}, fault.Refuse(shipment.Full)
		}
		position := 0
		for _, p := range box.Packed {
			position = max(position, p.Member.Position+1)
		}
		packed, err := s.packMember(ctx, w, box.Shipment, cmd.Member, position)
		if err != nil {
			return card.Box{}, err
		}
		w.Audit.Card = packed.Member.Card
		if err := w.Tx.InsertMember(ctx, packed.Member); err != nil {
			return card.Box{}, err
		}
		box.Packed = append(box.Packed, packed)
		box.Shipment.UpdatedAt = program.Later(w.Now, box.LastChange())
		return box, w.Tx.UpdateShipment(ctx, box.Shipment)
	})
}

// RemoveMember takes a card out of a draft (cards contract §14.9).
type RemoveMember struct {
	Command
	Shipment ident.ShipmentID
	Member   ident.MemberID
}

// RemoveMember takes a card out of a draft. Refusals, in order: shipment.NotFound, shipment.NotEditable,
// shipment.MemberNotFound, shipment.LastCard.
func (s *Service) RemoveMember(ctx context.Context, cmd RemoveMember) (card.Box, error) {
	return Run(ctx, s, cmd.Command, actionRemoveMember, func(w *Work) (card.Box, error) {
		box, err := loadDraft(ctx, w, cmd.Shipment)
		if err != nil {
			return card.Box{}, err
		}
		at := slices.IndexFunc(box.Packed, func(p card.Packed) bool { return p.Member.ID == cmd.Member })
		if at < 0 {
			return card.Box{}, fault.Refuse(shipment.MemberNotFound)
		}
		if len(box.Packed) == 1 {
			return card.Box{}, fault.Refuse(shipment.LastCard)
		}
		return dropMember(ctx, w, box, at)
	})
}

// dropMember takes the member at that place out of a draft.
func dropMember(ctx context.Context, w *Work, box card.Box, at int) (card.Box, error) {
	gone := box.Packed[at].Member
	w.Audit.Card = gone.Card
	if err := w.Tx.DeleteMember(ctx, gone); err != nil {
		return card.Box{}, err
	}
	box.Packed = slices.Delete(slices.Clone(box.Packed), at, at+1)
	box.Shipment.UpdatedAt = program.Later(w.Now, box.LastChange())
	return box, w.Tx.UpdateShipment(ctx, box.Shipment)
}

// eligibleHolder reports whether the customer of a card may hold it.
func eligibleHolder(ctx context.Context, tx CustomerReader, p ident.ProgramID, id ident.CustomerID) (bool, error) {
	c, ok, err := tx.Customer(ctx, p, id)
	return ok && c.Eligible(), err
}
