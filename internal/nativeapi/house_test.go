package nativeapi_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/auditlog"
	"github.com/firsttap/firsttap/internal/auditworker"
	"github.com/firsttap/firsttap/internal/bureau"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/nativeapi"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/scenario"
	"github.com/firsttap/firsttap/internal/sqlstore"
	"github.com/firsttap/firsttap/internal/storetest"
	"github.com/firsttap/firsttap/internal/tenancy"
	"github.com/firsttap/firsttap/internal/vault"
)

// house is the door over the real rules and the real store.
type house struct {
	t       *testing.T
	world   *storetest.World
	service *issuance.Service
	handler http.Handler
	key     string // of the world's programme, with every scope
	foreign string // of another programme, likewise
	serial  atomic.Int64
	log     *strings.Builder
	pause   func(ctx context.Context, d time.Duration) error // of requests that wait
	sealer  *auditworker.Worker
	trails  auditworker.Trails
}

func newHouse(t *testing.T, options ...storetest.Option) *house {
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
	h := &house{t: t, log: &strings.Builder{}, world: storetest.NewWorld(t, db, append(plain, options...)...)}
	maker, err := bureau.New(bureau.Settings{CutOff: 16 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	w := h.world
	h.service = issuance.New(issuance.Config{
		Store: db.Issuance(), Sealer: w.Sealer, Vault: vault.New(w.Sealer, w.IDs), IDs: w.IDs, Now: w.Clock.Now, Bureau: maker,
		Announcers: map[event.Door]event.Announcer{event.NativeDoor: event.NativeAnnouncer},
	})
	h.sealTrails(db)
	auth := access.NewAuthenticator(access.AuthenticatorConfig{Store: db.Access(), Hasher: h.service, Now: w.Clock.Now})
	scenarios := scenario.New(func(ids *ident.Source, keep func(issuance.Store) issuance.Store) *issuance.Service {
		return issuance.New(issuance.Config{
			Store: keep(db.Issuance()), Sealer: w.Sealer, Vault: vault.New(w.Sealer, ids), IDs: ids, Trail: w.IDs, Now: w.Clock.Now, Bureau: maker,
			Announcers: map[event.Door]event.Announcer{event.NativeDoor: event.NativeAnnouncer},
		})
	})
	door, err := nativeapi.New(nativeapi.Config{
		Service: h.service, Keys: auth, Scenarios: scenarios, Tenancy: tenancy.New(tenancy.Config{Rules: h.service, Forget: auth.Forget}), Now: w.Clock.Now, Resolver: hosts{}, AuditLog: h.trails,
		PageURL: func() string { return "https://cards.example.com/activation" },
		Pause:   func(ctx context.Context, d time.Duration) error { return h.pause(ctx, d) },
	})
	if err != nil {
		t.Fatal(err)
	}
	server, err := httpd.New(httpd.Options{
		Doors: []httpd.Door{door}, Logger: slog.New(slog.NewJSONHandler(h.log, nil)), Now: w.Clock.Now, Rand: rand.Reader, Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.handler = server.Handler()
	h.key, h.foreign = h.newKey(w.Program, access.Scopes()...), h.newKey(w.Foreign, access.Scopes()...)
	return h
}

// sealTrails makes what seals the audit rows of the house, when it is told to.
func (h *house) sealTrails(db *sqlstore.DB) {
	h.t.Helper()
	folder, err := auditworker.OpenFolder(h.t.TempDir())
	if err != nil {
		h.t.Fatal(err)
	}
	h.trails = auditworker.Trails{Log: db.AuditLog(), Folder: folder, Signer: auditlog.NewSigner(bytes.Repeat([]byte{1}, 32))}
	h.sealer, err = auditworker.New(auditworker.Options{
		Log: h.trails.Log, Publisher: folder, Signer: h.trails.Signer, Now: h.world.Clock.Now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// hosts knows one name.
type hosts struct{}

func (hosts) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if host == "hooks.example.com" {
		return []netip.Addr{netip.MustParseAddr("93.184.215.14")}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// newKey adds an API key to a programme and gives its secret.
func (h *house) newKey(p program.Program, scopes ...access.Scope) string {
	h.t.Helper()
	secret, _ := h.briefKey(p, scopes...)
	return secret
}

// briefKey is newKey with what revokes it: a programme has room for few keys.
func (h *house) briefKey(p program.Program, scopes ...access.Scope) (secret string, revoke func()) {
	h.t.Helper()
	w := h.world
	keys := access.NewService(access.ServiceConfig{Store: w.Store.Access(), Hasher: h.service, IDs: w.IDs, Now: w.Clock.Now})
	by := access.Operator{Name: "test", Channel: "cli"}
	issued, err := keys.IssueKey(h.t.Context(), by, access.KeyRequest{Program: p.ID, Kind: access.NativeKey, Name: "test", Scopes: scopes})
	if err != nil {
		h.t.Fatal(err)
	}
	return issued.Secret.Reveal(), func() {
		if _, err := keys.RevokeKey(h.t.Context(), by, issued.Credential.PublicID); err != nil {
			h.t.Error(err)
		}
	}
}

// installationKey adds a key of the installation and gives its secret.
func (h *house) installationKey(scopes ...access.Scope) string {
	h.t.Helper()
	w := h.world
	keys := access.NewService(access.ServiceConfig{Store: w.Store.Access(), Hasher: h.service, IDs: w.IDs, Now: w.Clock.Now})
	issued, err := keys.IssueKey(h.t.Context(), access.Operator{Name: "test", Channel: "cli"}, access.KeyRequest{Kind: access.InstallationKey, Name: "test", Scopes: scopes})
	if err != nil {
		h.t.Fatal(err)
	}
	return issued.Secret.Reveal()
}

// newCard gives a card on its way to its holder, with the code of its mailer.
func (h *house) newCard() (card.View, card.Code) {
	h.t.Helper()
	holder := h.world.NewCustomer()
	return h.world.NewShippedCard(holder, h.world.NewAccount(holder))
}

// campaign adds an active design of that campaign.
func (h *house) campaign(name string) { h.world.NewDesign(func(d *card.Design) { d.Campaign = name }) }

// answer is what came back.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   string
}

// do is one call: method and path, a body unless it is "", and headers as name, value pairs; "" takes one away.
func (h *house) do(method, path, body string, headers ...string) answer {
	h.t.Helper()
	var reader io.Reader = http.NoBody
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, "http://cards.example.com"+path, reader)
	r.RemoteAddr = "192.0.2.7:4711"
	r.Header.Set("Authorization", "Bearer "+h.key)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Del(headers[i])
		if headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	if err := nativeapi.Document.Answer(method, r.URL.Path, w.Code, w.Header(), w.Body.Bytes()); err != nil {
		h.t.Errorf("the document: %v", err)
	}
	return answer{t: h.t, status: w.Code, header: w.Header(), body: w.Body.String()}
}

func (h *house) get(path string, headers ...string) answer { return h.do("GET", path, "", headers...) }

// post is do with a fresh idempotency key.
func (h *house) post(path, body string, headers ...string) answer {
	return h.do("POST", path, body, append([]string{"Idempotency-Key", "key-" + strconv.FormatInt(h.serial.Add(1), 10)}, headers...)...)
}

// want checks the status and gives the answer on.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("answer %d %s, want %d", a.status, a.body, status)
	}
	return a
}

// refused checks a problem: its status, its reason, and that it is one.
func (a answer) refused(status int, reason string) answer {
	a.t.Helper()
	if a.status != status || a.text("reason") != reason || a.text("type") != "/problems/"+reason ||
		a.header.Get("Content-Type") != "application/problem+json" {
		a.t.Errorf("answer %d %v %s, want %d %s", a.status, a.header, a.body, status, reason)
	}
	return a
}

// wrong checks the problems of a form, as "path code" each.
func (a answer) wrong(problems ...string) {
	a.t.Helper()
	a.told("native_form_invalid", problems...)
}

// told checks a refusal that has something to say of the form.
func (a answer) told(reason string, problems ...string) {
	a.t.Helper()
	a.refused(422, reason)
	var e struct {
		Errors []struct{ Path, Code, Message string }
	}
	if err := json.Unmarshal([]byte(a.body), &e); err != nil {
		a.t.Error(err)
	}
	var got []string
	for _, p := range e.Errors {
		got = append(got, p.Path+" "+p.Code)
		if p.Message == "" {
			a.t.Errorf("%s has no message", p.Path)
		}
	}
	if strings.Join(got, ", ") != strings.Join(problems, ", ") {
		a.t.Errorf("problems %v, want %v", got, problems)
	}
}

// raw gives a member of the answer as JSON, by its path.
func (a answer) raw(path ...string) string {
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
