package debitapi

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/firsttap/firsttap/internal/openapitest"
)

// Document is the door's OpenAPI document, which the tests of the door try their answers on.
var Document = openapitest.MustLoad(context.Background(), openAPI)

func TestMain(m *testing.M) { os.Exit(Document.Main(m)) }

// security is who may call, in the words of the document: which tokens tell so.
func security(e endpoint) []string {
	if e.open {
		return []string{"none"}
	}
	var out []string
	for _, row := range []struct {
		sort   callers
		tokens []string
	}{
		{forProgram, []string{"ecommerce"}},
		{forCustomer, []string{"customer+ecommerce"}},
		{forAdmin, []string{"ecommerce", "login"}},
		{forReader, []string{"login"}},
	} {
		for _, token := range row.tokens {
			if e.callers&row.sort != 0 && !slices.Contains(out, token) {
				out = append(out, token)
			}
		}
	}
	return out
}

func TestOpenAPI_IsTheTableOfEndpoints(t *testing.T) {
	t.Parallel()
	var table []openapitest.Operation
	for _, e := range endpoints() {
		table = append(table, openapitest.Operation{
			Method: e.method, Pattern: e.pattern, Callers: e.callers.String(), Aliases: e.aliases,
			Security: security(e), Idempotency: e.key, Body: e.maxBody > 0,
		})
	}
	for _, difference := range Document.Differ(table) {
		t.Error(difference)
	}
}

func TestOpenAPI_HasTheCodesOfTheAnswers(t *testing.T) {
	t.Parallel()
	var codes []int
	for _, a := range answers() {
		codes = append(codes, a.code)
	}
	slices.Sort(codes)
	var want []string
	for _, code := range slices.Compact(codes) {
		want = append(want, fmt.Sprint(code))
	}
	if have := Document.Texts("enum", "components", "schemas", "ErrorCode"); !slices.Equal(want, have) {
		t.Errorf("the codes of the answers, and those of the document:\n%q\n%q", want, have)
	}
}

func TestOpenAPI_ExamplesFit(t *testing.T) {
	t.Parallel()
	for _, wrong := range Document.Examples() {
		t.Error(wrong)
	}
}
