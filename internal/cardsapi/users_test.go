package cardsapi_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

// cardOf orders a card of a user.
func (h *house) cardOf(user, account, kind string) string {
	h.t.Helper()
	return h.post("/cards", `{"userId":"`+user+`","accountId":"`+account+`","type":"`+kind+`"}`).want(200).text("id")
}

// TestUsers_AreReachedElsewhere is contract §16.3 and §26.15, item 130.
func TestUsers_AreReachedElsewhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	first, _ := h.approved()
	second, _ := h.approved()
	taken := h.get("/users/" + second).want(200).text("phoneNumber")
	path := "/users/" + first
	was := h.get(path).want(200)
	h.events()
	h.world.Clock.Advance(1e9)

	h.do("PUT", path+"/email", `{"email":"new@example.com"}`, "Idempotency-Key", "a b").want(204)
	h.do("PUT", path+"/phone/", `{"phoneNumber":"+5215599887766"}`).want(204)
	now := h.get(path).want(200)
	if now.text("email") != "new@example.com" || now.text("phoneNumber") != "+525599887766" || now.text("updatedAt") <= was.text("updatedAt") {
		t.Errorf("%s", now.body)
	}
	h.world.Clock.Advance(1e9)
	h.do("PUT", path+"/email", `{"email":"new@example.com"}`).want(204)
	h.do("PUT", path+"/phone", `{"phoneNumber":"+525599887766"}`).want(204)
	if again := h.get(path).want(200); again.body != now.body {
		t.Errorf("the same again changed something: %s", again.body)
	}
	h.do("PUT", path+"/phone", `{"phoneNumber":"`+taken+`"}`).refused(409, "PHONE_NUMBER_ALREADY_IN_USE", "null")
	h.do("PUT", "/users/"+second+"/email", `{"email":"new@example.com"}`).want(204) // need not be unique
	h.do("PUT", "/users/"+second+"/phone", `{"phoneNumber":"`+was.text("phoneNumber")+`"}`).want(204)
	h.post("/users", `{"email":"x@y.z","phoneNumber":"`+taken+`"}`).want(200) // free again
	h.do("PUT", path+"/email", `{"email":"x"}`).wrong("body", "email invalid_format")
	h.do("PUT", path+"/email", ``).wrong("body", "email required")
	h.do("PUT", path+"/phone", `{"phoneNumber":"5599887766"}`).wrong("body", "phoneNumber invalid_phone")
	h.do("PUT", path+"/phone", `{"phoneNumber":525599887766}`).wrong("body", "phoneNumber invalid_type")
	h.do("PUT", "/users/x/phone", `{}`).wrong("params", "id invalid_format")
	h.do("PUT", "/users/"+someID+"/phone", `{"phoneNumber":"+525512345678"}`).refused(404, "USER_NOT_FOUND", "null")
	h.do("PUT", path+"/email", `{"email":"x@y.z"}`, "Authorization", "Bearer "+h.foreign).refused(404, "USER_NOT_FOUND", "null")
	if got := h.events(); len(got) > 0 {
		t.Errorf("events %v", got)
	}
	if got := h.outcomes("customer.set_phone"); got != "customer_not_found ok ok ok phone_taken" {
		t.Errorf("trail %s", got)
	}
}

// TestUsers_KeepTheirEmailToThemselves: the debit API knows a customer by its e-mail alone, so that claim moves on.
func TestUsers_KeepTheirEmailToThemselves(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	claimed := func(c customer.Customer, email string) bool {
		var owns bool
		w.Read(func(ctx context.Context, tx issuance.ReadTx) (err error) {
			owns, err = tx.OwnsFact(ctx, w.Program.ID, c.ID, issuance.Fact{Field: customer.FieldEmail, Value: email})
			return err
		})
		return owns
	}
	claim := func(email string) customer.Customer {
		c := w.NewCustomer(func(c *customer.Customer) { c.Email = email })
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			return tx.UpdateCustomer(ctx, c, nil, []issuance.Fact{{Field: customer.FieldEmail, Value: email}})
		})
		return c
	}
	a, b := claim("a@example.com"), claim("b@example.com")
	put := func(c customer.Customer, email string) {
		t.Helper()
		h.do("PUT", "/users/"+c.ID.String()+"/email", `{"email":"`+email+`"}`).want(204)
	}
	put(a, "A@Example.com")
	if !claimed(a, "a@example.com") {
		t.Error("another writing of the same e-mail lost the claim")
	}
	put(a, "c@example.com")
	if claimed(a, "a@example.com") || !claimed(a, "c@example.com") {
		t.Error("the claim did not follow the e-mail")
	}
	put(a, "b@example.com")
	if claimed(a, "c@example.com") || claimed(a, "b@example.com") || !claimed(b, "b@example.com") {
		t.Error("the claim of somebody else was touched, or an old one stayed")
	}
}

// TestUsers_AreDeleted is contract §16.4 and §26.15, item 132.
func TestUsers_AreDeleted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user, money := h.approved()
	second := h.post("/accounts", `{"ownerId":"`+user+`"}`).want(200).text("id")
	h.post("/simulation/accounts/"+second+"/status", `{"status":"RESTRICTED"}`).want(204)
	phone := h.get("/users/" + user).text("phoneNumber")
	stranger := h.fresh()
	virtual, boxed, beside, drafted, idle := h.cardOf(user, money, "VIRTUAL"), h.cardOf(user, money, "PHYSICAL"), h.cardOf(user, money, "PHYSICAL"),
		h.cardOf(user, money, "PHYSICAL"), h.cardOf(user, money, "PHYSICAL")
	box := h.placed(boxed, beside, stranger)
	draft := h.post("/card-shipments", draftOf(member(drafted), member(idle))).want(200).text("id")
	stolen := h.cardOf(user, money, "VIRTUAL")
	h.close(stolen, card.ClosedStolen)
	w := h.world
	at := w.Now()
	token := access.Credential{
		ID: ident.CredentialID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Kind: access.CustomerOauth, PublicID: "ct_1", Hash: w.IDs.Bytes(32),
		Customer: h.customerOf(user).ID, Status: access.Active, CreatedAt: at,
	}
	w.Admin(func(ctx context.Context, tx access.Tx) error { return tx.InsertCredential(ctx, token) })
	h.events()

	h.do("DELETE", "/users/"+user, "", "Authorization", "Bearer "+h.foreign).refused(404, "USER_NOT_FOUND", "null")
	h.do("DELETE", "/users/"+user, "").want(204)
	all := h.events()
	want := "ACCOUNT_STATUS_UPDATED CARD_SHIPMENT_STATUS_UPDATED" + strings.Repeat(" "+cardEvent, 6)
	if kinds(all) != want {
		t.Fatalf("%s, want %s", kinds(all), want)
	}
	if all[0].text("data", "id") != money || all[0].text("data", "status") != "RESTRICTED" || all[0].raw("data") != h.get("/accounts/"+money).want(200).body {
		t.Errorf("%s", all[0].body)
	}
	if got := h.get("/card-shipments/" + box).want(200).body; all[1].raw("data") != got {
		t.Errorf("the event of the box is not its end:\n%s\n%s", all[1].raw("data"), got)
	}
	for i, status := range []string{"CANCELED", "CANCELED", "REQUESTED"} {
		if got := all[1].text("data", "cards", string(rune('0'+i)), "productionStatus"); got != status {
			t.Errorf("card %d of the box: %s, want %s", i, got, status)
		}
	}
	for _, e := range all[2:] {
		if e.text("data", "status") != "BLOCKED" || e.text("data", "blockReason", "type") != "CARD_DELETED" {
			t.Errorf("%s", e.body)
		}
	}
	for _, id := range []string{virtual, boxed, beside, drafted, idle, stolen} {
		h.get("/cards/"+id).refused(404, "CARD_NOT_FOUND", "null")
	}
	h.get("/cards/" + stranger).want(200)
	h.get("/card-shipments/"+draft).refused(404, "CARD_SHIPMENT_NOT_FOUND", "null")
	h.get("/accounts/" + second).want(200)
	for _, a := range []answer{
		h.get("/users/" + user), h.do("DELETE", "/users/"+user, ""), h.do("PUT", "/users/"+user+"/email", `{"email":"a@b.c"}`),
		h.post("/users/"+user+"/application", ""), h.post("/accounts", `{"ownerId":"`+user+`"}`),
	} {
		a.refused(404, "USER_NOT_FOUND", "null")
	}
	if strings.Contains(h.get("/users?limit=100").want(200).body, user) || strings.Contains(h.get("/cards?userId="+user).want(200).body, `"id"`) {
		t.Error("what was deleted is listed")
	}
	h.post("/users", `{"email":"a@b.c","phoneNumber":"`+phone+`"}`).want(200)
	if c, _, _, err := w.Store.Access().CredentialByHash(t.Context(), token.Hash); err != nil || c.Status != access.Revoked {
		t.Errorf("the token is %s, %v", c.Status, err)
	}
	if rows := h.trail("card.delete"); len(rows) != 6 || rows[0].Note != "with its customer" || rows[0].Card.IsZero() {
		t.Errorf("trail %+v", rows)
	}
	if got := h.outcomes("customer.delete"); got != "customer_not_found ok" {
		t.Errorf("trail %s", got)
	}
	for _, r := range h.trail("customer.delete") {
		if r.Outcome == "ok" && (r.Note != "6 cards deleted, 1 accounts restricted" || !r.Card.IsZero()) {
			t.Errorf("%+v", r)
		}
	}
}

// TestUsers_AreDeletedAtOnceOrNotAtAll: one call ends up to 500 cards.
func TestUsers_AreDeletedAtOnceOrNotAtAll(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	c := w.NewCustomer()
	money := w.NewAccount(c)
	var last card.Card
	for range 501 {
		last = w.NewCard(func(k *card.Card) { k.Customer, k.Account, k.Type = c.ID, money.ID, card.Virtual })
	}
	h.events()
	path := "/users/" + c.ID.String()
	h.do("DELETE", path, "").refused(400, "USER_HAS_TOO_MANY_CARDS", `{"max":500}`)
	if got := h.get("/accounts/" + money.ID.String()).want(200); got.text("status") != "ACTIVE" || len(h.events()) > 0 {
		t.Errorf("%s", got.body)
	}
	h.do("DELETE", "/cards/"+last.ID.String(), "").want(204)
	h.events()
	h.do("DELETE", path, "").want(204)
	if got := len(h.events()); got != 501 { // 500 cards and an account
		t.Errorf("%d events", got)
	}
}

// TestAccounts_OfCompanies is contract §17.1: a company customer owns accounts too.
func TestAccounts_OfCompanies(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	company := h.world.NewCustomer(func(c *customer.Customer) { c.Kind = customer.Company })
	id := company.ID.String()
	h.post("/accounts", `{"ownerId":"`+id+`"}`).refused(404, "USER_NOT_FOUND", "null")
	made := h.post("/accounts", `{"ownerId":"`+id+`","ownerType":"COMPANY","signers":{"x":1}}`).want(200)
	if made.text("ownerType") != "COMPANY" || made.text("ownerId") != id || made.text("status") != "ACTIVE" {
		t.Errorf("%s", made.body)
	}
	employee := h.world.NewCustomer(func(c *customer.Customer) { c.Company = company.ID })
	h.cardOf(employee.ID.String(), made.text("id"), "VIRTUAL")
	own := h.world.NewAccount(employee, func(a *account.Account) { a.Owner, a.OwnerKind = ident.CustomerID{}, account.OwnerProgram })
	h.cardOf(employee.ID.String(), own.ID.String(), "VIRTUAL")
	stranger := h.world.NewCustomer()
	h.post("/cards", `{"userId":"`+stranger.ID.String()+`","accountId":"`+made.text("id")+`","type":"VIRTUAL"}`).refused(400, "ACCOUNT_OWNER_MISMATCH", "null")
	if list := h.get("/accounts?ownerId=" + id).want(200); list.text("items", "0", "id") != made.text("id") {
		t.Errorf("%s", list.body)
	}
}

// outcomes are those of the audit rows of an action, sorted.
func (h *house) outcomes(action string) string {
	h.t.Helper()
	var all []string
	for _, r := range h.trail(action) {
		all = append(all, r.Outcome)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// customerOf gives a user as the rules have it.
func (h *house) customerOf(user string) customer.Customer {
	h.t.Helper()
	id, err := ident.ParseUUID(user)
	if err != nil {
		h.t.Fatal(err)
	}
	c, err := h.service.Customer(h.t.Context(), h.world.Program.ID, ident.CustomerID{UUID: id})
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// close ends a card for a reason that this door has no call for.
func (h *house) close(id string, why card.CloseReason) {
	h.t.Helper()
	c := h.kept(id)
	h.world.Write(func(ctx context.Context, tx issuance.Tx) error {
		return tx.UpdateCard(ctx, c.Close(why, h.world.Now()))
	})
}
