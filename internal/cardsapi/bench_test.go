package cardsapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/storetest"
)

// BenchmarkActivate counts what an activation by code allocates from the first header to the answer, with
// everything on: authentication, limits, the idempotency record, the audit row, the message, the log record, the
// metrics. The database is left out: every request finds the card as the first one found it, and nothing is kept.
func BenchmarkActivate(b *testing.B) {
	for _, listened := range []bool{false, true} {
		b.Run(fmt.Sprintf("webhook=%t", listened), func(b *testing.B) { benchActivate(b, listened) })
	}
}

func benchActivate(b *testing.B, listened bool) {
	h := newHouseOn(b, func(s issuance.Store) issuance.Store { return &frozen{Store: s} }, io.Discard, unlimited()...)
	if listened {
		h.world.NewEndpoint(event.CardsDoor)
	}
	call := newRepeated(http.MethodPost, "/cards/"+h.world.Card.Card.ID.String()+"/activate", `{"activationCode":"`+h.world.Code.Reveal()+`"}`, h.key)
	if status := call.send(h.handler, "first"); status != http.StatusNoContent {
		b.Fatalf("status %d", status)
	}
	keys := make([]string, 1<<16) // by the time that one comes again, the rules have forgotten it
	for i := range keys {
		keys[i] = "bench-" + strconv.Itoa(i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if status := call.send(h.handler, keys[i%len(keys)]); status != http.StatusNoContent {
			b.Fatalf("status %d", status)
		}
	}
}

// unlimited are limits that are counted and never reached.
func unlimited() []storetest.Option {
	limits := make([]storetest.Option, 0, len(program.Tiers()))
	for _, tier := range program.Tiers() {
		limits = append(limits, storetest.WithPolicy("rate_limits."+tier, "1000000/60000000/1000000000"))
	}
	return limits
}

// BenchmarkRefused counts what a credential costs that nobody has to look up: what every request passes before and
// after its rules.
func BenchmarkRefused(b *testing.B) {
	h := newHouseOn(b, func(s issuance.Store) issuance.Store { return s }, io.Discard)
	call := newRepeated(http.MethodPost, "/cards/"+h.world.Card.Card.ID.String()+"/activate", `{"activationCode":"000000"}`, h.key[:len(h.key)-1])
	callers := make([]string, 1<<12) // one that fails often is blocked, and is not what is counted
	for i := range callers {
		callers[i] = netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}).String() + ":4711"
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%(len(callers)*20) == 0 {
			h.world.Clock.Advance(time.Hour)
		}
		call.request.RemoteAddr = callers[i%len(callers)]
		if status := call.send(h.handler, ""); status != http.StatusUnauthorized {
			b.Fatalf("status %d", status)
		}
	}
}

// BenchmarkGetCard counts what showing a card costs, its query on SQLite included.
func BenchmarkGetCard(b *testing.B) {
	h := newHouseOn(b, func(s issuance.Store) issuance.Store { return s }, io.Discard, unlimited()...)
	call := newRepeated(http.MethodGet, "/cards/"+h.world.Card.Card.ID.String(), "", h.key)
	call.repeat(b, h.handler, "", http.StatusOK)
}

// BenchmarkReplay counts what a repeat of an activation costs that this process remembers.
func BenchmarkReplay(b *testing.B) {
	h := newHouseOn(b, func(s issuance.Store) issuance.Store { return s }, io.Discard, unlimited()...)
	call := newRepeated(http.MethodPost, "/cards/"+h.world.Card.Card.ID.String()+"/activate", `{"activationCode":"`+h.world.Code.Reveal()+`"}`, h.key)
	call.repeat(b, h.handler, "again", http.StatusNoContent)
}

// BenchmarkAlreadyActivated counts what that refusal costs when 64 callers get it at a time, each with its row in the audit trail.
func BenchmarkAlreadyActivated(b *testing.B) {
	h := newHouseOn(b, func(s issuance.Store) issuance.Store { return s }, io.Discard, unlimited()...)
	path, body := "/cards/"+h.world.Card.Card.ID.String()+"/activate", `{"activationCode":"`+h.world.Code.Reveal()+`"}`
	if status := newRepeated(http.MethodPost, path, body, h.key).send(h.handler, "first"); status != http.StatusNoContent {
		b.Fatalf("status %d", status)
	}
	b.ReportAllocs()
	b.SetParallelism(64 / runtime.GOMAXPROCS(0))
	b.RunParallel(func(pb *testing.PB) {
		call := newRepeated(http.MethodPost, path, body, h.key)
		delete(call.request.Header, "Idempotency-Key")
		for pb.Next() {
			if status := call.send(h.handler, ""); status != http.StatusBadRequest {
				b.Errorf("status %d", status)
			}
		}
	})
}

// frozen is a store in which an activation always finds what the first one found.
type frozen struct {
	issuance.Store
	state  issuance.ActivationState
	loaded bool
}

func (f *frozen) Activate(ctx context.Context, key issuance.ActivationKey, decide func(issuance.ActivationState) (issuance.ActivationChanges, error)) error {
	if !f.loaded {
		onlyLoad := errors.New("nothing is kept")
		err := f.Store.Activate(ctx, key, func(st issuance.ActivationState) (issuance.ActivationChanges, error) {
			f.state, f.loaded = st, true
			return issuance.ActivationChanges{}, onlyLoad
		})
		if !errors.Is(err, onlyLoad) {
			return err
		}
	}
	_, err := decide(f.state)
	return err
}

// repeated is one request that is sent again and again, and costs nothing itself.
type repeated struct {
	request *http.Request
	body    *strings.Reader
	text    string
	key     []string
	answer  answerSink
}

func newRepeated(method, path, body, key string) *repeated {
	r, err := http.NewRequest(method, "http://cards.example.com"+path, nil)
	if err != nil {
		panic(err)
	}
	r.RemoteAddr, r.RequestURI, r.ContentLength = "192.0.2.7:4711", path, int64(len(body))
	c := &repeated{request: r, body: strings.NewReader(body), text: body, key: []string{""}, answer: answerSink{header: http.Header{}}}
	r.Header = http.Header{
		"Authorization": {"Bearer " + key}, "Reap-Version": {"2025-02-14"}, "Content-Type": {"application/json"}, "Idempotency-Key": c.key,
	}
	r.Body = io.NopCloser(c.body)
	return c
}

// repeat counts what the request costs, which must be answered with want each time.
func (c *repeated) repeat(b *testing.B, to http.Handler, key string, want int) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		if status := c.send(to, key); status != want {
			b.Fatalf("status %d", status)
		}
	}
}

func (c *repeated) send(to http.Handler, key string) int {
	c.body.Reset(c.text)
	c.key[0] = key
	clear(c.answer.header)
	c.answer.status = 0
	to.ServeHTTP(&c.answer, c.request)
	return c.answer.status
}

// answerSink takes an answer and keeps its status. Like a connection it has deadlines.
type answerSink struct {
	header http.Header
	status int
}

func (a *answerSink) Header() http.Header              { return a.header }
func (a *answerSink) WriteHeader(status int)           { a.status = status }
func (a *answerSink) Write(p []byte) (int, error)      { return len(p), nil }
func (a *answerSink) SetReadDeadline(time.Time) error  { return nil }
func (a *answerSink) SetWriteDeadline(time.Time) error { return nil }
