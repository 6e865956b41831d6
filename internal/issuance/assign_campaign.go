package issuance

import (
	"context"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/program"
)

const actionAssignCampaign = "customer.assign_campaign"

// AssignCampaign sets the campaign that new cards of customers have when an order names none (debit contract
// §9.10).
type AssignCampaign struct {
	Command
	Campaign  string
	Customers []int64 // public numbers
}

// Assigned tells what an assignment changed.
type Assigned struct {
	Design  card.Design
	New     []int64 // customers that had none
	Updated []int64 // customers that had another
}

// AssignCampaign assigns all or none. Refusals: batch.OrderInvalid with the field program_code, customer.NotFound.
func (s *Service) AssignCampaign(ctx context.Context, cmd AssignCampaign) (Assigned, error) {
	return Run(ctx, s, cmd.Command, actionAssignCampaign, func(w *Work) (Assigned, error) {
		d, ok, err := w.Tx.DesignByCampaign(ctx, w.Program.ID, cmd.Campaign)
		if err != nil {
			return Assigned{}, err
		}
		if !ok {
			return Assigned{}, &fault.Error{Reason: batch.OrderInvalid, Fields: []fault.Field{{Path: "program_code", Code: "unknown"}}}
		}
		all, err := loadAll(ctx, w, cmd.Customers)
		if err != nil {
			return Assigned{}, err
		}
		out := Assigned{Design: d}
		for _, c := range all {
			switch c.Campaign {
			case d.Campaign:
				continue
			case "":
				out.New = append(out.New, c.Number)
			default:
				out.Updated = append(out.Updated, c.Number)
			}
			c.Campaign, c.UpdatedAt = d.Campaign, program.Later(w.Now, c.UpdatedAt)
			if err := w.Tx.UpdateCustomer(ctx, c, nil, nil); err != nil {
				return Assigned{}, err
			}
		}
		return out, nil
	})
}

// loadAll loads every customer that is named, each once, before anything is written: a refusal commits.
func loadAll(ctx context.Context, w *Work, numbers []int64) ([]customer.Customer, error) {
	seen := make(map[int64]bool, len(numbers))
	all := make([]customer.Customer, 0, len(numbers))
	for _, n := range numbers {
		if seen[n] {
			continue
		}
		seen[n] = true
		c, err := HolderRef{Named: n}.find(ctx, w.Tx, w.Program.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}
