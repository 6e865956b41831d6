package app_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/pgtest"
	"github.com/firsttap/firsttap/internal/staff"
)

// clerk is a browser at the console.
type clerk struct {
	b    *testing.B
	http *http.Client
	base string
	form string // token of the forms of the page before
}

var formToken = regexp.MustCompile(`name="form" value="([0-9a-f]+)"`)

// ask loads a page, or sends fields to it, and gives its text.
func (c *clerk) ask(path string, fields ...string) string {
	c.b.Helper()
	method, body := http.MethodGet, io.Reader(http.NoBody)
	if len(fields) > 0 {
		form := url.Values{"form": {c.form}}
		for i := 0; i < len(fields); i += 2 {
			form.Set(fields[i], fields[i+1])
		}
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(c.b.Context(), method, c.base+path, body)
	if err != nil {
		c.b.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", c.base)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		c.b.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.Body.Close() != nil || resp.StatusCode != http.StatusOK {
		c.b.Fatalf("%s answers %d, %v", path, resp.StatusCode, err)
	}
	if m := formToken.FindSubmatch(text); m != nil {
		c.form = string(m[1])
	}
	return string(text)
}

// BenchmarkConsole times every page of the console over HTTP, one member at a time, with CARDS cards (a million when it is not set)
// in the database of each engine. It wants: go test ./internal/app -run - -bench Console -benchtime 20x -timeout 2h.
func BenchmarkConsole(b *testing.B) {
	cards := 1_000_000
	if n, err := strconv.Atoi(os.Getenv("CARDS")); err == nil {
		cards = n
	}
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		b.Run(engine, func(b *testing.B) {
			dir := b.TempDir()
			more := []string{"--key-file=" + filepath.Join(dir, "keys.json")}
			if engine == "PostgreSQL" {
				cluster := pgtest.Start(b)
				more = append(more, "--database="+cluster.URL(cluster.Database(b)))
			}
			filled, c := stocked(b, dir, cards, more)
			pages := pagesOf(c, filled)
			names := make([]string, 0, len(pages))
			for name := range pages {
				names = append(names, name)
			}
			slices.Sort(names)
			for _, name := range names {
				ask := pages[name]
				b.Run(name, func(b *testing.B) {
					c.b = b
					for b.Loop() {
						c.ask(ask[0], ask[1:]...)
					}
				})
			}
		})
	}
}

// stocked is a server over that many cards, all counted, at which an admin has signed in.
func stocked(b *testing.B, dir string, cards int, more []string) (app.Filled, *clerk) {
	b.Helper()
	a, stop := start(b, settings(b, dir, more...))
	b.Cleanup(func() {
		if err := stop(); err != nil {
			b.Error(err)
		}
	})
	filled, err := a.Fill(b.Context(), operator, app.FillPlan{Cards: cards, Active: 30}, func(int) {})
	if err != nil {
		b.Fatal(err)
	}
	for behind := int64(1); behind != 0; {
		o, err := a.Rules.Overview(b.Context(), filled.Program.ID, 1)
		if err != nil {
			b.Fatal(err)
		}
		if behind = o.Mark.Behind(); o.Mark.Sealed < int64(cards)*30/100 {
			behind = 1 // the worker that seals is not done
		}
		<-time.After(100 * time.Millisecond)
	}
	made, err := a.Staff.Add(b.Context(), operator, "bench", staff.Admin, ident.ProgramID{})
	if err != nil {
		b.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	c := &clerk{b: b, http: &http.Client{Jar: jar, Timeout: time.Minute}, base: "http://" + a.Addr()}
	c.ask("/console/sign-in", "name", "bench", "password", made.Password.Reveal())
	by := issuance.Command{Caller: issuance.Caller{Program: filled.Program.ID, Actor: "operator:bench", Channel: "cli"}}
	hook, _, err := a.Rules.CreateEndpoint(b.Context(), issuance.CreateEndpoint{Command: by, Door: event.NativeDoor, Name: "hook", URL: "http://127.0.0.1:9"})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := a.Rules.TestEndpoint(b.Context(), issuance.TestEndpoint{Command: by, Endpoint: hook.ID}); err != nil {
		b.Fatal(err)
	}
	key := access.KeyRequest{Program: filled.Program.ID, Kind: access.NativeKey, Scopes: []access.Scope{access.CardsRead}, Name: "bench"}
	if _, err := a.Access.IssueKey(b.Context(), operator, key); err != nil {
		b.Fatal(err)
	}
	return filled, c
}

// pagesOf are the pages by name, each with its path and the fields that are sent there.
func pagesOf(c *clerk, filled app.Filled) map[string][]string {
	at := "/console/p/" + filled.Program.ID.String()
	first := func(path, form string) string {
		m := regexp.MustCompile(`href="(` + form + `)"`).FindStringSubmatch(c.ask(path))
		if m == nil {
			c.b.Fatalf("%s leads to no %s", path, form)
		}
		return m[1]
	}
	const id = `[0-9a-f-]{36}`
	card := c.ask(at+"/find", "text", filled.Last)
	held := regexp.MustCompile(`/cards/` + id).FindString(card)
	person := first(at+"/customers", at+"/customers/"+id)
	shipment := first(at+"/shipments", at+"/shipments/"+id)
	hook := first(at+"/webhooks", at+"/webhooks/native/"+id)
	ends := regexp.MustCompile(`•••• ([0-9]{4})`).FindStringSubmatch(c.ask(person))[1]
	key := first(at+"/keys?api=native", at+`/keys/[^"/?]+`)
	batch := at + "/batches/" + string(filled.Reference)
	return map[string][]string{
		"overview": {at + "/overview"}, "overview of weeks": {at + "/overview?weeks"}, "search": {at},
		"find a label": {at + "/find", "text", filled.Last}, "find an e-mail": {at + "/find", "text", "holder1@example.com"},
		"find a name": {at + "/find", "text", "Ana Torres"}, "find a name and four digits": {at + "/find", "text", "Torres 1234"},
		"find four digits": {at + "/find", "text", ends},
		"find nothing":     {at + "/find", "text", "nobody"}, "card": {at + held}, "batches": {at + "/batches"}, "batch": {batch},
		"failed rows of a batch": {batch + "?failed"}, "failed rows again": {batch + "/resubmit"}, "order": {at + "/batches/new"},
		"shipments": {at + "/shipments"}, "shipment": {shipment}, "customers": {at + "/customers"}, "customer": {person},
		"webhooks": {at + "/webhooks"}, "webhook": {hook}, "sandbox": {at + "/sandbox"}, "approvals": {at + "/approvals"},
		"keys": {at + "/keys?api=native"}, "key": {key}, "policies": {at + "/policies"}, "policy": {first(at+"/policies", at+"/policies/[a-z_.]+")},
		"history of policies": {at + "/policies/history"}, "users": {"/console/users"}, "user": {first("/console/users", "/console/users/"+id)},
		"audit": {at + "/audit"}, "audit of nobody": {at + "/audit?actor=nobody"}, "audit of an action": {at + "/audit?action=batch.make"}, "account": {"/console/account"}, "programmes": {"/console"},
	}
}
