package cli

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/audit"
)

// cardsCall is a call of the cards API, with the headers that all of them have.
func (s *stage) cardsCall(what, method, path, body, key string, status int, facts ...fact) call {
	c := call{what: what, method: method, path: path, body: body, status: status, facts: facts, header: [][2]string{
		{"Authorization", "Bearer " + s.cards.Secret.Reveal()}, {"Reap-Version", "2025-02-14"},
	}}
	if key != "" {
		c.header = append(c.header, [2]string{"Idempotency-Key", key})
	}
	return c
}

// cardsStory orders three cards for one person, ships them, activates two with the codes of their mailers, and leaves the third to
// whoever watches.
func (s *stage) cardsStory(ctx context.Context) error {
	t := s.teller
	t.title("The cards API: three cards for Ana")
	user, account := s.anaOpensAnAccount(ctx)
	first := s.orderCard(ctx, "Order a physical card; nothing is printed yet", user, account, "card-1")
	second := s.orderCard(ctx, "And a second one", user, account, "card-2")
	third := s.orderCard(ctx, "And a third one", user, account, "card-3")
	s.shipCards(ctx, first, second, third)
	s.activateFirst(ctx, first)
	s.lockSecond(ctx, second)
	s.sendToPage(ctx, third)
	return t.err
}

// anaPhone is the phone number of the holder in the story.
const anaPhone = "+525512345678"

func (s *stage) anaOpensAnAccount(ctx context.Context) (user, account string) {
	t := s.teller
	hook := t.do(ctx, s.cardsCall("Say where webhooks go", http.MethodPost, "/webhooks",
		fmt.Sprintf(`{"name":"demo","url":%q}`, s.hooks.base+cardsHooks), "", http.StatusOK, is("status", "ACTIVE"), has("signingSecret")))
	s.hooks.expectSigned(cardsHooks, hook.at("signingSecret"))

	user = t.do(ctx, s.cardsCall("Add the cardholder", http.MethodPost, "/users",
		`{"email":"ana@example.com","phoneNumber":"`+anaPhone+`","firstName":"Ana","lastName":"Torres"}`, "", http.StatusOK,
		is("application.status", "NOT_STARTED"))).at("id")
	t.do(ctx, s.cardsCall("Ask for the identity review", http.MethodPost, "/users/"+user+"/application", `{}`, "",
		http.StatusOK, is("status", "IN_REVIEW")))
	t.do(ctx, s.cardsCall("Let the sandbox approve it", http.MethodPost, "/simulation/users/"+user+"/application",
		`{"status":"APPROVED"}`, "", http.StatusNoContent))
	account = t.do(ctx, s.cardsCall("Open an account", http.MethodPost, "/accounts", fmt.Sprintf(`{"ownerId":%q}`, user),
		"account-1", http.StatusOK, is("status", "ACTIVE"))).at("id")
	return user, account
}

func (s *stage) orderCard(ctx context.Context, what, user, account, key string) string {
	return s.teller.do(ctx, s.cardsCall(what, http.MethodPost, "/cards",
		fmt.Sprintf(`{"userId":%q,"accountId":%q,"type":"PHYSICAL"}`, user, account), key, http.StatusOK,
		is("status", "ACTIVE"), is("physicalCardStatus", "NOT_ORDERED"))).at("id")
}

func (s *stage) shipCards(ctx context.Context, first, second, third string) {
	t := s.teller
	box := t.do(ctx, s.cardsCall("Put all of them into one parcel; it is a draft", http.MethodPost, "/card-shipments", fmt.Sprintf(`{
"destinationAddress":{"line1":"Av. Reforma 222","line2":"Piso 5","zone":"CMX","city":"Ciudad de Mexico","postalCode":"06600","country":"MX"},
"recipient":{"firstName":"Ana","lastName":"Torres","phoneNumber":"5512345678","dialCode":52,"email":"ana@example.com"},
"courier":{"type":"DHL"},"cards":[{"cardId":%q},{"cardId":%q},{"cardId":%q}]}`, first, second, third), "", http.StatusOK, is("status", "DRAFT"))).at("id")
	t.do(ctx, s.cardsCall("Submit it: the bureau gets the order, and each card its activation code", http.MethodPost,
		"/card-shipments/"+box+"/submit", "", "submit-1", http.StatusOK, is("status", "PLACED"), is("cards.0.productionStatus", "REQUESTED")))
	t.do(ctx, s.cardsCall("Too early: the card has not left the bureau, so no code is looked at", http.MethodPost,
		"/cards/"+first+"/activate", `{"activationCode":"000000"}`, "", http.StatusBadRequest,
		is("error.code", "CARD_CANNOT_BE_ACTIVATED"), is("error.detail.reason", "NOT_SHIPPED")))
	t.do(ctx, s.cardsCall("The bureau makes the cards", http.MethodPost, "/simulation/card-shipments/"+box+"/production-status",
		`{"status":"COMPLETED"}`, "", http.StatusNoContent))
	t.do(ctx, s.cardsCall("The courier takes the parcel", http.MethodPost, "/simulation/card-shipments/"+box+"/shipping-status",
		`{"status":"IN_TRANSIT","trackingNumber":"4821990034"}`, "", http.StatusNoContent))
	t.do(ctx, s.cardsCall("Where is the card?", http.MethodGet, "/cards/"+first, "", "", http.StatusOK,
		is("physicalCardStatus", "IN_TRANSIT")))
}

// code reads the code that is on the mailer.
func (s *stage) code(ctx context.Context, what, card string) string {
	return s.teller.do(ctx, s.cardsCall(what, http.MethodGet, "/cards/"+card+"/activation-code", "", "", http.StatusOK,
		has("activationCode"))).at("activationCode")
}

func (s *stage) activateFirst(ctx context.Context, card string) {
	t := s.teller
	t.title("Ana types the code of her mailer")
	t.do(ctx, s.tap("A terminal refuses the card: it is not activated", card, is("status", "DECLINED"), is("declineReason.code", "CARD_NOT_ACTIVATED")))
	code := s.code(ctx, "Read the code that is printed on the mailer", card)
	t.do(ctx, s.cardsCall("A wrong code costs a try", http.MethodPost, "/cards/"+card+"/activate",
		activationBody(anotherCode(code, 1)), "", http.StatusBadRequest,
		is("error.code", "INVALID_ACTIVATION_CODE"), is("error.detail.attemptsRemaining", "4")))
	t.do(ctx, s.cardsCall("The right code", http.MethodPost, "/cards/"+card+"/activate", activationBody(code), "tap-1", http.StatusNoContent))
	t.do(ctx, s.cardsCall("The card works at terminals now", http.MethodGet, "/cards/"+card, "", "", http.StatusOK,
		is("physicalCardStatus", "ACTIVATED"), is("status", "ACTIVE")))
	t.do(ctx, s.tap("The first tap", card, is("status", "PENDING"), is("amount.current", "12.50")))
	t.do(ctx, s.cardsCall("The answer was lost on the way: the same call with the same key gives it again", http.MethodPost,
		"/cards/"+card+"/activate", activationBody(code), "tap-1", http.StatusNoContent, replayed()))
	t.do(ctx, s.cardsCall("Without a key: activated is sticky, and says so", http.MethodPost, "/cards/"+card+"/activate",
		activationBody(code), "", http.StatusBadRequest, is("error.detail.reason", "ALREADY_ACTIVATED")))
	s.awaitHook(ctx, "The webhook of the activation arrives", "its signature is right, physicalCardStatus is ACTIVATED", cardsHooks,
		func(body map[string]any) bool {
			data, ok := body["data"].(map[string]any)
			return ok && body["type"] == "CARD_STATUS_UPDATED" && data["id"] == card && data["physicalCardStatus"] == "ACTIVATED"
		})
}

// tap is one purchase at a terminal.
func (s *stage) tap(what, card string, facts ...fact) call {
	return s.cardsCall(what, http.MethodPost, "/simulation/card-transactions/authorization",
		fmt.Sprintf(`{"cardId":%q,"amount":12.5,"channel":"POS"}`, card), "", http.StatusOK, facts...)
}

// lockSecond guesses until the card locks, and waits on the sandbox's clock until it opens again.
func (s *stage) lockSecond(ctx context.Context, card string) {
	t := s.teller
	t.title("Somebody guesses at the second card")
	code := s.code(ctx, "Its code", card)
	for i := 1; i <= 5; i++ {
		left := fmt.Sprint(5 - i)
		t.do(ctx, s.cardsCall(fmt.Sprintf("Wrong code number %d", i), http.MethodPost, "/cards/"+card+"/activate",
			activationBody(anotherCode(code, i)), "", http.StatusBadRequest, is("error.detail.attemptsRemaining", left)))
	}
	t.do(ctx, s.cardsCall("Locked: even the right code is not looked at", http.MethodPost, "/cards/"+card+"/activate",
		activationBody(code), "", http.StatusTooManyRequests, is("error.code", "ACTIVATION_LOCKED")))
	if t.err == nil {
		_, shown, err := s.server.Access.SetClock(ctx, access.Operator{Name: "demo", Channel: audit.ChannelCLI}, s.program.ID,
			access.ClockAdvanced(15*time.Minute))
		t.expect("Fifteen minutes pass on the clock of the sandbox", "its clock shows "+moment(shown), err, nil)
	}
	t.do(ctx, s.cardsCall("The right code, once the lock is over", http.MethodPost, "/cards/"+card+"/activate",
		activationBody(code), "tap-2", http.StatusNoContent))
}

// sendToPage makes the link by which the holder of a card comes to the activation page.
func (s *stage) sendToPage(ctx context.Context, card string) {
	t := s.teller
	t.title("The native API: Ana is sent to the activation page")
	s.pageCode = s.code(ctx, "The code of the third card", card)
	session := call{
		what:   "Her bank's back end, which knows who she is, asks for a link",
		method: http.MethodPost, path: "/v1/activation-sessions", body: fmt.Sprintf(`{"card_id":%q,"language":"en","pin":"optional"}`, card),
		header: [][2]string{{"Authorization", "Bearer " + s.native.Secret.Reveal()}}, status: http.StatusCreated, facts: []fact{has("url")},
	}
	s.page = t.do(ctx, session).at("url")
	s.mailer = t.do(ctx, call{
		what: "What the QR on her letter says; it is no secret", method: http.MethodGet, path: "/v1/cards/" + card + "/mailer-link",
		header: [][2]string{{"Authorization", "Bearer " + s.native.Secret.Reveal()}}, status: http.StatusOK, facts: []fact{has("url")},
	}).at("url")
}

func activationBody(code string) string { return fmt.Sprintf(`{"activationCode":%q}`, code) }

// anotherCode gives six digits that are not the code.
func anotherCode(code string, away int) string {
	var n int
	if _, err := fmt.Sscanf(code, "%d", &n); err != nil {
		return "000000"
	}
	return fmt.Sprintf("%06d", (n+away)%1_000_000)
}
