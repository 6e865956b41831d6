package debitapi

import (
	"time"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
)

// The numbers of a card (debit contract §6).
const (
	cardOrdered  = 20
	cardReady    = 21
	cardActive   = 22
	cardCanceled = 23
	cardExpired  = 24
)

// stopNumbers are the stops by their number (debit contract §6).
var stopNumbers = [...]card.Stop{
	1: card.StopLost, 2: card.StopStolen, 3: card.StopQuery, 4: card.StopConsolidated, 5: card.StopInactive,
	6: card.StopPINTries, 7: card.StopSuspectedFraud, 8: card.StopReplaced, 9: card.StopReissued, 10: card.StopScheduled,
	11: card.StopOfflinePINTries, 12: card.StopFrozenByHolder, 13: card.StopFrozenByProgram, 14: card.StopArrears,
	15: card.StopDamaged, 16: card.StopCompliance, 17: card.StopAccountClosed, 18: card.StopFraudConfirmed,
}

// numberOfStop is the number of a stop; 0 is none.
func numberOfStop(s card.Stop) int64 {
	for n, have := range stopNumbers {
		if n > 0 && have == s {
			return int64(n)
		}
	}
	return 0
}

// cardNumber is the state of a card: canceled, stopped, expired, active, ready, ordered; the first that is
// true. A card that a stop ended keeps the number of that stop.
func cardNumber(v card.View, policy program.Policy, now time.Time) int64 {
	if v.Canceled() {
		return cardCanceled
	}
	if stop := v.Stop(); stop != card.StopNone {
		return numberOfStop(stop)
	}
	switch {
	case !v.Card.ExpiresAt.IsZero() && !now.Before(v.Card.ExpiresAt):
		return cardExpired
	case v.Plastic.EverActivated(), v.Card.Type == card.Virtual && !v.Card.Customer.IsZero():
		return cardActive
	case issuance.Ready(v, policy):
		return cardReady
	}
	return cardOrdered
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
