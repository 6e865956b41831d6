package debitapi

import (
	_ "embed" // the document is part of the program
	"net/http"

	"github.com/firsttap/firsttap/internal/httpd"
)

// openAPI describes this door for integrators. The tests hold it to the table of endpoints, to the answers, and to
// everything that they see.
//
//go:embed openapi.yaml
var openAPI []byte

// OpenAPI is the document, for those who show it.
func OpenAPI() []byte { return openAPI }

// documentPath is where the document is served.
const documentPath = "/openapi/debit.yaml"

// documentEndpoint serves the document to anybody.
func documentEndpoint() endpoint {
	return endpoint{method: http.MethodGet, pattern: documentPath, open: true, handle: func(_ *Door, c *call) error {
		return httpd.WriteDocument(c.w, httpd.YAMLType, openAPI)
	}}
}
