package contract

import (
	"sync"
	"testing"
)

// nativePeople adds a customer from several places at once, and follows it to a card and an account through the cards API.
func nativePeople(t *testing.T, h *house) {
	p := h.program(t)
	a, n, foreign := p.cards(), p.native("all"), h.program(t).native("all")
	laura := object{"email": "laura@example.com", "phone": "+525512345678", "external_id": "L-1", "first_name": "Laura", "last_name": "Pérez"}
	var all sync.WaitGroup
	answers := make([]reply, 4)
	for i := range answers {
		all.Go(func() { answers[i] = n.post("/v1/customers", laura) })
	}
	all.Wait()
	id := ""
	for _, r := range answers {
		switch {
		case r.status != 201:
			r.told(409, "phone_taken")
		case id != "":
			t.Errorf("added twice: %s", r.body)
		default:
			id = r.has("application_status", "not_started").text("id")
		}
	}
	p.native("customers:read").post("/v1/customers", laura).told(403, "scope_missing")
	foreign.get("/v1/customers/"+id).told(404, "customer_not_found")
	n.get("/v1/customers?external_id=L-1").is(200).has("items.0.id", id)
	n.get("/v1/customers?phone=%2B525512345678").is(200).has("items.0.id", id)
	a.get("/users/"+id).is(200).has("email", "laura@example.com")

	n.patch("/v1/customers/"+id, object{"email": "perez@example.com", "phone": "+525512345670"}).is(200).has("email", "perez@example.com", "phone", "+525512345670")
	foreign.patch("/v1/customers/"+id, object{"email": "perez@example.com"}).told(404, "customer_not_found")
	a.get("/users/"+id).is(200).has("email", "perez@example.com")
	who := a.holder()
	card := a.cardOf(who, "PHYSICAL")
	n.get("/v1/customers/"+who.user+"/cards").is(200).has("items.0.id", card)
	foreign.get("/v1/customers/"+who.user+"/cards").told(404, "customer_not_found")
	n.get("/v1/accounts/"+who.account).is(200).has("owner_id", who.user, "available_cents", 100000.0, "currency", "USD")
	foreign.get("/v1/accounts/"+who.account).told(404, "account_not_found")
	n.get("/v1/accounts?owner_id="+who.user).is(200).has("items.0.id", who.account)

	second := n.post("/v1/accounts", object{"owner_id": who.user}).is(201).has("owner_id", who.user, "available_cents", 100000.0, "currency", "USD").text("id")
	n.get("/v1/accounts?owner_id="+who.user).is(200).has("items.0.id", second, "items.1.id", who.account)
	foreign.post("/v1/accounts", object{"owner_id": who.user}).told(404, "customer_not_found")
	p.native("accounts:read").post("/v1/accounts", object{"owner_id": who.user}).told(403, "scope_missing")
	n.post("/v1/accounts", object{"owner_id": id}).told(409, "customer_not_approved")
}
