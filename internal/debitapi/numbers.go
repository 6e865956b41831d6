package debitapi

import (
	"time"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

// The numbers of a card (debit contract §6).
const (
	cardOrdered  = 20
	cardReady    = 21
	cardActive   = 22
	cardCanceled = 23
	cardExpired  = 24
)

// The numbers of a stop (debit contract §6), as far as they follow from what the core knows.
const (
	stopLost      = 1
	stopStolen    = 2
	stopPINTries  = 6
	stopFraud     = 7
	stopByHolder  = 12
	stopByProgram = 13
)

// cardNumber is the state of a card: canceled, stopped, expired, active, ready, ordered; the first that is
// true.
func cardNumber(v card.View, policy program.Policy, now time.Time) int64 {
	if stop := lastStop(v); stop != 0 {
		return stop
	}
	if ended(v) {
		return cardCanceled
	}
	if stop := stopOf(v.Card); stop != 0 {
		return stop
	}
	switch {
	case !v.Card.ExpiresAt.IsZero() && !now.Before(v.Card.ExpiresAt):
		return cardExpired
	case v.Plastic.EverActivated():
		return cardActive
	case issuance.Ready(v, policy):
		return cardReady
	}
	return cardOrdered
}

// lastStop is the stop for good that ended a card; such a card keeps its number. 0 is none.
func lastStop(v card.View) int64 {
	void := v.Plastic.State == card.Void
	switch {
	case v.Card.ReportedAs == card.ClosedStolen, v.Card.ClosedReason == card.ClosedStolen,
		void && v.Plastic.VoidReason == card.VoidRepStolen:
		return stopStolen
	case v.Card.ReportedAs == card.ClosedLost, v.Card.ClosedReason == card.ClosedLost,
		void && v.Plastic.VoidReason == card.VoidRepLost:
		return stopLost
	}
	return 0
}

// ended reports whether the card is retired, superseded, void or closed.
func ended(v card.View) bool {
	return !v.Card.ClosedAt.IsZero() || v.Plastic.State.Dead() ||
		(v.Box.Status == shipment.Canceled && !v.Plastic.EverActivated())
}

// stopOf is the number of a block or freeze; 0 is none.
func stopOf(c card.Card) int64 {
	switch c.Block.Type {
	case card.BlockPINTries:
		return stopPINTries
	case card.BlockByPartner:
		return stopByProgram
	case card.BlockSuspectedFraud, card.BlockFraudConfirmed, card.BlockOther:
		return stopFraud
	}
	if c.Block != (card.Block{}) {
		return stopFraud
	}
	switch c.FrozenBy {
	case card.ByHolder:
		return stopByHolder
	case card.ByPartner:
		return stopByProgram
	case card.ByIssuer:
		return stopFraud
	}
	return 0
}

// batchNumber is the state of a batch.
func batchNumber(s batch.Status) int64 {
	switch s {
	case batch.Staging, batch.Accepted:
		return 1
	case batch.Processing:
		return 2
	case batch.Canceled:
		return 3
	case batch.Completed, batch.WithFailed:
		return 4
	case batch.Failed:
	}
	return 5
}

// itemNumber is the outcome of an item (debit contract §8.5).
func itemNumber(o batch.Outcome) int64 {
	for n, have := range itemStatuses {
		if n > 0 && have == o {
			return int64(n)
		}
	}
	return 1
}
