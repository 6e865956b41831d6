package cardsapi

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/webhook"
)

func everyReason() []fault.Reason {
	var all []fault.Reason
	for _, list := range [][]fault.Reason{issuance.Reasons(), access.Reasons(), httpd.Reasons(), webhook.Reasons(), Reasons()} {
		all = append(all, list...)
	}
	return all
}

func TestAnswers_EveryReasonHasOneAndNoOther(t *testing.T) {
	t.Parallel()
	known := map[fault.Reason]bool{}
	for _, r := range everyReason() {
		known[r] = true
		if _, ok := table[r]; !ok {
			t.Errorf("%s has no answer", r.Name())
		}
	}
	for r := range table {
		if !known[r] {
			t.Errorf("the answer of %s is nobody's", r.Name())
		}
	}
}

func TestAnswers_AreTheEnvelopeAndShowNoCause(t *testing.T) {
	t.Parallel()
	d := &Door{}
	for _, r := range everyReason() {
		err := &fault.Error{Reason: r, Cause: fault.Refuse(fault.ReasonInternal), RetryAfter: 1500 * time.Millisecond}
		w := httptest.NewRecorder()
		d.WriteError(w, httptest.NewRequest("GET", "/", nil), err)
		var body map[string]map[string]json.RawMessage
		if e := json.Unmarshal(w.Body.Bytes(), &body); e != nil || len(body) != 1 || len(body["error"]) != 3 {
			t.Errorf("%s: %s", r.Name(), w.Body)
		}
		if detail := string(body["error"]["detail"]); detail != "null" && detail[0] != '{' {
			t.Errorf("%s: detail %s", r.Name(), detail)
		}
		if w.Header().Get("Retry-After") != "2" {
			t.Errorf("%s: Retry-After %q", r.Name(), w.Header().Get("Retry-After"))
		}
		if (w.Code == 401) != (w.Header().Get("WWW-Authenticate") == "Bearer") {
			t.Errorf("%s: %d with %v", r.Name(), w.Code, w.Header())
		}
	}
}

// TestAnswers_Goldens holds the bytes of the answers with a detail; the status stands beside.
func TestAnswers_Goldens(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 6, 17, 55, 0, 999_999, time.UTC)
	id := ident.UUID{15: 1}
	const one = "00000000-0000-0000-0000-000000000001"
	for want, c := range map[string]struct {
		status int
		err    error
	}{
		`"INVALID_ACTIVATION_CODE","message":"The activation code is not correct.","detail":{"attemptsRemaining":3,"lockedUntil":null}`:                                                    {400, fault.RefuseWith(card.CodeWrong, card.Attempts{Show: true, Left: 3})},
		`"INVALID_ACTIVATION_CODE","message":"The activation code is not correct.","detail":null`:                                                                                          {400, fault.RefuseWith(card.CodeWrong, card.Attempts{Left: 3})},
		`"ACTIVATION_LOCKED","message":"Too many wrong codes. Try again later.","detail":{"reason":"TOO_MANY_ATTEMPTS","attemptsRemaining":0,"lockedUntil":"2026-03-06T17:55:00.000Z"}`:    {429, fault.RefuseWith(card.GuardLocked, card.Attempts{Show: true, LockedUntil: at})},
		`"ACTIVATION_LOCKED","message":"Too many wrong codes. Try again later.","detail":{"reason":"TOO_MANY_ATTEMPTS","attemptsRemaining":null,"lockedUntil":"2026-03-06T17:55:00.000Z"}`: {429, fault.RefuseWith(card.GuardLocked, card.Attempts{LockedUntil: at})},
		`"CARD_CANNOT_BE_ACTIVATED","message":"The card cannot be activated in its current state.","detail":{"reason":"ALREADY_ACTIVATED"}`:                                                {400, fault.Refuse(card.AlreadyActivated)},
		`"CARD_CANNOT_BE_ACTIVATED","message":"The card cannot be activated in its current state.","detail":{"reason":"USER_NOT_ELIGIBLE"}`:                                                {400, fault.RefuseWith(customer.NotEligible, customer.Inactive)},
		`"CARD_NOT_FOUND","message":"Card not found.","detail":null`:                                                                                                                       {404, fault.Refuse(card.NotFound)},
		`"CARD_NOT_FOUND","message":"Card not found.","detail":{"cardId":"` + one + `"}`:                                                                                                   {404, fault.RefuseWith(card.NotFound, ident.CardID{UUID: id})},
		`"CARD_ALREADY_IN_SHIPMENT","message":"The card is in a shipment already.","detail":{"cardId":"` + one + `","shipmentId":"` + one + `"}`:                                           {400, fault.RefuseWith(shipment.CardInShipment, shipment.InShipment{Card: ident.CardID{UUID: id}, Shipment: ident.ShipmentID{UUID: id}})},
		`"CARD_SHIPMENT_FULL","message":"The shipment has no room for another card.","detail":{"max":200}`:                                                                                 {400, fault.Refuse(shipment.Full)},
		`"ACCOUNT_NOT_ACTIVE","message":"The account is not active.","detail":{"status":"RESTRICTED"}`:                                                                                     {400, fault.RefuseWith(account.NotActive, account.Closed)},
		`"USER_PROFILE_INCOMPLETE","message":"The user's profile is not complete.","detail":{"missing":["firstName"]}`:                                                                     {400, fault.RefuseWith(customer.ProfileIncomplete, []string{"firstName"})},
		`"CARD_OPERATION_NOT_ALLOWED","message":"The card does not allow this in its current state.","detail":{"status":"BLOCKED","reason":"CLOSED"}`:                                      {400, fault.RefuseWith(card.NotAllowed, card.OperationState{Status: card.Closed, Cause: "CLOSED"})},
		`"CARD_BLOCK_NOT_LIFTABLE","message":"This block cannot be lifted.","detail":{"blockReason":{"type":"CARD_LOST","message":"The card was reported lost."}}`:                         {409, fault.RefuseWith(card.BlockNotLiftable, card.ClosedLost)},
		`"VALIDATION_FAILED","message":"The request is not valid.","detail":{"on":"body","errors":[{"path":"url","message":"is no URL that can be used here","code":"invalid_url"}]}`:      {422, fault.Refuse(webhook.InvalidURL)},
		`"INTERNAL_SERVER_ERROR","message":"Something went wrong on our side.","detail":null`:                                                                                              {500, fault.Wrap(fault.Refuse(card.NotFound), "x")},
	} {
		a := answerOf(c.err)
		if got := string(a.Body); got != `{"error":{"code":`+want+`}}` || a.Status != c.status {
			t.Errorf("%d %s, want %d %s", a.Status, got, c.status, want)
		}
	}
}

// TestShow_Goldens holds the bytes of every resource, with every member printed.
func TestShow_Goldens(t *testing.T) {
	t.Parallel()
	at := func(minute int) time.Time { return time.Date(2026, 3, 6, 17, minute, 0, 120_000_000, time.UTC) }
	id := func(n byte) ident.UUID { return ident.UUID{15: n} }
	const zeros = "00000000-0000-0000-0000-00000000000"
	c := card.Card{
		ID: ident.CardID{UUID: id(1)}, Account: ident.AccountID{UUID: id(2)}, Customer: ident.CustomerID{UUID: id(3)}, Design: ident.DesignID{UUID: id(4)},
		Type: card.Physical, HolderName: "ANA TORRES", Last4: "4821", ThreeDS: "SMS", CreatedAt: at(1), UpdatedAt: at(2),
	}
	p := card.Plastic{ID: ident.PlasticID{UUID: id(5)}, State: card.HandedOver, UpdatedAt: at(3)}
	s := shipment.Shipment{
		ID: ident.ShipmentID{UUID: id(6)}, Kind: shipment.OfCards, Status: shipment.Lost, UpdatedAt: at(4), CreatedAt: at(1), SubmittedAt: at(2),
		Destination: shipment.Address{Line1: "Av. \"R\" <1>", City: "CDMX", Zone: "CMX", PostalCode: "06600", Country: "MX"},
		Recipient:   shipment.Recipient{FirstName: "Ana", LastName: "Torres", PhoneNumber: "5512345678", DialCode: 52, Email: "a@b.c"}, Courier: shipment.Courier{Type: "DHL"},
	}
	m := shipment.Member{ID: ident.MemberID{UUID: id(7)}, Card: c.ID, Design: c.Design, Address: s.Destination, CreatedAt: at(1), UpdatedAt: at(1)}
	cardBody := `{"id":"` + zeros + `1","accountId":"` + zeros + `2","userId":"` + zeros + `3","type":"PHYSICAL","cardDesignId":"` + zeros + `4","status":"ACTIVE","blockReason":null,"blockLiftable":false,"frozen":false,"cardholderName":"ANA TORRES","last4":"4821","3dsChallengeMethod":"SMS","physicalCardStatus":"EXCEPTION","createdAt":"2026-03-06T17:01:00.120Z","updatedAt":"2026-03-06T17:04:00.120Z"}`
	address := `{"line1":"Av. \"R\" <1>","line2":null,"zone":"CMX","city":"CDMX","postalCode":"06600","country":"MX"}`
	item := `"id":"` + zeros + `6","status":"EXCEPTION","destinationAddress":` + address + `,"recipient":{"firstName":"Ana","lastName":"Torres","phoneNumber":"5512345678","dialCode":52,"email":"a@b.c"},"courier":{"type":"DHL","name":null},"trackingNumber":null,"trackingUrl":null,"cutoffDate":null,"createdAt":"2026-03-06T17:01:00.120Z","updatedAt":"2026-03-06T17:04:00.120Z","submittedAt":"2026-03-06T17:02:00.120Z","deliveredAt":null`
	boxBody := `{` + item + `,"cards":[{"id":"` + zeros + `7","cardId":"` + zeros + `1","cardDesignId":"` + zeros + `4","shippingAddress":` + address + `,"productionStatus":"COMPLETED","rejectedAt":null,"rejectionReason":null,"createdAt":"2026-03-06T17:01:00.120Z","updatedAt":"2026-03-06T17:03:00.120Z"}]}`
	box := card.Box{Shipment: s, Packed: []card.Packed{{Member: m, Plastic: p}}}
	view := card.View{Card: c, Plastic: p, Box: s}
	e := event.Event{Name: event.CardActivated, At: at(5), Card: &view, Box: &box, Program: program.Program{Policy: program.DefaultPolicy(program.Sandbox)}}
	quiet := e
	quiet.Program.Policy.ShipmentEventOnActivation = false
	if n := len(Announce(quiet)); n != 1 {
		t.Errorf("%d events under the policy", n)
	}
	drafts := Announce(e)
	for want, got := range map[string]string{
		cardBody:         string(body(showCard, issuance.CardAt{View: view, At: at(5)})),
		boxBody:          string(body(showBox, box)),
		`{` + item + `}`: string(body(showShipment, issuance.ListedShipment{Shipment: s, ChangedAt: s.UpdatedAt})),
		`{"id":"evt_1","type":"CARD_STATUS_UPDATED","data":` + cardBody + `}`:         string(drafts[0].Body("evt_1")),
		`{"id":"evt_1","type":"CARD_SHIPMENT_STATUS_UPDATED","data":` + boxBody + `}`: string(drafts[1].Body("evt_1")),
		`{"id":"` + zeros + `1","externalId":null,"email":"a@b.c","phoneNumber":null,"firstName":null,"lastName":null,"country":null,"dateOfBirth":null,"companyId":null,"application":{"status":"APPROVED","rejectionReason":null,"documents":null},"createdAt":"2026-03-06T17:01:00.120Z","updatedAt":"2026-03-06T17:02:00.120Z"}`: string(body(showUser, customer.Customer{ID: ident.CustomerID{UUID: id(1)}, Email: "a@b.c", Application: customer.Approved, CreatedAt: at(1), UpdatedAt: at(2)})),
		`{"id":"` + zeros + `1","status":"RESTRICTED","ownerType":"PROJECT","ownerId":null,"chainAddresses":[],"createdAt":"2026-03-06T17:01:00.120Z","updatedAt":"2026-03-06T17:02:00.120Z"}`:                                                                                                                                       string(body(showAccount, account.Account{ID: ident.AccountID{UUID: id(1)}, Status: account.Inactive, OwnerKind: account.OwnerProgram, CreatedAt: at(1), UpdatedAt: at(2)})),
	} {
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// TestShow_EveryStateHasItsWord is contract §10.1, §13.1 and §13.2.
func TestShow_EveryStateHasItsWord(t *testing.T) {
	t.Parallel()
	boxes := map[shipment.Status]string{
		shipment.Draft: "DRAFT", shipment.Placed: "PLACED", shipment.InProduction: "IN_PRODUCTION", shipment.ReadyToShip: "READY_TO_SHIP", shipment.InTransit: "IN_TRANSIT",
		shipment.OutForDelivery: "OUT_FOR_DELIVERY", shipment.Delivered: "DELIVERED", shipment.DeliveryFailed: "DELIVERY_FAILED", shipment.Returned: "DELIVERY_FAILED",
		shipment.Exception: "EXCEPTION", shipment.Lost: "EXCEPTION", shipment.Canceled: "CANCELED",
	}
	for _, st := range shipment.Statuses() {
		if got := shipmentStatus(st); got != boxes[st] {
			t.Errorf("%s reads %s", st, got)
		}
	}
	members := map[card.PlasticState]string{
		card.Planned: "PENDING", card.Requested: "REQUESTED", card.InProduction: "IN_PRODUCTION", card.OnHold: "ON_HOLD", card.Produced: "COMPLETED", card.HandedOver: "COMPLETED",
		card.Activated: "ACTIVATED", card.Retired: "ACTIVATED", card.Rejected: "PENDING", card.Canceled: "CANCELED", card.Void: "CANCELED",
	}
	for _, st := range card.PlasticStates() {
		if got := productionStatus(card.Packed{Plastic: card.Plastic{State: st}}); got != members[st] {
			t.Errorf("%s reads %s", st, got)
		}
		refused := card.Packed{Member: shipment.Member{RejectedAt: time.Unix(1, 0)}, Plastic: card.Plastic{State: st}}
		if got := productionStatus(refused); got != "BULK_SHIP_REJECTED" {
			t.Errorf("refused and %s reads %s", st, got)
		}
	}
	cards := map[card.Status]string{card.Closed: "BLOCKED", card.Expired: "EXPIRED", card.Blocked: "BLOCKED", card.Frozen: "FROZEN", card.Open: "ACTIVE", card.Unassigned: "ACTIVE"}
	for _, st := range card.Statuses() {
		if got := cardStatus(st); got != cards[st] {
			t.Errorf("%s reads %s", st, got)
		}
	}
}
