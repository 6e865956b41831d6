package e2e

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// receiver is what a partner runs: it checks each signature by the words of the published API, with nothing
// of ours, and notes what it took.
type receiver struct {
	*httptest.Server
	name     string
	id       string                    // of the webhook
	behave   func(r *http.Request) int // the status to answer
	over     chan struct{}             // closed at the end of the test
	mu       sync.Mutex
	secret   string
	taken    map[string]int // acknowledged, by change: see changeOf
	events   map[string]int // acknowledged, by event id
	attempts int
	wrong    []string
	first    time.Time
	last     time.Time
}

func newReceiver(t *testing.T, name string, behave func(*http.Request) int) *receiver {
	t.Helper()
	r := &receiver{name: name, behave: behave, taken: map[string]int{}, events: map[string]int{}, over: make(chan struct{})}
	r.Server = httptest.NewServer(r)
	t.Cleanup(func() {
		close(r.over)
		r.Close()
	})
	return r
}

func healthy(*http.Request) int { return http.StatusNoContent }

func failingHalf(*http.Request) int {
	if rand.IntN(2) == 0 {
		return http.StatusInternalServerError
	}
	return http.StatusOK
}

// hanging answers nothing until the sender has gone away.
func hanging(r *http.Request) int {
	<-r.Context().Done()
	return http.StatusServiceUnavailable
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	ctx, cancel := context.WithCancel(req.Context())
	defer cancel()
	go func() {
		select {
		case <-r.over:
			cancel()
		case <-ctx.Done():
		}
	}()
	status := r.behave(req.WithContext(ctx))
	r.note(req.Header, body, status)
	w.WriteHeader(status)
}

func (r *receiver) note(h http.Header, body []byte, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attempts++
	if problem := checkSignature(r.secret, h, body, time.Now()); problem != "" {
		r.wrong = append(r.wrong, problem)
		return
	}
	id, change := changeOf(body)
	if id == "" || id != h.Get("X-Reap-Webhook-Id") {
		r.wrong = append(r.wrong, "the id of the header is not that of the body")
		return
	}
	if status < 300 {
		r.taken[change]++
		r.events[id]++
		r.last = time.Now()
		if r.first.IsZero() {
			r.first = r.last
		}
	}
}

// missing counts the changes that the receiver has not acknowledged.
func (r *receiver) missing(changes map[string]bool) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for c := range changes {
		if r.taken[c] == 0 {
			n++
		}
	}
	return n
}

// duplicates counts what was acknowledged again.
func (r *receiver) duplicates() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, times := range r.events {
		n += times - 1
	}
	return n
}

// checkSignature is written from the text of the published API: t=<seconds>,v1=<hex>, HMAC-SHA-256 over
// "<t>.<raw body>", keyed with the whole secret; t within 300 s and equal to the header of its own.
func checkSignature(secret string, h http.Header, body []byte, now time.Time) string {
	var stamp string
	var signatures []string
	for part := range strings.SplitSeq(h.Get("X-Reap-Webhook-Signature"), ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			stamp = value
		case "v1":
			signatures = append(signatures, value)
		}
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || stamp != h.Get("X-Reap-Webhook-Timestamp") {
		return "the time of the signature is not that of the header"
	}
	if age := now.Unix() - seconds; age > 300 || age < -300 {
		return "the signature is too old or too young"
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	want := hex.EncodeToString(mac.Sum(nil))
	for _, s := range signatures {
		if hmac.Equal([]byte(s), []byte(want)) {
			return ""
		}
	}
	return "no signature fits"
}

// changeOf names the change that an event tells of, in words that the answer of the command has too: the
// card, whether it is frozen, and when it changed.
func changeOf(event []byte) (id, change string) {
	var e struct {
		ID   string
		Data json.RawMessage
	}
	if json.Unmarshal(event, &e) != nil {
		return "", ""
	}
	return e.ID, changeIn(e.Data)
}

func changeIn(card []byte) string {
	var c struct {
		ID, CreatedAt, UpdatedAt string
		Frozen                   bool
	}
	// A card that is as it was made was not changed: its first freeze was lost with a killed instance.
	if json.Unmarshal(card, &c) != nil || c.UpdatedAt == c.CreatedAt {
		return ""
	}
	return c.ID + " " + strconv.FormatBool(c.Frozen) + " " + c.UpdatedAt
}

// TestSignature_OfThePublishedExample holds the checker itself to the example of the published API.
func TestSignature_OfThePublishedExample(t *testing.T) {
	t.Parallel()
	const secret = "whsec_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	body := []byte(`{"id":"evt_01JNNZ7Q5T3H8M2C4V6X9B0KDE","type":"CARD_STATUS_UPDATED","data":{"id":"0b0f7f0e-5a53-4e0c-9d0e-2f6f1f3f7c11"}}`)
	at := time.Unix(1772818800, 0)
	h := http.Header{}
	h.Set("X-Reap-Webhook-Timestamp", "1772818800")
	h.Set("X-Reap-Webhook-Signature", "t=1772818800,v1=eb7b394d29def39565b23a59dc344686aaddafddb1b010157b4d67539f7d64eb")
	if problem := checkSignature(secret, h, body, at); problem != "" {
		t.Errorf("the example is refused: %s", problem)
	}
	for name, c := range map[string]struct {
		secret string
		body   []byte
		at     time.Time
	}{
		"another secret": {secret + "x", body, at}, "another body": {secret, append(body, ' '), at}, "too late": {secret, body, at.Add(301 * time.Second)},
	} {
		if checkSignature(c.secret, h, c.body, c.at) == "" {
			t.Errorf("%s passes", name)
		}
	}
}
