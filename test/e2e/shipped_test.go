package e2e

import (
	"fmt"
	"testing"
)

// shipped is a card of the cards API that is on its way, with the code of its mailer.
type shipped struct{ id, code string }

// drafts makes a holder with n physical cards, and puts them into drafts of at most size cards.
func drafts(t *testing.T, s *server, c caller, n, size int) (shipments []string, cards []string) {
	t.Helper()
	text := func(a answer, name string) string {
		value, _ := a.json(t)[name].(string)
		if value == "" {
			t.Fatalf("no %s: %s", name, a.body)
		}
		return value
	}
	user := text(c.must(t, 200, "POST", s.url+"/users", map[string]any{
		"email": "ana@example.com", "phoneNumber": uniquePhone(), "firstName": "Ana", "lastName": "Torres",
	}), "id")
	c.must(t, 200, "POST", s.url+"/users/"+user+"/application", map[string]any{})
	c.must(t, 204, "POST", s.url+"/simulation/users/"+user+"/application", map[string]any{"status": "APPROVED"})
	account := text(c.must(t, 200, "POST", s.url+"/accounts", map[string]any{"ownerId": user}, "Idempotency-Key", "account-"+user), "id")
	var members []any
	for i := range n {
		id := text(c.must(t, 200, "POST", s.url+"/cards", map[string]any{"userId": user, "accountId": account, "type": "PHYSICAL"},
			"Idempotency-Key", fmt.Sprintf("card-%d-%s", i, user)), "id")
		cards, members = append(cards, id), append(members, map[string]any{"cardId": id})
		if len(members) == size || i == n-1 {
			shipments = append(shipments, text(c.must(t, 200, "POST", s.url+"/card-shipments", parcelOf(members...)), "id"))
			members = nil
		}
	}
	return shipments, cards
}

// shippedCards makes n cards that are on their way.
func shippedCards(t *testing.T, s *server, c caller, n int) []shipped {
	t.Helper()
	shipments, ids := drafts(t, s, c, n, 200)
	for _, id := range shipments {
		sendOff(t, s, c, id)
	}
	out := make([]shipped, n)
	for i, id := range ids {
		out[i] = shipped{id, codeOf(t, s, c, id)}
	}
	return out
}

// parcelOf is a draft of a shipment with these members.
func parcelOf(members ...any) map[string]any {
	return map[string]any{
		"destinationAddress": map[string]any{"line1": "Av. Reforma 222", "zone": "CMX", "city": "Ciudad de Mexico", "postalCode": "06600", "country": "MX"},
		"recipient":          map[string]any{"firstName": "Ana", "lastName": "Torres", "phoneNumber": "5512345678", "dialCode": 52, "email": "ana@example.com"},
		"courier":            map[string]any{"type": "DHL"}, "cards": members,
	}
}

// sendOff submits a draft, and the courier takes it.
func sendOff(t *testing.T, s *server, c caller, shipment string) {
	t.Helper()
	c.must(t, 200, "POST", s.url+"/card-shipments/"+shipment+"/submit", nil, "Idempotency-Key", "submit-"+shipment)
	c.must(t, 204, "POST", s.url+"/simulation/card-shipments/"+shipment+"/shipping-status", map[string]any{"status": "IN_TRANSIT"})
}

// codeOf is the code of the mailer.
func codeOf(t *testing.T, s *server, c caller, card string) string {
	t.Helper()
	code, _ := c.must(t, 200, "GET", s.url+"/cards/"+card+"/activation-code", nil).json(t)["activationCode"].(string)
	return code
}

// wrongCode is a well-formed code that is not the card's.
func (c shipped) wrongCode() string {
	if c.code == "000000" {
		return "000001"
	}
	return "000000"
}

// unlimited are the policies of a programme that a test may press as hard as it likes.
func unlimited(more ...string) []string {
	args := []string{"--policy", "activation.breaker_tries=0", "--policy", "debit.rate_per_second=0"}
	for _, tier := range []string{"default", "issuance", "operations", "identity", "account", "recovery"} {
		args = append(args, "--policy", "rate_limits."+tier+"=unlimited")
	}
	for _, policy := range more {
		args = append(args, "--policy", policy)
	}
	return args
}
