package nativeapi

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/openapitest"
)

// Document is the door's OpenAPI document, which the tests of the door try their answers on.
var Document = mustLoad()

func mustLoad() *openapitest.Document {
	d, err := openapitest.Load(context.Background(), openAPI)
	if err != nil {
		panic(err)
	}
	return d
}

// TestMain wants a whole run of the tests to have met every success that the document describes.
func TestMain(m *testing.M) {
	code := m.Run()
	for _, part := range []string{"run", "bench", "fuzz", "list", "skip"} {
		if flag.Lookup("test."+part).Value.String() != "" {
			os.Exit(code)
		}
	}
	if unseen := Document.Unseen(); code == 0 && len(unseen) > 0 {
		fmt.Fprintf(os.Stderr, "no test has seen these answers of the document: %q\n", unseen)
		code = 1
	}
	os.Exit(code)
}

func TestOpenAPI_IsTheTableOfRoutes(t *testing.T) {
	t.Parallel()
	used := map[access.Scope]bool{}
	var table []openapitest.Operation
	for _, r := range (&Door{}).routes() {
		security, scopes := []string{"apiKey"}, []string{r.Auth}
		if r.Auth == authNobody {
			security, scopes = []string{"none"}, []string{}
		}
		used[access.Scope(r.Auth)] = true
		table = append(table, openapitest.Operation{
			Method: r.Method, Pattern: r.Pattern, Security: security, Scopes: scopes, Idempotency: r.Idempotency, Body: r.MaxBody > 0,
		})
		if r.Auth != authNobody && r.Tier == "" {
			t.Errorf("%s %s counts in no rate", r.Method, r.Pattern)
		}
	}
	for _, difference := range Document.Differ(table) {
		t.Error(difference)
	}
	for _, s := range access.Scopes() {
		if !used[s] {
			t.Errorf("no route needs the scope %s", s)
		}
	}
}

func TestOpenAPI_ExamplesFit(t *testing.T) {
	t.Parallel()
	for _, wrong := range Document.Examples() {
		t.Error(wrong)
	}
}
