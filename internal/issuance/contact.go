package issuance

import (
	"context"

	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// The actions of audit rows about how a customer is reached.
const (
	actionSetEmail   = "customer.set_email"
	actionSetPhone   = "customer.set_phone"
	actionSetContact = "customer.set_contact"
)

// SetContact gives a customer another e-mail or phone (cards contract §16.3).
type SetContact struct {
	Command
	Customer ident.CustomerID
	Value    string // in its normal form
}

// SetPhone changes the phone. The same again changes nothing. Refusals: customer.NotFound, customer.PhoneTaken.
func (s *Service) SetPhone(ctx context.Context, cmd SetContact) error {
	_, err := s.setContact(ctx, cmd.Command, cmd.Customer, actionSetPhone, func(w *Work, c *customer.Customer) (drop, add []Fact, err error) {
		return changePhone(ctx, w, c, cmd.Value)
	})
	return err
}

// SetEmail changes the e-mail, which need not be unique. The same again changes nothing. Refusal: customer.NotFound.
func (s *Service) SetEmail(ctx context.Context, cmd SetContact) error {
	_, err := s.setContact(ctx, cmd.Command, cmd.Customer, actionSetEmail, func(w *Work, c *customer.Customer) (drop, add []Fact, err error) {
		return changeEmail(ctx, w, c, cmd.Value)
	})
	return err
}

// UpdateContact gives a customer another e-mail, another phone, or both.
type UpdateContact struct {
	Command
	Customer     ident.CustomerID
	Email, Phone string // in their normal forms; "" stays as it is
}

// UpdateContact changes what is given, all or nothing. Refusals: customer.NotFound, customer.PhoneTaken.
func (s *Service) UpdateContact(ctx context.Context, cmd UpdateContact) (customer.Customer, error) {
	return s.setContact(ctx, cmd.Command, cmd.Customer, actionSetContact, func(w *Work, c *customer.Customer) (drop, add []Fact, err error) {
		if cmd.Phone != "" {
			if drop, add, err = changePhone(ctx, w, c, cmd.Phone); err != nil {
				return nil, nil, err
			}
		}
		if cmd.Email == "" {
			return drop, add, nil
		}
		oldEmail, newEmail, err := changeEmail(ctx, w, c, cmd.Email)
		return append(drop, oldEmail...), append(add, newEmail...), err
	})
}

func changePhone(ctx context.Context, w *Work, c *customer.Customer, phone string) (drop, add []Fact, err error) {
	if c.Phone == phone {
		return nil, nil, nil
	}
	fresh := []Fact{{customer.FieldPhone, phone}}
	taken, err := w.Tx.TakenFacts(ctx, w.Program.ID, fresh)
	if err != nil {
		return nil, nil, err
	}
	if no := decideFacts(taken); no != nil {
		return nil, nil, no
	}
	drop = []Fact{{customer.FieldPhone, c.Phone}}
	c.Phone = phone
	return drop, fresh, nil
}

// changeEmail keeps what the debit API holds true: a customer of it has its e-mail to itself there, and its claim follows it,
// unless somebody else has the new one to itself.
func changeEmail(ctx context.Context, w *Work, c *customer.Customer, email string) (drop, add []Fact, err error) {
	if c.Email == email {
		return nil, nil, nil
	}
	old, fresh := Fact{customer.FieldEmail, c.Email}, Fact{customer.FieldEmail, email}
	sameKey := customer.EmailKey(c.Email) == customer.EmailKey(email)
	c.Email = email
	owned, err := w.Tx.OwnsFact(ctx, w.Program.ID, c.ID, old)
	if err != nil || !owned || sameKey {
		return nil, nil, err
	}
	taken, err := w.Tx.TakenFacts(ctx, w.Program.ID, []Fact{fresh})
	if err == nil && len(taken) == 0 {
		add = []Fact{fresh}
	}
	return []Fact{old}, add, err
}

// setContact loads, lets decide change the customer, and writes what changed.
func (s *Service) setContact(ctx context.Context, cmd Command, id ident.CustomerID, action string, decide func(w *Work, c *customer.Customer) (drop, add []Fact, err error)) (customer.Customer, error) {
	return Run(ctx, s, cmd, action, func(w *Work) (customer.Customer, error) {
		before, err := loadCustomer(ctx, w, id)
		if err != nil {
			return customer.Customer{}, err
		}
		after := before
		drop, add, err := decide(w, &after)
		if err != nil || after == before {
			return before, err
		}
		after.UpdatedAt = program.Later(w.Now, after.UpdatedAt)
		return after, w.Tx.UpdateCustomer(ctx, after, drop, add)
	})
}
