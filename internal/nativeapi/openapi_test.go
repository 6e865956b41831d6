package nativeapi

import (
	"context"
	"os"
	"testing"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/openapitest"
)

// Document is the door's OpenAPI document, which the tests of the door try their answers on.
var Document = openapitest.MustLoad(context.Background(), openAPI)

func TestMain(m *testing.M) { os.Exit(Document.Main(m)) }

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
	for _, s := range access.InstallationScopes() {
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
