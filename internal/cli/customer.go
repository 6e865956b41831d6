package cli

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

type customerCommand struct {
	List   customerList   `cmd:"" help:"List customers, newest first; with --application in_review those that wait for a decision."`
	Review customerReview `cmd:"" help:"Decide about a customer: the outcome of the identity check."`
}

type customerList struct {
	where
	Program     string `required:"" help:"Name or id of the programme." placeholder:"NAME"`
	Application string `enum:",not_started,awaiting_documents,in_review,approved,rejected,retry_required" default:"" help:"Only those whose application is in this state." placeholder:"STATE"`
	Lines       int    `short:"n" default:"20" help:"How many, 1 to 1000."`
	JSON        bool   `help:"Print JSON."`
}

// Run lists the customers.
func (c customerList) Run(ctx context.Context, w World) error {
	if c.Lines < 1 || c.Lines > 1000 {
		return usageError("--lines takes 1 to 1000")
	}
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := h.Access.FindProgram(ctx, c.Program)
		if err != nil {
			return err
		}
		f := issuance.CustomerFilter{Application: customer.ApplicationStatus(strings.ToUpper(c.Application))}
		list, err := h.Rules.Customers(ctx, p.ID, f, issuance.Page{Limit: c.Lines})
		if err != nil {
			return err
		}
		return showCustomers(w, c.JSON, list)
	})
}

func showCustomers(w World, asJSON bool, list []customer.Customer) error {
	type row struct {
		ID          string     `json:"id"`
		Number      int64      `json:"number"`
		ExternalID  string     `json:"external_id,omitempty"`
		FirstName   string     `json:"first_name,omitempty"`
		LastName    string     `json:"last_name,omitempty"`
		Application string     `json:"application"`
		Reason      string     `json:"rejection_reason,omitempty"`
		CreatedAt   *time.Time `json:"created_at"`
		UpdatedAt   *time.Time `json:"updated_at"`
	}
	objects, rows := make([]row, len(list)), make([][]string, len(list))
	for i, u := range list {
		state := strings.ToLower(string(u.Application))
		objects[i] = row{u.ID.String(), u.Number, u.ExternalID, u.FirstName, u.LastName, state, u.RejectionReason, momentJSON(u.CreatedAt), momentJSON(u.UpdatedAt)}
		rows[i] = []string{u.ID.String(), u.ExternalID, strings.TrimSpace(u.FirstName + " " + u.LastName), state, u.RejectionReason, moment(u.UpdatedAt)}
	}
	if asJSON {
		return printJSON(w.Stdout, objects)
	}
	return table(w.Stdout, []string{"ID", "EXTERNAL ID", "NAME", "APPLICATION", "REASON", "CHANGED"}, rows)
}

type customerReview struct {
	where
	Customer string `arg:"" help:"Id of the customer."`
	Decision string `arg:"" enum:"approved,rejected,retry_required,in_review" help:"approved, rejected, retry_required or in_review."`
	Program  string `required:"" help:"Name or id of the programme." placeholder:"NAME"`
	Reason   string `help:"Why it is not approved, at most 200 characters; the programme sees it." placeholder:"TEXT"`
}

// Run decides.
func (c customerReview) Run(ctx context.Context, w World) error {
	id, err := ident.ParseUUID(c.Customer)
	if err != nil {
		return usageError("an id of a customer has the form 8a1f2b4c-91f6-4f4e-a6b7-6b1c1a9d7e03")
	}
	reason := strings.TrimSpace(c.Reason)
	status := customer.ApplicationStatus(strings.ToUpper(c.Decision))
	switch refuses := status == customer.Rejected || status == customer.RetryRequired; {
	case reason != "" && !refuses:
		return usageError("--reason goes with rejected and retry_required")
	case !utf8.ValidString(reason), utf8.RuneCountInString(reason) > 200, strings.ContainsFunc(reason, unicode.IsControl):
		return usageError("--reason takes at most 200 characters that print")
	}
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := h.Access.FindProgram(ctx, c.Program)
		if err != nil {
			return err
		}
		u, err := h.Rules.DecideApplication(ctx, issuance.DecideApplication{
			Command: operatorOf(c.operator(), p.ID), Customer: ident.CustomerID{UUID: id}, Status: status, Reason: reason,
		})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.Stdout, "The application of %s is %s.\n", u.ID, strings.ToLower(string(u.Application)))
		return err
	})
}
