package shipment

import (
	"slices"
	"time"
)

// Scan is one report about a box: by its courier, or the bureau's word that it is ready or canceled.
// Key makes repeats of the same report one: the courier's scan id, or status, time and place.
type Scan struct {
	Key        string
	Status     Status
	At         time.Time // when it happened
	RecordedAt time.Time // when we learned of it
}

// Scannable reports whether a scan may carry that status.
func Scannable(s Status) bool {
	switch s {
	case ReadyToShip, InTransit, OutForDelivery, Delivered, DeliveryFailed, Exception, Returned, Lost, Canceled:
		return true
	case Draft, Placed, InProduction:
		return false
	}
	return false
}

// step is the place on the road; 0 for states that have none.
func step(s Status) int {
	switch s {
	case Placed:
		return 1
	case InProduction:
		return 2
	case ReadyToShip:
		return 3
	case InTransit:
		return 4
	case OutForDelivery:
		return 5
	case Delivered:
		return 6
	case Draft, DeliveryFailed, Exception, Canceled, Returned, Lost:
		return 0
	}
	return 0
}

// tieOrder orders scans of one instant: the lower step first, mishaps between the last mile and the
// end, ends last.
func tieOrder(s Status) int {
	order := []Status{ReadyToShip, InTransit, OutForDelivery, DeliveryFailed, Exception, Delivered, Returned, Lost, Canceled}
	return slices.Index(order, s)
}

// Settled is what follows from a set of scans.
type Settled struct {
	Status      Status
	DeliveredAt time.Time // time of the delivered scan that ended it; zero otherwise
}

// Settle folds the scans over the bureau's state (placed or in_production) in the order in which they
// happened, whatever order they came in; a repeated key counts once (cards contract §13.2). A draft has
// no scans.
func Settle(bureau Status, scans []Scan) Settled {
	ordered := slices.Clone(scans)
	slices.SortFunc(ordered, func(a, b Scan) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		if a.Status != b.Status {
			return tieOrder(a.Status) - tieOrder(b.Status)
		}
		switch {
		case a.Key < b.Key:
			return -1
		case a.Key > b.Key:
			return 1
		}
		return 0
	})
	out := Settled{Status: bureau}
	seen := make(map[string]bool, len(ordered))
	for _, scan := range ordered {
		if seen[scan.Key] {
			continue
		}
		seen[scan.Key] = true
		if next, moves := Next(out.Status, scan.Status); moves {
			out.Status = next
			if next == Delivered {
				out.DeliveredAt = scan.At
			}
		}
	}
	return out
}

// Next is one move: the state after a scan, and whether it moved at all.
func Next(from, scan Status) (Status, bool) {
	if from == Draft || from.Ended() {
		return from, false
	}
	switch scan {
	case DeliveryFailed, Exception, Returned, Lost, Canceled:
		return scan, scan != from
	case ReadyToShip, InTransit, OutForDelivery, Delivered:
		recovering := from == DeliveryFailed || from == Exception
		if recovering && step(scan) >= step(InTransit) {
			return scan, true
		}
		if !recovering && step(scan) > step(from) {
			return scan, true
		}
		return from, false
	case Draft, Placed, InProduction:
		return from, false
	}
	return from, false
}
