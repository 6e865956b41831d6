package cardsapi

import (
	"context"
	"os"
	"slices"
	"testing"

	"github.com/firsttap/firsttap/internal/openapitest"
)

// Document is the door's OpenAPI document, which the tests of the door try their answers on.
var Document = openapitest.MustLoad(context.Background(), openAPI)

func TestMain(m *testing.M) { os.Exit(Document.Main(m)) }

func TestOpenAPI_IsTheTableOfRoutes(t *testing.T) {
	t.Parallel()
	var table []openapitest.Operation
	for _, r := range (&Door{}).routes() {
		security := []string{"apiKey"}
		if r.Auth == authNobody {
			security = []string{"none"}
		}
		table = append(table, openapitest.Operation{
			Method: r.Method, Pattern: r.Pattern, Security: security, Idempotency: r.Idempotency, Body: r.MaxBody > 0,
		})
	}
	for _, difference := range Document.Differ(table) {
		t.Error(difference)
	}
}

func TestOpenAPI_HasTheCodesOfTheAnswers(t *testing.T) {
	t.Parallel()
	have := Document.Texts("enum", "components", "schemas", "ErrorCode")
	var want []string
	for _, a := range table {
		want = append(want, a.code)
	}
	slices.Sort(want)
	want = slices.Compact(want)
	if !slices.Equal(want, have) {
		t.Errorf("the answers have %d codes and the document %d, in the order of the alphabet:\n%q\n%q", len(want), len(have), want, have)
	}
}

func TestOpenAPI_ExamplesFit(t *testing.T) {
	t.Parallel()
	for _, wrong := range Document.Examples() {
		t.Error(wrong)
	}
}
