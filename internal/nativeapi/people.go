package nativeapi

import (
	"net/http"
	"strings"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

func (d *Door) peopleRoutes() []httpd.Route {
	update := act("/v1/customers/{id}", access.CustomersWrite, d.updateCustomer)
	update.Method = http.MethodPatch
	return []httpd.Route{
		update,
		read("/v1/customers", access.CustomersRead, d.listCustomers),
		act("/v1/customers", access.CustomersWrite, d.createCustomer),
		read("/v1/customers/{id}", access.CustomersRead, d.getCustomer),
		read("/v1/customers/{id}/cards", access.CardsRead, d.listCustomerCards),
		read("/v1/accounts", access.AccountsRead, d.listAccounts),
		act("/v1/accounts", access.AccountsWrite, d.createAccount),
		read("/v1/accounts/{id}", access.AccountsRead, d.getAccount),
	}
}

// listCustomers lists living customers, newest first. A fact is compared in its normal form.
func (d *Door) listCustomers(c *call) error {
	c.takes("external_id", "email", "phone", "sort", "limit", "cursor")
	f := issuance.CustomerFilter{ExternalID: c.param("external_id"), EmailKey: customer.EmailKey(c.param("email")), Phone: c.param("phone")}
	if normal, valid := customer.ParsePhone(f.Phone); valid {
		f.Phone = normal
	} else if f.Phone != "" {
		c.bad("query.phone", form.InvalidFormat)
	}
	page := d.page(c)
	if err := c.checked(); err != nil {
		return err
	}
	all, err := d.service.Customers(c.ctx(), c.programID(), f, page)
	if err != nil {
		return err
	}
	return write(c.w, showPage(d, c, all, page, func(u customer.Customer) issuance.Mark {
		return issuance.Mark{CreatedAt: u.CreatedAt, ID: u.ID.UUID}
	}, showCustomer))
}

func (d *Door) getCustomer(c *call) error {
	c.takes()
	id := ident.CustomerID{UUID: c.id()}
	if err := c.checked(); err != nil {
		return err
	}
	u, err := d.service.Customer(c.ctx(), c.programID(), id)
	if err != nil {
		return err
	}
	return write(c.w, ok(body(showCustomer, u)))
}

// createCustomer adds a person whose identity review has not begun.
func (d *Door) createCustomer(c *call) error {
	c.takes()
	c.form()
	o := c.explained("email", "phone", "external_id", "first_name", "last_name", "terms_version")
	cmd := issuance.CreateCustomer{
		ExternalID: o.text("external_id", optional, 100), FirstName: o.text("first_name", optional, 50), LastName: o.text("last_name", optional, 50),
		TermsVersion: o.text("terms_version", need(c.identity.Program.Policy.RequireTerms), 50),
	}
	var valid bool
	if s := o.text("email", required, 254); s != "" {
		if cmd.Email, valid = customer.ParseEmail(s); !valid {
			o.bad("email", form.InvalidFormat)
		}
	}
	if s := o.text("phone", required, 32); s != "" {
		if cmd.Phone, valid = customer.ParsePhone(s); !valid {
			o.bad("phone", form.InvalidFormat)
		}
	}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(u customer.Customer) issuance.Answer {
		return issuance.Answer{Status: http.StatusCreated, Body: body(showCustomer, u)}
	}
	return perform(d, c, show, func(base issuance.Command) (customer.Customer, error) {
		cmd.Command = base
		return d.service.CreateCustomer(c.ctx(), cmd)
	})
}

// updateCustomer changes how a customer is reached.
func (d *Door) updateCustomer(c *call) error {
	c.takes()
	c.form()
	o := c.explained("email", "phone")
	cmd := issuance.UpdateContact{Customer: ident.CustomerID{UUID: c.id()}}
	var valid bool
	if s := o.text("email", optional, 254); s != "" {
		if cmd.Email, valid = customer.ParseEmail(s); !valid {
			o.bad("email", form.InvalidFormat)
		}
	}
	if s := o.text("phone", optional, 32); s != "" {
		if cmd.Phone, valid = customer.ParsePhone(s); !valid {
			o.bad("phone", form.InvalidFormat)
		}
	}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(u customer.Customer) issuance.Answer { return ok(body(showCustomer, u)) }
	return perform(d, c, show, func(base issuance.Command) (customer.Customer, error) {
		cmd.Command = base
		return d.service.UpdateContact(c.ctx(), cmd)
	})
}

// listCustomerCards lists the cards that a customer has, newest first.
func (d *Door) listCustomerCards(c *call) error {
	c.takes("sort", "limit", "cursor")
	id := ident.CustomerID{UUID: c.id()}
	page := d.page(c)
	if err := c.checked(); err != nil {
		return err
	}
	if _, err := d.service.Customer(c.ctx(), c.programID(), id); err != nil {
		return err
	}
	all, err := d.service.Standings(c.ctx(), c.programID(), issuance.CardFilter{Customer: id}, page)
	if err != nil {
		return err
	}
	return write(c.w, showPage(d, c, all, page, func(st issuance.Standing) issuance.Mark {
		return issuance.Mark{CreatedAt: st.Card.CreatedAt, ID: st.Card.ID.UUID}
	}, showCard))
}

// listAccounts lists accounts with what is in them, newest first.
func (d *Door) listAccounts(c *call) error {
	c.takes("owner_id", "sort", "limit", "cursor")
	f := issuance.AccountFilter{Owner: ident.CustomerID{UUID: c.idParam("owner_id")}}
	page := d.page(c)
	if err := c.checked(); err != nil {
		return err
	}
	all, err := d.service.Purses(c.ctx(), c.programID(), f, page)
	if err != nil {
		return err
	}
	return write(c.w, showPage(d, c, all, page, func(p issuance.Purse) issuance.Mark {
		return issuance.Mark{CreatedAt: p.Account.CreatedAt, ID: p.Account.ID.UUID}
	}, showAccount))
}

// createAccount opens an account of a customer; its cards spend it once they name it.
func (d *Door) createAccount(c *call) error {
	c.takes()
	c.form()
	cmd := issuance.CreateAccount{Owner: ident.CustomerID{UUID: c.explained("owner_id").id("owner_id", required)}}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(p issuance.Purse) issuance.Answer {
		return issuance.Answer{Status: http.StatusCreated, Body: body(showAccount, p)}
	}
	return perform(d, c, show, func(base issuance.Command) (issuance.Purse, error) {
		cmd.Command = base
		return d.service.CreatePurse(c.ctx(), cmd)
	})
}

func (d *Door) getAccount(c *call) error {
	c.takes()
	id := ident.AccountID{UUID: c.id()}
	if err := c.checked(); err != nil {
		return err
	}
	p, err := d.service.Purse(c.ctx(), c.programID(), id)
	if err != nil {
		return err
	}
	return write(c.w, ok(body(showAccount, p)))
}

func showCustomer(w *wirejson.Writer, u customer.Customer) {
	w.BeginObject()
	w.Key("id").String(u.ID.String())
	w.Key("number_id").Int(u.Number)
	w.Key("external_id").StringOrNull(u.ExternalID)
	w.Key("kind").String(string(u.Kind))
	w.Key("status").String(string(u.Status))
	w.Key("application_status").String(strings.ToLower(string(u.Application)))
	w.Key("email").StringOrNull(u.Email)
	w.Key("phone").StringOrNull(u.Phone)
	w.Key("first_name").StringOrNull(u.FirstName)
	w.Key("last_name").StringOrNull(u.LastName)
	w.Key("country").StringOrNull(u.Country)
	w.Key("date_of_birth").StringOrNull(u.DateOfBirth)
	w.Key("created_at")
	showTime(w, u.CreatedAt)
	w.Key("updated_at")
	showTime(w, u.UpdatedAt)
	w.EndObject()
}

// showAccount writes an account with what is in it, in cents.
func showAccount(w *wirejson.Writer, p issuance.Purse) {
	a := p.Account
	w.BeginObject()
	w.Key("id").String(a.ID.String())
	w.Key("number_id").Int(a.Number)
	w.Key("kind").String(string(a.Kind))
	w.Key("status").String(string(a.Status))
	w.Key("owner_kind").String(string(a.OwnerKind))
	w.Key("owner_id")
	showID(w, a.Owner.UUID)
	w.Key("parent_id")
	showID(w, a.Parent.UUID)
	w.Key("currency").String(a.Currency)
	w.Key("available_cents").Int(p.Available)
	w.Key("credit_line_cents").Int(p.Line)
	w.Key("credit_used_cents").Int(p.Used)
	w.Key("created_at")
	showTime(w, a.CreatedAt)
	w.Key("updated_at")
	showTime(w, a.UpdatedAt)
	w.EndObject()
}
