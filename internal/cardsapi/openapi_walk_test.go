package cardsapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/cardsapi"
)

// TestOpenAPI_ExamplesAreTaken sends every example of a request: the door must like its form, whatever the rules
// say of the things that it names.
func TestOpenAPI_ExamplesAreTaken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	requests := cardsapi.Document.Requests(func(string) string { return h.world.IDs.UUID().String() })
	if len(requests) < 10 {
		t.Fatalf("%d examples: the walk reaches nothing", len(requests))
	}
	for _, r := range requests {
		a := h.do(r.Method, r.Path, string(r.Body), "Idempotency-Key", h.freshKey())
		if a.status >= 500 || a.text("error", "code") == "VALIDATION_FAILED" || a.text("error", "code") == "PARSE_ERROR" || a.text("error", "code") == "ROUTE_NOT_FOUND" {
			t.Errorf("%s %s %s: %d %s", r.Method, r.Path, r.Body, a.status, a.body)
		}
	}
}

func TestOpenAPI_IsServedToAnybody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a := h.do(http.MethodGet, "/openapi/cards.yaml", "", "Authorization", "", "Reap-Version", "").want(200)
	if a.header.Get("Content-Type") != "application/yaml" || !strings.HasPrefix(a.body, "openapi: 3.1.0\n") {
		t.Errorf("%v %.40s", a.header, a.body)
	}
}
