package console_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/auditlog"
	"github.com/firsttap/firsttap/internal/auditworker"
	"github.com/firsttap/firsttap/internal/bureau"
	"github.com/firsttap/firsttap/internal/console"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/scenario"
	"github.com/firsttap/firsttap/internal/sqlstore"
	"github.com/firsttap/firsttap/internal/staff"
	"github.com/firsttap/firsttap/internal/storetest"
	"github.com/firsttap/firsttap/internal/tenancy"
	"github.com/firsttap/firsttap/internal/vault"
)

// house is the console over the real rules and the real store.
type house struct {
	t       *testing.T
	world   *storetest.World
	rules   *issuance.Service
	staff   *staff.Service
	tenancy *tenancy.Service

	auditLog *auditLogBehind
	sealer   *auditworker.Worker
	handler  http.Handler
	log      *strings.Builder
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
	h := &house{t: t, log: &strings.Builder{}, world: storetest.NewWorld(t, db, options...)}
	h.rules, h.staff = h.world.Service(db), h.world.StaffOn(db)
	h.tenancy = tenancy.New(tenancy.Config{Rules: h.rules})
	door, err := console.New(console.Config{
		Service: h.rules, Staff: h.staff, Scenarios: h.scenarios(db), Tenancy: h.tenancy, AuditLog: h.sealed(db), Now: h.world.Clock.Now, PublicURL: func() string { return "https://cards.example.com/ops" },
	})
	if err != nil {
		t.Fatal(err)
	}
	server, err := httpd.New(httpd.Options{
		Doors: []httpd.Door{door}, Logger: slog.New(slog.NewJSONHandler(h.log, nil)), Now: h.world.Clock.Now, Rand: rand.Reader, Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.handler = server.Handler()
	return h
}

// sealed are the audit logs, with a folder of their own for the checkpoints.
func (h *house) sealed(db *sqlstore.DB) auditworker.Trails {
	h.t.Helper()
	folder, err := auditworker.OpenFolder(h.t.TempDir())
	if err != nil {
		h.t.Fatal(err)
	}
	h.auditLog = &auditLogBehind{Log: db.AuditLog()}
	trails := auditworker.Trails{Log: h.auditLog, Folder: folder, Signer: auditlog.NewSigner(bytes.Repeat([]byte{1}, 32))}
	h.sealer, err = auditworker.New(auditworker.Options{
		Log: trails.Log, Publisher: folder, Signer: trails.Signer, Now: h.world.Clock.Now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return trails
}

// scenarios plays scripts as the app does, each run with ids of its own.
func (h *house) scenarios(db *sqlstore.DB) *scenario.Player {
	w := h.world
	maker, err := bureau.New(bureau.Settings{})
	if err != nil {
		h.t.Fatal(err)
	}
	return scenario.New(func(ids *ident.Source, keep func(issuance.Store) issuance.Store) *issuance.Service {
		return issuance.New(issuance.Config{
			Store: keep(db.Issuance()), Sealer: w.Sealer, Vault: vault.New(w.Sealer, ids), IDs: ids, Trail: w.IDs, Now: w.Clock.Now, Bureau: maker,
			Announcers: map[event.Door]event.Announcer{event.NativeDoor: event.NativeAnnouncer},
		})
	})
}

// hook is an endpoint with one delivery, of a test event.
func (h *house) hook() (issuance.Endpoint, issuance.Delivery) {
	h.t.Helper()
	e := h.world.NewEndpoint(event.NativeDoor)
	if _, err := h.rules.TestEndpoint(h.t.Context(), issuance.TestEndpoint{Command: issuance.Command{Caller: h.world.Caller()}, Endpoint: e.ID}); err != nil {
		h.t.Fatal(err)
	}
	all, err := h.rules.Deliveries(h.t.Context(), h.world.Program.ID, event.NativeDoor, e.ID, "", issuance.Page{Limit: 2})
	if err != nil || len(all) != 1 {
		h.t.Fatalf("%d deliveries, %v", len(all), err)
	}
	return e, all[0]
}

// notes are those of the audit rows of an action that was done, the newest first.
func (h *house) notes(action string) (out []string) {
	h.t.Helper()
	rows, err := h.rules.AuditTrail(h.t.Context(), h.world.Program.ID, issuance.AuditFilter{Action: action, Outcome: "ok"}, issuance.Page{Limit: 9})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, r := range rows {
		out = append(out, r.Note)
	}
	return out
}

// hire adds a member; a zero programme is all.
func (h *house) hire(name string, role staff.Role, p ident.ProgramID) staff.Made {
	h.t.Helper()
	made, err := h.staff.Add(h.t.Context(), access.Operator{Name: "root", Channel: audit.ChannelCLI}, name, role, p)
	if err != nil {
		h.t.Fatal(err)
	}
	return made
}

// desk is a browser in which a new member of that role has signed in.
func (h *house) desk(role staff.Role) *browser {
	h.t.Helper()
	made := h.hire(string(role)+"."+strings.ToLower(h.world.IDs.Base62(8)), role, h.world.Program.ID)
	b := &browser{house: h}
	b.signIn(made.Member.Name, made.Password.Reveal(), "")
	return b
}

// at is a path of the programme's pages.
func (h *house) at(path string) string {
	return console.Path + "/p/" + h.world.Program.ID.String() + path
}

// browser is one that keeps a cookie, and follows our redirects.
type browser struct {
	*house
	cookie string
	status int
	header http.Header
	text   string
	path   string // of the page that is shown
}

func (b *browser) signIn(name, password, code string) {
	b.t.Helper()
	b.post(console.Path+"/sign-in", "name", name, "password", password, "code", code)
}

func (b *browser) get(path string) { b.t.Helper(); b.send("GET", path, nil) }

// post sends fields with the token of the page that is shown.
func (b *browser) post(path string, fields ...string) {
	b.t.Helper()
	form := url.Values{}
	if m := regexp.MustCompile(`name="form" value="([0-9a-f]+)"`).FindStringSubmatch(b.text); m != nil {
		form.Set("form", m[1])
	}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	b.send("POST", path, form)
}

func (b *browser) send(method, path string, form url.Values, headers ...string) {
	b.t.Helper()
	var body io.Reader = http.NoBody
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, "https://cards.example.com"+path, body)
	r.RemoteAddr = "192.0.2.7:4711"
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "https://cards.example.com")
	}
	if b.cookie != "" {
		r.Header.Set("Cookie", b.cookie)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	b.status, b.header, b.text, b.path = w.Code, w.Header(), w.Body.String(), path
	if set := w.Header().Get("Set-Cookie"); set != "" {
		for _, want := range []string{"Path=/ops/console", "HttpOnly", "Secure", "SameSite=Strict"} {
			if !strings.Contains(set, want) {
				b.t.Errorf("the cookie is not %s", want)
			}
		}
		b.cookie, _, _ = strings.Cut(set, ";")
	}
	if w.Header().Get("Cache-Control") != "no-store" && !strings.HasSuffix(path, ".css") {
		b.t.Errorf("%s %s may be cached", method, path)
	}
	if w.Code == http.StatusSeeOther {
		to, ours := strings.CutPrefix(w.Header().Get("Location"), "/ops")
		if !ours {
			b.t.Fatalf("led to %s", w.Header().Get("Location"))
		}
		b.get(to)
	}
}

// shows wants the status and the texts in the page.
func (b *browser) shows(status int, texts ...string) {
	b.t.Helper()
	if b.status != status {
		b.t.Errorf("%s answers %d, want %d", b.path, b.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(b.text, text) {
			b.t.Errorf("%s does not say %q:\n%s", b.path, text, b.text)
		}
	}
}

// hides wants none of the texts in the page.
func (b *browser) hides(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		if text != "" && strings.Contains(b.text, text) {
			b.t.Errorf("%s shows %q", b.path, text)
		}
	}
}
