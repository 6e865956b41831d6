package contract

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// visitor is a holder's browser at the activation page: no key, one cookie.
type visitor struct {
	api
	page reply // that is shown
}

func (a api) visitor() *visitor {
	return &visitor{api: a.stranger().with("Authorization", absent, "Accept-Language", "en", "Content-Type", "application/x-www-form-urlencoded")}
}

// open follows a link, and where it leads.
func (v *visitor) open(link string) *visitor {
	v.t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		v.t.Fatal(err)
	}
	v.follow(v.get(u.RequestURI()))
	return v
}

// send posts a form to a path, with the token of the page that is shown.
func (v *visitor) send(link string, fields url.Values) *visitor {
	v.t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		v.t.Fatal(err)
	}
	if m := regexp.MustCompile(`name="form" value="([0-9a-f]+)"`).FindStringSubmatch(v.page.body); m != nil {
		fields.Set("form", m[1])
	}
	v.follow(v.post(u.RequestURI(), fields.Encode()))
	return v
}

func (v *visitor) follow(r reply) {
	v.t.Helper()
	if set, _, _ := strings.Cut(r.header.Get("Set-Cookie"), ";"); set != "" {
		v.api = v.with("Cookie", set)
	}
	if v.page = r; r.status == 303 {
		v.page = v.get(r.header.Get("Location"))
	}
}

func (v *visitor) sees(status int, text string) *visitor {
	v.t.Helper()
	if v.page.is(status); !strings.Contains(v.page.body, text) {
		v.t.Errorf("the page does not say %q: %s", text, v.page.body)
	}
	return v
}

// nativePage scans the mailer of a card, and sends another holder to the page of a card of a batch.
func nativePage(t *testing.T, h *house) {
	p := h.program(t, "activation_page.second_factor=phone_last4")
	a, n := p.cards(), p.native("all")
	card, code := a.shipped()
	link := n.get("/v1/cards/"+card+"/mailer-link").is(200).has("card_id", card)
	at, phone := link.text("url"), a.get("/users/"+n.get("/v1/cards/"+card).is(200).text("customer_id")).is(200).text("phoneNumber")
	v := n.visitor().open(at).sees(200, "Last four digits of your phone number")
	if strings.Contains(v.page.body, n.get("/v1/cards/"+card).text("last4")) || !strings.HasPrefix(link.text("qr_svg"), "<svg ") {
		t.Error("the page tells of the card before the second factor was right, or there is no QR")
	}
	right := phone[len(phone)-4:]
	v.send(at, url.Values{"factor": {wrong("00"+right, 0)[2:]}}).sees(200, "Tries left: <strong>4</strong>")
	n.get("/v1/cards/"+card+"/activation").is(200).has("tries_used", 1.0)
	v.send(at, url.Values{"factor": {right}}).sees(200, `name="code"`)
	v.send("/activation", url.Values{"code": {code}}).sees(200, "Your card is active")
	n.get("/v1/cards/"+card).is(200).has("plastic.state", "activated")
	other := h.program(t).native("all")
	other.get("/v1/cards/"+card+"/mailer-link").told(404, "card_not_found")

	plastic := p.debit().one()
	items := n.get("/v1/batches/" + n.get("/v1/batches").is(200).text("items.0.id") + "/items").is(200)
	card = items.text("items.0.card_id")
	n.post("/v1/activation-sessions", object{"card_id": card}).told(422, "customer_required")
	holder := a.user()
	session := n.post("/v1/activation-sessions", object{"card_id": card, "customer_id": holder, "language": "en"}).is(201)
	v = n.visitor().open(session.text("url")).sees(200, "Batch reference")
	v.send("/activation", url.Values{"identifier": {plastic.identifier}, "batch": {strings.Repeat("0", 32)}}).sees(200, "do not belong together")
	v.send("/activation", url.Values{"identifier": {plastic.identifier}, "batch": {strings.ToUpper(plastic.batch)}}).sees(200, "Your card is active")
	n.get("/v1/cards/"+card).is(200).has("customer_id", holder, "plastic.state", "activated")
}
