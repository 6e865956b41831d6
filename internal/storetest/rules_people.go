package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

var peopleRules = []contract{
	{"a unique fact belongs to one living customer, and a clash names the facts that are taken", claimsAreUnique},
	{"facts are free again when their customer drops them or is deleted", claimsAreReleased},
	{"a fact that is dropped and added at once is dropped first", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		c := w.claimant(t, anna...)
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateCustomer(ctx, c, anna, anna) })
		w.taken(t, anna, customer.FieldEmail, customer.FieldPhone, customer.FieldRFC, customer.FieldCURP, customer.FieldExternalID)
	}},
	{"a fact is owned by the one customer that claimed it", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		c, other := w.claimant(t, anna[0]), w.claimant(t, anna[1])
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			for _, ask := range []struct {
				of   customer.Customer
				fact issuance.Fact
				want bool
			}{
				{c, anna[0], true},
				{c, issuance.Fact{Field: customer.FieldEmail, Value: "ANNA@example.com"}, true},
				{c, anna[1], false},
				{c, issuance.Fact{Field: customer.FieldExternalID, Value: anna[0].Value}, false},
				{other, anna[0], false},
				{other, anna[1], true},
			} {
				owns, err := tx.OwnsFact(ctx, w.Program.ID, ask.of.ID, ask.fact)
				if err != nil || owns != ask.want {
					t.Errorf("%v owned by %s: %v, %v", ask.fact, ask.of.ID, owns, err)
				}
			}
			abroad, err := tx.OwnsFact(ctx, w.Foreign.ID, c.ID, anna[0])
			if abroad {
				t.Error("another programme has the fact")
			}
			return err
		})
	}},
	{"programmes do not share facts", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		w.claimant(t, anna...)
		abroad := *w
		abroad.Program = w.Foreign
		abroad.taken(t, anna)
		abroad.claimant(t, anna...)
	}},
	{"deleted customers are not found", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		c := w.NewCustomer()
		c.DeletedAt = w.next()
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateCustomer(ctx, c, nil, nil) })
		customers.readsNothing(t, w, w.Program.ID, c, "after it was deleted")
	}},
	{"a number or reference that is taken says so, so that another can be drawn", numbersAreTaken},
	{"customers are filtered by each of their keys, and by all together", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		c := w.NewCustomer(func(c *customer.Customer) {
			c.ExternalID, c.Email, c.Phone, c.Application = "x1", "Laura@Example.com", "+525511112222", customer.InReview
		})
		w.NewCustomer(func(c *customer.Customer) { c.ExternalID, c.Email, c.Phone = "x2", "ana@example.com", "+525511113333" })
		for _, tt := range []struct {
			filter issuance.CustomerFilter
			want   int
		}{
			{issuance.CustomerFilter{ExternalID: "x1"}, 1},
			{issuance.CustomerFilter{EmailKey: customer.EmailKey("LAURA@example.com")}, 1},
			{issuance.CustomerFilter{Phone: "+525511112222"}, 1},
			{issuance.CustomerFilter{ExternalID: "x1", EmailKey: "laura@example.com", Phone: "+525511112222"}, 1},
			{issuance.CustomerFilter{ExternalID: "x2", Phone: "+525511112222"}, 0},
			{issuance.CustomerFilter{ExternalID: "X1"}, 0},
			{issuance.CustomerFilter{Application: customer.InReview}, 1},
			{issuance.CustomerFilter{Application: customer.InReview, ExternalID: "x2"}, 0},
			{issuance.CustomerFilter{Application: customer.Rejected}, 0},
		} {
			w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
				got, err := tx.Customers(ctx, w.Program.ID, tt.filter, all)
				if len(got) != tt.want || (tt.want == 1 && got[0].ID != c.ID) {
					t.Errorf("%+v finds %d customers, want %d", tt.filter, len(got), tt.want)
				}
				return err
			})
		}
	}},
	{"accounts are filtered by owner", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		own := w.NewAccount(w.NewCustomer())
		w.NewAccount(w.Customer, func(a *account.Account) { a.Owner, a.OwnerKind = ident.CustomerID{}, account.OwnerProgram })
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			got, err := tx.Accounts(ctx, w.Program.ID, issuance.AccountFilter{Owner: own.Owner}, all)
			same(t, "the owner's accounts", []account.Account{own}, got)
			return err
		})
	}},
	{"cards held are those that are not closed", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		holder := w.NewCustomer()
		for _, change := range []func(*card.Card){
			func(*card.Card) {},
			func(c *card.Card) { c.FrozenBy = card.ByHolder },
			func(c *card.Card) { c.ExpiresAt = w.Now() },
			func(c *card.Card) { c.ClosedAt, c.ClosedReason = w.Now(), card.ClosedLost },
			func(c *card.Card) { c.Customer = w.Customer.ID },
		} {
			w.NewCard(func(c *card.Card) { c.Customer = holder.ID; change(c) })
		}
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			n, err := tx.CardsHeld(ctx, w.Program.ID, holder.ID)
			if n != 3 {
				t.Errorf("%d cards held, want 3", n)
			}
			return err
		})
	}},
	{"at most one design is the default, and it can be handed over in one transaction", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		next := w.NewDesign()
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			old, err := found(tx.DefaultDesign(ctx, w.Program.ID))
			must(t, err)
			same(t, "the default", w.Design, old)
			old.Default, next.Default = false, true
			must(t, tx.UpdateDesign(ctx, old))
			return tx.UpdateDesign(ctx, next)
		})
		third := next
		third.ID, third.Campaign = ident.DesignID{UUID: w.IDs.UUID()}, "THIRD"
		_ = w.Store.Issuance().Write(t.Context(), func(tx issuance.Tx) error { return tx.InsertDesign(t.Context(), third) }) // may be refused
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			list, err := tx.Designs(ctx, w.Program.ID, all)
			must(t, err)
			defaults := 0
			for _, d := range list {
				if d.Default {
					defaults++
				}
			}
			if _, there, err := tx.DefaultDesign(ctx, w.Foreign.ID); defaults != 1 || there || err != nil {
				t.Errorf("%d defaults, and another programme sees one: %v, %v", defaults, there, err)
			}
			return err
		})
	}},
}

// anna are unique facts, one of each sort.
var anna = []issuance.Fact{
	{Field: customer.FieldEmail, Value: "anna@example.com"},
	{Field: customer.FieldPhone, Value: "+525511112222"},
	{Field: customer.FieldRFC, Value: "PEIL900101AB1"},
	{Field: customer.FieldCURP, Value: "PEIL900101MDFRNR09"},
	{Field: customer.FieldExternalID, Value: "crm-1"},
}

// tryClaim tries to add a customer with the facts.
func (w *World) tryClaim(facts ...issuance.Fact) (customer.Customer, error) {
	at := w.next()
	c := customer.Customer{
		ID: ident.CustomerID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Number: w.number(), Kind: customer.Person,
		Status: customer.Active, Application: customer.Approved, CreatedAt: at, UpdatedAt: at,
	}
	ctx := w.t.Context()
	err := w.Store.Issuance().Write(ctx, func(tx issuance.Tx) error {
		err := tx.InsertCustomer(ctx, c, facts)
		if err == nil {
			c, err = found(tx.Customer(ctx, c.Program, c.ID))
		}
		return err
	})
	return c, err
}

// claimant is a customer that the facts belong to.
func (w *World) claimant(t *testing.T, facts ...issuance.Fact) customer.Customer {
	t.Helper()
	c, err := w.tryClaim(facts...)
	must(t, err)
	return c
}

// taken wants exactly these of the asked facts to be taken, in the order of asking.
func (w *World) taken(t *testing.T, asked []issuance.Fact, want ...customer.Field) {
	t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		got, err := tx.TakenFacts(ctx, w.Program.ID, asked)
		if len(got)+len(want) > 0 {
			same(t, "the taken facts", want, got)
		}
		return err
	})
}

func claimsAreUnique(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	w.taken(t, anna)
	w.claimant(t, anna[0], anna[3])
	w.taken(t, anna, customer.FieldEmail, customer.FieldCURP)
	w.taken(t, []issuance.Fact{anna[3], anna[1], anna[0]}, customer.FieldCURP, customer.FieldEmail)
	w.taken(t, []issuance.Fact{{Field: customer.FieldExternalID, Value: anna[0].Value}}) // the same text, another fact

	c, err := w.tryClaim(anna...)
	if !errors.Is(err, customer.Exists) {
		t.Fatalf("claiming what is taken: %v, want customer.Exists", err)
	}
	same(t, "the detail", any([]customer.Field{customer.FieldEmail, customer.FieldCURP}), fault.Of(err).Detail)
	customers.readsNothing(t, w, w.Program.ID, c, "after its facts were taken")
	w.taken(t, anna, customer.FieldEmail, customer.FieldCURP) // and what was free stays free

	other := w.claimant(t, anna[1])
	err = w.Store.Issuance().Write(t.Context(), func(tx issuance.Tx) error {
		return tx.UpdateCustomer(t.Context(), other, nil, []issuance.Fact{anna[2], anna[3]})
	})
	if !errors.Is(err, customer.Exists) {
		t.Fatalf("claiming by an update what is taken: %v, want customer.Exists", err)
	}
	same(t, "the detail of the update", any([]customer.Field{customer.FieldCURP}), fault.Of(err).Detail)
	w.taken(t, anna, customer.FieldEmail, customer.FieldPhone, customer.FieldCURP)
}

func claimsAreReleased(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	c := w.claimant(t, anna...)
	c.Email = ""
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateCustomer(ctx, c, anna[:2], nil) })
	w.taken(t, anna, customer.FieldRFC, customer.FieldCURP, customer.FieldExternalID)
	w.claimant(t, anna[:2]...)

	w.Write(func(ctx context.Context, tx issuance.Tx) error {
		c, err := found(tx.Customer(ctx, c.Program, c.ID))
		must(t, err)
		c.DeletedAt = w.Now()
		return tx.UpdateCustomer(ctx, c, anna[2:], nil)
	})
	w.taken(t, anna, customer.FieldEmail, customer.FieldPhone)
	w.claimant(t, anna[2:]...)
}

func numbersAreTaken(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	parent := w.NewAccount(w.Customer, func(a *account.Account) { a.Kind, a.Reference = account.CompositeParent, w.IDs.Reference() })
	at := w.next()
	for what, insert := range map[string]func(ctx context.Context, tx issuance.Tx) error{
		"a customer's number": func(ctx context.Context, tx issuance.Tx) error {
			return tx.InsertCustomer(ctx, customer.Customer{
				ID: ident.CustomerID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Number: w.Customer.Number, Kind: customer.Person,
				Status: customer.Active, Application: customer.Approved, CreatedAt: at, UpdatedAt: at,
			}, anna)
		},
		"an account's number": func(ctx context.Context, tx issuance.Tx) error {
			a := w.Account
			a.ID = ident.AccountID{UUID: w.IDs.UUID()}
			return tx.InsertAccount(ctx, a)
		},
		"an account's reference": func(ctx context.Context, tx issuance.Tx) error {
			a := parent
			a.ID, a.Number = ident.AccountID{UUID: w.IDs.UUID()}, w.number()
			return tx.InsertAccount(ctx, a)
		},
		"a card's number": func(ctx context.Context, tx issuance.Tx) error {
			c := w.card()
			c.Number = w.Card.Card.Number
			return tx.InsertCard(ctx, c)
		},
	} {
		err := w.Store.Issuance().Write(t.Context(), func(tx issuance.Tx) error { return insert(t.Context(), tx) })
		if !errors.Is(err, issuance.ErrNumberTaken) {
			t.Errorf("%s that is taken: %v, want ErrNumberTaken", what, err)
		}
	}
	w.taken(t, anna)
}
