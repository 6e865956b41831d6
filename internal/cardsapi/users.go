package cardsapi

import (
	"context"
	"net/netip"
	"regexp"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

func userAnswer(c customer.Customer) issuance.Answer { return ok(body(showUser, c)) }

// createUser is contract §16.1.
func (d *Door) createUser(c *call) error {
	c.form()
	cmd := readUser(c)
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, userAnswer, func(base issuance.Command) (customer.Customer, error) {
		cmd.Command = base
		return d.service.CreateCustomer(c.ctx(), cmd)
	})
}

func readUser(c *call) issuance.CreateCustomer {
	var cmd issuance.CreateCustomer
	o := c.object()
	cmd.Email = o.email("email")
	cmd.Phone = o.phone("phoneNumber")
	cmd.ExternalID, _ = o.text("externalId", optional, 1, 100)
	cmd.FirstName, _ = o.text("firstName", optional, 1, 50)
	cmd.LastName, _ = o.text("lastName", optional, 1, 50)
	terms, given := o.child("termsAcceptance", need(c.program().Policy.RequireTerms))
	if given {
		cmd.TermsVersion, _ = terms.text("version", required, 1, 50)
		if s, given := terms.text("ipAddress", required, 1, 64); given {
			if addr, err := netip.ParseAddr(s); err != nil || addr.Zone() != "" {
				terms.bad("ipAddress", "invalid_format")
			}
			cmd.TermsIP = s
		}
	}
	return cmd
}

// email reads an address.
func (o object) email(name string) string {
	s, given := o.text(name, required, 1, 254)
	if !given {
		return ""
	}
	email, valid := customer.ParseEmail(s)
	if !valid {
		o.bad(name, "invalid_format")
	}
	return email
}

// phone reads an E.164 number that must be there.
func (o object) phone(name string) string {
	s, given := o.text(name, required, 1, 32)
	if !given {
		return ""
	}
	phone, valid := customer.ParsePhone(s)
	if !valid {
		o.bad(name, "invalid_phone")
	}
	return phone
}

// listUsers is contract §16.2.
func (d *Door) listUsers(c *call) error {
	f := issuance.CustomerFilter{ExternalID: c.textParam("externalId"), EmailKey: customer.EmailKey(c.textParam("email")), Phone: c.textParam("phoneNumber")}
	if normal, valid := customer.ParsePhone(f.Phone); valid {
		f.Phone = normal
	}
	page, seal := d.pageOf(c, f.ExternalID, f.EmailKey, f.Phone)
	if err := c.checked(); err != nil {
		return err
	}
	all, err := d.service.Customers(c.ctx(), c.programID(), f, page)
	if err != nil {
		return err
	}
	return write(c.w, ok(showPage(all, page, seal, func(u customer.Customer) issuance.Mark { return issuance.Mark{CreatedAt: u.CreatedAt, ID: u.ID.UUID} }, showUser)))
}

func (d *Door) getUser(c *call) error {
	id := ident.CustomerID{UUID: c.id("id")}
	if err := c.checked(); err != nil {
		return err
	}
	u, err := d.service.Customer(c.ctx(), c.programID(), id)
	if err != nil {
		return err
	}
	return write(c.w, userAnswer(u))
}

// setEmail and setPhone are contract §16.3.
func (d *Door) setEmail(c *call) error {
	return d.setContact(c, func(o object) string { return o.email("email") }, d.service.SetEmail)
}

func (d *Door) setPhone(c *call) error {
	return d.setContact(c, func(o object) string { return o.phone("phoneNumber") }, d.service.SetPhone)
}

func (d *Door) setContact(c *call, read func(object) string, set func(context.Context, issuance.SetContact) error) error {
	cmd := issuance.SetContact{Customer: ident.CustomerID{UUID: c.id("id")}}
	cmd.Value = read(c.object())
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, noContent[struct{}], func(base issuance.Command) (struct{}, error) {
		cmd.Command = base
		return struct{}{}, set(c.ctx(), cmd)
	})
}

// deleteUser is contract §16.4.
func (d *Door) deleteUser(c *call) error {
	cmd := issuance.DeleteCustomer{Customer: ident.CustomerID{UUID: c.id("id")}}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, noContent[struct{}], func(base issuance.Command) (struct{}, error) {
		cmd.Command = base
		return struct{}{}, d.service.DeleteCustomer(c.ctx(), cmd)
	})
}

var countryForm = regexp.MustCompile(`^[A-Z]{2,3}$`)

// submitApplication is contract §16.6.
func (d *Door) submitApplication(c *call) error {
	c.form()
	cmd := issuance.SubmitApplication{Customer: ident.CustomerID{UUID: c.id("id")}}
	o := c.object()
	o.choice("method", optional, "MANAGED_KYC", "SUMSUB_TOKEN_SHARING", "UNIVERSAL_KYC")
	cmd.FirstName, _ = o.text("firstName", optional, 1, 50)
	cmd.LastName, _ = o.text("lastName", optional, 1, 50)
	if s, given := o.text("dateOfBirth", optional, 1, 10); given {
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			o.bad("dateOfBirth", "invalid_format")
		}
		cmd.DateOfBirth = s
	}
	cmd.Country = o.country("country", optional)
	if err := c.checked(); err != nil {
		return err
	}
	show := func(u customer.Customer) issuance.Answer {
		w := wirejson.NewWriter(nil)
		w.BeginObject()
		w.Key("status").String(string(u.Application))
		w.Key("nextAction").Null()
		w.EndObject()
		return ok(w.Bytes())
	}
	return perform(d, c, show, func(base issuance.Command) (customer.Customer, error) {
		cmd.Command = base
		return d.service.SubmitApplication(c.ctx(), cmd)
	})
}

func accountAnswer(a account.Account) issuance.Answer { return ok(body(showAccount, a)) }

// createAccount is contract §17.1.
func (d *Door) createAccount(c *call) error {
	c.form()
	o := c.object()
	cmd := issuance.CreateAccount{Owner: ident.CustomerID{UUID: o.id("ownerId")}, Kind: customer.Person}
	if o.choice("ownerType", optional, "USER", "COMPANY") == "COMPANY" {
		cmd.Kind = customer.Company
	}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, accountAnswer, func(base issuance.Command) (account.Account, error) {
		cmd.Command = base
		return d.service.CreateAccount(c.ctx(), cmd)
	})
}

// listAccounts is contract §17.2.
func (d *Door) listAccounts(c *call) error {
	f := issuance.AccountFilter{Owner: ident.CustomerID{UUID: c.idParam("ownerId")}}
	page, seal := d.pageOf(c, f.Owner.String())
	if err := c.checked(); err != nil {
		return err
	}
	all, err := d.service.Accounts(c.ctx(), c.programID(), f, page)
	if err != nil {
		return err
	}
	return write(c.w, ok(showPage(all, page, seal, func(a account.Account) issuance.Mark { return issuance.Mark{CreatedAt: a.CreatedAt, ID: a.ID.UUID} }, showAccount)))
}

// refuseFunding is contract §17.2: there are no wallets here.
func (*Door) refuseFunding(*call) error { return fault.Refuse(NoFunding) }

func (d *Door) getAccount(c *call) error {
	id := ident.AccountID{UUID: c.id("id")}
	if err := c.checked(); err != nil {
		return err
	}
	a, err := d.service.Account(c.ctx(), c.programID(), id)
	if err != nil {
		return err
	}
	return write(c.w, accountAnswer(a))
}
