package issuance

import (
	"context"

	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// The actions of audit rows about how a customer is reached.
const (
	actionSetEmail = "customer.set_email"
	actionSetPhone = "customer.set_phone"
)

// SetContact gives a customer another e-mail or phone (cards contract §16.3).
type SetContact struct {
	Command
	Customer ident.CustomerID
	Value    string // in its normal form
}

// SetPhone changes the phone. The same again changes nothing. Refusals: customer.NotFound, customer.PhoneTaken.
func (s *Service) SetPhone(ctx context.Context, cmd SetContact) error {
	return s.setContact(ctx, cmd, actionSetPhone, func(w *Work, c *customer.Customer) (drop, add []Fact, err error) {
		if c.Phone == cmd.Value {
			return nil, nil, nil
		}
		fresh := []Fact{{customer.FieldPhone, cmd.Value}}
		taken, err := w.Tx.TakenFacts(ctx, w.Program.ID, fresh)
		if err != nil {
			return nil, nil, err
		}
		if no := decideFacts(taken); no != nil {
			return nil, nil, no
		}
		drop = []Fact{{customer.FieldPhone, c.Phone}}
		c.Phone = cmd.Value
		return drop, fresh, nil
	})
}

// SetEmail changes the e-mail, which need not be unique. The same again changes nothing. A customer of the debit API
// has its e-mail to itself there: its claim follows it, unless somebody else has the new one to itself. Refusal:
// customer.NotFound.
func (s *Service) SetEmail(ctx context.Context, cmd SetContact) error {
	return s.setContact(ctx, cmd, actionSetEmail, func(w *Work, c *customer.Customer) (drop, add []Fact, err error) {
		if c.Email == cmd.Value {
			return nil, nil, nil
		}
		old, fresh := Fact{customer.FieldEmail, c.Email}, Fact{customer.FieldEmail, cmd.Value}
		sameKey := customer.EmailKey(c.Email) == customer.EmailKey(cmd.Value)
		c.Email = cmd.Value
		owned, err := w.Tx.OwnsFact(ctx, w.Program.ID, c.ID, old)
		if err != nil || !owned || sameKey {
			return nil, nil, err
		}
		taken, err := w.Tx.TakenFacts(ctx, w.Program.ID, []Fact{fresh})
		if err == nil && len(taken) == 0 {
			add = []Fact{fresh}
		}
		return []Fact{old}, add, err
	})
}

// setContact loads, lets decide change the customer, and writes what changed.
func (s *Service) setContact(ctx context.Context, cmd SetContact, action string, decide func(w *Work, c *customer.Customer) (drop, add []Fact, err error)) error {
	_, err := Run(ctx, s, cmd.Command, action, func(w *Work) (struct{}, error) {
		before, err := loadCustomer(ctx, w, cmd.Customer)
		if err != nil {
			return struct{}{}, err
		}
		after := before
		drop, add, err := decide(w, &after)
		if err != nil || after == before {
			return struct{}{}, err
		}
		after.UpdatedAt = program.Later(w.Now, after.UpdatedAt)
		return struct{}{}, w.Tx.UpdateCustomer(ctx, after, drop, add)
	})
	return err
}
