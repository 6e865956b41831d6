package contract

import (
	"fmt"
	"strconv"
	"sync/atomic"
)

func itoa(i int) string { return strconv.Itoa(i) }

var serial atomic.Int64

// unique is a number that no other check of this run has.
func unique() int64 { return serial.Add(1) }

// mexico is an address that is served.
func mexico() object {
	return object{"line1": "Av. Reforma 222", "zone": "CMX", "city": "Ciudad de Mexico", "postalCode": "06600", "country": "MX"}
}

func ana() object {
	return object{"firstName": "Ana", "lastName": "Torres", "phoneNumber": "5512345678", "dialCode": 52, "email": "ana@example.com"}
}

// newUserBody is a user whom nobody else is.
func newUserBody() object {
	n := unique()
	return object{"email": fmt.Sprintf("ana%d@example.com", n), "phoneNumber": fmt.Sprintf("+52551%07d", n), "firstName": "Ana", "lastName": "Torres"}
}

// pendingUser makes a user who is not approved yet.
func (a api) pendingUser() (id string) {
	a.t.Helper()
	return a.post("/users", newUserBody()).is(200).text("id")
}

// user makes an approved user.
func (a api) user() (id string) {
	a.t.Helper()
	id = a.pendingUser()
	a.post("/users/"+id+"/application", object{}).is(200)
	a.decide(id, "APPROVED")
	return id
}

// decide sets the user's application, which may take effect after the answer.
func (a api) decide(user, status string) {
	a.t.Helper()
	a.post("/simulation/users/"+user+"/application", object{"status": status}).is(204)
	eventually(a.t, "the application is "+status, func() bool { return a.get("/users/"+user).is(200).at("application.status") == status })
}

// account opens an account.
func (a api) account(user string) (id string) {
	a.t.Helper()
	return a.keyed(fmt.Sprintf("account-%d", unique())).post("/accounts", object{"ownerId": user}).is(200).text("id")
}

// holder is an approved user with an account.
type holder struct{ user, account string }

func (a api) holder() holder {
	a.t.Helper()
	user := a.user()
	return holder{user, a.account(user)}
}

// cardOf makes a card for a holder; more are further members of the body, as name, value, ….
func (a api) cardOf(h holder, kind string, more ...any) (id string) {
	a.t.Helper()
	body := object{"userId": h.user, "accountId": h.account, "type": kind}
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return a.keyed(fmt.Sprintf("card-%d", unique())).post("/cards", body).is(200).text("id")
}

// fresh makes a physical card that is not ordered yet (the checklist's "fresh card").
func (a api) fresh() (id string) {
	a.t.Helper()
	return a.cardOf(a.holder(), "PHYSICAL")
}

// parcel is a draft's body around cards.
func parcel(cards ...string) object {
	var members []any
	for _, id := range cards {
		members = append(members, object{"cardId": id})
	}
	return object{"destinationAddress": mexico(), "recipient": ana(), "courier": object{"type": "DHL"}, "cards": members}
}

// draft makes a shipment that is not submitted.
func (a api) draft(cards ...string) (id string) {
	a.t.Helper()
	return a.post("/card-shipments", parcel(cards...)).is(200).text("id")
}

// submit places a draft.
func (a api) submit(shipment string) reply {
	a.t.Helper()
	return a.keyed(fmt.Sprintf("submit-%d", unique())).post("/card-shipments/"+shipment+"/submit", nil)
}

// placed makes a submitted shipment.
func (a api) placed(cards ...string) (id string) {
	a.t.Helper()
	id = a.draft(cards...)
	a.submit(id).is(200)
	return id
}

// scan reports a courier's scan of a shipment.
func (a api) scan(shipment, status string, more ...any) {
	a.t.Helper()
	body := object{"status": status}
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	a.post("/simulation/card-shipments/"+shipment+"/shipping-status", body).is(204)
}

// cardScan reports a scan of the box that a card is alone in.
func (a api) cardScan(card, status string) {
	a.t.Helper()
	a.post("/simulation/cards/"+card+"/shipping-status", object{"status": status}).is(204)
}

// produce reports a step of the bureau.
func (a api) produce(shipment, status string, cards ...string) {
	a.t.Helper()
	body := object{"status": status}
	if len(cards) > 0 {
		body["cardIds"] = cards
	}
	a.post("/simulation/card-shipments/"+shipment+"/production-status", body).is(204)
}

// shipped makes a card on its way, with its code (the checklist's "shipped card").
func (a api) shipped() (card, code string) {
	a.t.Helper()
	card = a.fresh()
	a.scan(a.placed(card), "IN_TRANSIT")
	return card, a.code(card)
}

// code reads the activation code of a card.
func (a api) code(card string) string {
	a.t.Helper()
	return a.get("/cards/" + card + "/activation-code").is(200).text("activationCode")
}

// activate sends a code.
func (a api) activate(card, code string) reply {
	a.t.Helper()
	return a.post("/cards/"+card+"/activate", object{"activationCode": code})
}

// active makes an activated card.
func (a api) active() (card string) {
	a.t.Helper()
	card, code := a.shipped()
	a.activate(card, code).is(204)
	return card
}

// wrong is a well-formed code that is not the given one; n chooses among them.
func wrong(code string, n int) string {
	v, _ := strconv.Atoi(code) // six digits
	return fmt.Sprintf("%06d", (v+1+n)%1_000_000)
}

// nobody is an id that nothing has.
const nobody = "0b0f7f0e-5a53-4e0c-9d0e-2f6f1f3f7c11"

// lock sends five wrong codes.
func (a api) lock(card, code string) {
	a.t.Helper()
	for i := range 5 {
		a.activate(card, wrong(code, i)).refused(400, "INVALID_ACTIVATION_CODE")
	}
}

// pay asks whether a card may be used, with further members as name, value, ….
func (a api) pay(card string, amount float64, channel string, more ...any) reply {
	a.t.Helper()
	body := object{"cardId": card, "amount": amount, "channel": channel}
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return a.post("/simulation/card-transactions/authorization", body).is(200)
}

// restrict closes an account.
func (a api) restrict(account string) {
	a.t.Helper()
	a.post("/simulation/accounts/"+account+"/status", object{"status": "RESTRICTED"}).is(204)
}

// simulate sets the status of a card.
func (a api) simulate(card, status string, more ...any) reply {
	a.t.Helper()
	body := object{"status": status}
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return a.post("/simulation/cards/"+card+"/status", body)
}

// listen registers a receiver that acknowledges everything.
func (a api) listen() *receiver {
	a.t.Helper()
	r := newReceiver(a.t, nil)
	r.owner, r.hook = a, a.post("/webhooks", object{"name": "main", "url": r.url}).is(200).text("id")
	return r
}
