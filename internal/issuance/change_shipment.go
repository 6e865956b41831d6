package issuance

import (
	"context"
	"slices"
	"strings"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

// The actions of audit rows about shipments that were placed, or are to end.
const (
	actionCancelShipment = "shipment.cancel"
	actionRedirect       = "shipment.change_destination"
)

// ShipmentStanding is a shipment of either kind with what decides about what may be done with it now. The box of a batch names
// none of its plastics, which may be very many: its state speaks for them, and the batch lists them.
type ShipmentStanding struct {
	card.Box
	Batch *batch.Batch    // whose box it is; nil for a shipment of the cards API
	Scans []shipment.Scan // in the order in which they happened

	returned []card.Packed // what lies in the box of a batch that came back
}

// ShipmentStanding gives a shipment of either kind, or shipment.NotFound.
func (s *Service) ShipmentStanding(ctx context.Context, p ident.ProgramID, id ident.ShipmentID) (ShipmentStanding, error) {
	return Look(ctx, s, shipment.NotFound, func(tx ReadTx) (ShipmentStanding, bool, error) { return readShipment(ctx, tx, p, id) })
}

func readShipment(ctx context.Context, tx ReadTx, p ident.ProgramID, id ident.ShipmentID) (ShipmentStanding, bool, error) {
	var st ShipmentStanding
	box, ok, err := tx.Shipment(ctx, p, id)
	if err != nil || !ok {
		return st, false, err
	}
	if st.Shipment = box; box.Kind == shipment.OfCards {
		st.Box, ok, err = tx.Box(ctx, p, id)
	} else {
		var b batch.Batch
		b, ok, err = tx.BatchByID(ctx, p, box.Batch)
		st.Batch = &b
	}
	if err != nil || !ok {
		return st, false, err
	}
	if st.Batch != nil && box.Status == shipment.Returned {
		if st.returned, err = readReturned(ctx, tx, box); err != nil {
			return st, false, err
		}
	}
	st.Scans, err = tx.Scans(ctx, id)
	slices.SortStableFunc(st.Scans, func(a, b shipment.Scan) int { return a.At.Compare(b.At) })
	return st, true, err
}

// ShipmentAction is something that may be done with a shipment.
type ShipmentAction string

// The actions, by their names in the native API.
const (
	ToCancel   ShipmentAction = "cancel"
	ToRedirect ShipmentAction = "change_destination"
	ToReship   ShipmentAction = "reship"
	ToDestroy  ShipmentAction = "destroy"
)

// shipmentActions is the whole table: each action with the decision of its command.
var shipmentActions = []struct {
	action ShipmentAction
	refuse func(ShipmentStanding) error
}{
	{ToCancel, decideAtPlacing},
	{ToRedirect, decideAtPlacing},
	{ToReship, decideReship},
	{ToDestroy, decideDestroy},
}

// Allowed lists what would be done now, if it were asked for.
func (st ShipmentStanding) Allowed() []ShipmentAction {
	var out []ShipmentAction
	for _, a := range shipmentActions {
		if a.refuse(st) == nil {
			out = append(out, a.action)
		}
	}
	return out
}

// decideAtPlacing refuses what comes after the bureau began, and what would meet a box that is still being filled.
func decideAtPlacing(st ShipmentStanding) error {
	switch {
	case !st.Shipment.Status.AtPlacing():
		return fault.RefuseWith(shipment.TooLate, st.Shipment.Status)
	case st.Batch != nil && !st.Batch.Status.Finished():
		return fault.Refuse(shipment.StillFilled)
	}
	return nil
}

// loadStanding loads the shipment that a command is about, whichever kind it is.
func loadStanding(ctx context.Context, w *Work, id ident.ShipmentID, note string) (ShipmentStanding, error) {
	w.Audit.Shipment, w.Audit.Note = id, note
	st, ok, err := readShipment(ctx, w.Tx, w.Program.ID, id)
	if err == nil && !ok {
		err = fault.Refuse(shipment.NotFound)
	}
	return st, err
}

// CancelShipment ends a shipment that the bureau has not begun.
type CancelShipment struct {
	Command
	Shipment ident.ShipmentID
	Reason   string // what the caller tells; kept in the audit row
}

// CancelShipment cancels a draft, whose cards are free again, or a shipment that was placed: the bureau makes none of its plastics, and
// they are canceled with it. Refusals, in order: shipment.NotFound, shipment.TooLate, shipment.StillFilled.
func (s *Service) CancelShipment(ctx context.Context, cmd CancelShipment) (ShipmentStanding, error) {
	return Run(ctx, s, cmd.Command, actionCancelShipment, func(w *Work) (ShipmentStanding, error) {
		st, err := loadStanding(ctx, w, cmd.Shipment, cmd.Reason)
		if err != nil {
			return ShipmentStanding{}, err
		}
		if no := decideAtPlacing(st); no != nil {
			return ShipmentStanding{}, no
		}
		change := changeBox(st.Box, w.Now)
		change.cancel()
		change.after.Shipment.Status = shipment.Canceled
		return s.writeStanding(ctx, w, st, change)
	})
}

// writeStanding writes a change of a shipment, and gives the shipment after it.
func (s *Service) writeStanding(ctx context.Context, w *Work, st ShipmentStanding, change boxChange) (ShipmentStanding, error) {
	change.after.Shipment.UpdatedAt = change.at
	st.Box = change.after
	return st, s.writeBox(ctx, w, change)
}

// RedirectShipment sends a shipment elsewhere.
type RedirectShipment struct {
	Command
	Shipment    ident.ShipmentID
	Destination shipment.Address
	Reason      string // what the caller tells; kept in the audit row
}

// RedirectShipment changes where a shipment goes that the bureau has not begun. Mailers that show the old destination show the new one.
// The same destination again changes nothing. Refusals, in order: shipment.NotFound, shipment.TooLate, shipment.StillFilled,
// shipment.AddressInvalid.
func (s *Service) RedirectShipment(ctx context.Context, cmd RedirectShipment) (ShipmentStanding, error) {
	return Run(ctx, s, cmd.Command, actionRedirect, func(w *Work) (ShipmentStanding, error) {
		st, err := loadStanding(ctx, w, cmd.Shipment, cmd.Reason)
		if err != nil {
			return ShipmentStanding{}, err
		}
		if no := decideAtPlacing(st); no != nil {
			return ShipmentStanding{}, no
		}
		if no := s.decideDestination(cmd.Destination, st.Shipment.Courier, w.Program.Policy); no != nil {
			return ShipmentStanding{}, no
		}
		if cmd.Destination == st.Shipment.Destination {
			return st, nil
		}
		if st.Batch != nil {
			st.Batch.Location, st.Batch.UpdatedAt = relocated(st.Batch.Location, cmd.Destination), w.Now
			if err := w.Tx.UpdateBatch(ctx, *st.Batch); err != nil {
				return ShipmentStanding{}, err
			}
		}
		return s.writeStanding(ctx, w, st, redirect(st.Box, cmd.Destination, changeBox(st.Box, w.Now)))
	})
}

func redirect(box card.Box, to shipment.Address, change boxChange) boxChange {
	change.after.Shipment.Destination = to
	for i := range change.after.Packed {
		if m := &change.after.Packed[i].Member; !m.Rejected() && m.Address == box.Shipment.Destination {
			m.Address, m.UpdatedAt = to, change.at
		}
	}
	return change
}

// relocated is the place of a bulk order whose box goes elsewhere; who takes it stays.
func relocated(l batch.Location, to shipment.Address) batch.Location {
	l.Street, l.ExteriorNumber, l.InteriorNumber, l.Neighborhood = to.Line1, "", "", to.Line2
	l.City, l.State, l.PostalCode, l.Country = to.City, to.Zone, to.PostalCode, to.Country
	return l
}

// decideDestination refuses an address that the bureau, its courier or the programme's policy does not send to, or cannot print.
func (s *Service) decideDestination(to shipment.Address, by shipment.Courier, policy program.Policy) error {
	var wrong []fault.Field
	reached, carried := s.bureau.Serves(to.Country, by.Type)
	if !reached || by.Type != "" && !carried || !allows(policy.ShippingCountries, to.Country) {
		wrong = append(wrong, fault.Field{Path: "destination.country", Code: "not_served"})
	}
	if !s.bureau.Printable(strings.Join([]string{to.Line1, to.Line2, to.City, to.Zone, to.PostalCode}, "")) {
		wrong = append(wrong, fault.Field{Path: "destination", Code: "not_printable"})
	}
	if len(wrong) > 0 {
		return &fault.Error{Reason: shipment.AddressInvalid, Fields: wrong}
	}
	return nil
}
