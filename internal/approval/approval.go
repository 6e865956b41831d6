package approval

import (
	"bytes"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

// Action is what may need an approval.
type Action string

// The actions.
const (
	CodeRecovery      Action = "code_recovery"       // an activation code leaves, or a new one is made
	GuardReset        Action = "guard_reset"         // a card gets its tries back
	UnblockAfterFraud Action = "unblock_after_fraud" // a block for fraud is lifted
	BulkActivation    Action = "bulk_activation"     // many cards are activated at once
)

// Actions lists the actions.
func Actions() []Action {
	return []Action{CodeRecovery, GuardReset, UnblockAfterFraud, BulkActivation}
}

// Status is how far an approval is.
type Status string

// The states of an approval. Pending and Approved ones run out.
const (
	Pending  Status = "pending"
	Approved Status = "approved"
	Refused  Status = "refused"
	Used     Status = "used"
	Expired  Status = "expired" // computed
)

// Statuses lists the states.
func Statuses() []Status { return []Status{Pending, Approved, Refused, Used, Expired} }

// The reasons of this room.
var (
	Needed   = fault.New("approval_required", fault.Refused) // Detail: Waiting
	NotFound = fault.New("approval_not_found", fault.NotFound)
	Own      = fault.New("approval_own", fault.Forbidden)     // who asked does not decide
	Over     = fault.New("approval_over", fault.Conflict)     // Detail: Status
	Mismatch = fault.New("approval_mismatch", fault.Conflict) // it is for something else
)

// Reasons lists the reasons that this package declares.
func Reasons() []fault.Reason { return []fault.Reason{Needed, NotFound, Own, Over, Mismatch} }

// Waiting is the detail of Needed: the approval that waits for somebody else, or that was given.
type Waiting struct {
	ID     ident.ApprovalID
	Status Status
}

// Approval is what was asked, and what was said to it.
type Approval struct {
	ID        ident.ApprovalID
	Program   ident.ProgramID
	Action    Action
	Card      ident.CardID // zero: of many cards
	Digest    []byte       // keyed hash of the request
	Reason    string       // that was given with the request; "" where it has none
	AskedBy   string       // actor, as in audit rows
	Stored    Status       // Pending, Approved, Refused or Used; see [Approval.Status]
	DecidedBy string
	Note      string // of the decision
	CreatedAt time.Time
	ExpiresAt time.Time
	DecidedAt time.Time
	UsedAt    time.Time
	Version   int64
}

// Status is how far it is at that time.
func (a Approval) Status(now time.Time) Status {
	if (a.Stored == Pending || a.Stored == Approved) && !now.Before(a.ExpiresAt) {
		return Expired
	}
	return a.Stored
}

// Decide says yes or no. Refusals, in order: Over, Own.
func (a Approval) Decide(yes bool, by, note string, now time.Time) (Approval, error) {
	if st := a.Status(now); st != Pending {
		return a, fault.RefuseWith(Over, st)
	}
	if a.AskedBy == by {
		return a, fault.Refuse(Own)
	}
	a.Stored, a.DecidedBy, a.Note, a.DecidedAt = Refused, by, note, now
	if yes {
		a.Stored = Approved
	}
	return a, nil
}

// Use takes a yes for the request with that digest. Refusals, in order: Mismatch, Needed while nobody has decided, Over.
func (a Approval) Use(action Action, digest []byte, now time.Time) (Approval, error) {
	if a.Action != action || !bytes.Equal(a.Digest, digest) {
		return a, fault.Refuse(Mismatch)
	}
	switch st := a.Status(now); {
	case st == Pending:
		return a, fault.RefuseWith(Needed, Waiting{ID: a.ID, Status: st})
	case st == Used && action == BulkActivation && now.Before(a.ExpiresAt): // a repeat goes on with what was not decided
	case st != Approved:
		return a, fault.RefuseWith(Over, st)
	}
	if a.Stored != Used {
		a.Stored, a.UsedAt = Used, now
	}
	return a, nil
}
