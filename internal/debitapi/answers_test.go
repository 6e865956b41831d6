package debitapi

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/tokens"
	"github.com/firsttap/firsttap/internal/wallet"
	"github.com/firsttap/firsttap/internal/webhook"
)

func testDoor(t *testing.T) *Door {
	t.Helper()
	d, err := New(Options{Now: func() time.Time { return time.Date(2025, 11, 18, 17, 50, 57, 960_232_000, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAnswers_EveryReasonHasARow(t *testing.T) {
	t.Parallel()
	rows := answers()
	var all []fault.Reason
	for _, list := range [][]fault.Reason{issuance.Reasons(), access.Reasons(), httpd.Reasons(), webhook.Reasons(), tokens.Reasons(), wallet.Reasons(), doorReasons()} {
		all = append(all, list...)
	}
	for _, r := range all {
		if _, ok := rows[r]; !ok {
			t.Errorf("%s has no row", r.Name())
		}
	}
	for r := range rows {
		if !slices.Contains(all, r) {
			t.Errorf("%s has a row, and nobody gives it", r.Name())
		}
	}
}

func TestAnswers_NoReasonStandsInTwoParts(t *testing.T) {
	t.Parallel()
	parts := []map[fault.Reason]answer{
		requestAnswers(), callerAnswers(), cardAnswers(), holderAnswers(), tokenAnswers(), walletAnswers(), faultAnswers(), foreignAnswers(),
	}
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	if n != len(answers()) {
		t.Errorf("%d rows in the parts, %d in the table", n, len(answers()))
	}
}

func TestAnswers_CodesFollowTheRulesOfTheContract(t *testing.T) {
	t.Parallel()
	for r, a := range answers() {
		if a.sentence == "" {
			t.Errorf("%s has no sentence", r.Name())
		}
		if (a.text != "") != (a.code >= 5000) {
			t.Errorf("%s: text %q with code %d", r.Name(), a.text, a.code)
		}
		if a.code <= 4429 && a.status != a.code-4000 {
			t.Errorf("%s: code %d with HTTP %d", r.Name(), a.code, a.status)
		}
		fatal := r.Kind() == fault.Internal || r.Kind() == fault.Unavailable
		if fatal != (a.status >= 500) && r != customer.DataInvalid {
			t.Errorf("%s: kind %s with HTTP %d", r.Name(), r.Kind(), a.status)
		}
		if fatal && a.code < codeDatabase {
			t.Errorf("%s: a fault with code %d", r.Name(), a.code)
		}
	}
}

// rendered gives the answer to an error on a path.
func rendered(t *testing.T, method, path string, err error) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r = r.WithContext(httpd.WithRecord(r.Context(), &httpd.Record{RequestID: "req-1"}))
	w := httptest.NewRecorder()
	testDoor(t).WriteError(w, r, err)
	return w
}

func TestWriteError_Golden(t *testing.T) {
	t.Parallel()
	const at, endpoint = `"timestamp":"2025-11-18T11:50:57.960232000-06:00"`, `"endpoint":"/debit/v1/activateCardForCustomer"`
	locked := fault.Refuse(card.GuardLocked)
	locked.RetryAfter = 899*time.Second + 1
	for name, c := range map[string]struct {
		err    error
		status int
		want   string
		header string
	}{
		"locked":    {locked, 400, `{"code":4438,"hints":["Card activation is locked","retry_after:900"]}`, "900"},
		"a fault":   {fault.Wrap(http.ErrBodyNotAllowed, "x"), 500, `{"code":7000,"text":"Server error","hints":["Please contact the customer care","request:req-1"]}`, ""},
		"a bad RFC": {fault.RefuseWith(customer.DataInvalid, []customer.Field{customer.FieldRFC}), 500, `{"code":7000,"text":"Server error","hints":["Please contact the customer care","rfc:invalid"]}`, ""},
		"no store": {
			&placedError{error: fault.NotNow(http.ErrBodyNotAllowed, "x", 2*time.Second), at: &call{d: testDoor(t), path: "/debit/v1/activateCardForCustomer"}}, 500,
			`{"code":6000,"text":"Database error","hints":["Please contact the customer care","request:req-1"]}`, "2",
		},
		"stopping":  {fault.NotNow(http.ErrServerClosed, "x", time.Second), 503, `{"code":7000,"text":"Server error","hints":["Please try again later","request:req-1"]}`, "1"},
		"too many":  {&fault.Error{Reason: httpd.Overloaded}, 503, `{"code":7000,"text":"Server error","hints":["Please try again later","request:req-1"]}`, "1"},
		"no method": {fault.RefuseWith(httpd.MethodNotAllowed, httpd.Allowed{Methods: []string{"POST"}}), 405, `{"code":4405,"hints":["Method not allowed"]}`, ""},
		"a taken customer": {
			fault.RefuseWith(customer.Exists, []customer.Field{customer.FieldEmail, customer.FieldPhone}), 409,
			`{"code":4455,"hints":["Customer already exists","email:duplicated","mobile:duplicated"]}`, "",
		},
	} {
		w := rendered(t, http.MethodGet, "/DEBIT/v1/activatecardforcustomer/", c.err)
		want := `{"text":"Error",` + at + `,` + endpoint + `,"error":` + c.want + `,"payload":{}}`
		if w.Code != c.status || w.Body.String() != want || w.Header().Get("Retry-After") != c.header {
			t.Errorf("%s: %d, Retry-After %q\n got %s\nwant %s", name, w.Code, w.Header().Get("Retry-After"), w.Body, want)
		}
	}
	if w := rendered(t, http.MethodGet, "/debit/v1/x", fault.RefuseWith(httpd.MethodNotAllowed, httpd.Allowed{Methods: []string{"GET", "PUT"}})); w.Header().Get("Allow") != "GET, PUT" {
		t.Errorf("Allow: %q", w.Header().Get("Allow"))
	}
	if w := rendered(t, http.MethodPost, "/debit/v1/x", fault.Refuse(access.EcommerceInvalid)); w.Header().Get("WWW-Authenticate") == "" {
		t.Error("a 401 without WWW-Authenticate")
	}
}

func TestWriteError_UnknownPathsAreGivenBackShort(t *testing.T) {
	t.Parallel()
	w := rendered(t, http.MethodPost, "/debit/v1/"+strings.Repeat("a", 1000), fault.Refuse(httpd.RouteNotFound))
	if !strings.Contains(w.Body.String(), `"endpoint":"/debit/v1/`+strings.Repeat("a", 246)+`"`) {
		t.Error(w.Body)
	}
}

func TestBounded_TwentyHintsThenMore(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{1: 1, 20: 20, 21: 21, 50: 21} {
		got := bounded(make([]string, n))
		if len(got) != want || (n > 20) != (got[len(got)-1] == "more") {
			t.Errorf("%d hints become %d", n, len(got))
		}
	}
}

func TestOwns(t *testing.T) {
	t.Parallel()
	d := testDoor(t)
	for path, want := range map[string]bool{
		"/debit/v1/x": true, "/Debit/V1": true, "/user/v1/account/create": true, "/wallet/v1/info": true, "/oauth/v1/x": true,
		"/api/oauth/login": true, "/debit/v2/x": false, "/debitx/v1": false, "/cards": false, "/transactions/85": false, "/users": false, "/": false,
	} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		if d.Owns(r) != want {
			t.Errorf("%s: owned %v", path, !want)
		}
		r.Header.Set(headerCustomer, "x")
		if with := want || strings.HasPrefix(path, "/transactions"); d.Owns(r) != with {
			t.Errorf("%s with a token: owned %v", path, !with)
		}
	}
}

func TestTimestamps_AreCutAndKeepTheirZeros(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 11, 15, 14, 32, 18, 123_999_999, time.UTC)
	if got := stampS(at); got != "2024-11-15T14:32:18.123Z" {
		t.Errorf("form S %s", got)
	}
	zone := time.FixedZone("", -6*3600)
	for at, want := range map[time.Time]string{
		at.In(zone): "2024-11-15T08:32:18.123999999-06:00",
		time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC):       "2025-01-02T03:04:05.000000000+00:00",
		time.Date(2025, 1, 2, 3, 4, 5, 100_000_000, zone): "2025-01-02T03:04:05.100000000-06:00",
	} {
		if got := at.Format(formE); got != want {
			t.Errorf("form E %s, want %s", got, want)
		}
	}
}
