package transaction

import (
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

// ChallengeLife is how long the holder may answer, on the programme's clock.
const ChallengeLife = 5 * time.Minute

// ChallengeStatus is where a challenge is, by its wire name of the cards API.
type ChallengeStatus string

// The states of a challenge.
const (
	ChallengePending  ChallengeStatus = "PENDING"
	ChallengeApproved ChallengeStatus = "APPROVED"
	ChallengeRejected ChallengeStatus = "REJECTED"
	ChallengeExpired  ChallengeStatus = "EXPIRED"
)

// ChallengeStatuses lists the states.
func ChallengeStatuses() []ChallengeStatus {
	return []ChallengeStatus{ChallengePending, ChallengeApproved, ChallengeRejected, ChallengeExpired}
}

// Challenge is a question to the holder: did you do this? It keeps what was asked of the card, so that the
// authorisation can go on when the answer is yes.
type Challenge struct {
	ID          ident.ChallengeID
	Program     ident.ProgramID
	Card        ident.CardID
	Answer      ChallengeStatus // ChallengePending until it was answered; see [Challenge.Status]
	Amount      Amount
	Currency    string // of the account
	Original    string // currency of the merchant
	Wallet      string
	Merchant    Merchant
	Transaction ident.TransactionID // that came of it; zero when none did
	CreatedAt   time.Time
	ExpiresAt   time.Time
	AnsweredAt  time.Time // zero: not answered
	Version     int64
}

// Status is the state at now: who has no answer at ExpiresAt never gets one.
func (c Challenge) Status(now time.Time) ChallengeStatus {
	if c.Answer == ChallengePending && !now.Before(c.ExpiresAt) {
		return ChallengeExpired
	}
	return c.Answer
}

// Respond gives the challenge with the holder's answer. Refusal: ChallengeNotPending.
func (c Challenge) Respond(approve bool, now time.Time) (Challenge, error) {
	if st := c.Status(now); st != ChallengePending {
		return c, fault.RefuseWith(ChallengeNotPending, st)
	}
	if c.Answer, c.AnsweredAt = ChallengeRejected, now; approve {
		c.Answer = ChallengeApproved
	}
	return c, nil
}
