package debitapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/debitapi"
	"github.com/firsttap/firsttap/internal/httpd"
)

// TestRoutes_AreGuarded walks every route: none answers without a token, with a body that is too large, with
// another method, with a bad idempotency key or to a caller whose sort it does not take.
func TestRoutes_AreGuarded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	door, err := debitapi.New(debitapi.Options{Now: h.clock.Now})
	h.must(err)
	routes := door.Router().Routes()
	if len(routes) < 8 {
		t.Fatalf("%d routes: the walk reaches nothing", len(routes))
	}
	for _, r := range routes {
		name := r.Method + " " + r.Pattern
		path := strings.ReplaceAll(r.Pattern, "{reference_batch}", strings.Repeat("a", 32))
		if r.Auth == "" || r.Handler == nil {
			t.Errorf("%s has no callers or no handler", name)
		}
		if r.Auth == "none" {
			h.do(http.MethodPatch, path, "{}").is(t, name+" by PATCH", 405, 4405, "")
			if r.Method == http.MethodGet {
				continue
			}
			h.do(r.Method, path, "{").is(t, name+" with half a body", 400, 4400, "body:malformed")
			continue
		}
		nobody := []string{"Authorization-ecommerce", "-"}
		if strings.HasPrefix(path, "/transactions") {
			if door.Owns(httptest.NewRequest(r.Method, path, nil)) {
				t.Errorf("%s without a token is not another door's", name)
			}
			nobody = append(nobody, "Authorization-customer", "unknown")
		}
		h.do(r.Method, path, "{}", nobody...).is(t, name+" without a token", 401, 4401, "Authorization-ecommerce:required")
		h.do(r.Method, strings.ToUpper(path)+"/", "{}", nobody...).is(t, name+" in capitals", 401, 4401, "Authorization-ecommerce:required")
		h.do(http.MethodPatch, path, "{}").is(t, name+" by PATCH", 405, 4405, "")
		if r.MaxBody > 0 && r.MaxBody <= 64<<10 {
			h.do(r.Method, path, strings.Repeat(" ", int(r.MaxBody)+1), h.asAdmin()...).is(t, name+" too large", 413, 4413, "")
			h.do(r.Method, path, "{}", append(h.asAdmin(), "Content-Type", "text/plain")...).is(t, name+" as text", 415, 4415, "")
		}
		if keyed := r.Method == http.MethodPost || r.Method == http.MethodPut; keyed != (r.Idempotency != httpd.None) {
			t.Errorf("%s: idempotency keys are taken %v", name, !keyed)
		} else if keyed {
			a := h.do(r.Method, path, "{}", append(h.asAdmin(), "Idempotency-Key", "has space")...)
			if a.status != 400 || !strings.Contains(a.hints(), "Idempotency-Key:invalid") {
				t.Errorf("%s with a bad key: %s", name, a.body)
			}
		}
		if r.Auth == "A" {
			h.do(r.Method, path, `{"url":"https://example.com/x"}`).is(t, name+" by a programme", 403, 4403, "scope:A")
		}
	}
}
