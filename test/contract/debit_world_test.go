package contract

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	activatePath = "/debit/v1/activateCardForCustomer"
	orderPath    = "/debit/v1/bulkOrderCard"
	accountPath  = "/user/v1/account/create"
	publishedRef = "7e4b85e27c4610824900af48f340394d"
	noReference  = "00000000000000000000000000000000"
	noToken      = "0000000000000000000000000000000000000000000000000000000000000000"
	activatedAt  = "2024-11-15T14:32:18.123Z"            // when the published success was answered
	refusedAt    = "2025-11-18T17:50:57.960232171Z"      // when the published refusals were
	refusedTime  = "2025-11-18T11:50:57.960232171-06:00" // and how they write it
)

// published is a programme with the objects of the published examples (debit contract §14).
func (h *house) published(t *testing.T, policies ...string) *program {
	t.Helper()
	p := h.program(t, append([]string{"debit.composite=on", "debit.activation_payload=strict"}, policies...)...)
	h.command(t, "sandbox", "fixture", p.name)
	return p
}

// freeze stops the programme's clock, and waits until every node must have heard of it.
func (p *program) freeze(at string) {
	p.t.Helper()
	p.h.command(p.t, "sandbox", "clock", "freeze", p.name, "--at", at)
	pause(heard)
}

// delivery_location of the debit API.
func cancun() object {
	return object{
		"first_names": "Laura", "last_names": "Perez", "street": "Av. Tulum", "exterior_number": "12", "neighborhood": "Centro",
		"city": "Cancun", "state": "Quintana Roo", "postal_code": "77536", "mobile": "9981234567",
	}
}

// label is a card_identifier that no other card of this run has.
func label() string { return fmt.Sprintf("CARD-%d", unique()) }

// items are n items of an order with identifiers of their own.
func items(n int) []any {
	all := make([]any, n)
	for i := range all {
		all[i] = object{"card_identifier": label()}
	}
	return all
}

func orderBody(items ...any) object {
	return object{"delivery_location": cancun(), "batch": items}
}

// ordered orders a batch and waits until it ended.
func (a api) ordered(body object) (batch string) {
	a.t.Helper()
	batch = a.post(orderPath, body).ok().text("payload.reference_batch")
	a.ended(batch)
	return batch
}

// ended waits until a batch has ended, and gives its answer.
func (a api) ended(batch string) (last reply) {
	a.t.Helper()
	patiently(a.t, "the batch ends", func() bool {
		last = a.get(orderPath + "/" + batch).ok()
		return last.number("payload.status") >= 3
	})
	return last
}

// patiently is eventually for work that a busy machine may need a minute for.
func patiently(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); pause(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// plastic is a card of a batch that nobody has activated.
type plastic struct {
	batch, identifier string
	id                int64
}

// stock makes a batch of n cards.
func (a api) stock(n int, more ...any) []plastic {
	a.t.Helper()
	all := items(n)
	for i := range all {
		all[i] = also(all[i].(object), more...)
	}
	return a.made(a.ordered(orderBody(all...)))
}

// made lists the cards of a batch.
func (a api) made(batch string) (cards []plastic) {
	a.t.Helper()
	for _, item := range a.get(orderPath + "/" + batch + "/items?status=2&limit=1000").ok().list("payload.items") {
		cards = append(cards, plastic{batch, item["card_identifier"].(string), int64(item["card_id"].(float64))})
	}
	return cards
}

// one makes a batch of one card.
func (a api) one() plastic {
	a.t.Helper()
	return a.stock(1)[0]
}

// person is a customer of the debit API with the secrets that were shown once.
type person struct {
	id, wallet              int64
	token, private, refresh string
	device, parent          string
}

// newPerson is the body of an account for somebody whom nobody else is.
func newPerson(more ...any) object {
	n := unique()
	return also(object{
		"gender": 1, "first_name": "Ana", "last_name": "Ruiz", "email": fmt.Sprintf("ana%d@example.com", n), "device_id": fmt.Sprintf("phone-%d", n),
	}, more...)
}

// person creates a customer with an account.
func (a api) person(more ...any) person {
	a.t.Helper()
	body := newPerson(more...)
	r := a.post(accountPath, body).is(200)
	who := person{
		id: int64(r.number("rs.id")), wallet: int64(r.number("rs.ewallet_id")), token: r.text("rs.oauth_token"),
		private: r.text("rs.private_key"), refresh: r.text("rs.refresh_token"), device: fmt.Sprint(body["device_id"]),
	}
	if r.at("rs.composite_balance") != nil {
		who.parent = r.text("rs.composite_balance.parent.id")
	}
	return who
}

// claim is the body of an activation.
func claim(c plastic, who any, more ...any) object {
	return also(object{"customer_id": who, "card_identifier": c.identifier, "reference_batch": c.batch}, more...)
}

// activation sends one.
func (a api) activation(body any) reply {
	a.t.Helper()
	return a.post(activatePath, body)
}

// hold activates a card for somebody.
func (a api) hold(c plastic, who person, more ...any) reply {
	a.t.Helper()
	return a.activation(claim(c, who.id, more...)).ok()
}

// owner is a customer with one active card, and how that customer speaks.
type owner struct {
	person
	api
	plastic
}

// owner makes one; a is the programme's.
func (a api) owner(more ...any) owner {
	a.t.Helper()
	who, c := a.person(), a.one()
	a.hold(c, who, more...)
	return owner{who, a.as(who), c}
}

// info shows one card of a customer.
func (o owner) info() object {
	o.t.Helper()
	return o.get(fmt.Sprintf("/debit/v1/info?card_id=%d", o.plastic.id)).ok().list("payload.cards")[0]
}

// on posts about the owner's card; path is below /debit/v1.
func (o owner) on(path string, more ...any) reply {
	o.t.Helper()
	return o.post("/debit/v1/"+path, also(object{"card_id": o.plastic.id}, more...))
}

// wrongBatch is a well-formed reference that is not the card's.
func wrongBatch(c plastic) plastic {
	last := "0"
	if strings.HasSuffix(c.batch, last) {
		last = "1"
	}
	c.batch = c.batch[:31] + last
	return c
}
