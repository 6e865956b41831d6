package debitapi

import (
	"context"
	"net/http"
	"time"

	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wallet"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// Wallet are the commands about customers' money. [wallet.Service] has them.
type Wallet interface {
	Parent(ctx context.Context, q wallet.LineQuery) (wallet.Line, error)
	Child(ctx context.Context, q wallet.LineQuery) (wallet.Line, error)
	OpenChild(ctx context.Context, cmd wallet.OpenChild) (wallet.Line, error)
	SetLine(ctx context.Context, cmd wallet.SetLine) (wallet.Line, error)
	Transfer(ctx context.Context, cmd wallet.Transfer) (wallet.Moved, error)
	TopUp(ctx context.Context, cmd wallet.TopUp) (wallet.Moved, error)
	Movements(ctx context.Context, q wallet.MovementQuery) (wallet.Movements, error)
}

// walletEndpoints are the calls about customers' money (debit contract §11).
func walletEndpoints() []endpoint {
	const (
		at        = "/wallet/v1/"
		composite = at + "composite-balance/"
		movements = "/transactions/{customer_id}"
	)
	line := func(method, path string, who callers, handle func(*Door, *call) error) endpoint {
		e := endpoint{method: method, pattern: composite + path, callers: who, envelope: envelopeLine, handle: handle}
		if method != http.MethodGet {
			e.key, e.maxBody = httpd.Optional, maxBody
		}
		return e
	}
	move := func(path string, who callers, handle func(*Door, *call) error) endpoint {
		return endpoint{method: http.MethodPost, pattern: at + path, callers: who, key: httpd.Optional, maxBody: maxBody, handle: handle}
	}
	const all = forProgram | forCustomer | forAdmin | forReader
	return []endpoint{
		line(http.MethodGet, "parent/{parent_id}", all, (*Door).parentLine),
		line(http.MethodPost, "child", forProgram|forAdmin, (*Door).openChild),
		line(http.MethodGet, "child/{child_id}", all, (*Door).childLine),
		line(http.MethodPut, "child/{child_id}/update-credit-line", forProgram|forAdmin, (*Door).setLine),
		move("transfer", forCustomer|forAdmin, (*Door).transfer),
		move("topUp", forProgram|forAdmin, (*Door).topUp),
		{
			method: http.MethodGet, pattern: movements, aliases: []string{at + "transactions/{customer_id}"},
			callers: forCustomer | forAdmin | forReader, handle: (*Door).movements,
		},
	}
}

// lineQuery begins a query about a composite balance: a customer sees the own ones only.
func (c *call) lineQuery() (wallet.LineQuery, error) {
	if err := c.checkRights(); err != nil {
		return wallet.LineQuery{}, err
	}
	at, err := c.now(c.r.Context())
	q := wallet.LineQuery{Program: c.id.Program.ID, At: at.In(c.id.Program.Policy.Debit.TimeZone)}
	if c.sort == forCustomer {
		q.Holder = c.customer.Credential.Customer
	}
	return q, err
}

// parentLine is GET /wallet/v1/composite-balance/parent/{parent_id} (debit contract §11.1).
func (d *Door) parentLine(c *call) error {
	q, err := c.lineQuery()
	if err != nil {
		return err
	}
	q.Parent, _ = ident.ParseReference(httpd.Param(c.r, "parent_id")) // anything else is no parent
	l, err := d.o.Wallet.Parent(c.r.Context(), q)
	if err != nil {
		return err
	}
	return c.write(http.StatusOK, envelopeLine.success(c.path, q.At, func(w *wirejson.Writer) {
		w.Key("id").String(string(l.Account.Reference))
		w.Key("customer_id").Int(l.Owner)
		w.Key("credit_line").Int(l.Whole())
		w.Key("credit_limit").Int(l.Whole() + c.id.Program.Policy.Debit.OverlimitCents)
		w.Key("available_credit").Int(l.Sums.Left())
		w.Key("min_due_payment").Int(l.Owed)
		w.Key("total_due_payment").Int(l.Owed)
		w.Key("next_billing_date").String(l.Cycle.Next.Format(time.DateOnly))
		w.Key("next_due_date").String(l.Cycle.Due.Format(time.DateOnly))
		w.Key("status").Int(walletStatus(l.Account.Status))
	}))
}

// childLine is GET /wallet/v1/composite-balance/child/{child_id}.
func (d *Door) childLine(c *call) error {
	q, err := c.lineQuery()
	if err != nil {
		return err
	}
	q.Child, _ = parsePathNumber(httpd.Param(c.r, "child_id"), "") // anything else is no child
	l, err := d.o.Wallet.Child(c.r.Context(), q)
	if err != nil {
		return err
	}
	return c.write(http.StatusOK, envelopeLine.success(c.path, q.At, childPayload(l)))
}

func childPayload(l wallet.Line) payload {
	return func(w *wirejson.Writer) {
		w.Key("id").Int(l.Account.Number)
		w.Key("parent_id").String(string(l.Parent))
		w.Key("customer_id").Int(l.Owner)
		w.Key("credit_line").Int(l.Whole())
		w.Key("credit_limit").Int(l.Whole())
		w.Key("available_credit").Int(l.Sums.Left())
		w.Key("total_debt").Int(l.Sums.Debt())
		w.Key("status").Int(walletStatus(l.Account.Status))
	}
}

// openChild is POST /wallet/v1/composite-balance/child.
func (d *Door) openChild(c *call) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	var f fields
	cmd := wallet.OpenChild{Parent: f.parent(body.Get("parent_id"))}
	cmd.Cents = f.neededCents("credit_line", body.Get("credit_line"))
	cmd.Customer = f.number("customer_id", body.Get("customer_id"), customerPrefix)
	return c.lineCommand(&f, body, func(by issuance.Command) (wallet.Line, error) {
		cmd.Command = by
		return d.o.Wallet.OpenChild(c.r.Context(), cmd)
	})
}

// setLine is PUT /wallet/v1/composite-balance/child/{child_id}/update-credit-line.
func (d *Door) setLine(c *call) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	var f fields
	cmd := wallet.SetLine{Cents: f.neededCents("credit_line", body.Get("credit_line"))}
	cmd.Child, _ = parsePathNumber(httpd.Param(c.r, "child_id"), "")
	return c.lineCommand(&f, body, func(by issuance.Command) (wallet.Line, error) {
		cmd.Command = by
		return d.o.Wallet.SetLine(c.r.Context(), cmd)
	})
}

// lineCommand ends the checks of a command about a child, and runs it.
func (c *call) lineCommand(f *fields, body wirejson.Value, do func(by issuance.Command) (wallet.Line, error)) error {
	c.checkKey(f)
	if err := f.refusal(); err != nil {
		return err
	}
	if err := c.checkRights(); err != nil {
		return err
	}
	return perform(c, body.AppendCanonical(nil), false, do, childPayload)
}

// parent reads the reference of a composite parent; one without that form is no parent's, and "" here.
func (f *fields) parent(v wirejson.Value) ident.Reference {
	s, ok := v.String()
	switch {
	case !v.Given():
		f.add("parent_id", required)
	case !ok:
		f.add("parent_id", invalid)
	}
	ref, _ := ident.ParseReference(s)
	return ref
}
