package debitapi_test

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
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/bureau"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/debitapi"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/sqlstore"
	"github.com/firsttap/firsttap/internal/storetest"
	"github.com/firsttap/firsttap/internal/tokens"
	"github.com/firsttap/firsttap/internal/vault"
	"github.com/firsttap/firsttap/internal/wallet"
)

const (
	activatePath = "/debit/v1/activateCardForCustomer"
	orderPath    = "/debit/v1/bulkOrderCard"
	hookPath     = "/debit/v1/webhook"
	batchOne     = "7e4b85e27c4610824900af48f340394d"
	wrongBatch   = "00000000000000000000000000000009"
)

var operator = access.Operator{Name: "test", Channel: "cli"}

// house is the debit API on a real store in a temporary file, behind a real listener.
type house struct {
	t       testing.TB
	db      *sqlstore.DB
	rules   *issuance.Service
	access  *access.Service
	clock   *storetest.Clock
	server  *httptest.Server
	log     *logbook
	keys    *storetest.Sealer
	ids     *ident.Source
	options debitapi.Options
	seeded  int // accounts that were there at the first count
	mu      sync.Mutex
	events  []string // names of what was announced
	tenant
}

// tenant is a programme with its two e-commerce tokens.
type tenant struct {
	program      program.Program
	token, admin string
}

type setting func(*settings)

type settings struct {
	policies map[string]string
	kind     program.Kind
	logins   int // a minute
}

func policy(name, value string) setting { return func(s *settings) { s.policies[name] = value } }

func newHouse(t testing.TB, options ...setting) *house {
	t.Helper()
	s := settings{policies: map[string]string{"debit.rate_per_second": "0", "debit.token_rate_per_minute": "0"}, kind: program.Sandbox}
	for _, o := range options {
		o(&s)
	}
	h := &house{t: t, clock: storetest.NewClock(), log: &logbook{}, keys: storetest.NewSealer()}
	var err error
	h.db, err = sqlstore.Open(t.Context(), sqlstore.Config{Path: filepath.Join(t.TempDir(), "firsttap.db"), Now: h.clock.Now})
	h.must(err)
	t.Cleanup(func() { h.must(h.db.Close()) })
	h.must(h.db.Migrate(t.Context()))
	h.ids = ident.NewSource(rand.Reader, h.clock.Now)
	printer, err := bureau.New(bureau.Settings{})
	h.must(err)
	h.rules = issuance.New(issuance.Config{
		Store: h.db.Issuance(), Sealer: h.keys, Vault: vault.New(h.keys, h.ids), IDs: h.ids, Now: h.clock.Now, Bureau: printer,
		Announcers: map[event.Door]event.Announcer{event.NativeDoor: h.announce, event.DebitDoor: debitapi.Announce},
	})
	h.access = access.NewService(access.ServiceConfig{Store: h.db.Access(), Hasher: h.rules, IDs: h.ids, Now: h.clock.Now})
	auth := access.NewAuthenticator(access.AuthenticatorConfig{Store: h.db.Access(), Hasher: h.rules, Signer: h.rules, Now: h.clock.Now})
	passwords := access.NewPasswords(h.ids)
	h.options = debitapi.Options{
		Rules: h.rules, Now: h.clock.Now, Resolver: noNames{}, Access: auth, LoginsPerMinute: s.logins,
		Hasher: passwords,
		Logins: access.NewLogins(access.LoginsConfig{
			Store: h.db.Access(), Hasher: h.rules, Signer: h.rules, Passwords: passwords, IDs: h.ids, Now: h.clock.Now, Forget: auth.Forget,
		}),
		Wallet: wallet.New(h.rules, h.ids),
		Tokens: tokens.New(tokens.Config{
			Rules: h.rules, Passwords: passwords, Limits: debitapi.NewCustomerLimits(h.clock.Now), Forget: auth.Forget,
		}),
	}
	door, err := debitapi.New(h.options)
	h.must(err)
	hall, err := httpd.New(httpd.Options{
		Address: "127.0.0.1:0", Doors: []httpd.Door{door}, Logger: slog.New(slog.NewJSONHandler(h.log, nil)),
		Now: h.clock.Now, Rand: rand.Reader, Registry: prometheus.NewRegistry(),
	})
	h.must(err)
	h.server = httptest.NewServer(hall.Handler())
	t.Cleanup(h.server.Close)
	h.tenant = h.newTenant("first", s.kind, s.policies)
	return h
}

// announce is the native announcer; it notes what it is asked for.
func (h *house) announce(e event.Event) []event.Draft {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, string(e.Name))
	return event.NativeAnnouncer(e)
}

func (h *house) newTenant(name string, kind program.Kind, policies map[string]string) tenant {
	h.t.Helper()
	p, err := h.access.CreateProgram(h.t.Context(), operator, name, kind, policies)
	h.must(err)
	return tenant{program: p, token: h.issue(p, access.RoleProgram), admin: h.issue(p, access.RoleAdmin)}
}

func (h *house) issue(p program.Program, role access.Role) string {
	h.t.Helper()
	key, err := h.access.IssueKey(h.t.Context(), operator, access.KeyRequest{Program: p.ID, Kind: access.Ecommerce, Role: role, Name: "test"})
	h.must(err)
	return key.Secret.Reveal()
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// freeze stops the programme's clock.
func (h *house) freeze(at time.Time) {
	h.t.Helper()
	_, _, err := h.access.SetClock(h.t.Context(), operator, h.program.ID, access.ClockFrozen(at))
	h.must(err)
}

// pass moves the programme's time, and real time enough for what the door remembers of the programme.
func (h *house) pass(d time.Duration) {
	h.t.Helper()
	_, _, err := h.access.SetClock(h.t.Context(), operator, h.program.ID, access.ClockAdvanced(d))
	h.must(err)
	h.clock.Advance(10 * time.Second)
}

// fixture loads the things that the published examples speak of.
func (h *house) fixture() {
	h.t.Helper()
	h.must(h.rules.Seed(h.t.Context(), issuance.PublishedExamples(h.command())))
}

func (h *house) command() issuance.Command {
	return issuance.Command{Caller: issuance.Caller{Program: h.program.ID, Actor: "operator:test", Channel: "cli"}}
}

// seed adds customers and cards of one batch.
func (h *house) seed(s issuance.Seed) {
	h.t.Helper()
	s.Command = h.command()
	h.must(h.rules.Seed(h.t.Context(), s))
}

// answer is what came back.
type answer struct {
	status int
	body   string
	header http.Header
}

func (h *house) do(method, path, body string, headers ...string) answer {
	h.t.Helper()
	return h.send(method, path, strings.NewReader(body), headers...)
}

// send asks with the programme's token unless the headers name one; "-" leaves it out.
func (h *house) send(method, path string, body io.Reader, headers ...string) answer {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.server.URL+path, body)
	h.must(err)
	r.Header.Set("Authorization-ecommerce", h.token)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "-" {
			r.Header.Del(headers[i])
		}
	}
	resp, err := h.server.Client().Do(r)
	h.must(err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	h.must(err)
	if err := debitapi.Document.Answer(method, r.URL.Path, resp.StatusCode, resp.Header, raw); err != nil {
		h.t.Errorf("the document: %v", err)
	}
	return answer{status: resp.StatusCode, body: string(raw), header: resp.Header}
}

func (h *house) activate(body string, headers ...string) answer {
	h.t.Helper()
	return h.do(http.MethodPost, activatePath, body, headers...)
}

// asAdmin is the header of the admin's token.
func (h *house) asAdmin() []string { return []string{"Authorization-ecommerce", h.admin} }

type problem struct {
	Code  int
	Hints []string
}

// problem is the error of an answer, in whatever envelope; its zero value for a success.
func (a answer) problem() (p problem) {
	var e struct{ Error, Err json.RawMessage }
	_ = json.Unmarshal([]byte(a.body), &e)
	if len(e.Error) == 0 {
		e.Error = e.Err
	}
	_ = json.Unmarshal(e.Error, &p)
	return p
}

// code is the error code of an answer, 0 for a success.
func (a answer) code() int { return a.problem().Code }

// hints are the hints of an error without the first.
func (a answer) hints() string {
	hints := a.problem().Hints
	if len(hints) == 0 {
		return ""
	}
	return strings.Join(hints[1:], " ")
}

// payload reads the payload.
func (a answer) payload(t testing.TB) map[string]any {
	t.Helper()
	var e struct{ Payload map[string]any }
	if err := json.Unmarshal([]byte(a.body), &e); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return e.Payload
}

// is checks status, code and hints.
func (a answer) is(t testing.TB, what string, status, code int, hints string) {
	t.Helper()
	if a.status != status || a.code() != code || a.hints() != hints {
		t.Errorf("%s: %d %d %q, want %d %d %q\n%s", what, a.status, a.code(), a.hints(), status, code, hints, a.body)
	}
}

// noNames is a name service that knows nothing: tests ask nobody.
type noNames struct{}

func (noNames) LookupNetIP(_ context.Context, _, _ string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("203.0.113.7")}, nil
}

// logbook keeps what was logged.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// change writes to the store behind the door's back.
func (h *house) change(body func(tx issuance.Tx) error) {
	h.t.Helper()
	h.must(h.db.Issuance().Write(h.t.Context(), body))
}

// card finds a card of the first batch by its identifier.
func (h *house) card(identifier string) (v card.View) {
	h.t.Helper()
	h.must(h.db.Issuance().Read(h.t.Context(), func(tx issuance.ReadTx) error {
		b, _, err := tx.Batch(h.t.Context(), h.program.ID, batchOne)
		if err != nil {
			return err
		}
		items, err := tx.Items(h.t.Context(), b.ID, 0, "", 1000)
		if err != nil {
			return err
		}
		for _, item := range items {
			if item.Identifier == identifier {
				v, _, err = tx.CardView(h.t.Context(), h.program.ID, item.Card)
			}
		}
		return err
	}))
	if v.Card.ID.IsZero() {
		h.t.Fatalf("there is no card %s", identifier)
	}
	return v
}

func (h *house) changeCard(identifier string, change func(v *card.View)) {
	h.t.Helper()
	v := h.card(identifier)
	change(&v)
	h.change(func(tx issuance.Tx) error {
		if err := tx.UpdateCard(h.t.Context(), v.Card); err != nil {
			return err
		}
		return tx.UpdatePlastic(h.t.Context(), v.Plastic)
	})
}

func (h *house) customer(number int64) (c customer.Customer) {
	h.t.Helper()
	h.must(h.db.Issuance().Read(h.t.Context(), func(tx issuance.ReadTx) (err error) {
		c, _, err = tx.CustomerByNumber(h.t.Context(), h.program.ID, number)
		return err
	}))
	return c
}

// pinIs compares the PIN of a card by its keyed hash.
func (h *house) pinIs(c card.Card, pin string) bool {
	to := issuance.Bound{Purpose: issuance.PurposePIN, Program: h.program.ID, Subject: c.ID.String()}
	return h.keys.SameHash(c.PINHash, h.keys.Hash(to, []byte(pin)))
}
