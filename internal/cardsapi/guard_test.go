package cardsapi_test

import (
	"strings"
	"testing"
)

// TestRoutes_AreGuarded walks every route through the door: none answers without a key, without a version,
// with a body that is too large or with another method.
func TestRoutes_AreGuarded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, r := range h.routes {
		if r.Pattern == "/openapi/cards.yaml" || strings.HasPrefix(r.Pattern, "/reveal/") {
			continue // what everybody may read, and the page whose link is the key
		}
		name := r.Method + " " + r.Pattern
		path := strings.ReplaceAll(r.Pattern, "{id}", "0b0f7f0e-5a53-4e0c-9d0e-2f6f1f3f7c11")
		path = strings.ReplaceAll(path, "{memberId}", "d9b0a5c1-7a70-4d52-9f16-7f0a4f5c8e06")
		h.do(r.Method, path, "", "Authorization", "").refused(401, "API_KEY_REQUIRED", "null")
		h.do(r.Method, path+"/", "", "Reap-Version", "").refused(400, "API_VERSION_HEADER_MISSING", "null")
		h.do("PROPFIND", path, "").refused(404, "ROUTE_NOT_FOUND", "null")
		if r.MaxBody > 0 {
			h.do(r.Method, path, strings.Repeat(" ", int(r.MaxBody)+1)).refused(413, "PAYLOAD_TOO_LARGE", "null")
			if a := h.do(r.Method, path, `{"a":`, "Idempotency-Key", h.freshKey()); a.status != 400 {
				t.Errorf("%s with a broken body: %d", name, a.status)
			}
		}
	}
}
