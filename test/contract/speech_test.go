package contract

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/secrettest"
)

// client gives up on a server that does not answer at all, and follows no redirect: the contracts know none.
var client = &http.Client{
	Timeout:       2 * time.Minute,
	Transport:     &http.Transport{MaxIdleConnsPerHost: 128, DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// object is a JSON object.
type object = map[string]any

// api speaks one API with one key. Its calls fail the check that it belongs to.
type api struct {
	t       *testing.T
	base    func() string
	headers []string     // name, value, …
	client  *http.Client // nil is the one of all
}

// cards speaks the cards API with a new key of the programme.
func (p *program) cards() api {
	p.t.Helper()
	return p.cardsWith(p.key())
}

// cardsWith speaks the cards API with that key.
func (p *program) cardsWith(key string) api {
	return api{t: p.t, base: p.h.base, headers: []string{"Authorization", "Bearer " + key, "Reap-Version", "2025-02-14"}}
}

// debit speaks the debit API with a new e-commerce token. more are flags of `key create`, such as --admin.
func (p *program) debit(more ...string) api {
	p.t.Helper()
	return p.debitWith(p.key(append([]string{"--door", "debit"}, more...)...))
}

// debitWith speaks the debit API with that e-commerce token.
func (p *program) debitWith(token string) api {
	return api{t: p.t, base: p.h.base, headers: []string{"Authorization-ecommerce", token}}
}

// absent as a header's value leaves the header out.
const absent = "\x00"

// with adds headers, or replaces them; a name that is given twice is sent twice.
func (a api) with(headers ...string) api {
	replaced := func(name string) bool {
		for i := 0; i < len(headers); i += 2 {
			if strings.EqualFold(headers[i], name) {
				return true
			}
		}
		return false
	}
	var all []string
	for i := 0; i < len(a.headers); i += 2 {
		if !replaced(a.headers[i]) {
			all = append(all, a.headers[i], a.headers[i+1])
		}
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] != absent {
			all = append(all, headers[i], headers[i+1])
		}
	}
	a.headers = all
	return a
}

// alone speaks to one node only: each counts its own callers.
func (a api) alone() api {
	base := a.base()
	a.base = func() string { return base }
	return a
}

// stranger calls from an address of its own on this machine, because the server counts failed authentications by address.
func (a api) stranger() api {
	n := unique()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, byte(1+n>>16), byte(n>>8), byte(n))}}
	transport := &http.Transport{DialContext: dialer.DialContext, DisableCompression: true}
	a.t.Cleanup(transport.CloseIdleConnections)
	a.client = &http.Client{Timeout: client.Timeout, Transport: transport, CheckRedirect: client.CheckRedirect}
	return a
}

// keyed sends an idempotency key.
func (a api) keyed(key string) api { return a.with("Idempotency-Key", key) }

func (a api) get(path string) reply { a.t.Helper(); return a.call(http.MethodGet, path, nil) }
func (a api) post(path string, body any) reply {
	a.t.Helper()
	return a.call(http.MethodPost, path, body)
}

func (a api) put(path string, body any) reply {
	a.t.Helper()
	return a.call(http.MethodPut, path, body)
}

func (a api) patch(path string, body any) reply {
	a.t.Helper()
	return a.call(http.MethodPatch, path, body)
}
func (a api) delete(path string) reply { a.t.Helper(); return a.call(http.MethodDelete, path, nil) }

// call makes one call. body is nil, text that is sent as it is, or a value that is sent as JSON.
func (a api) call(method, path string, body any) reply {
	a.t.Helper()
	for tries := 1; ; tries++ {
		start := time.Now()
		r, err := a.attempt(method, path, body)
		if err != nil {
			a.t.Fatalf("%s %s: %v", method, path, err)
		}
		if r.status != http.StatusServiceUnavailable || time.Since(start) < patience || tries == 5 {
			return r
		}
		a.t.Logf("%s: given up by the server after %v, and sent again", r.call, time.Since(start))
	}
}

// patience is a little less than the eight seconds after which a server gives an answer up, with nothing changed: a loaded
// machine may need them. What is refused earlier is refused.
const patience = 7 * time.Second

// attempt is call for servers that may be gone.
func (a api) attempt(method, path string, body any) (reply, error) {
	var text []byte
	switch b := body.(type) {
	case nil:
	case string:
		text = []byte(b)
	default:
		var err error
		if text, err = json.Marshal(b); err != nil {
			return reply{}, err
		}
	}
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.base()+path, bytes.NewReader(text))
	if err != nil {
		return reply{}, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	} else {
		req.Body = http.NoBody
		req.ContentLength = 0
	}
	for i := 0; i < len(a.headers); i += 2 {
		if strings.EqualFold(a.headers[i], "Content-Type") {
			req.Header.Set(a.headers[i], a.headers[i+1])
		} else {
			req.Header.Add(a.headers[i], a.headers[i+1])
		}
	}
	by := a.client
	if by == nil {
		by = client
	}
	res, err := by.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = res.Body.Close() }()
	got, err := io.ReadAll(res.Body)
	return reply{a.t, method + " " + path, res.StatusCode, res.Header, string(got)}, err
}

// reply is what came back.
type reply struct {
	t      *testing.T
	call   string
	status int
	header http.Header
	body   string
}

// is wants the status.
func (r reply) is(status int) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("%s: %d, want %d: %s", r.call, r.status, status, r.body)
	}
	return r
}

// refused wants an error of the cards API. reason, when given, is detail.reason.
func (r reply) refused(status int, code string, reason ...string) reply {
	r.t.Helper()
	r.is(status)
	if got := r.at("error.code"); got != code {
		r.t.Fatalf("%s: %v, want %s: %s", r.call, got, code, r.body)
	}
	if len(reason) > 0 {
		if got := r.at("error.detail.reason"); got != reason[0] {
			r.t.Fatalf("%s: reason %v, want %s: %s", r.call, got, reason[0], r.body)
		}
	}
	return r
}

// invalid wants a validation answer of the cards API about these "path code" pairs, in order, and no others.
func (r reply) invalid(on string, problems ...string) reply {
	r.t.Helper()
	r.refused(422, "VALIDATION_FAILED")
	if got := r.at("error.detail.on"); got != on {
		r.t.Fatalf("%s: on %v, want %s: %s", r.call, got, on, r.body)
	}
	var got []string
	for _, e := range r.list("error.detail.errors") {
		if e["message"] == "" {
			r.t.Fatalf("%s: a problem without a message: %s", r.call, r.body)
		}
		got = append(got, e["path"].(string)+" "+e["code"].(string))
	}
	if strings.Join(got, ", ") != strings.Join(problems, ", ") {
		r.t.Fatalf("%s: problems %v, want %v", r.call, got, problems)
	}
	return r
}

// replayed wants, or with false does not want, the mark of a replay.
func (r reply) replayed(want bool) reply {
	r.t.Helper()
	if got := r.header.Get("Idempotent-Replayed") == "true"; got != want {
		r.t.Fatalf("%s: replayed %v, want %v (%d %s)", r.call, got, want, r.status, r.body)
	}
	return r
}

// has wants values at dotted paths, as path, value, …; a value of nil wants null.
func (r reply) has(pairs ...any) reply {
	r.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := r.at(pairs[i].(string)); !equal(got, pairs[i+1]) {
			r.t.Fatalf("%s: %s is %v, want %v: %s", r.call, pairs[i], got, pairs[i+1], r.body)
		}
	}
	return r
}

// equal compares a value out of JSON with one of Go.
func equal(got, want any) bool {
	a, errA := json.Marshal(got)
	b, errB := json.Marshal(want)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

func (r reply) json() any {
	r.t.Helper()
	var v any
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		r.t.Fatalf("%s: not JSON (%d): %q", r.call, r.status, r.body)
	}
	return v
}

// at gives the value at a dotted path, where a number is an index. What is not there fails the check.
func (r reply) at(path string) any {
	r.t.Helper()
	v := r.json()
	for part := range strings.SplitSeq(path, ".") {
		var ok bool
		switch in := v.(type) {
		case object:
			v, ok = in[part]
		case []any:
			for i := range in {
				if part == itoa(i) {
					v, ok = in[i], true
					break
				}
			}
		}
		if !ok {
			r.t.Fatalf("%s: no %s: %d %s", r.call, path, r.status, r.body)
		}
	}
	return v
}

// text is at for a text.
func (r reply) text(path string) string {
	r.t.Helper()
	s, ok := r.at(path).(string)
	if !ok {
		r.t.Fatalf("%s: %s is no text: %s", r.call, path, r.body)
	}
	return s
}

// number is at for a number.
func (r reply) number(path string) float64 {
	r.t.Helper()
	n, ok := r.at(path).(float64)
	if !ok {
		r.t.Fatalf("%s: %s is no number: %s", r.call, path, r.body)
	}
	return n
}

// list is at for an array of objects.
func (r reply) list(path string) []object {
	r.t.Helper()
	array, ok := r.at(path).([]any)
	if !ok {
		r.t.Fatalf("%s: %s is no array: %s", r.call, path, r.body)
	}
	out := make([]object, len(array))
	for i := range array {
		if out[i], ok = array[i].(object); !ok {
			r.t.Fatalf("%s: %s.%d is no object: %s", r.call, path, i, r.body)
		}
	}
	return out
}

// lacks wants none of the texts anywhere in the answer, headers included.
func (r reply) lacks(texts ...string) reply {
	r.t.Helper()
	var all strings.Builder
	_ = r.header.Write(&all) // a builder takes everything
	all.WriteString(r.body)
	for _, s := range texts {
		repeated := s != "" && strings.Contains(all.String(), s)
		if _, err := strconv.Atoi(s); err == nil && len(s) <= 6 { // a code or a PIN: ids and times may hold its digits
			repeated = secrettest.Digits(all.String(), s) > 0
		}
		if repeated {
			r.t.Fatalf("%s: the answer repeats what must not be told: %d %s", r.call, r.status, r.body)
		}
	}
	return r
}

// together makes n calls that start at once and gives the answers in the order of their numbers.
func together(t *testing.T, n int, call func(i int) reply) []reply {
	t.Helper()
	replies := make([]reply, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			replies[i] = call(i)
		})
	}
	close(start)
	all.Wait()
	for _, r := range replies {
		if r.status == 0 {
			t.Fatal("a call was not answered")
		}
	}
	return replies
}

// tally counts answers by what tally names them.
func tally(replies []reply, name func(reply) string) map[string]int {
	counts := map[string]int{}
	for _, r := range replies {
		counts[name(r)]++
	}
	return counts
}
