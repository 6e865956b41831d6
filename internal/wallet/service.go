package wallet

import (
	"context"

	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/ledger"
)

// The actions of audit rows.
const (
	actionOpenChild = "account.open_child"
	actionSetLine   = "account.set_line"
	actionTransfer  = "wallet.transfer"
	actionTopUp     = "wallet.top_up"
)

// Service is the use-cases, one method each. It is safe for concurrent use.
type Service struct {
	rules *issuance.Service
	ids   *ident.Source
}

// New makes a Service over the funnel of the rules about cards.
func New(rules *issuance.Service, ids *ident.Source) *Service {
	return &Service{rules: rules, ids: ids}
}

// journal is a new movement; one that people are told of gets a public number.
func (s *Service) journal(w *issuance.Work, kind ledger.Kind, entries ...ledger.Entry) ledger.Journal {
	j := ledger.Journal{ID: ident.JournalID{UUID: s.ids.UUID()}, Program: w.Program.ID, Kind: kind, At: w.Now, Entries: entries}
	if kind.Told() {
		j.Number = s.number(w)
	}
	return j
}

// number draws a public number of the programme.
func (s *Service) number(w *issuance.Work) int64 {
	return s.ids.Number(ident.MinCustomerNumber, issuance.MaxNumber(w.Program))
}

// customerOf finds a customer by its number, or refuses with customer.NotFound.
func customerOf(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, number int64) (customer.Customer, error) {
	c, ok, err := tx.CustomerByNumber(ctx, p, number)
	if err == nil && !ok {
		err = fault.Refuse(customer.NotFound)
	}
	return c, err
}
