package contract

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// delivery is one request that a receiver got, as it came.
type delivery struct {
	at     time.Time
	path   string
	header http.Header
	body   string
}

// event reads the body of a delivery.
func (d delivery) event(t *testing.T) object {
	t.Helper()
	var e object
	if err := json.Unmarshal([]byte(d.body), &e); err != nil {
		t.Fatalf("a delivery is not JSON: %q", d.body)
	}
	return e
}

// receiver is a partner's server. It keeps every raw request, and answers as it is told.
type receiver struct {
	t      *testing.T
	url    string
	mu     sync.Mutex
	got    []delivery
	answer func(d delivery, number int) int // status for the number-th request, from 1
	owner  api                              // of the webhook that comes here, with its id
	hook   string
	marks  []string // users whose events only end a wait
}

// newReceiver listens on this machine; answer is nil for one that acknowledges everything.
func newReceiver(t *testing.T, answer func(d delivery, number int) int) *receiver {
	t.Helper()
	r := &receiver{t: t, answer: answer}
	r.url = serve(t, r)
	return r
}

// serve listens on this machine, and gives the address.
func serve(t *testing.T, by http.Handler) (url string) {
	t.Helper()
	server := httptest.NewServer(by)
	t.Cleanup(server.Close)
	return server.URL
}

// ServeHTTP keeps a request and answers it.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the sender went away
	}
	d := delivery{time.Now(), req.URL.Path, req.Header.Clone(), string(body)}
	r.mu.Lock()
	r.got = append(r.got, d)
	number := len(r.got)
	r.mu.Unlock()
	status := http.StatusNoContent
	if r.answer != nil {
		status = r.answer(d, number)
	}
	w.WriteHeader(status)
}

// all gives what has come so far.
func (r *receiver) all() []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]delivery(nil), r.got...)
}

// told gives the events that have come so far, each id once: a webhook may be sent again. Those of settled are left out.
func (r *receiver) told() (out []object) {
	r.t.Helper()
	r.mu.Lock()
	marks := slices.Clone(r.marks)
	r.mu.Unlock()
	seen := map[string]bool{}
	for _, d := range r.all() {
		e := d.event(r.t)
		id, _ := e["id"].(string)
		data, _ := e["data"].(object)
		about, _ := data["id"].(string)
		if !seen[id] && !slices.Contains(marks, about) {
			seen[id] = true
			out = append(out, e)
		}
	}
	return out
}

// events gives the events of a type that have come so far, each id once.
func (r *receiver) events(kind string) (out []object) {
	r.t.Helper()
	for _, e := range r.told() {
		if e["type"] == kind {
			out = append(out, e)
		}
	}
	return out
}

// await waits until n events of a type have come, and gives them.
func (r *receiver) await(kind string, n int) []object {
	r.t.Helper()
	eventually(r.t, kind, func() bool { return len(r.events(kind)) >= n })
	return r.events(kind)
}

// settled waits until everything that was announced before has come: until an event that it causes itself has come, and
// nothing is on its way to the webhook any more. Where no webhook of the cards API comes, it waits for quiet.
func (r *receiver) settled() {
	r.t.Helper()
	if r.hook == "" {
		r.quiet()
		return
	}
	mark := r.owner.pendingUser()
	r.mu.Lock()
	r.marks = append(r.marks, mark)
	r.mu.Unlock()
	r.owner.post("/users/"+mark+"/application", object{}).is(200)
	eventually(r.t, "the event that ends the wait", func() bool {
		return slices.ContainsFunc(r.all(), func(d delivery) bool { return strings.Contains(d.body, mark) })
	})
	eventually(r.t, "nothing is on its way", func() bool {
		return len(r.owner.get("/webhooks/"+r.hook+"/deliveries?status=PENDING").is(200).list("items")) == 0
	})
}

// quiet waits until nothing has come for half a second.
func (r *receiver) quiet() {
	for still := 0; still < 10; still++ {
		before := len(r.all())
		pause(50 * time.Millisecond)
		if len(r.all()) != before {
			still = 0
		}
	}
}
