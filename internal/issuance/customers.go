package issuance

import (
	"context"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// The actions of audit rows about customers.
const (
	actionCreateCustomer = "customer.create"
	actionSubmit         = "customer.submit_application"
	actionDecide         = "customer.decide_application"
)

// The names that a sandbox gives to a customer who is approved without any (cards contract §16.6).
const (
	sandboxFirstName = "SANDBOX"
	sandboxLastName  = "CARDHOLDER"
)

// CreateCustomer adds a customer whose application has not started (cards contract §16.1).
type CreateCustomer struct {
	Command
	ExternalID, Email, Phone, FirstName, LastName string
	TermsVersion, TermsIP                         string
}

// CreateCustomer adds a customer. Phone and external id must be free among the living customers of the
// programme: customer.PhoneTaken, customer.ExternalIDTaken.
func (s *Service) CreateCustomer(ctx context.Context, cmd CreateCustomer) (customer.Customer, error) {
	return RunDrawing(ctx, s, cmd.Command, actionCreateCustomer, func(w *Work) (customer.Customer, error) {
		claims := []Fact{{customer.FieldPhone, cmd.Phone}}
		if cmd.ExternalID != "" {
			claims = append(claims, Fact{customer.FieldExternalID, cmd.ExternalID})
		}
		taken, err := w.Tx.TakenFacts(ctx, w.Program.ID, claims)
		if err != nil {
			return customer.Customer{}, err
		}
		if no := decideFacts(taken); no != nil {
			return customer.Customer{}, no
		}
		c := customer.Customer{
			ID: ident.CustomerID{UUID: s.ids.UUID()}, Program: w.Program.ID,
			Number: s.ids.Number(ident.MinCustomerNumber, MaxNumber(w.Program)), ExternalID: cmd.ExternalID,
			Kind: customer.Person, Status: customer.Active, Application: customer.NotStarted,
			Email: cmd.Email, Phone: cmd.Phone, FirstName: cmd.FirstName, LastName: cmd.LastName,
			TermsVersion: cmd.TermsVersion, TermsIP: cmd.TermsIP, CreatedAt: w.Now, UpdatedAt: w.Now,
		}
		w.Audit.Customer = c.ID
		w.Announce(event.Event{Name: event.CustomerCreated, Customer: &c})
		return c, w.Tx.InsertCustomer(ctx, c, claims)
	})
}

// decideFacts refuses a new customer whose facts belong to another one already; the phone is told first.
func decideFacts(taken []customer.Field) error {
	switch {
	case slices.Contains(taken, customer.FieldPhone):
		return fault.Refuse(customer.PhoneTaken)
	case slices.Contains(taken, customer.FieldExternalID):
		return fault.Refuse(customer.ExternalIDTaken)
	}
	return nil
}

// RunDrawing is [Run] for commands that draw random public numbers: when one is taken, everything is drawn
// again.
func RunDrawing[T any](ctx context.Context, s *Service, cmd Command, action string, body func(w *Work) (T, error)) (T, error) {
	for range numberDraws {
		result, err := Run(ctx, s, cmd, action, body)
		if !isNumberTaken(err) {
			return result, err
		}
	}
	var none T
	return none, fault.Wrap(ErrNumberTaken, "draw a free number")
}

// Customer gives a living customer, or customer.NotFound.
func (s *Service) Customer(ctx context.Context, p ident.ProgramID, id ident.CustomerID) (customer.Customer, error) {
	return LookOnce(ctx, s, customer.NotFound, func(tx ReadTx) (customer.Customer, bool, error) { return tx.Customer(ctx, p, id) })
}

// Customers lists living customers, newest first.
func (s *Service) Customers(ctx context.Context, p ident.ProgramID, f CustomerFilter, page Page) ([]customer.Customer, error) {
	return Look(ctx, s, customer.NotFound, func(tx ReadTx) ([]customer.Customer, bool, error) {
		list, err := tx.Customers(ctx, p, f, page)
		return list, true, err
	})
}

// Look is one read; what is not found is refused with the reason.
func Look[T any](ctx context.Context, s *Service, missing fault.Reason, read func(tx ReadTx) (T, bool, error)) (T, error) {
	return look(ctx, s.store.Read, missing, read)
}

// LookOnce is Look for a read that asks one thing.
func LookOnce[T any](ctx context.Context, s *Service, missing fault.Reason, read func(tx ReadTx) (T, bool, error)) (T, error) {
	return look(ctx, s.store.ReadOnce, missing, read)
}

func look[T any](ctx context.Context, in func(context.Context, func(ReadTx) error) error, missing fault.Reason, read func(tx ReadTx) (T, bool, error)) (T, error) {
	var found T
	err := in(ctx, func(tx ReadTx) error {
		v, ok, err := read(tx)
		if err != nil {
			return err
		}
		if !ok {
			return fault.Refuse(missing)
		}
		found = v
		return nil
	})
	return found, err
}

// SubmitApplication hands a customer in for review (cards contract §16.6). The facts fill what the
// customer does not have yet.
type SubmitApplication struct {
	Command
	Customer                                  ident.CustomerID
	FirstName, LastName, DateOfBirth, Country string
}

// SubmitApplication moves the application to review, or, under policy users.review auto, to approved.
// Refusals: customer.NotFound, customer.ApplicationClosed.
func (s *Service) SubmitApplication(ctx context.Context, cmd SubmitApplication) (customer.Customer, error) {
	return Run(ctx, s, cmd.Command, actionSubmit, func(w *Work) (customer.Customer, error) {
		c, err := loadCustomer(ctx, w, cmd.Customer)
		if err != nil {
			return customer.Customer{}, err
		}
		after, no := decideSubmission(c, cmd, w.Program, w.Now)
		if no != nil {
			return customer.Customer{}, no
		}
		return after, s.writeApplication(ctx, w, after)
	})
}

// decideSubmission opens the review of an application that waits for its applicant.
func decideSubmission(c customer.Customer, cmd SubmitApplication, p program.Program, now time.Time) (customer.Customer, error) {
	switch c.Application {
	case customer.NotStarted, customer.RetryRequired, customer.AwaitingDocuments:
	case customer.InReview, customer.Approved, customer.Rejected:
		return c, fault.RefuseWith(customer.ApplicationClosed, c.Application)
	}
	for _, f := range []struct {
		have *string
		sent string
	}{{&c.FirstName, cmd.FirstName}, {&c.LastName, cmd.LastName}, {&c.DateOfBirth, cmd.DateOfBirth}, {&c.Country, cmd.Country}} {
		if *f.have == "" {
			*f.have = f.sent
		}
	}
	next := customer.InReview
	if p.Policy.ReviewAuto {
		next = customer.Approved
	}
	return settleApplication(c, next, p, now), nil
}

// DecideApplication is the decision of a review: an operator's, or the simulation's.
type DecideApplication struct {
	Command
	Customer ident.CustomerID
	Status   customer.ApplicationStatus
	Reason   string // why it is not approved; shown to the programme
}

// DecideApplication sets the state of an application. Deciding the same again changes nothing, unless another
// reason is given. Refusals: customer.NotFound.
func (s *Service) DecideApplication(ctx context.Context, cmd DecideApplication) (customer.Customer, error) {
	return Run(ctx, s, cmd.Command, actionDecide, func(w *Work) (customer.Customer, error) {
		c, err := loadCustomer(ctx, w, cmd.Customer)
		if err != nil || c.Application == cmd.Status && (cmd.Reason == "" || cmd.Reason == c.RejectionReason) {
			return c, err
		}
		after := settleApplication(c, cmd.Status, w.Program, w.Now)
		after.RejectionReason = cmd.Reason
		return after, s.writeApplication(ctx, w, after)
	})
}

// settleApplication gives the customer with that state. In a sandbox an approved customer always has a
// name, so that a client which gets names from identity checks runs unchanged.
func settleApplication(c customer.Customer, next customer.ApplicationStatus, p program.Program, now time.Time) customer.Customer {
	c.Application, c.RejectionReason, c.UpdatedAt = next, "", program.Later(now, c.UpdatedAt)
	if next == customer.Approved && p.Kind == program.Sandbox {
		if c.FirstName == "" {
			c.FirstName = sandboxFirstName
		}
		if c.LastName == "" {
			c.LastName = sandboxLastName
		}
	}
	return c
}

func (s *Service) writeApplication(ctx context.Context, w *Work, c customer.Customer) error {
	w.Announce(event.Event{Name: event.ApplicationDecided, Customer: &c})
	return w.Tx.UpdateCustomer(ctx, c, nil, nil)
}

// loadCustomer loads the customer that a command is about.
func loadCustomer(ctx context.Context, w *Work, id ident.CustomerID) (customer.Customer, error) {
	c, ok, err := w.Tx.Customer(ctx, w.Program.ID, id)
	if err != nil {
		return customer.Customer{}, err
	}
	if !ok {
		return customer.Customer{}, fault.Refuse(customer.NotFound)
	}
	w.Audit.Customer = c.ID
	return c, nil
}
