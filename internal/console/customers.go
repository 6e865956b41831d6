package console

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/staff"
)

// customerPage is a customer with its accounts; its cards stand in the view.
type customerPage struct {
	Facts    []fact
	Accounts []accountLine
}

type accountLine struct{ Number, Kind, Status, Has, Line string }

// listCustomers shows a page of customers. That somebody looked is a row of the trail.
func (d *Door) listCustomers(c *call) error {
	q := c.r.URL.Query()
	all, err := d.service.ListCustomers(c.r.Context(), issuance.ListCustomers{Command: c.command(), Page: pageOf(q)})
	if err != nil {
		return err
	}
	v := d.view(c, "customers", "Customers")
	for _, one := range all[:min(len(all), listRows)] {
		v.Customers = append(v.Customers, personOf(&one, c.may(staff.SeePersons)))
	}
	if len(all) > listRows {
		last := all[listRows-1]
		v.Older = older(q, last.CreatedAt, last.ID.UUID)
	}
	return d.write(c.w, http.StatusOK, v)
}

func (d *Door) showCustomer(c *call) error {
	id, err := ident.ParseUUID(httpd.Param(c.r, "customer"))
	if err != nil {
		return fault.Refuse(customer.NotFound)
	}
	found, err := d.service.ViewCustomer(c.r.Context(), issuance.ViewCustomer{Command: c.command(), Customer: ident.CustomerID{UUID: id}})
	if err != nil {
		return err
	}
	clear := c.may(staff.SeePersons)
	p := personOf(&found.Customer, clear)
	page := customerPage{Facts: []fact{
		{"Name", p.Name},
		{"E-mail", p.Email},
		{"Phone", p.Phone},
		{"Kind", string(found.Customer.Kind)},
		{"Status", word(p.Status)},
		{"Application", word(string(found.Customer.Application))},
		{"Number", p.Number},
		{"Id", p.ID},
		{"Made", moment(found.Customer.CreatedAt)},
	}}
	for _, a := range found.Accounts {
		page.Accounts = append(page.Accounts, accountLine{
			strconv.FormatInt(a.Number, 10), word(string(a.Kind)), word(string(a.Status)), money(a.Sums.Spendable, a.Currency), money(a.Sums.Line, a.Currency),
		})
	}
	v := d.view(c, "customer", "Customer "+p.Number)
	for _, st := range found.Cards {
		v.Cards = append(v.Cards, lineOf(st, clear))
	}
	v.Customer = &page
	return d.write(c.w, http.StatusOK, v)
}

// money writes an amount of hundredths.
func money(cents int64, currency string) string {
	sign := ""
	if cents < 0 {
		sign, cents = "−", -cents
	}
	return sign + count(cents/100) + fmt.Sprintf(".%02d ", cents%100) + currency
}
