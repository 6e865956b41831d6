package cli_test

import (
	"strings"
	"testing"

	"github.com/firsttap/firsttap/client"
	"github.com/firsttap/firsttap/client/cardtest"
)

// TestAPI_TellsForWhomAndWhy has a command of each sort: with a reason of the command line alone, with one that the method takes,
// with an approval beside, of an order whose reason is in a form, and of a change without a body.
func TestAPI_TellsForWhomAndWhy(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t, cardtest.WithPolicy("webhooks.allow_private_targets", "true"))
	a := newAfar(t, server)
	card := server.Mailer(t).ID
	to := a.file("to.json", `{"first_names":"Laura","last_names":"Pérez","street":"Reforma","exterior_number":"1","neighborhood":"Juárez","city":"CDMX",
"state":"CMX","postal_code":"06600","mobile":"5512345678","country":"MX"}`)
	hook := a.field("id", "webhook", "create", "http://127.0.0.1:1029/hooks", "--name", "main")
	for action, args := range map[string][]string{
		"card.freeze":       {"card", "freeze", card},
		"card.reset_guard":  {"card", "reset-guard", card},
		"batch.accept":      {"batch", "order", a.file("cards.csv", "front_name\nANA\n"), "--to", to},
		"webhook.disable":   {"webhook", "end", hook},
		"program.set_clock": {"sandbox", "clock", "advance", "1s"},
		"customer.create":   {"customer", "add", "--email", "eva@example.com", "--phone", "+525512345671"},
		"card.report":       {"card", "report", card, "damaged"},
	} {
		a.api(append(args, "--on-behalf-of", "agent-7", "--reason", "she called")...)
		var row client.AuditRow
		for r, err := range server.Client(t).Audit(t.Context(), client.AuditFilter{Action: action}) {
			if err != nil {
				t.Fatal(err)
			}
			row = r
			break
		}
		if row.OnBehalfOf != "agent-7" || !strings.Contains(row.Note, "she called") {
			t.Errorf("%s: %+v", action, row)
		}
	}
}
