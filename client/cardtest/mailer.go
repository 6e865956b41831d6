package cardtest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Mailer is a card on its way to its holder, with what is printed on the letter.
type Mailer struct {
	ID       string // of the card
	Code     string // the six digits
	Customer string // who will get it
	Account  string // what it spends
	Shipment string // what it travels in
}

// Mailer orders a physical card for a new customer, has it made and handed to the courier, and reads the code of its mailer. It goes
// through the cards API.
func (s *Server) Mailer(tb testing.TB) Mailer {
	tb.Helper()
	m := s.Ordered(tb)
	s.call(tb, "POST", "/simulation/card-shipments/"+m.Shipment+"/production-status", `{"status":"COMPLETED"}`)
	s.call(tb, "POST", "/simulation/card-shipments/"+m.Shipment+"/shipping-status", `{"status":"IN_TRANSIT","trackingNumber":"4821990034"}`)
	return m
}

// Ordered is a card that the bureau has been told to make: too early to be activated.
func (s *Server) Ordered(tb testing.TB) Mailer {
	tb.Helper()
	var m Mailer
	m.Customer = s.call(tb, "POST", "/users", fmt.Sprintf(
		`{"email":"%s@example.com","phoneNumber":"+5255%08d","firstName":"Ana","lastName":"Torres"}`, strings.ToLower(rand.Text()), 10_000_000+s.people.Add(1)))["id"]
	s.call(tb, "POST", "/users/"+m.Customer+"/application", `{}`)
	s.call(tb, "POST", "/simulation/users/"+m.Customer+"/application", `{"status":"APPROVED"}`)
	m.Account = s.call(tb, "POST", "/accounts", fmt.Sprintf(`{"ownerId":%q}`, m.Customer))["id"]
	m.ID = s.call(tb, "POST", "/cards", fmt.Sprintf(`{"userId":%q,"accountId":%q,"type":"PHYSICAL"}`, m.Customer, m.Account))["id"]
	m.Shipment = s.call(tb, "POST", "/card-shipments", fmt.Sprintf(`{
"destinationAddress":{"line1":"Av. Reforma 222","line2":"Piso 5","zone":"CMX","city":"Ciudad de Mexico","postalCode":"06600","country":"MX"},
"recipient":{"firstName":"Ana","lastName":"Torres","phoneNumber":"5512345678","dialCode":52,"email":"ana@example.com"},
"courier":{"type":"DHL"},"cards":[{"cardId":%q}]}`, m.ID))["id"]
	s.call(tb, "POST", "/card-shipments/"+m.Shipment+"/submit", "")
	m.Code = s.call(tb, "GET", "/cards/"+m.ID+"/activation-code", "")["activationCode"]
	return m
}

// call calls the cards API, and gives the texts of the answer.
func (s *Server) call(tb testing.TB, method, path, body string) map[string]string {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, s.URL+path, bytes.NewReader([]byte(body)))
	must(tb, err)
	req.Header.Set("Authorization", "Bearer "+s.CardsKey)
	req.Header.Set("Reap-Version", "2025-02-14")
	req.Header.Set("Idempotency-Key", rand.Text())
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := (&http.Client{Timeout: 30 * time.Second}).Do(req)
	must(tb, err)
	defer res.Body.Close() //nolint:errcheck // it was read
	answer, err := io.ReadAll(res.Body)
	must(tb, err)
	if res.StatusCode >= 300 {
		tb.Fatalf("%s %s answers %d: %s", method, path, res.StatusCode, answer)
	}
	texts := map[string]string{}
	if len(answer) > 0 {
		var members map[string]any
		must(tb, json.Unmarshal(answer, &members))
		for name, v := range members {
			if text, ok := v.(string); ok {
				texts[name] = text
			}
		}
	}
	return texts
}
