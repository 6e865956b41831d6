package cardsapi_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/bureau"
	"github.com/firsttap/firsttap/internal/cardsapi"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/outbox"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/spending"
	"github.com/firsttap/firsttap/internal/sqlstore"
	"github.com/firsttap/firsttap/internal/storetest"
	"github.com/firsttap/firsttap/internal/tokens"
	"github.com/firsttap/firsttap/internal/vault"
)

// house is the door over the real rules and the real store, with a receiver for its events.
type house struct {
	db      *sqlstore.DB
	t       testing.TB
	world   *storetest.World
	service *issuance.Service
	handler http.Handler
	routes  []httpd.Route
	key     string // of the world's programme
	foreign string // of another programme
	serial  atomic.Int64
	log     *output // everything that was logged
}

// names resolves test hosts: what begins with "private" is private, "gone" does not exist.
type names struct{}

func (names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if strings.HasPrefix(host, "private") {
		return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
	}
	return []netip.Addr{netip.MustParseAddr("93.184.216.34")}, nil
}

func newHouse(t testing.TB, options ...storetest.Option) *house {
	t.Helper()
	log := &output{}
	h := newHouseOn(t, func(s issuance.Store) issuance.Store { return s }, log, options...)
	h.log = log
	h.world.NewEndpoint(event.CardsDoor)
	return h
}

// newHouseOn is newHouse with another store under the rules, another log, and nobody who listens.
func newHouseOn(t testing.TB, under func(issuance.Store) issuance.Store, log io.Writer, options ...storetest.Option) *house {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), sqlstore.Config{Path: filepath.Join(t.TempDir(), "firsttap.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var plain []storetest.Option
	for _, tier := range program.Tiers() {
		plain = append(plain, storetest.WithPolicy("rate_limits."+tier, "unlimited"))
	}
	h := &house{t: t, db: db, world: storetest.NewWorld(t, db, append(plain, options...)...)}
	maker, err := bureau.New(bureau.Settings{CutOff: 16 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	w := h.world
	h.service = issuance.New(issuance.Config{
		Store: under(db.Issuance()), Sealer: w.Sealer, Vault: vault.New(w.Sealer, w.IDs), IDs: w.IDs, Now: w.Clock.Now, Bureau: maker,
		Announcers: map[event.Door]event.Announcer{event.NativeDoor: event.NativeAnnouncer, event.CardsDoor: cardsapi.Announce},
	})
	auth := access.NewAuthenticator(access.AuthenticatorConfig{Store: db.Access(), Hasher: h.service, Now: w.Clock.Now})
	door, err := cardsapi.New(cardsapi.Config{
		Service: h.service, Spending: spending.New(h.service, w.IDs), Bureau: maker, Resolver: names{}, Now: w.Clock.Now,
		PublicURL: func() string { return "http://cards.example.com" },
		Keys:      auth, Tokens: tokens.New(tokens.Config{Rules: h.service, Forget: auth.Forget}),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.routes = door.Router().Routes()
	server, err := httpd.New(httpd.Options{
		Doors: []httpd.Door{door}, Logger: slog.New(slog.NewJSONHandler(log, nil)), Now: w.Clock.Now, Rand: rand.Reader, Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.handler = server.Handler()
	h.key, h.foreign = h.newKey(w.Program), h.newKey(w.Foreign)
	return h
}

// output is a log that several requests write to.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

// newKey adds an API key to a programme and gives its secret.
func (h *house) newKey(p program.Program, allow ...netip.Prefix) string {
	h.t.Helper()
	w := h.world
	keys := access.NewService(access.ServiceConfig{Store: w.Store.Access(), Hasher: h.service, IDs: w.IDs, Now: w.Clock.Now})
	issued, err := keys.IssueKey(h.t.Context(), access.Operator{Name: "test", Channel: "cli"},
		access.KeyRequest{Program: p.ID, Kind: access.CardsKey, Name: "test", Allowlist: allow})
	if err != nil {
		h.t.Fatal(err)
	}
	return issued.Secret.Reveal()
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

// request is one call: method and path, a body unless it is "", and headers as name, value pairs.
func (h *house) do(method, path, body string, headers ...string) answer {
	h.t.Helper()
	var reader io.Reader = http.NoBody
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, "http://cards.example.com"+path, reader)
	r.RemoteAddr = "192.0.2.7:4711"
	r.Header.Set("Authorization", "Bearer "+h.key)
	r.Header.Set("Reap-Version", "2025-02-14")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Del(headers[i])
		if headers[i+1] != "" {
			for _, v := range strings.Split(headers[i+1], "\n") {
				r.Header.Add(headers[i], v)
			}
		}
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	if err := cardsapi.Document.Answer(method, r.URL.Path, w.Code, w.Header(), w.Body.Bytes()); err != nil {
		h.t.Errorf("the document: %v", err)
	}
	return answer{t: h.t, status: w.Code, header: w.Header(), body: w.Body.String()}
}

func (h *house) get(path string) answer { return h.do("GET", path, "") }

// post is do with a fresh idempotency key.
func (h *house) post(path, body string, headers ...string) answer {
	return h.do("POST", path, body, append([]string{"Idempotency-Key", h.freshKey()}, headers...)...)
}

func (h *house) freshKey() string { return "key-" + strconv.FormatInt(h.serial.Add(1), 10) }

// want checks the status and gives the answer on.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("answer %d %s, want %d", a.status, a.body, status)
	}
	return a
}

// refused checks status, code and detail of an error; a detail of "" is not looked at.
func (a answer) refused(status int, code, detail string) answer {
	a.t.Helper()
	if a.status != status || a.text("error", "code") != code || (detail != "" && a.raw("error", "detail") != detail) {
		a.t.Errorf("answer %d %s, want %d %s %s", a.status, a.body, status, code, detail)
	}
	return a
}

// wrong checks a validation answer: the group, and "path code" of each problem.
func (a answer) wrong(on string, problems ...string) answer {
	a.t.Helper()
	var e struct {
		Error struct {
			Code   string
			Detail struct {
				On     string
				Errors []struct{ Path, Code, Message string }
			}
		}
	}
	if err := json.Unmarshal([]byte(a.body), &e); err != nil || a.status != 422 || e.Error.Code != "VALIDATION_FAILED" || e.Error.Detail.On != on {
		a.t.Errorf("answer %d %s, want 422 on %s", a.status, a.body, on)
		return a
	}
	var got []string
	for _, p := range e.Error.Detail.Errors {
		got = append(got, p.Path+" "+p.Code)
		if p.Message == "" {
			a.t.Errorf("%s has no message", p.Path)
		}
	}
	if strings.Join(got, ", ") != strings.Join(problems, ", ") {
		a.t.Errorf("problems %v, want %v", got, problems)
	}
	return a
}

// raw gives a member of the answer as JSON, by its path.
func (a answer) raw(path ...string) string {
	a.t.Helper()
	v := json.RawMessage(a.body)
	for _, name := range path {
		if i, err := strconv.Atoi(name); err == nil {
			var list []json.RawMessage
			if json.Unmarshal(v, &list) != nil || i >= len(list) {
				return ""
			}
			v = list[i]
			continue
		}
		var o map[string]json.RawMessage
		if json.Unmarshal(v, &o) != nil {
			return ""
		}
		v = o[name]
	}
	return string(v)
}

// text is raw for a string, without its quotes; null is "".
func (a answer) text(path ...string) string {
	var s string
	_ = json.Unmarshal([]byte(a.raw(path...)), &s)
	return s
}

// told is one event that left.
type told struct {
	kind string
	answer
}

// events gives what was announced since the last call, sorted by type.
func (h *house) events() []told {
	h.t.Helper()
	queue := h.world.Store.Outbox()
	if _, err := queue.FanOut(h.t.Context(), 1000); err != nil {
		h.t.Fatal(err)
	}
	now := h.world.Clock.Now()
	all, err := queue.Claim(h.t.Context(), "test", now, time.Minute, outbox.NewRoom(1000, 1000))
	if err != nil {
		h.t.Fatal(err)
	}
	var out []told
	for _, d := range all {
		if d.Message.Door == event.CardsDoor && d.Message.Program == h.world.Program.ID {
			if _, err := queue.Finish(h.t.Context(), []outbox.Ended{{Delivery: d, Outcome: outbox.Outcome{State: outbox.Delivered, At: now, HTTPStatus: 200}, SentAt: now}}); err != nil {
				h.t.Fatal(err)
			}
			out = append(out, told{d.Message.Type, answer{t: h.t, body: string(d.Message.Body)}})
		}
	}
	slices.SortStableFunc(out, func(a, b told) int { return strings.Compare(a.kind, b.kind) })
	return out
}

// kinds are the types of events, joined.
func kinds(all []told) string {
	var out []string
	for _, e := range all {
		out = append(out, e.kind)
	}
	return strings.Join(out, " ")
}
