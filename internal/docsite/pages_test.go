package docsite_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/firsttap/firsttap/internal/docsite"
)

// TestPages_EveryLinkLeadsSomewhere walks from the start page over every link of this server, reads each page, and looks up
// each anchor.
func TestPages_EveryLinkLeadsSomewhere(t *testing.T) {
	t.Parallel()
	h := host(t)
	others := []string{"/openapi/cards.yaml", "/openapi/debit.yaml", "/openapi/native.yaml"} // of the other doors, served without a key
	ids := map[string][]string{}
	wanted := map[string]string{} // an anchor, and a page that links to it
	for next := []string{docsite.Path}; len(next) > 0; next = next[1:] {
		at := next[0]
		if ids[at] != nil {
			continue
		}
		w := get(t, h, at)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s answers %d, %s", at, w.Code, w.Header().Get("Content-Type"))
			continue
		}
		ids[at] = []string{""}
		for _, e := range elements(t, at, w.Body.String()) {
			ids[at] = append(ids[at], e.attrs["id"])
			href, isLink := e.attrs["href"]
			if e.name != "a" || !isLink {
				continue
			}
			path, fragment, inside := resolve(t, at, href)
			switch {
			case !inside || slices.Contains(others, path):
			default:
				next = append(next, path)
				wanted[path+"#"+fragment] = at
			}
		}
	}
	for anchor, from := range wanted {
		path, fragment, _ := strings.Cut(anchor, "#")
		if !slices.Contains(ids[path], fragment) {
			t.Errorf("%s links to %s, and there is no such place", from, anchor)
		}
	}
	for _, want := range []string{"/docs/guides/errors", "/docs/guides/lifecycle", "/docs/guides/activation", "/docs/cards", "/docs/debit", "/docs/native", "/docs/decisions", "/docs/policies"} {
		if ids[want] == nil {
			t.Errorf("%s is reached by no link", want)
		}
	}
}

// TestPages_AreWhole looks at what every page must have, and must not load.
func TestPages_AreWhole(t *testing.T) {
	t.Parallel()
	h := host(t)
	for _, at := range []string{"/docs", "/docs/guides/webhooks", "/docs/decisions", "/docs/cards", "/docs/debit", "/docs/native"} {
		w := get(t, h, at)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
			"Referrer-Policy":         "no-referrer",
			"X-Content-Type-Options":  "nosniff",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q", at, name, got)
			}
		}
		count := map[string]int{}
		var ids, named []string
		for _, e := range elements(t, at, w.Body.String()) {
			count[e.name]++
			ids = append(ids, e.attrs["id"])
			for _, by := range []string{"for", "aria-labelledby", "aria-describedby"} {
				named = append(named, strings.Fields(e.attrs[by])...)
			}
			if _, inline := e.attrs["style"]; inline || e.name == "style" || e.name == "form" || e.name == "img" || e.name == "iframe" {
				t.Errorf("%s has a %s that its policy forbids", at, e.name)
			}
			for attr := range e.attrs {
				if strings.HasPrefix(attr, "on") {
					t.Errorf("%s has an inline script in %s", at, attr)
				}
			}
			if source := e.attrs["src"]; e.name == "script" || e.name == "link" {
				if source == "" {
					source = e.attrs["href"]
				}
				path, _, inside := resolve(t, at, source)
				if !inside || get(t, h, path).Code != http.StatusOK {
					t.Errorf("%s loads %s", at, source)
				}
			}
		}
		for _, one := range []string{"title", "h1", "main", "nav"} {
			if count[one] != 1 {
				t.Errorf("%s has %d elements %s", at, count[one], one)
			}
		}
		for _, id := range named {
			if !slices.Contains(ids, id) {
				t.Errorf("%s names the element %s, which it does not have", at, id)
			}
		}
	}
}

// TestReference_HasEveryOperation holds the pages to the documents: each operation has its place, with a form for all that it takes.
func TestReference_HasEveryOperation(t *testing.T) {
	t.Parallel()
	h := host(t)
	for _, api := range apis() {
		var document struct {
			Paths map[string]map[string]struct {
				OperationID string           `yaml:"operationId"`
				Parameters  []map[string]any `yaml:"parameters"`
				RequestBody map[string]any   `yaml:"requestBody"`
			} `yaml:"paths"`
		}
		if err := yaml.Unmarshal(api.OpenAPI, &document); err != nil {
			t.Fatal(err)
		}
		page := get(t, h, docsite.Path+"/"+api.Name).Body.String()
		elements(t, api.Name, page)
		n := 0
		for path, item := range document.Paths {
			for method, o := range item {
				n++
				_, place, found := strings.Cut(page, `<article id="op-`+o.OperationID+`"`)
				if !found || !strings.Contains(page, `href="#op-`+o.OperationID+`"`) {
					t.Errorf("%s: %s has no place, or nothing leads there", api.Name, o.OperationID)
					continue
				}
				place, _, _ = strings.Cut(place, "</article>")
				if want := `data-method="` + strings.ToUpper(method) + `" data-path="` + path + `"`; !strings.Contains(place, want) {
					t.Errorf("%s: the place of %s has no %s", api.Name, o.OperationID, want)
				}
				if fields := strings.Count(place, "data-in="); fields != len(o.Parameters) {
					t.Errorf("%s: %s has %d parameters and %d fields", api.Name, o.OperationID, len(o.Parameters), fields)
				}
				if got := strings.Contains(place, "data-body") && strings.Contains(place, "<option"); got != (o.RequestBody != nil) {
					t.Errorf("%s: %s has a body: %v, its form: %v", api.Name, o.OperationID, o.RequestBody != nil, got)
				}
			}
		}
		if n < 30 || strings.Count(page, `<article id="op-`) != n {
			t.Errorf("%s: %d operations, %d places", api.Name, n, strings.Count(page, `<article id="op-`))
		}
	}
}

func TestDoor_AnswersWhatIsNoPage(t *testing.T) {
	t.Parallel()
	h := host(t)
	if w := get(t, h, "/docs/guides/errors/"); w.Code != http.StatusPermanentRedirect || w.Header().Get("Location") != "../errors" {
		t.Errorf("an address with a slash at its end answers %d, to %s", w.Code, w.Header().Get("Location"))
	}
	if w := get(t, h, "/docs/nothing"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "There is no such page") {
		t.Errorf("an address without a page answers %d", w.Code)
	}
	if w := get(t, h, "/docs/guides/nothing"); w.Code != http.StatusNotFound {
		t.Errorf("a deep address without a page answers %d", w.Code)
	}
}

func TestDoor_PacksWhatMayBePacked(t *testing.T) {
	t.Parallel()
	h := host(t)
	plain := get(t, h, "/docs/cards").Body.String()
	r := httptest.NewRequest(http.MethodGet, "/docs/cards", http.NoBody)
	r.Header.Set("Accept-Encoding", "br, gzip")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Header().Get("Content-Encoding") != "gzip" || w.Header().Get("Vary") != "Accept-Encoding" || w.Body.Len() > len(plain)/5 {
		t.Fatalf("a page of %d bytes comes in %d, as %q", len(plain), w.Body.Len(), w.Header().Get("Content-Encoding"))
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(z); err != nil || string(text) != plain {
		t.Errorf("what was packed is another page: %v", err)
	}
}
