package spending

import (
	"context"
	"slices"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/spendpolicy"
	"github.com/firsttap/firsttap/internal/transaction"
)

// CreatePolicy adds a spend policy (cards contract §20).
type CreatePolicy struct {
	issuance.Command
	Type     spendpolicy.Type
	Name     string
	Scope    spendpolicy.Scope // the id of ForProgram is filled in
	Channels []transaction.Channel
}

// CreatePolicy adds an active policy. Refusals: spendpolicy.TypeNotSupported, customer.NotFound,
// card.NotFound, spendpolicy.LimitReached.
func (s *Service) CreatePolicy(ctx context.Context, cmd CreatePolicy) (spendpolicy.Policy, error) {
	return issuance.Run(ctx, s.rules, cmd.Command, actionCreatePolicy, func(w *issuance.Work) (spendpolicy.Policy, error) {
		if !slices.Contains(spendpolicy.Types(), cmd.Type) {
			return spendpolicy.Policy{}, fault.RefuseWith(spendpolicy.TypeNotSupported, string(cmd.Type))
		}
		if cmd.Scope.Type == spendpolicy.ForProgram {
			cmd.Scope.ID = w.Program.ID.UUID
		}
		holder, err := holderOf(ctx, w.Tx, w.Program.ID, cmd.Scope)
		if err != nil {
			return spendpolicy.Policy{}, err
		}
		w.Audit.Customer = holder
		if cmd.Scope.Type == spendpolicy.ForCard {
			w.Audit.Card = ident.CardID{UUID: cmd.Scope.ID}
		}
		if err := roomFor(ctx, w, cmd.Scope); err != nil {
			return spendpolicy.Policy{}, err
		}
		p := spendpolicy.Policy{
			ID: ident.PolicyID{UUID: s.ids.UUID()}, Program: w.Program.ID, Type: cmd.Type, Name: cmd.Name, Scope: cmd.Scope,
			Channels: cmd.Channels, CreatedAt: w.Now, UpdatedAt: w.Now,
		}
		w.Audit.Note = p.ID.String()
		return p, w.Tx.InsertSpendPolicy(ctx, p)
	})
}

// roomFor refuses one active policy too many.
func roomFor(ctx context.Context, w *issuance.Work, in spendpolicy.Scope) error {
	n, err := w.Tx.CountPolicies(ctx, w.Program.ID, in)
	if err == nil && n >= spendpolicy.MaxActive {
		err = fault.RefuseWith(spendpolicy.LimitReached, spendpolicy.MaxActive)
	}
	return err
}

// holderOf finds what a scope names, and the customer behind it: card.NotFound, customer.NotFound.
func holderOf(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, in spendpolicy.Scope) (ident.CustomerID, error) {
	switch in.Type {
	case spendpolicy.ForCard:
		v, ok, err := tx.CardView(ctx, p, ident.CardID{UUID: in.ID})
		if err == nil && (!ok || v.Card.Deleted() || v.Card.Customer.IsZero()) {
			err = fault.Refuse(card.NotFound)
		}
		return v.Card.Customer, err
	case spendpolicy.ForCustomer:
		c, ok, err := tx.Customer(ctx, p, ident.CustomerID{UUID: in.ID})
		if err == nil && !ok {
			err = fault.Refuse(customer.NotFound)
		}
		return c.ID, err
	case spendpolicy.ForProgram:
	}
	return ident.CustomerID{}, nil
}

// ChangePolicy changes a policy: its name when there is one, its channels when there are some.
type ChangePolicy struct {
	issuance.Command
	Policy   ident.PolicyID
	Name     string
	Channels []transaction.Channel
}

// ChangePolicy gives a policy another name or other channels. Refusal: spendpolicy.NotFound.
func (s *Service) ChangePolicy(ctx context.Context, cmd ChangePolicy) (spendpolicy.Policy, error) {
	return s.change(ctx, cmd, actionChangePolicy, func(_ *issuance.Work, p *spendpolicy.Policy) error {
		if cmd.Name != "" {
			p.Name = cmd.Name
		}
		if cmd.Channels != nil {
			p.Channels = cmd.Channels
		}
		return nil
	})
}

// DisablePolicy stops a policy; one that is stopped stays so. Refusal: spendpolicy.NotFound.
func (s *Service) DisablePolicy(ctx context.Context, cmd ChangePolicy) (spendpolicy.Policy, error) {
	return s.change(ctx, cmd, actionDisablePolicy, func(_ *issuance.Work, p *spendpolicy.Policy) error {
		p.Disabled = true
		return nil
	})
}

// EnablePolicy starts a policy again. Refusals: spendpolicy.NotFound, spendpolicy.LimitReached.
func (s *Service) EnablePolicy(ctx context.Context, cmd ChangePolicy) (spendpolicy.Policy, error) {
	return s.change(ctx, cmd, actionEnablePolicy, func(w *issuance.Work, p *spendpolicy.Policy) error {
		if !p.Disabled {
			return nil
		}
		p.Disabled = false
		return roomFor(ctx, w, p.Scope)
	})
}

// change is the way of all changes: a policy that comes out as it went in was not changed.
func (s *Service) change(ctx context.Context, cmd ChangePolicy, action string, edit func(*issuance.Work, *spendpolicy.Policy) error) (spendpolicy.Policy, error) {
	return issuance.Run(ctx, s.rules, cmd.Command, action, func(w *issuance.Work) (spendpolicy.Policy, error) {
		before, ok, err := w.Tx.SpendPolicy(ctx, w.Program.ID, cmd.Policy)
		if err != nil {
			return spendpolicy.Policy{}, err
		}
		if !ok {
			return spendpolicy.Policy{}, fault.Refuse(spendpolicy.NotFound)
		}
		w.Audit.Note = before.ID.String()
		after := before
		if err := edit(w, &after); err != nil {
			return spendpolicy.Policy{}, err
		}
		if after.Name == before.Name && after.Disabled == before.Disabled && slices.Equal(after.Channels, before.Channels) {
			return before, nil
		}
		after.UpdatedAt = program.Later(w.Now, before.UpdatedAt)
		return after, w.Tx.UpdateSpendPolicy(ctx, after)
	})
}

// Policy gives a policy, or spendpolicy.NotFound.
func (s *Service) Policy(ctx context.Context, p ident.ProgramID, id ident.PolicyID) (spendpolicy.Policy, error) {
	return issuance.Look(ctx, s.rules, spendpolicy.NotFound, func(tx issuance.ReadTx) (spendpolicy.Policy, bool, error) {
		return tx.SpendPolicy(ctx, p, id)
	})
}

// Policies lists policies, newest first.
func (s *Service) Policies(ctx context.Context, p ident.ProgramID, f issuance.SpendPolicyFilter, page issuance.Page) ([]spendpolicy.Policy, error) {
	return issuance.Look(ctx, s.rules, spendpolicy.NotFound, func(tx issuance.ReadTx) ([]spendpolicy.Policy, bool, error) {
		list, err := tx.SpendPolicies(ctx, p, f, page)
		return list, true, err
	})
}

// Effective gives the active policies of a scope and of those above it: card, then customer, then
// programme. Refusals: card.NotFound, customer.NotFound.
func (s *Service) Effective(ctx context.Context, p ident.ProgramID, in spendpolicy.Scope) ([]spendpolicy.Policy, error) {
	return issuance.Look(ctx, s.rules, spendpolicy.NotFound, func(tx issuance.ReadTx) ([]spendpolicy.Policy, bool, error) {
		holder, err := holderOf(ctx, tx, p, in)
		if err != nil {
			return nil, false, err
		}
		scopes := []spendpolicy.Scope{{Type: spendpolicy.ForProgram, ID: p.UUID}}
		if in.Type != spendpolicy.ForProgram {
			scopes = append(scopes, spendpolicy.Scope{Type: spendpolicy.ForCustomer, ID: holder.UUID})
		}
		if in.Type == spendpolicy.ForCard {
			scopes = append(scopes, in)
		}
		list, err := tx.EffectivePolicies(ctx, p, scopes)
		return list, true, err
	})
}
