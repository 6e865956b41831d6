package debitapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/debitapi"
)

// TestOpenAPI_ExamplesAreTaken sends every example of a request: the door must like its form, whatever the rules
// say of the things that it names.
func TestOpenAPI_ExamplesAreTaken(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("debit.composite", "on"))
	h.fixture()
	requests := debitapi.Document.Requests(func(name string) string { t.Errorf("{%s} has no example", name); return "x" })
	if len(requests) < 10 {
		t.Fatalf("%d examples: the walk reaches nothing", len(requests))
	}
	holder := h.newcomer().oauth
	done := 0
	for _, r := range requests {
		headers := h.asAdmin()
		if strings.HasPrefix(r.Path, "/oauth/v1") {
			headers = nil // for the programme itself
		}
		if r.Path == "/debit/v1/viewPinForCustomer" {
			headers = []string{"Authorization-customer", holder} // for nobody else
		}
		if r.Path == exchangePath {
			headers = []string{"Authorization-ecommerce", h.issue(h.program, "program")} // it ends with this call
		}
		a := h.do(r.Method, r.Path, string(r.Body), headers...)
		shape := []int{4401, 4405, 4413, 4415, 8003}
		if strings.HasPrefix(r.Path, "/api/oauth") || strings.HasPrefix(r.Path, "/oauth/v1") {
			shape = shape[1:] // its tokens are nobody's
		}
		if a.status >= 500 || slices.Contains(shape, a.code()) || a.code() == 4400 || strings.Contains(a.body, "Endpoint not found") ||
			(a.code() == 4403 && !strings.Contains(a.body, "PIN")) {
			t.Errorf("%s %s %s: %d %s", r.Method, r.Path, r.Body, a.status, a.body)
		}
		if a.status == 200 {
			done++
		}
	}
	if done < 6 {
		t.Errorf("%d examples were done", done)
	}
}

func TestOpenAPI_IsServedToAnybody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a := h.do(http.MethodGet, "/openapi/debit.yaml", "", "Authorization-ecommerce", "-")
	if a.status != 200 || a.header.Get("Content-Type") != "application/yaml" || !strings.HasPrefix(a.body, "openapi: 3.1.0\n") {
		t.Errorf("%d %v %.40s", a.status, a.header, a.body)
	}
}
