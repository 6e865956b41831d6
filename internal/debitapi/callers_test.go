package debitapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
)

// Who may do what with a customer's cards (cases 53 and 59 of the contract): a reader looks, masked; an admin does
// everything for a customer that it names, by its token or by a sign-in; a programme's own token does nothing.
func TestCallers_OfACustomersCards(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("debit.reveal_card", "full"))
	h.seed(people("A1", "A2"))
	who := h.newHolder("A1", "ana@example.com")
	named := fmt.Sprintf(`"customer_id":%d`, who.number)
	h.user("rita@example.com", access.RoleReader)
	h.user("olga@example.com", access.RoleAdmin)
	reader, admin := h.signIn("rita@example.com").AccessToken, h.signIn("olga@example.com").AccessToken
	query := fmt.Sprintf("?customer_id=%d", who.number)

	a := h.as(reader, "GET", "/debit/v1/infoForCustomer"+query, "")
	a.says(t, "a reader looks, masked", fmt.Sprintf(`{"cards":[{"card_id":%d,"card_number":"************#","card_type":1,"cvv":"","valid_date":"#/#","status":22}]}`, who.card))
	if a = h.as(admin, "GET", "/debit/v1/infoForCustomer"+query, ""); strings.Contains(a.body, "*") || a.status != 200 {
		t.Errorf("an admin looks: %s", a.body)
	}
	h.as(reader, "GET", "/debit/v1/info", "").is(t, "a reader names nobody", 400, 4400, "customer_id:required")
	if p := h.as(reader, "POST", "/debit/v1/delivery-info", body(named, `"card_type":1`)).payload(t); p["delivery_status"] != 1.0 || p["shipment_id"] != nil {
		t.Errorf("a reader asks for the delivery: %v", p)
	}
	for path, sent := range map[string]string{
		"stop": body(about(who.card, named, `"new_card_status":3`)...), "unstop": body(about(who.card, named)...),
		"retire-card": body(about(who.card, named)...), "change-pin": body(about(who.card, named, `"new_pin":"7391"`)...),
		"orderCard": body(named, fmt.Sprintf(`"balance_id":%d`, who.balance), home), "re-order-linked-card": body(named),
		"create-linked-card": body(named, fmt.Sprintf(`"balance_id":%d`, who.balance)), "update-cvv-linked-card": body(about(who.card, named)...),
	} {
		h.as(reader, "POST", "/debit/v1/"+path, sent).is(t, "a reader: "+path, 403, 4403, "scope:C,A")
		h.do("POST", "/debit/v1/"+path, sent).is(t, "a programme: "+path, 401, 4401, "Authorization-customer:required")
	}
	h.as(reader, "POST", "/debit/v1/customer-program/assign-customer", `{"program_code":"MAIN","customer_ids":[1]}`).is(t, "a reader assigns", 403, 4403, "scope:P,A")

	h.as(admin, "POST", "/debit/v1/stop", body(about(who.card, `"new_card_status":7`)...)).is(t, "a sign-in names nobody", 400, 4400, "customer_id:required")
	h.as(admin, "POST", "/debit/v1/stop", body(about(who.card, named, `"new_card_status":7`)...)).
		says(t, "a sign-in stops", fmt.Sprintf(`{"message":"Card stopped","card_id":%d,"status":7}`, who.card))
	number := h.card("A2").Card.Number
	h.as(admin, "POST", "/debit/v1/stop", body(about(number, `"new_card_status":3`)...)).
		says(t, "a sign-in stops a card of nobody", fmt.Sprintf(`{"message":"Card stopped","card_id":%d,"status":3}`, number))
	if rows := who.history(); len(rows) != 1 || rows[0] != "→suspected_fraud debit " {
		t.Errorf("the history: %q", rows)
	}
	// A customer token makes the caller the customer, whatever else is sent.
	h.do("POST", "/debit/v1/unstop", body(about(who.card)...), "Authorization-ecommerce", h.admin, "Authorization-customer", who.token).
		is(t, "a customer beside an admin's token", 403, 4403, "scope:A")

	key, err := h.access.IssueKey(t.Context(), operator, access.KeyRequest{Program: h.program.ID, Kind: access.Ecommerce, Role: access.RoleAdmin, Name: "short"})
	h.must(err)
	h.do("GET", "/debit/v1/info"+query, "", "Authorization-ecommerce", key.Secret.Reveal()).is(t, "a good token", 200, 0, "")
	_, err = h.access.RevokeKey(t.Context(), operator, key.Credential.PublicID)
	h.must(err)
	h.clock.Advance(3 * time.Second)
	h.do("GET", "/debit/v1/info"+query, "", "Authorization-ecommerce", key.Secret.Reveal()).is(t, "a revoked token", 401, 4401, "Authorization-ecommerce:invalid")
}
