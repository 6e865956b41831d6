package holderpage_test

import (
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

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/holderpage"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/sqlstore"
	"github.com/firsttap/firsttap/internal/storetest"
)

// house is the page over the real rules and the real store.
type house struct {
	t       *testing.T
	world   *storetest.World
	service *issuance.Service
	handler http.Handler
	log     *strings.Builder
	logos   map[ident.ProgramID][]byte
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
	h := &house{t: t, logos: map[ident.ProgramID][]byte{}, log: &strings.Builder{}, world: storetest.NewWorld(t, db, options...)}
	h.service = h.world.Service(db)
	door, err := holderpage.New(holderpage.Config{
		Service: h.service, Now: h.world.Clock.Now, PublicURL: func() string { return "https://cards.example.com/holders" }, Logos: h.logos,
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

// link makes a session for a card and gives the path of its link.
func (h *house) link(id card.View, language card.Language, pin card.PINChoice) string {
	h.t.Helper()
	return h.linkFor(id, ident.CustomerID{}, language, pin)
}

// linkFor does so for a customer who is to hold the card.
func (h *house) linkFor(id card.View, who ident.CustomerID, language card.Language, pin card.PINChoice) string {
	h.t.Helper()
	made, err := h.service.CreateActivationSession(h.t.Context(), issuance.CreateActivationSession{
		Command: issuance.Command{Caller: h.world.Caller()}, Card: id.Card.ID, Customer: who, Language: language, PIN: pin, ReturnURL: "https://app.example.com/cards?a=1",
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return holderpage.Path + "/" + made.Token.Reveal()
}

// browser is one that keeps a cookie, and follows our redirects.
type browser struct {
	*house
	cookie string
	status int
	header http.Header
	text   string

	scanned  string // the path of the QR
	language string // that it prefers
}

// enter is a new browser that opened a link.
func (h *house) enter(link string) *browser {
	h.t.Helper()
	b := &browser{house: h}
	b.get(link)
	return b
}

func (b *browser) get(path string) { b.t.Helper(); b.send("GET", path, nil) }

// submit sends the form of the page that is shown.
func (b *browser) submit(fields ...string) {
	b.t.Helper()
	form := url.Values{}
	if m := regexp.MustCompile(`name="form" value="([0-9a-f]+)"`).FindStringSubmatch(b.text); m != nil {
		form.Set("form", m[1])
	}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	b.send("POST", holderpage.Path, form)
}

// answer sends the form of the second factor.
func (b *browser) answer(fields ...string) {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	b.send("POST", b.scanned, form)
}

func (b *browser) answerShows(status int, texts ...string) {
	b.t.Helper()
	b.answer()
	b.shows(status, texts...)
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
	if b.language != "" {
		r.Header.Set("Accept-Language", b.language)
	}
	if b.cookie != "" {
		r.Header.Set("Cookie", b.cookie)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	b.status, b.header, b.text = w.Code, w.Header(), w.Body.String()
	if set := w.Header().Get("Set-Cookie"); set != "" {
		for _, want := range []string{"Path=/holders/activation", "HttpOnly", "Secure", "SameSite=Lax"} {
			if !strings.Contains(set, want) {
				b.t.Errorf("the cookie is not %s", want)
			}
		}
		b.cookie, _, _ = strings.Cut(set, ";")
	}
	if w.Header().Get("Cache-Control") != "no-store" && !strings.HasSuffix(path, ".css") && !strings.HasSuffix(path, ".png") {
		b.t.Errorf("%s %s may be cached", method, path)
	}
	if w.Code == http.StatusSeeOther {
		to, ours := strings.CutPrefix(w.Header().Get("Location"), "/holders")
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
		b.t.Errorf("the page answers %d, want %d", b.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(b.text, text) {
			b.t.Errorf("the page does not say %q:\n%s", text, b.text)
		}
	}
}
