package docsite_test

import (
	"crypto/rand"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/firsttap/firsttap/internal/cardsapi"
	"github.com/firsttap/firsttap/internal/debitapi"
	"github.com/firsttap/firsttap/internal/docsite"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/nativeapi"
)

func apis() []docsite.API {
	return []docsite.API{
		{Name: "cards", OpenAPI: cardsapi.OpenAPI()}, {Name: "debit", OpenAPI: debitapi.OpenAPI()}, {Name: "native", OpenAPI: nativeapi.OpenAPI()},
	}
}

// host is a server that shows the real documents.
func host(t testing.TB) http.Handler {
	t.Helper()
	door, err := docsite.New(apis())
	if err != nil {
		t.Fatal(err)
	}
	server, err := httpd.New(httpd.Options{
		Doors: []httpd.Door{door}, Logger: slog.New(slog.DiscardHandler), Now: time.Now, Rand: rand.Reader, Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return server.Handler()
}

func get(t testing.TB, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
	return w
}

// element is a start tag.
type element struct {
	name  string
	attrs map[string]string
	under []string // the elements around it
}

// elements reads a page, and reports what no browser should have to mend: elements that are not closed where they must be,
// and ids that stand twice.
func elements(t *testing.T, name, page string) (all []element) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.Entity = false, xml.HTMLEntity
	var open []string
	ids := map[string]bool{}
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := element{name: token.Name.Local, attrs: map[string]string{}, under: slices.Clone(open)}
			for _, a := range token.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			if id := e.attrs["id"]; id != "" && ids[id] {
				t.Errorf("%s: the id %s stands twice", name, id)
			}
			ids[e.attrs["id"]] = true
			all = append(all, e)
			if !slices.Contains([]string{"meta", "link", "input", "br", "hr", "img"}, e.name) {
				open = append(open, e.name)
			}
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != token.Name.Local {
				t.Fatalf("%s: </%s> closes %v", name, token.Name.Local, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("%s: %v stay open", name, open)
	}
	return all
}

// resolve gives the path and the fragment where a link of a page leads; inside is whether it stays on this server.
func resolve(t *testing.T, from, link string) (path, fragment string, inside bool) {
	t.Helper()
	base, err := url.Parse("http://here.test" + from)
	if err != nil {
		t.Fatal(err)
	}
	to, err := base.Parse(link)
	if err != nil {
		t.Fatalf("%s links to %s: %v", from, link, err)
	}
	return to.Path, to.Fragment, to.Host == "here.test"
}
