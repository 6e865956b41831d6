package issuance

import (
	"context"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

// The actions of audit rows about what came back.
const (
	actionReship  = "shipment.reship"
	actionDestroy = "shipment.destroy"
)

// mostReturned is how many plastics of a batch one command sends again or destroys: all of it is one transaction, which must end
// before others wait too long.
const mostReturned = 1000

// readReturned reads what came back in the box of a batch, as if it had members.
func readReturned(ctx context.Context, tx ReadTx, box shipment.Shipment) ([]card.Packed, error) {
	plastics, err := tx.PlasticsIn(ctx, box.ID, ident.PlasticID{}, mostReturned+1)
	out := make([]card.Packed, len(plastics))
	for i, p := range plastics {
		out[i] = card.Packed{Member: shipment.Member{Shipment: box.ID, Card: p.Card, Plastic: p.ID}, Plastic: p}
	}
	return out, err
}

// contents is the box with everything that lies in it, whichever kind it is.
func (st ShipmentStanding) contents() card.Box {
	if st.Batch == nil {
		return st.Box
	}
	return card.Box{Shipment: st.Shipment, Packed: st.returned}
}

// mailable reports whether a plastic can go out again; destroyable, whether one is there to be destroyed.
func mailable(p card.Packed) bool    { return destroyable(p) && !p.Plastic.State.Dead() }
func destroyable(p card.Packed) bool { return p.Here() && p.Plastic.Custody != card.CustodyDead }

func decideReship(st ShipmentStanding) error  { return decideReturned(st, mailable) }
func decideDestroy(st ShipmentStanding) error { return decideReturned(st, destroyable) }

// decideReturned refuses a box that has not come back, or has nothing in it of the sort that is wanted.
func decideReturned(st ShipmentStanding, wanted func(card.Packed) bool) error {
	switch packed := st.contents().Packed; {
	case st.Shipment.Status != shipment.Returned:
		return fault.RefuseWith(shipment.NotReturned, st.Shipment.Status)
	case st.Batch != nil && len(packed) > mostReturned:
		return fault.RefuseWith(shipment.TooLarge, mostReturned)
	case !slices.ContainsFunc(packed, wanted):
		return fault.Refuse(shipment.Emptied)
	}
	return nil
}

// ReshipShipment sends again what came back.
type ReshipShipment struct {
	Command
	Shipment       ident.ShipmentID
	Destination    *shipment.Address // nil is where it went before
	TrackingNumber string            // "": the courier has given none yet
	TrackingURL    string            // likewise
	Reason         string            // what the caller tells; kept in the audit row
}

// ReshipShipment puts everything alive that came back into a new shipment, which waits for its courier: a returned one has ended, and
// late scans of its old journey must not move the new one. Mailers and codes stay. The box of a batch is the new one from then on.
// Refusals, in order: shipment.NotFound, shipment.NotReturned, shipment.TooLarge, shipment.Emptied, shipment.AddressInvalid,
// shipment.TrackingTaken.
func (s *Service) ReshipShipment(ctx context.Context, cmd ReshipShipment) (ShipmentStanding, error) {
	return Run(ctx, s, cmd.Command, actionReship, func(w *Work) (ShipmentStanding, error) {
		st, err := loadStanding(ctx, w, cmd.Shipment, cmd.Reason)
		if err != nil {
			return ShipmentStanding{}, err
		}
		if no := decideReship(st); no != nil {
			return ShipmentStanding{}, no
		}
		if cmd.Destination != nil {
			if no := s.decideDestination(*cmd.Destination, st.Shipment.Courier, w.Program.Policy); no != nil {
				return ShipmentStanding{}, no
			}
		}
		if err := freeNumber(ctx, w, st.Shipment.ID, st.Shipment.Courier.Type, cmd.TrackingNumber); err != nil {
			return ShipmentStanding{}, err
		}
		return s.writeReshipped(ctx, w, st, s.repack(w, st.contents(), cmd))
	})
}

// repack makes the new box with what goes out again.
func (s *Service) repack(w *Work, old card.Box, cmd ReshipShipment) card.Box {
	changed := program.Later(w.Now, old.LastChange())
	next := old.Shipment
	next.ID, next.Status = ident.ShipmentID{UUID: s.ids.UUID()}, shipment.ReadyToShip
	next.TrackingNumber, next.TrackingURL = cmd.TrackingNumber, cmd.TrackingURL
	if cmd.Destination != nil {
		next.Destination = *cmd.Destination
	}
	next.CutoffAt = time.Time{} // the bureau makes nothing
	next.SubmittedAt, next.CreatedAt, next.UpdatedAt, next.Version = w.Now, w.Now, changed, 0
	box := card.Box{Shipment: next}
	for _, p := range old.Packed {
		if !mailable(p) {
			continue
		}
		p.Member.ID, p.Member.Shipment, p.Member.Position = ident.MemberID{UUID: s.ids.UUID()}, next.ID, len(box.Packed)
		p.Member.CreatedAt, p.Member.UpdatedAt = w.Now, changed
		p.Plastic.Shipment, p.Plastic.UpdatedAt = next.ID, changed
		box.Packed = append(box.Packed, p)
	}
	return box
}

func (s *Service) writeReshipped(ctx context.Context, w *Work, st ShipmentStanding, box card.Box) (ShipmentStanding, error) {
	if err := w.Tx.InsertShipment(ctx, box.Shipment); err != nil {
		return ShipmentStanding{}, err
	}
	for _, i := range byCard(box.Packed) {
		if err := w.Tx.UpdatePlastic(ctx, box.Packed[i].Plastic); err != nil {
			return ShipmentStanding{}, err
		}
	}
	if st.Batch != nil {
		if box.Shipment.Destination != st.Shipment.Destination {
			st.Batch.Location = relocated(st.Batch.Location, box.Shipment.Destination)
		}
		st.Batch.Shipment, st.Batch.UpdatedAt = box.Shipment.ID, w.Now
		box.Packed = nil
		if err := w.Tx.UpdateBatch(ctx, *st.Batch); err != nil {
			return ShipmentStanding{}, err
		}
	}
	for _, p := range box.Packed {
		if err := w.Tx.InsertMember(ctx, p.Member); err != nil {
			return ShipmentStanding{}, err
		}
	}
	w.Announce(event.Event{Name: event.ShipmentReshipped, Box: &box})
	return ShipmentStanding{Box: box, Batch: st.Batch}, nil
}

// DestroyShipment tells that what came back was destroyed.
type DestroyShipment struct {
	Command
	Shipment ident.ShipmentID
	Reason   string // what the caller tells; kept in the audit row
}

// DestroyShipment marks everything that came back as destroyed. Plastics that were never activated are void, with their codes; the
// numbers live on. Refusals, in order: shipment.NotFound, shipment.NotReturned, shipment.TooLarge, shipment.Emptied.
func (s *Service) DestroyShipment(ctx context.Context, cmd DestroyShipment) (ShipmentStanding, error) {
	return Run(ctx, s, cmd.Command, actionDestroy, func(w *Work) (ShipmentStanding, error) {
		st, err := loadStanding(ctx, w, cmd.Shipment, cmd.Reason)
		if err != nil {
			return ShipmentStanding{}, err
		}
		if no := decideDestroy(st); no != nil {
			return ShipmentStanding{}, no
		}
		change := changeBox(st.contents(), w.Now)
		for i, p := range change.after.Packed {
			if destroyable(p) {
				change.destroy(i)
			}
		}
		st, err = s.writeStanding(ctx, w, st, change)
		if st.Batch != nil {
			st.returned, st.Packed = st.Packed, nil
		}
		return st, err
	})
}

// destroy is the end of one piece. One that was activated stays so: only its custody tells that it is no more.
func (b *boxChange) destroy(i int) {
	b.take(i, card.Kill)
	p := &b.after.Packed[i].Plastic
	if p.State == card.Void && b.before.Packed[i].Plastic.State != card.Void {
		p.VoidReason = card.VoidDestroyed
	}
	p.Custody, p.CustodyPresumed, p.UpdatedAt = card.CustodyDead, false, b.at
}
