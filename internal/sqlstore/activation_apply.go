package sqlstore

import (
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/issuance"
)

// These change only what an activation may change, so that no index is written which stays as it is.
const (
	countTry = `UPDATE plastics SET guard_state = $3, guard_tries = $4, guard_lifetime_wrong = $5, guard_locks = $6,
	guard_locked_until = $7, updated_at = $8, version = $2 + 1
	WHERE id = $1 AND version = $2`
	insertMiss = `INSERT INTO guard_misses (program_id, at, id) VALUES ($1, $2, $3)`
	bindCard   = `UPDATE cards SET customer_id = $3, account_id = $4, holder_name = $5, pin_sealed = $6, pin_set_at = $7, updated_at = $8,
	pin_hash = $9, pin_viewable = $10, expires_at = $11, version = $2 + 1
	WHERE id = $1 AND version = $2`
	activatePlastic = `UPDATE plastics SET state = $3, custody = $4, custody_presumed = $5, activated_at = $6, guard_state = $7, guard_tries = $8,
	guard_lifetime_wrong = $9, guard_locks = $10, guard_locked_until = $11, code_hash = $12,
	code_sealed = $13, updated_at = $14, version = $2 + 1
	WHERE id = $1 AND version = $2
	AND (activated_at IS NULL OR activated_at = $6)`
	// retirePlastic has no version to guard it: an activation does not fail because what it supersedes ended otherwise.
	retirePlastic = `UPDATE plastics SET state = 'retired', updated_at = $2, version = version + 1 WHERE id = $1 AND state = 'activated'`
	renewCVV      = `UPDATE card_numbers SET cvv_series = $2, version = version + 1 WHERE id = $1 AND cvv_series < $2`
)

// applyActivation writes the changes of an activation in one batch.
func (s *session) applyActivation(ch issuance.ActivationChanges) error {
	var b batch
	taken := s.activationWrites(&b, ch)
	if err := s.run(b); err != nil {
		return err
	}
	if len(*taken) > 0 {
		return fault.RefuseWith(customer.Exists, *taken)
	}
	return nil
}

// activationWrites adds the changes of an activation to a batch. The result is filled when the batch has
// run: facts of a new customer that somebody else has.
func (s *session) activationWrites(b *batch, ch issuance.ActivationChanges) *[]customer.Field {
	if a := ch.Mismatch; a != nil {
		b.write(countMismatch, []any{a.Program.UUID, a.Door, a.Key}, guarded)
	}
	for _, p := range ch.Guards {
		g := p.Guard
		b.write(countTry, []any{p.ID.UUID, p.Version, string(g.State), g.Tries, g.LifetimeWrong, g.Locks, g.LockedUntil, p.UpdatedAt}, guarded)
	}
	for _, m := range ch.Misses {
		b.write(insertMiss, []any{m.Program.UUID, m.At, m.ID}, nil)
	}
	taken := applyHolder(b, ch)
	applyCard(b, ch.Card, ch.Plastic)
	if p := ch.Retired; p != nil {
		b.write(retirePlastic, []any{p.ID.UUID, p.UpdatedAt}, nil)
	}
	if p := ch.Plastic; p != nil && p.Link.CVVSeries > 0 {
		b.write(renewCVV, []any{p.Card.UUID, p.Link.CVVSeries}, nil)
	}
	s.trail(b, ch.Audit)
	s.announce(b, ch.Messages)
	if ch.Answer != nil {
		keepAnswer(b, *ch.Answer)
		s.answered = true
	}
	return taken
}

// applyHolder adds a new customer with all that is its own. The result is filled when the batch has run:
// claims that somebody else has.
func applyHolder(b *batch, ch issuance.ActivationChanges) *[]customer.Field {
	taken := &[]customer.Field{}
	if ch.Customer != nil {
		b.write(insertCustomer, customerArgs(*ch.Customer), free(issuance.ErrNumberTaken))
		for _, f := range ch.Claims {
			claim(b, *ch.Customer, []issuance.Fact{f}, func(rows int64) error {
				if rows == 0 {
					*taken = append(*taken, f.Field)
				}
				return nil
			})
		}
	}
	for _, a := range ch.Accounts {
		b.write(insertAccount, accountArgs(a), free(issuance.ErrNumberTaken))
	}
	for _, j := range ch.Journals {
		post(b, j)
	}
	for _, c := range ch.Credentials {
		b.write(insertCredential, credentialArgs(c), nil)
	}
	return taken
}

func applyCard(b *batch, c *card.Card, p *card.Plastic) {
	if c != nil {
		b.write(bindCard, []any{
			c.ID.UUID, c.Version, c.Customer.UUID, c.Account.UUID, c.HolderName, c.PINSealed, c.PINSetAt, c.UpdatedAt,
			c.PINHash, c.PINViewable, c.ExpiresAt,
		}, guarded)
	}
	if p != nil {
		g := p.Guard
		b.write(activatePlastic, []any{
			p.ID.UUID, p.Version, string(p.State), string(p.Custody), p.CustodyPresumed, p.ActivatedAt, string(g.State),
			g.Tries, g.LifetimeWrong, g.Locks, g.LockedUntil, g.CodeHash, g.CodeSealed, p.UpdatedAt,
		}, guarded)
	}
}
