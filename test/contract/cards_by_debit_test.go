package contract

import (
	"encoding/json"
	"fmt"
)

// stocked orders a batch of one card through the debit API and waits until it was made. The card has no customer yet, so
// its id is the operator's to know.
func (p *program) stocked() (card, identifier, batch string) {
	p.t.Helper()
	identifier = fmt.Sprintf("STOCK-%d", unique())
	partner := p.debit()
	batch = partner.post("/debit/v1/bulkOrderCard", object{
		"delivery_location": object{
			"first_names": "Laura", "last_names": "Perez", "street": "Av. Tulum", "exterior_number": "12", "neighborhood": "Centro",
			"city": "Cancun", "state": "Quintana Roo", "postal_code": "77536", "mobile": "9981234567",
		},
		"batch": []any{object{"card_identifier": identifier}},
	}).is(200).text("payload.reference_batch")
	eventually(p.t, "the batch is made", func() bool {
		return partner.get("/debit/v1/bulkOrderCard/"+batch).is(200).at("payload.numCreated") == 1.0
	})
	var shown struct{ ID string }
	if err := json.Unmarshal([]byte(p.h.command(p.t, "card", "show", "--batch", batch, "--identifier", identifier, "--json")), &shown); err != nil {
		p.t.Fatal(err)
	}
	return shown.ID, identifier, batch
}

// activatedByDebit makes a card of a batch and activates it through the debit API.
func (p *program) activatedByDebit() (card string) {
	p.t.Helper()
	card, identifier, batch := p.stocked()
	p.debit().post("/debit/v1/activateCardForCustomer", object{
		"customer":        object{"first_name": "Ana", "last_name": "Ruiz", "email": fmt.Sprintf("ana%d@example.com", unique())},
		"card_identifier": identifier, "reference_batch": batch,
	}).is(200)
	return card
}
