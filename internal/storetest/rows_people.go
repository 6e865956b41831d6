package storetest

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

var peopleRows = []contract{
	{"a customer comes back with every field, full or sparse", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		full := filled(t, w.fullCustomer(), "DeletedAt", "Version")
		customers.holds(t, w, full, func(c *customer.Customer) {
			c.ExternalID, c.Status, c.Application, c.RejectionReason = "", customer.Suspended, customer.Rejected, "OTHER"
			c.Email, c.Phone, c.FirstName, c.MiddleName = "new@example.com", "+525599999999", "Ana", ""
			c.LastName, c.SecondLastName, c.Gender, c.RFC, c.CURP = "Ruiz", "", 2, "", ""
			c.Country, c.DateOfBirth, c.Campaign, c.TermsVersion, c.TermsIP = "US", "1991-12-31", "", "v2", "198.51.100.9"
			c.UpdatedAt = w.next()
		})
		at := w.next()
		sparse := customer.Customer{
			ID: ident.CustomerID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Number: w.number(), Kind: customer.Person,
			Status: customer.Active, Application: customer.NotStarted, CreatedAt: at, UpdatedAt: at,
		}
		customers.holds(t, w, sparse, func(c *customer.Customer) { c.Phone, c.UpdatedAt = "+525512345678", w.next() })
	}},
	{"texts of people come back as they were written, whatever the script", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		text := rapid.StringOfN(rapid.RuneFrom([]rune(`aZ '"%_\;-?$1`+"\n\tñ名😀́")), 0, 40, 200)
		rapid.Check(t, func(t *rapid.T) {
			c := w.NewCustomer(func(c *customer.Customer) {
				c.FirstName, c.LastName, c.TermsVersion = text.Draw(t, "first"), text.Draw(t, "last"), text.Draw(t, "terms")
			})
			w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
				got, err := found(tx.Customer(ctx, c.Program, c.ID))
				if got.FirstName != c.FirstName || got.LastName != c.LastName || got.TermsVersion != c.TermsVersion {
					t.Fatalf("%q %q %q came back as %q %q %q", c.FirstName, c.LastName, c.TermsVersion, got.FirstName, got.LastName, got.TermsVersion)
				}
				return err
			})
		})
	}},
	{"an account comes back with every field, full or sparse", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		parent := w.NewAccount(w.Customer, func(a *account.Account) {
			a.Kind, a.Reference = account.CompositeParent, w.IDs.Reference()
		})
		at := w.next()
		full := account.Account{
			ID: ident.AccountID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Number: ident.MaxNumber53, Reference: w.IDs.Reference(),
			Kind: account.CompositeChild, OwnerKind: account.OwnerCompany, Owner: w.Customer.ID, Parent: parent.ID,
			Status: account.Active, Currency: "MXN",
			CreatedAt: at, UpdatedAt: w.next(),
		}
		change := func(a *account.Account) {
			a.Status, a.Currency, a.UpdatedAt = account.Closed, "USD", w.next()
		}
		accounts.holds(t, w, filled(t, full, "Version"), change)
		sparse := account.Account{
			ID: ident.AccountID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Number: w.number(), Kind: account.Wallet,
			OwnerKind: account.OwnerProgram, Status: account.Active, Currency: "USD", CreatedAt: at, UpdatedAt: at,
		}
		accounts.holds(t, w, sparse, change)
	}},
	{"a design comes back with every field", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		change := func(d *card.Design) {
			d.Name, d.Types, d.Active, d.UpdatedAt = "Green", []card.Type{card.Virtual}, !d.Active, w.next()
		}
		at := w.next()
		full := card.Design{
			ID: ident.DesignID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Campaign: "SUMMER26", Name: "Verano ☀",
			Types: []card.Type{card.Virtual, card.Physical}, Active: true, CreatedAt: at, UpdatedAt: w.next(),
		}
		designs.holds(t, w, filled(t, full, "Default", "Version"), change)
		sparse := card.Design{
			ID: ident.DesignID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Campaign: "W", Types: []card.Type{card.Physical},
			CreatedAt: at, UpdatedAt: at,
		}
		designs.holds(t, w, sparse, change)
	}},
}

// fullCustomer is a living customer with every field set, not written yet.
func (w *World) fullCustomer() customer.Customer {
	company := w.NewCustomer(func(c *customer.Customer) { c.Kind = customer.Company })
	at := w.next()
	return customer.Customer{
		ID: ident.CustomerID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Number: ident.MaxNumber53 - 1, ExternalID: "crm-1",
		Kind: customer.Person, Company: company.ID, Status: customer.Active, Application: customer.RetryRequired,
		RejectionReason: "BLURRED", Email: "Laura@Example.com", Phone: "+525512345678", FirstName: "Laura",
		MiddleName: "Inés", LastName: "Pérez", SecondLastName: "O'Neil", Gender: 1, RFC: "PEIL900101AB1",
		CURP: "PEIL900101MDFRNR09", Country: "MX", DateOfBirth: "1990-01-01", Campaign: "GOLD", TermsVersion: "v1", TermsIP: "2001:db8::1",
		CreatedAt: at, UpdatedAt: at.Add(time.Microsecond),
	}
}

var customers = keeping[customer.Customer]{
	insert: func(ctx context.Context, tx issuance.Tx, c customer.Customer) error {
		return tx.InsertCustomer(ctx, c, nil)
	},
	update: func(ctx context.Context, tx issuance.Tx, c customer.Customer) error {
		return tx.UpdateCustomer(ctx, c, nil, nil)
	},
	version: func(c *customer.Customer) *int64 { return &c.Version },
	readers: []reader[customer.Customer]{
		{"Customer", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, c customer.Customer) (customer.Customer, bool, error) {
			return tx.Customer(ctx, p, c.ID)
		}},
		{"CustomerByNumber", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, c customer.Customer) (customer.Customer, bool, error) {
			return tx.CustomerByNumber(ctx, p, c.Number)
		}},
		{"Customers", listed(func(c customer.Customer) ident.UUID { return c.ID.UUID },
			func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID) ([]customer.Customer, error) {
				return tx.Customers(ctx, p, issuance.CustomerFilter{}, all)
			})},
	},
}

var accounts = keeping[account.Account]{
	insert:  func(ctx context.Context, tx issuance.Tx, a account.Account) error { return tx.InsertAccount(ctx, a) },
	update:  func(ctx context.Context, tx issuance.Tx, a account.Account) error { return tx.UpdateAccount(ctx, a) },
	version: func(a *account.Account) *int64 { return &a.Version },
	readers: []reader[account.Account]{
		{"Account", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, a account.Account) (account.Account, bool, error) {
			return tx.Account(ctx, p, a.ID)
		}},
		{"AccountByNumber", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, a account.Account) (account.Account, bool, error) {
			return tx.AccountByNumber(ctx, p, a.Number)
		}},
		{"AccountByReference or its id", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, a account.Account) (account.Account, bool, error) {
			if a.Reference == "" {
				return tx.Account(ctx, p, a.ID)
			}
			return tx.AccountByReference(ctx, p, a.Reference)
		}},
		{"Accounts", listed(func(a account.Account) ident.UUID { return a.ID.UUID },
			func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID) ([]account.Account, error) {
				return tx.Accounts(ctx, p, issuance.AccountFilter{}, all)
			})},
	},
}

var designs = keeping[card.Design]{
	version: func(d *card.Design) *int64 { return &d.Version },
	insert:  func(ctx context.Context, tx issuance.Tx, d card.Design) error { return tx.InsertDesign(ctx, d) },
	update:  func(ctx context.Context, tx issuance.Tx, d card.Design) error { return tx.UpdateDesign(ctx, d) },
	readers: []reader[card.Design]{
		{"Design", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, d card.Design) (card.Design, bool, error) {
			return tx.Design(ctx, p, d.ID)
		}},
		{"DesignByCampaign", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, d card.Design) (card.Design, bool, error) {
			return tx.DesignByCampaign(ctx, p, d.Campaign)
		}},
		{"Designs", listed(func(d card.Design) ident.UUID { return d.ID.UUID },
			func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID) ([]card.Design, error) {
				return tx.Designs(ctx, p, all)
			})},
	},
}
