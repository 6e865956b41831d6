package nativeapi_test

import (
	"net/url"
	"testing"
)

func TestCustomers_AreAddedAndFound(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const laura = `{"email":"Laura@example.com","phone":"+5215512345678","external_id":"L-1","first_name":"Laura","last_name":"Pérez"}`
	made := h.post("/v1/customers", laura).want(201)
	if made.text("application_status") != "not_started" || made.text("phone") != "+525512345678" || made.text("kind") != "person" {
		t.Errorf("%s", made.body)
	}
	path := "/v1/customers/" + made.text("id")
	if a := h.get(path).want(200); a.body != made.body {
		t.Errorf("%s, then %s", made.body, a.body)
	}
	h.post("/v1/customers", laura).refused(409, "phone_taken")
	h.post("/v1/customers", `{"email":"else@example.com","phone":"+525512345679","external_id":"L-1"}`).refused(409, "external_id_taken")
	h.post("/v1/customers", `{"email":"nobody","phone":"12","age":4}`).wrong("body.age unknown", "body.email invalid_format", "body.phone invalid_format")
	for _, query := range []string{"external_id=L-1", "email=laura%40EXAMPLE.com", "phone=" + url.QueryEscape("+5215512345678")} {
		if a := h.get("/v1/customers?" + query).want(200); a.text("items", "0", "id") != made.text("id") || a.raw("items", "1") != "" {
			t.Errorf("%s: %s", query, a.body)
		}
	}
	if a := h.get("/v1/customers?external_id=L-2").want(200); a.raw("items") != "[]" {
		t.Errorf("%s", a.body)
	}
	h.get("/v1/customers?phone=12&name=Laura").wrong("query.name unknown", "query.phone invalid_format")
	moved := h.do("PATCH", path, `{"email":"perez@example.com","phone":"+5215512345670","reason":"She moved"}`).want(200)
	if moved.text("email") != "perez@example.com" || moved.text("phone") != "+525512345670" || h.get(path).want(200).body != moved.body {
		t.Errorf("%s", moved.body)
	}
	h.post("/v1/customers", `{"email":"else@example.com","phone":"+525512345678"}`).want(201)
	h.do("PATCH", path, `{"phone":"+525512345678","email":"never@example.com"}`).refused(409, "phone_taken")
	if a := h.get(path).want(200); a.body != moved.body {
		t.Errorf("a change that was refused left %s", a.body)
	}
	h.do("PATCH", path, `{"email":"nobody","name":"x"}`).wrong("body.name unknown", "body.email invalid_format")
	if a := h.get(path + "/cards").want(200); a.raw("items") != "[]" {
		t.Errorf("%s", a.body)
	}
}

func TestAccounts_ShowWhatIsInThem(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v, _ := h.newCard()
	owner := v.Card.Customer.String()
	one := h.get("/v1/accounts/" + v.Card.Account.String()).want(200)
	if one.text("owner_id") != owner || one.raw("available_cents") == "" || one.text("currency") == "" {
		t.Errorf("%s", one.body)
	}
	list := h.get("/v1/accounts?owner_id=" + owner).want(200)
	if list.raw("items", "0") != one.body || list.raw("items", "1") != "" {
		t.Errorf("%s", list.body)
	}
	h.get("/v1/accounts?owner_id=x").wrong("query.owner_id invalid_format")
	if a := h.get("/v1/customers/" + owner + "/cards").want(200); a.text("items", "0", "id") != v.Card.ID.String() {
		t.Errorf("%s", a.body)
	}
}

func TestAccounts_AreOpened(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v, _ := h.newCard()
	body := `{"owner_id":"` + v.Card.Customer.String() + `","reason":"A second purse"}`
	made := h.post("/v1/accounts", body, "Idempotency-Key", "a").want(201)
	if again := h.post("/v1/accounts", body, "Idempotency-Key", "a").want(201); again.body != made.body {
		t.Errorf("%s, then %s", made.body, again.body)
	}
	if shown := h.get("/v1/accounts/" + made.text("id")).want(200); shown.body != made.body || made.text("owner_id") != v.Card.Customer.String() || made.text("kind") != "wallet" {
		t.Errorf("%s, but %s", shown.body, made.body)
	}
	if row := h.get("/v1/audit?action=account.create").want(200); row.text("items", "0", "note") != "A second purse" {
		t.Errorf("%s", row.body)
	}
	h.post("/v1/accounts", `{}`).wrong("body.owner_id required")
	h.post("/v1/accounts", `{"owner_id":"`+h.world.IDs.UUID().String()+`"}`).refused(404, "customer_not_found")
	h.post("/v1/accounts", body, "Authorization", "Bearer "+h.foreign).refused(404, "customer_not_found")
	eva := h.post("/v1/customers", `{"email":"eva@example.com","phone":"+525512345679"}`).want(201).text("id")
	h.post("/v1/accounts", `{"owner_id":"`+eva+`"}`).refused(409, "customer_not_approved")
}
