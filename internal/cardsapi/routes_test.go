package cardsapi

import (
	"slices"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// TestRoutes_HaveAllThatAnEndpointOwes walks the routes as data.
func TestRoutes_HaveAllThatAnEndpointOwes(t *testing.T) {
	t.Parallel()
	required := []string{"POST /accounts", "POST /cards", "POST /card-shipments/{id}/submit", "POST /api-keys"}
	for _, r := range (&Door{}).routes() {
		name := r.Method + " " + r.Pattern
		if r.Auth == authNobody {
			if r.Pattern != documentPath && !strings.HasPrefix(r.Pattern, revealPath+"/") || r.Handler == nil {
				t.Errorf("%s is open to anybody", name)
			}
			continue
		}
		if r.Handler == nil || r.Auth == "" || !slices.Contains(program.Tiers(), r.Tier) {
			t.Errorf("%s: %+v", name, r)
		}
		if simulation := strings.HasPrefix(r.Pattern, "/simulation/"); simulation != (r.Auth == authSandbox) {
			t.Errorf("%s: callers are %s", name, r.Auth)
		}
		want := httpd.None
		switch {
		case slices.Contains(required, name):
			want = httpd.Required
		case name == "POST /cards/{id}/activate":
			want = httpd.ByPolicy
		case r.Method == "POST":
			want = httpd.Optional
		}
		if r.Idempotency != want {
			t.Errorf("%s: idempotency %d, want %d", name, r.Idempotency, want)
		}
		if r.MaxBody > 0 && (r.Method == "GET" || r.Method == "DELETE") {
			t.Errorf("%s reads a body", name)
		}
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{"MX": "MX", "MEX": "MX", "USA": "US", "GB": "GB", "GBR": "GB", "UK": "", "mx": "", "Mexico": "", "XX": "", "": "", "ZZZ": "", "HKG": "HK", "MO": "MO"} {
		got, known := parseCountry(sent)
		if got != want || known != (want != "") {
			t.Errorf("%q reads %q, %v", sent, got, known)
		}
	}
	for _, list := range [][]string{zoned, withoutPostalCodes} {
		for _, c := range list {
			if got, known := parseCountry(c); !known || got != c {
				t.Errorf("%s is no country", c)
			}
		}
	}
	for _, c := range []struct {
		sent string
		dial int
		want string
	}{
		{"+52 55 1234 5678", 52, "5512345678"},
		{"55-1234-5678", 52, "5512345678"},
		{"1234", 1, "1234"},
		{"123", 1, ""},
		{"+1 55", 52, ""},
		{"12345678901234", 1, "12345678901234"},
		{"12345678901234", 52, ""},
		{"123456789012345", 1, ""},
		{"55a12345", 52, ""},
		{"(55)123", 52, ""},
		{"+5512345678", 0, "5512345678"},
	} {
		got, valid := parseNational(c.sent, c.dial)
		if valid != (c.want != "") || valid && got != c.want {
			t.Errorf("%q with %d reads %q, %v", c.sent, c.dial, got, valid)
		}
	}
}

// FuzzForms reads any body with every reader: none panics, and no problem repeats a long value.
func FuzzForms(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `null`, `{"email":"a@b.c","phoneNumber":"+525512345678","termsAcceptance":{"version":"1","ipAddress":"::1"}}`,
		`{"destinationAddress":{"line1":"x","country":"MX"},"recipient":{"dialCode":5e1},"courier":{"type":"DHL"},"cards":[{"cardId":"0b0f7f0e-5a53-4e0c-9d0e-2f6f1f3f7c11"},1]}`,
		`{"cardId":"0b0f7f0e-5a53-4e0c-9d0e-2f6f1f3f7c11","amount":12.5,"originalAmount":1e2,"originalCurrency":"JPY","merchant":{"country":"MX"},"scope":{"type":"CARD"},"channels":["ATM","ATM"]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		v, err := wirejson.Parse(sent, wirejson.Options{})
		if err != nil {
			return
		}
		d := &Door{bureau: anyBureau{}}
		for _, read := range []func(*call){
			func(c *call) { readUser(c) }, func(c *call) { d.readShipment(c) }, func(c *call) { d.readMember(c.object()) },
			func(c *call) { c.object().moment("occurredAt") }, func(c *call) { c.object().readUse(anyTransaction, true) },
			func(c *call) { c.object().scope(); c.object().channels() },
		} {
			c := &call{body: v}
			read(c)
			err := c.checked()
			if err == nil {
				continue
			}
			for _, p := range c.wrong[inBody] {
				if messages[p.Code] != p.Message || len(p.Path) > 60 {
					t.Errorf("%+v", p)
				}
			}
		}
	})
}

// anyBureau prints and serves everything, for readers that are fuzzed alone.
type anyBureau struct{}

func (anyBureau) Printable(string) bool              { return true }
func (anyBureau) Serves(string, string) (bool, bool) { return true, true }
