package spending

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/transaction"
)

// byWebhook is how a card's holder is asked through the programme's own app.
const byWebhook = "WEBHOOK"

// notWebhook is the detail of issuance.SimulationState for a card whose holder is asked otherwise.
const notWebhook = "NOT_WEBHOOK"

// ChallengeAt is a challenge at a moment of its programme's clock: its status is computed.
type ChallengeAt struct {
	transaction.Challenge
	At time.Time
}

// Challenge asks the holder before an authorisation (cards contract §18).
type Challenge struct {
	issuance.Command
	Card ident.CardID
	Ask  Ask // its channel is online, whatever it says
}

// Challenge makes a challenge. Nothing is held yet, and no rule is asked: that comes with the answer.
// Refusals: card.NotFound, issuance.SimulationState when the card is not asked by webhook.
func (s *Service) Challenge(ctx context.Context, cmd Challenge) (ChallengeAt, error) {
	return issuance.Run(ctx, s.rules, cmd.Command, actionChallenge, func(w *issuance.Work) (ChallengeAt, error) {
		use, err := loadUse(ctx, w, cmd.Card, transaction.Ecommerce, false)
		if err != nil {
			return ChallengeAt{}, err
		}
		if use.View.Card.ThreeDS != byWebhook {
			return ChallengeAt{}, fault.RefuseWith(issuance.SimulationState, notWebhook)
		}
		c := transaction.Challenge{
			ID: ident.ChallengeID{UUID: s.ids.UUID()}, Program: w.Program.ID, Card: cmd.Card, Answer: transaction.ChallengePending,
			Amount: cmd.Ask.amount(), Currency: use.Account.Currency, Original: cmd.Ask.OriginalCurrency, Wallet: cmd.Ask.Wallet,
			Merchant: cmd.Ask.Merchant, CreatedAt: w.Now, ExpiresAt: w.Now.Add(transaction.ChallengeLife),
		}
		if c.Original == "" {
			c.Original = c.Currency
		}
		if err := w.Tx.InsertChallenge(ctx, c); err != nil {
			return ChallengeAt{}, err
		}
		w.Announce(event.Event{Name: event.ChallengeCreated, Challenge: &c})
		return ChallengeAt{c, w.Now}, nil
	})
}

// FindChallenge gives a challenge as it stands now, or transaction.ChallengeNotFound.
func (s *Service) FindChallenge(ctx context.Context, p ident.ProgramID, id ident.ChallengeID) (ChallengeAt, error) {
	now, err := s.rules.ProgramNow(ctx, p)
	if err != nil {
		return ChallengeAt{}, err
	}
	return issuance.Look(ctx, s.rules, transaction.ChallengeNotFound, func(tx issuance.ReadTx) (ChallengeAt, bool, error) {
		c, ok, err := tx.Challenge(ctx, p, id)
		return ChallengeAt{c, now}, ok, err
	})
}

// Respond is the holder's answer.
type Respond struct {
	issuance.Command
	Challenge ident.ChallengeID
	Approve   bool
}

// Respond takes the first answer. Approved, the authorisation goes on by its rules and makes a transaction:
// a declined one when a rule says no, too small a balance included. Refusals: transaction.ChallengeNotFound,
// transaction.ChallengeNotPending.
func (s *Service) Respond(ctx context.Context, cmd Respond) (ChallengeAt, error) {
	return issuance.Run(ctx, s.rules, cmd.Command, actionRespond, func(w *issuance.Work) (ChallengeAt, error) {
		c, ok, err := w.Tx.Challenge(ctx, w.Program.ID, cmd.Challenge)
		if err != nil {
			return ChallengeAt{}, err
		}
		if !ok {
			return ChallengeAt{}, fault.Refuse(transaction.ChallengeNotFound)
		}
		w.Audit.Card, w.Audit.Note = c.Card, string(transaction.ChallengeRejected)
		answered, no := c.Respond(cmd.Approve, w.Now)
		if no != nil {
			w.Audit.Note = ""
			return ChallengeAt{}, no
		}
		if cmd.Approve {
			w.Audit.Note = string(transaction.ChallengeApproved)
			if answered.Transaction, err = s.afterChallenge(ctx, w, answered); err != nil {
				return ChallengeAt{}, err
			}
		}
		w.Announce(event.Event{Name: event.ChallengeAnswered, Challenge: &answered})
		return ChallengeAt{answered, w.Now}, w.Tx.UpdateChallenge(ctx, answered)
	})
}

// afterChallenge goes on with the authorisation that waited.
func (s *Service) afterChallenge(ctx context.Context, w *issuance.Work, c transaction.Challenge) (ident.TransactionID, error) {
	use, err := loadUse(ctx, w, c.Card, transaction.Ecommerce, true)
	if err != nil {
		return ident.TransactionID{}, err
	}
	ask := Ask{
		Channel: transaction.Ecommerce, Wallet: c.Wallet, Cents: c.Amount.Billed, Original: c.Amount.Original,
		OriginalCurrency: c.Original, Merchant: c.Merchant,
	}
	t, _, err := s.authorize(ctx, w, transaction.Transaction{}, use, ask, declineWhenShort)
	return t.ID, err
}
