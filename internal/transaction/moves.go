package transaction

import (
	"math/bits"

	"github.com/firsttap/firsttap/internal/fault"
)

// MaxSteps is how many steps a transaction may have.
const MaxSteps = 100

// The details of NotPossible.
const (
	notPending       = "NOT_PENDING"
	notCleared       = "NOT_CLEARED"
	needsTransaction = "NO_TRANSACTION"
	amountTooLarge   = "AMOUNT_TOO_LARGE"
	tooManySteps     = "TOO_MANY_EVENTS"
)

// moves is the whole table: status × step → next status. What is not in it is refused. "" is a transaction
// that does not exist yet; a reversal of everything ends in Void, whatever stands here.
var moves = map[Status]map[StepType]Status{
	"":      {Authorization: Pending, Clearing: Cleared, Refund: Cleared, Decline: Declined},
	Pending: {Authorization: Pending, Clearing: Cleared, Reversal: Pending, Decline: Pending},
	Cleared: {Refund: Cleared},
}

// Take gives the transaction after a step. The zero status is a new transaction. Refusal: NotPossible.
func (t Transaction) Take(s Step) (Transaction, error) {
	next, legal := moves[t.Status][s.Type]
	switch {
	case !legal:
		return t, fault.RefuseWith(NotPossible, t.whyNot(s.Type))
	case len(t.Steps) >= MaxSteps:
		return t, fault.RefuseWith(NotPossible, tooManySteps)
	case s.Type == Reversal && exceeds(s.Amount, t.Current()):
		return t, fault.RefuseWith(NotPossible, amountTooLarge)
	case s.Type == Refund && t.Status == Cleared && exceeds(s.Amount, t.Current()):
		return t, fault.RefuseWith(NotPossible, amountTooLarge)
	}
	t.Steps = append(t.Steps[:len(t.Steps):len(t.Steps)], s)
	if t.Status = next; next == Pending && t.Current().Billed == 0 {
		t.Status = Void // all of it was reversed, or it was a check of the card
	}
	return t, nil
}

func exceeds(a, most Amount) bool { return a.Billed > most.Billed || a.Original > most.Original }

func (t Transaction) whyNot(kind StepType) string {
	switch {
	case t.Status == "":
		return needsTransaction
	case kind == Refund:
		return notCleared
	}
	return notPending
}

// Converted gives a billed amount with its original at the rate of the transaction, for a step that names
// no original. What takes all that is left takes all of the original too, so that no rest stays behind.
func (t Transaction) Converted(billed int64) Amount {
	current, rate := t.Current(), t.Rated()
	switch {
	case t.Original == t.Currency:
		return Amount{billed, billed}
	case billed == current.Billed && current.Original > 0:
		return Amount{billed, current.Original}
	case rate.Billed <= 0:
		return Amount{billed, 0}
	}
	return Amount{billed, scaled(billed, rate.Original, rate.Billed)}
}

// scaled is n × num ÷ den, rounded half up, for numbers that are not negative; at most MaxOriginal, so that no
// sum of steps overflows.
func scaled(n, num, den int64) int64 {
	hi, lo := bits.Mul64(uint64(n), uint64(num)) //nolint:gosec // not negative
	if hi >= uint64(den) {                       //nolint:gosec // not negative
		return MaxOriginal
	}
	q, r := bits.Div64(hi, lo, uint64(den)) //nolint:gosec // not negative
	if r >= uint64(den)-r {                 //nolint:gosec // not negative
		q++
	}
	return int64(min(q, MaxOriginal))
}
