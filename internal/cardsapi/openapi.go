package cardsapi

import (
	_ "embed" // the document is part of the program
	"net/http"

	"github.com/firsttap/firsttap/internal/httpd"
)

// openAPI describes this door for integrators. The tests hold it to the table of routes, to the answers, and to
// everything that they see.
//
//go:embed openapi.yaml
var openAPI []byte

// OpenAPI is the document, for those who show it.
func OpenAPI() []byte { return openAPI }

// documentPath is where the document is served.
const documentPath = "/openapi/cards.yaml"

// documentRoute serves the document to anybody.
func documentRoute() httpd.Route {
	return httpd.Route{
		Method: http.MethodGet, Pattern: documentPath, Auth: authNobody,
		Handler: func(w http.ResponseWriter, _ *http.Request) error {
			return httpd.WriteDocument(w, httpd.YAMLType, openAPI)
		},
	}
}
