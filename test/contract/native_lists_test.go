package contract

import (
	"net/url"
	"slices"
	"testing"
)

// nativeLists reads lists from either end, two at a time.
func nativeLists(t *testing.T, h *house) {
	p := h.program(t)
	a, n := p.cards(), p.native("all")
	for range 5 {
		a.active()
		p.native("cards:read")
		n.post("/v1/designs", object{"name": "Autumn"}).is(201)
	}
	p.debit().one()
	for _, list := range []string{"/v1/cards", "/v1/customers", "/v1/accounts", "/v1/shipments", "/v1/keys", "/v1/designs", "/v1/audit", "/v1/batches", "/v1/approvals"} {
		newest, oldest := n.walk(list, "-created_at"), n.walk(list, "created_at")
		byDefault := n.walk(list, "")
		slices.Reverse(oldest)
		if !slices.Equal(newest, oldest) || !slices.Equal(newest, byDefault) || list != "/v1/approvals" && list != "/v1/batches" && len(newest) < 5 {
			t.Errorf("%s: newest first %v, by default %v, the oldest first and turned round %v", list, newest, byDefault, oldest)
		}
		n.get(list+"?sort=name").told(422, "native_form_invalid").has("errors.0.path", "query.sort", "errors.0.code", "invalid_enum")
	}
}

// walk gives the ids of a list, two at a time.
func (a api) walk(list, sort string) (ids []string) {
	a.t.Helper()
	for query := (url.Values{"limit": {"2"}}); ; {
		if sort != "" {
			query.Set("sort", sort)
		}
		r := a.get(list + "?" + query.Encode()).is(200)
		items, _ := r.at("items").([]any)
		for _, i := range items {
			ids = append(ids, i.(map[string]any)["id"].(string))
		}
		next, more := r.at("next_cursor").(string)
		if !more || len(ids) > 1000 {
			return ids
		}
		query.Set("cursor", next)
	}
}
