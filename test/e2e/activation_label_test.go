package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// TestBrowser_ActivatesByLabel is a holder whose browser speaks Spanish: first with a card of a bulk order, whose label and batch
// are typed wrongly and rightly, then with the QR of a letter.
func TestBrowser_ActivatesByLabel(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	in.command(append([]string{"program", "create", "Banco Ejemplo"}, unlimited("activation_page.second_factor=phone_last4")...)...)
	debit := debitCaller(in.key(t, "Banco Ejemplo", "--door", "debit", "--admin"))
	native := caller{map[string]string{"Authorization": "Bearer " + in.key(t, "Banco Ejemplo", "--door", "native", "--scope", "all")}}
	api := cardsCaller(in.key(t, "Banco Ejemplo", "--door", "cards"))
	s := in.start()
	mailed := shippedCards(t, s, api, 1)[0]
	holder := native.must(t, 200, "GET", s.url+"/v1/cards/"+mailed.id, nil).json(t)["customer_id"].(string)
	card, reference := labelledCard(t, s, debit, native, "MX-0001")
	ctx := newBrowser(t)
	if _, err := chromedp.Call(ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": "es-MX,es"}}); err != nil {
		t.Fatal(err)
	}
	has := saying(t)

	session := native.must(t, 201, "POST", s.url+"/v1/activation-sessions", map[string]any{"card_id": card, "customer_id": holder, "language": "es", "pin": "optional"})
	visit(ctx, t, session.json(t)["url"].(string))
	picture(ctx, t, "label-es")
	has("another batch", typed(ctx, t, "#identifier", "MX-0001", "#batch", strings.Repeat("0", 32)), "no van juntos")
	picture(ctx, t, "label-wrong-es")
	has("the right batch", typed(ctx, t, "#identifier", "mx-0001", "#batch", strings.ToUpper(reference), "#pin", "7391", "#pin_again", "7391"), "Tu tarjeta está activa")
	picture(ctx, t, "label-done-es")

	phone := native.must(t, 200, "GET", s.url+"/v1/customers/"+holder, nil).json(t)["phone"].(string)
	link := native.must(t, 200, "GET", s.url+"/v1/cards/"+mailed.id+"/mailer-link", nil).json(t)["url"].(string)
	_, text := visit(ctx, t, link)
	has("the QR", text, "Últimos cuatro dígitos de tu teléfono")
	picture(ctx, t, "scanned-es")
	right := phone[len(phone)-4:]
	has("the end of another number", typed(ctx, t, "#factor", otherDigits(right)), "no es lo que sabe de ti")
	typed(ctx, t, "#factor", right)
	has("the code", typed(ctx, t, "#code", mailed.code), "Tu tarjeta está activa")
}

// labelledCard orders one card in bulk and gives its id and the reference of its batch.
func labelledCard(t *testing.T, s *server, debit, native caller, label string) (card, reference string) {
	t.Helper()
	ordered := debit.must(t, 200, "POST", s.url+"/debit/v1/bulkOrderCard", map[string]any{
		"delivery_location": location(), "batch": []any{map[string]any{"card_identifier": label}},
	}).json(t)
	reference = ordered["payload"].(map[string]any)["reference"].(string)
	for deadline := time.Now().Add(30 * time.Second); card == ""; pause(20 * time.Millisecond) {
		batches := native.must(t, 200, "GET", s.url+"/v1/batches", nil).json(t)["items"].([]any)
		id := batches[0].(map[string]any)["id"].(string)
		items := native.must(t, 200, "GET", s.url+"/v1/batches/"+id+"/items", nil).json(t)["items"].([]any)
		card, _ = items[0].(map[string]any)["card_id"].(string)
		if time.Now().After(deadline) {
			t.Fatal("the batch is not made")
		}
	}
	return card, reference
}
