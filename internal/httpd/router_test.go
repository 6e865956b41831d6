package httpd

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/firsttap/firsttap/internal/fault"
)

func answerNothing(http.ResponseWriter, *http.Request) error { return nil }

func routes(names ...string) []Route {
	var list []Route
	for _, n := range names {
		method, pattern, _ := strings.Cut(n, " ")
		list = append(list, Route{Method: method, Pattern: pattern, Handler: answerNothing})
	}
	return list
}

func mustRouter(t testing.TB, c Case, list []Route) *Router {
	t.Helper()
	rt, err := NewRouter(c, list)
	if err != nil {
		t.Fatal(err)
	}
	return rt
}

func cardsRouter(t testing.TB) *Router {
	return mustRouter(t, MatchCase, routes(
		"GET /", "POST /cards", "GET /cards", "GET /cards/{id}", "DELETE /cards/{id}", "POST /cards/{id}/activate",
		"GET /policies/effective", "GET /policies/{id}", "PATCH /policies/{id}", "PUT /policies/{id}/config",
		"DELETE /card-shipments/{id}/cards/{memberId}",
	))
}

func TestRouter_MatchesAsTheCardsDoorIsRead(t *testing.T) {
	t.Parallel()
	rt := cardsRouter(t)
	for _, c := range []struct {
		method, path string
		want         string // template, "" for none
		params       string // values, joined
		allow        string
	}{
		{"GET", "/", "GET /", "", ""},
		{"GET", "/cards", "GET /cards", "", ""},
		{"GET", "/cards/", "GET /cards", "", ""},
		{"POST", "/cards/", "POST /cards", "", ""},
		{"GET", "/cards/7", "GET /cards/{id}", "7", ""},
		{"GET", "/cards/7/", "GET /cards/{id}", "7", ""},
		{"POST", "/cards/7/activate", "POST /cards/{id}/activate", "7", ""},
		{"GET", "/%63ards", "GET /cards", "", ""},
		{"GET", "/cards/a%2Fb", "GET /cards/{id}", "a/b", ""},
		{"GET", "/cards/%2563", "GET /cards/{id}", "%63", ""},
		{"GET", "/cards/%20", "GET /cards/{id}", " ", ""},
		{"GET", "/cards/..", "GET /cards/{id}", "..", ""},
		{"DELETE", "/card-shipments/s/cards/m", "DELETE /card-shipments/{id}/cards/{memberId}", "s,m", ""},
		{"GET", "/policies/effective", "GET /policies/effective", "", ""},
		{"PATCH", "/policies/effective", "PATCH /policies/{id}", "effective", ""},
		{"PUT", "/policies/effective/config", "PUT /policies/{id}/config", "effective", ""},
		{"PATCH", "/cards/7", "", "", "DELETE,GET"},
		{"PUT", "/policies/effective", "", "", "GET,PATCH"},
		{"HEAD", "/cards", "", "", "GET,POST"},
		{"get", "/cards", "", "", "GET,POST"},
		{"GET", "/Cards", "", "", ""},
		{"GET", "//cards", "", "", ""},
		{"GET", "/cards//", "", "", ""},
		{"GET", "/cards//activate", "", "", ""},
		{"GET", "//", "", "", ""},
		{"GET", "/cards/x/y/z", "", "", ""},
		{"GET", "/cards%2F7", "", "", ""},
		{"GET", "/cards/%zz", "", "", ""},
		{"GET", "/v1/cards", "", "", ""},
		{"OPTIONS", "*", "", "", ""},
		{"GET", "", "", "", ""},
	} {
		m := rt.Match(c.method, c.path)
		name := ""
		if m.Route != nil {
			name = m.Route.Name
		}
		var values []string
		for _, p := range m.Params {
			values = append(values, p.Value)
		}
		if name != c.want || strings.Join(values, ",") != c.params || strings.Join(m.Allow, ",") != c.allow {
			t.Errorf("%s %s: got %q %q allow %q, want %q %q allow %q",
				c.method, c.path, name, values, m.Allow, c.want, c.params, c.allow)
		}
	}
}

func TestRouter_FoldsCaseOfLiteralsOnly(t *testing.T) {
	t.Parallel()
	rt := mustRouter(t, FoldCase, routes("POST /debit/v1/activateCardForCustomer", "GET /transactions/{customer_id}"))
	for _, path := range []string{
		"/debit/v1/activateCardForCustomer", "/debit/v1/activatecardforcustomer/", "/DEBIT/V1/ACTIVATECARDFORCUSTOMER",
		"/%44ebit/v1/activatecardforcustomer",
	} {
		if rt.Match("POST", path).Route == nil {
			t.Errorf("%s is not found", path)
		}
	}
	m := rt.Match("GET", "/Transactions/AbC")
	if diff := cmp.Diff(Params{{"customer_id", "AbC"}}, m.Params); diff != "" {
		t.Errorf("the parameter was changed: %s", diff)
	}
	// The Kelvin sign folds to k in Unicode; here it is another letter.
	kelvin := mustRouter(t, FoldCase, routes("GET /kyc"))
	if kelvin.Match("GET", "/%E2%84%AAyc").Route != nil {
		t.Error("a look-alike letter matched")
	}
}

func TestMatch_RefusalNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	rt := cardsRouter(t)
	if err := rt.Match("GET", "/cards").Refusal(); err != nil {
		t.Errorf("a found route is refused: %v", err)
	}
	if e := fault.Of(rt.Match("GET", "/nowhere").Refusal()); e.Reason != RouteNotFound {
		t.Errorf("unknown path: %v", e)
	}
	e := fault.Of(rt.Match("PATCH", "/cards").Refusal())
	if diff := cmp.Diff(Allowed{Methods: []string{"GET", "POST"}}, e.Detail); e.Reason != MethodNotAllowed || diff != "" {
		t.Errorf("known path, other method: %v %s", e, diff)
	}
}

func TestNewRouter_RefusesRoutesThatAreWrong(t *testing.T) {
	t.Parallel()
	good := Route{Method: "GET", Pattern: "/cards/{id}", Handler: answerNothing}
	for name, change := range map[string]func(*Route){
		"no handler":            func(r *Route) { r.Handler = nil },
		"no method":             func(r *Route) { r.Method = "" },
		"a lower-case method":   func(r *Route) { r.Method = "get" },
		"no slash":              func(r *Route) { r.Pattern = "cards" },
		"an empty segment":      func(r *Route) { r.Pattern = "/cards//x" },
		"a trailing slash":      func(r *Route) { r.Pattern = "/cards/" },
		"half a parameter":      func(r *Route) { r.Pattern = "/cards/{id" },
		"a parameter in a word": func(r *Route) { r.Pattern = "/cards/x{id}" },
		"a nameless parameter":  func(r *Route) { r.Pattern = "/cards/{}" },
		"a repeated parameter":  func(r *Route) { r.Pattern = "/cards/{id}/{id}" },
		"an escape":             func(r *Route) { r.Pattern = "/%63ards" },
		"a negative limit":      func(r *Route) { r.MaxBody = -1 },
		"a negative time-out":   func(r *Route) { r.Timeout = -1 },
	} {
		bad := good
		change(&bad)
		if _, err := NewRouter(MatchCase, []Route{bad}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := NewRouter(MatchCase, routes("GET /cards/{id}", "GET /cards/{cardId}")); err == nil {
		t.Error("two routes for the same requests: accepted")
	}
	if _, err := NewRouter(FoldCase, routes("GET /cards", "GET /CARDS")); err == nil {
		t.Error("two routes that differ by case only: accepted with folding")
	}
}

func TestPathUnder_ComparesWholeSegments(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/debit/v1": true, "/debit/v1/": true, "/DEBIT/V1/info": true, "/%64ebit/v1/x": true, "/debit/v1//x": true,
		"/debit/v10": false, "/debit": false, "//debit/v1": false, "/cards/debit/v1": false, "/debit%2Fv1": false, "": false,
		"/debit/v1/%zz": false, "/debit/%2Fv1": false, "/debit/v1%2F": false, "/debit//v1": false, "debit/v1": false, "/": false,
	} {
		if got := PathUnder(FoldCase, path, "/wallet/v1", "/debit/v1"); got != want {
			t.Errorf("%q: under = %v, want %v", path, got, want)
		}
	}
	if PathUnder(MatchCase, "/Debit/v1/x", "/debit/v1") {
		t.Error("the case did not matter")
	}
	if !PathUnder(MatchCase, "/any", "/") || PathUnder(MatchCase, "", "/") {
		t.Error("the root does not hold every path, and only paths")
	}
}

func FuzzRouter_Match(f *testing.F) {
	for _, p := range []string{"/", "/cards", "/cards/", "//", "/cards/%2f", "/cards/%", "/policies/effective/config", "/%63ards/\x00"} {
		f.Add("GET", p)
	}
	rt := cardsRouter(f)
	folding := mustRouter(f, FoldCase, rt.Routes())
	f.Fuzz(func(t *testing.T, method, path string) {
		m := rt.Match(method, path)
		if m.Route == nil {
			if len(m.Params) > 0 || slices.Contains(m.Allow, method) || !slices.IsSorted(m.Allow) {
				t.Fatalf("no route, but %+v", m)
			}
			return
		}
		if m.Route.Method != method || len(m.Allow) > 0 {
			t.Fatalf("wrong method: %+v", m)
		}
		// Putting the parameters back into the pattern gives the path again, once escapes are equal.
		built := m.Route.Pattern
		for _, p := range m.Params {
			if p.Value == "" {
				t.Fatalf("empty parameter: %+v", m)
			}
			built = strings.Replace(built, "{"+p.Name+"}", url.PathEscape(p.Value), 1)
		}
		again := rt.Match(method, built)
		if again.Route != m.Route || !cmp.Equal(again.Params, m.Params) {
			t.Fatalf("%q: %+v, rebuilt %q: %+v", path, m, built, again)
		}
		if folding.Match(method, path).Route == nil {
			t.Fatalf("%q is found with case and not without", path)
		}
	})
}
