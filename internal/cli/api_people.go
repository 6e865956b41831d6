package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/firsttap/firsttap/client"
)

type apiCustomer struct {
	List    apiCustomerList    `cmd:"" help:"List customers, newest first, or find one."`
	Show    apiCustomerShow    `cmd:"" help:"Show a customer."`
	Add     apiCustomerAdd     `cmd:"" help:"Add a customer, before any identity review."`
	Contact apiCustomerContact `cmd:"" help:"Give a customer another e-mail or phone."`
	Cards   apiCustomerCards   `cmd:"" help:"List the cards of a customer."`
}

type ofCustomer struct {
	remote
	ID string `arg:"" help:"Id of the customer."`
}

type apiCustomerList struct {
	remote
	sorted
	ExternalID string `name:"external-id" help:"Only the one that you call so." placeholder:"ID"`
	Email      string `help:"Only the one with this address." placeholder:"ADDRESS"`
	Phone      string `help:"Only the one with this number, as in +525512345678." placeholder:"NUMBER"`
}

// Run lists customers.
func (c apiCustomerList) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	f := client.CustomerFilter{ExternalID: c.ExternalID, Email: c.Email, Phone: c.Phone}
	return list(l, c.lines, c.of(l.api).Customers(ctx, f), []string{"CUSTOMER", "EXTERNAL ID", "NAME", "EMAIL", "STATUS", "APPLICATION", "MADE"}, func(v client.Customer) []string {
		return []string{v.ID, dash(v.ExternalID), dash(strings.TrimSpace(v.FirstName + " " + v.LastName)), dash(v.Email), v.Status, dash(v.ApplicationStatus), moment(v.CreatedAt)}
	})
}

func customerPairs(v client.Customer) [][2]string {
	return [][2]string{
		{"customer", v.ID},
		{"number", fmt.Sprint(v.NumberID)},
		{"external id", v.ExternalID},
		{"kind", v.Kind},
		{"status", v.Status},
		{"application", v.ApplicationStatus},
		{"name", strings.TrimSpace(v.FirstName + " " + v.LastName)},
		{"email", v.Email},
		{"phone", v.Phone},
		{"made", moment(v.CreatedAt)},
	}
}

type apiCustomerContact struct {
	ofCustomer
	forWhom
	Email  string `help:"The new address." placeholder:"ADDRESS"`
	Phone  string `help:"The new number, as in +525512345678." placeholder:"NUMBER"`
	Reason string `help:"Why; kept in the audit trail."`
}

// Run changes how a customer is reached.
func (c apiCustomerContact) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.UpdateCustomer(ctx, c.ID, client.CustomerChange{Email: c.Email, Phone: c.Phone, Reason: c.Reason}, c.options()...)
	return show(l, v, err, customerPairs)
}

type apiCustomerShow struct{ ofCustomer }

// Run shows a customer.
func (c apiCustomerShow) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.Customer(ctx, c.ID)
	return show(l, v, err, customerPairs)
}

type apiCustomerAdd struct {
	remote
	because
	Email      string `required:"" help:"Address." placeholder:"ADDRESS"`
	Phone      string `required:"" help:"Number, as in +525512345678." placeholder:"NUMBER"`
	ExternalID string `name:"external-id" help:"What you call the customer." placeholder:"ID"`
	FirstName  string `help:"First name." placeholder:"NAME"`
	LastName   string `help:"Last name." placeholder:"NAME"`
	Terms      string `help:"Version of the terms that were accepted." placeholder:"VERSION"`
}

// Run adds a customer.
func (c apiCustomerAdd) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.CreateCustomer(ctx, client.NewCustomer{
		Email: c.Email, Phone: c.Phone, ExternalID: c.ExternalID, FirstName: c.FirstName, LastName: c.LastName, TermsVersion: c.Terms,
	}, c.options()...)
	return show(l, v, err, customerPairs)
}

type apiCustomerCards struct {
	ofCustomer
	sorted
}

// Run lists the cards of a customer.
func (c apiCustomerCards) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return list(l, c.lines, c.of(l.api).CustomerCards(ctx, c.ID), cardHeading, cardRow)
}

type apiAccount struct {
	Open apiAccountOpen `cmd:"" help:"Open an account of a customer."`
	List apiAccountList `cmd:"" help:"List accounts, newest first."`
	Show apiAccountShow `cmd:"" help:"Show an account."`
}

type apiAccountList struct {
	remote
	sorted
	Owner string `help:"Only those of this customer." placeholder:"ID"`
}

// cents prints an amount.
func cents(n int64, currency string) string {
	return fmt.Sprintf("%d.%02d %s", n/100, max(n, -n)%100, currency)
}

// Run lists accounts.
func (c apiAccountList) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return list(l, c.lines, c.of(l.api).Accounts(ctx, c.Owner), []string{"ACCOUNT", "NUMBER", "KIND", "STATUS", "AVAILABLE", "OWNER"}, func(a client.Account) []string {
		return []string{a.ID, fmt.Sprint(a.NumberID), a.Kind, a.Status, cents(a.AvailableCents, a.Currency), dash(a.OwnerID)}
	})
}

type apiAccountShow struct {
	remote
	ID string `arg:"" help:"Id of the account."`
}

// Run shows an account.
func (c apiAccountShow) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.Account(ctx, c.ID)
	return show(l, v, err, accountPairs)
}

type apiAccountOpen struct {
	remote
	because
	Owner string `arg:"" help:"Id of the customer, whom the identity review has approved."`
}

// Run opens an account.
func (c apiAccountOpen) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.CreateAccount(ctx, c.Owner, c.options()...)
	return show(l, v, err, accountPairs)
}

func accountPairs(a client.Account) [][2]string {
	return [][2]string{
		{"account", a.ID},
		{"number", fmt.Sprint(a.NumberID)},
		{"kind", a.Kind},
		{"status", a.Status},
		{"owner", a.OwnerKind + " " + a.OwnerID},
		{"parent", a.ParentID},
		{"available", cents(a.AvailableCents, a.Currency)},
		{"credit line", cents(a.CreditLineCents, a.Currency)},
		{"credit used", cents(a.CreditUsedCents, a.Currency)},
	}
}

type apiApproval struct {
	List    apiApprovalList    `cmd:"" help:"List what was asked for, newest first."`
	Show    apiApprovalShow    `cmd:"" help:"Show one."`
	Approve apiApprovalApprove `cmd:"" help:"Say yes to what another key asked for."`
	Refuse  apiApprovalRefuse  `cmd:"" help:"Say no."`
}

type ofApproval struct {
	remote
	ID string `arg:"" help:"Id of the approval."`
}

type apiApprovalList struct {
	remote
	sorted
	Status string `default:"pending" help:"Only those that are pending, approved, refused, used or expired; any is all." placeholder:"STATUS"`
}

// Run lists approvals.
func (c apiApprovalList) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	if c.Status == "any" {
		c.Status = ""
	}
	return list(l, c.lines, c.of(l.api).Approvals(ctx, c.Status), []string{"APPROVAL", "FOR", "STATUS", "CARD", "ASKED BY", "WHY", "EXPIRES"}, func(a client.Approval) []string {
		return []string{a.ID, a.Action, a.Status, dash(a.CardID), a.AskedBy, dash(a.Reason), moment(a.ExpiresAt)}
	})
}

func approvalPairs(a client.Approval) [][2]string {
	return [][2]string{
		{"approval", a.ID},
		{"for", a.Action},
		{"status", a.Status},
		{"card", a.CardID},
		{"asked by", a.AskedBy},
		{"why", a.Reason},
		{"decided by", a.DecidedBy},
		{"note", a.Note},
		{"asked", moment(a.CreatedAt)},
		{"expires", moment(a.ExpiresAt)},
		{"decided", moment(a.DecidedAt)},
		{"used", moment(a.UsedAt)},
	}
}

type apiApprovalShow struct{ ofApproval }

// Run shows an approval.
func (c apiApprovalShow) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	a, err := l.api.Approval(ctx, c.ID)
	return show(l, a, err, approvalPairs)
}

type apiApprovalApprove struct {
	ofApproval
	forWhom
	Note string `help:"What you have to say about it."`
}

// Run says yes.
func (c apiApprovalApprove) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	a, err := l.api.Approve(ctx, c.ID, c.Note, c.options()...)
	return show(l, a, err, approvalPairs)
}

type apiApprovalRefuse struct {
	ofApproval
	forWhom
	Note string `required:"" help:"Why not."`
}

// Run says no.
func (c apiApprovalRefuse) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	a, err := l.api.Refuse(ctx, c.ID, c.Note, c.options()...)
	return show(l, a, err, approvalPairs)
}
