package debitapi

import (
	"fmt"

	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// mostAssigned is how many customers one call may assign.
const mostAssigned = 1000

// assignCustomer is POST /debit/v1/customer-program/assign-customer (debit contract §9.10).
func (d *Door) assignCustomer(c *call) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	var f fields
	var cmd issuance.AssignCampaign
	switch s, ok := body.Get("program_code").String(); {
	case !body.Get("program_code").Given():
		f.add("program_code", required)
	case !ok || !campaignForm.MatchString(s):
		f.add("program_code", invalid)
	default:
		cmd.Campaign = s
	}
	cmd.Customers = f.customers(body.Get("customer_ids"))
	c.checkKey(&f)
	if err := f.refusal(); err != nil {
		return err
	}
	if err := c.checkRights(); err != nil {
		return err
	}
	return perform(c, body.AppendCanonical(nil), false, func(by issuance.Command) (issuance.Assigned, error) {
		cmd.Command = by
		return d.o.Rules.AssignCampaign(c.r.Context(), cmd)
	}, func(out issuance.Assigned) payload {
		return func(w *wirejson.Writer) {
			w.Key("program_id").Int(out.Design.PublicNumber())
			w.Key("new_assigned_customers")
			writeNumbers(w, out.New)
			w.Key("update_assignments_customers")
			writeNumbers(w, out.Updated)
		}
	})
}

func writeNumbers(w *wirejson.Writer, all []int64) {
	w.BeginArray()
	for _, n := range all {
		w.Int(n)
	}
	w.EndArray()
}

// customers reads the list of customers of an assignment.
func (f *fields) customers(v wirejson.Value) []int64 {
	switch {
	case !v.Given():
		f.add("customer_ids", required)
		return nil
	case v.Kind() != wirejson.Array:
		f.add("customer_ids", invalid)
		return nil
	case v.Len() == 0:
		f.add("customer_ids", tooShort)
	case v.Len() > mostAssigned:
		f.add("customer_ids", tooMany)
		return nil
	}
	all := make([]int64, 0, v.Len())
	for i, one := range v.Elements() {
		path := fmt.Sprintf("customer_ids[%d]", i)
		if !one.Given() {
			f.add(path, invalid)
			continue
		}
		all = append(all, f.number(path, one, customerPrefix))
	}
	return all
}
