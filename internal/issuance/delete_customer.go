package issuance

import (
	"context"
	"fmt"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

const actionDeleteCustomer = "customer.delete"

// mostDeleted is how many cards one deletion of a customer ends: all of it is one transaction, which must end
// before its caller gives up.
const mostDeleted = 500

// accountsAtOnce is how many accounts of a customer are read at one time.
const accountsAtOnce = 100

// DeleteCustomer names the customer to delete (cards contract §16.4).
type DeleteCustomer struct {
	Command
	Customer ident.CustomerID
}

// DeleteCustomer ends a customer for good, in one transaction: every card as in [Service.DeleteCard], those that
// were ordered for it and wait among them; its accounts are restricted and stay; its tokens end; its unique facts
// are free again. Refusals: customer.NotFound, customer.TooManyCardsToDelete.
func (s *Service) DeleteCustomer(ctx context.Context, cmd DeleteCustomer) error {
	_, err := Run(ctx, s, cmd.Command, actionDeleteCustomer, func(w *Work) (struct{}, error) {
		c, err := loadCustomer(ctx, w, cmd.Customer)
		if err != nil {
			return struct{}{}, err
		}
		held, err := w.Tx.Holdings(ctx, w.Program.ID, c.ID, mostDeleted+1)
		switch {
		case err != nil:
			return struct{}{}, err
		case len(held) > mostDeleted:
			return struct{}{}, fault.RefuseWith(customer.TooManyCardsToDelete, mostDeleted)
		}
		if err := s.deleteHeld(ctx, w, cmd.Caller, held); err != nil {
			return struct{}{}, err
		}
		restricted, err := restrictAccounts(ctx, w, c.ID)
		if err != nil {
			return struct{}{}, err
		}
		if err := endTokens(ctx, w, c.ID); err != nil {
			return struct{}{}, err
		}
		c.UpdatedAt = program.Later(w.Now, c.UpdatedAt)
		c.DeletedAt, c.Status = c.UpdatedAt, customer.Closed
		w.Audit.Note = fmt.Sprintf("%d cards deleted, %d accounts restricted", len(held), restricted)
		w.Announce(event.Event{Name: event.CustomerDeleted, Customer: &c})
		return struct{}{}, w.Tx.UpdateCustomer(ctx, c, nil, nil)
	})
	return err
}

// deleteHeld deletes the cards, each with an audit row of its own, so that the trail of a card is whole.
func (s *Service) deleteHeld(ctx context.Context, w *Work, by Caller, held []Candidate) error {
	rows := make([]audit.Row, 0, len(held))
	for _, h := range held {
		v := h.View
		if _, err := s.endCard(ctx, w, v, v.Card.Close(card.ClosedDeleted, w.Now), card.VoidCanceled, event.CardClosed); err != nil {
			return err
		}
		row := s.auditRow(by, actionDeleteCard, w.Now)
		row.Card, row.Customer, row.Outcome, row.Note = v.Card.ID, w.Audit.Customer, audit.OK, "with its customer"
		rows = append(rows, row)
	}
	w.Audit.Card = ident.CardID{} // the customer's own row is about no card
	tellBoxesOnce(w.events)
	if len(rows) == 0 {
		return nil
	}
	return w.Tx.InsertAudit(ctx, rows...)
}

// tellBoxesOnce leaves of each box the last snapshot: the changes of one transaction make one event of it.
func tellBoxesOnce(events []event.Event) {
	seen := map[ident.ShipmentID]bool{}
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Box == nil {
			continue
		}
		id := events[i].Box.Shipment.ID
		if seen[id] {
			events[i].Box = nil
		}
		seen[id] = true
	}
}

// restrictAccounts restricts what the customer owns, and tells how many that were. Of an account that is restricted
// or closed nothing changes.
func restrictAccounts(ctx context.Context, w *Work, owner ident.CustomerID) (int, error) {
	restricted := 0
	page := Page{Limit: accountsAtOnce}
	for {
		list, err := w.Tx.Accounts(ctx, w.Program.ID, AccountFilter{Owner: owner}, page)
		if err != nil {
			return restricted, err
		}
		for _, a := range list {
			page.After = Mark{CreatedAt: a.CreatedAt, ID: a.ID.UUID}
			if a.Status != account.Active {
				continue
			}
			a.Status, a.UpdatedAt = account.Inactive, program.Later(w.Now, a.UpdatedAt)
			if err := w.Tx.UpdateAccount(ctx, a); err != nil {
				return restricted, err
			}
			w.Announce(event.Event{Name: event.AccountStatusChanged, Account: &a})
			restricted++
		}
		if len(list) < page.Limit {
			return restricted, nil
		}
	}
}

// endTokens revokes all that the customer proves itself with.
func endTokens(ctx context.Context, w *Work, id ident.CustomerID) error {
	living, err := w.Tx.CustomerCredentials(ctx, w.Program.ID, id)
	if err != nil {
		return err
	}
	for _, c := range living {
		from := c.Status
		c.Status, c.RevokedAt = access.Revoked, w.Now
		if err := w.Tx.ChangeCredential(ctx, c, from); err != nil {
			return err
		}
	}
	return nil
}
