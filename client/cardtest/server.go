package cardtest

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/firsttap/firsttap/client"
	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/config"
	"github.com/firsttap/firsttap/internal/program"
)

// Server is a running server with a sandbox programme.
type Server struct {
	URL       string // base URL of all doors
	NativeKey string // a key of the native API that may do everything
	CardsKey  string // a key of the cards API
	DebitKey  string // an administrator's token of the debit API

	app     *app.App
	program program.Program
	people  atomic.Int64 // so that each has a phone number of its own
}

// operator is who makes the programme and moves its clock.
var operator = access.Operator{Name: "cardtest", Channel: audit.ChannelCLI}

// Option changes the server of a test.
type Option func(*settings)

type settings struct {
	policies map[string]string
	database string
	logger   *slog.Logger
}

// WithPolicy sets a policy of the programme, as `firsttap program create --policy name=value` does.
func WithPolicy(name, value string) Option { return func(s *settings) { s.policies[name] = value } }

// WithDatabase runs the server on another database, as in postgres://user@host/name. The programme is new all the same.
func WithDatabase(url string) Option { return func(s *settings) { s.database = url } }

// WithLogger hears what the server logs; without it nobody does.
func WithLogger(l *slog.Logger) Option { return func(s *settings) { s.logger = l } }

// Start starts a server, which ends with the test.
func Start(tb testing.TB, options ...Option) *Server {
	tb.Helper()
	dir := tb.TempDir()
	s := settings{
		policies: map[string]string{"webhooks.allow_private_targets": "true"},
		database: "sqlite://" + filepath.Join(dir, "firsttap.db"), logger: slog.New(slog.DiscardHandler),
	}
	for _, tier := range program.Tiers() {
		s.policies["rate_limits."+tier] = "unlimited"
	}
	for _, o := range options {
		o(&s)
	}
	cfg, err := config.Load([]string{
		"--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--database=" + s.database, "--key-file=" + filepath.Join(dir, "keys.json"),
	}, func(string) string { return "" }, os.ReadFile)
	must(tb, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(tb.Context())) // the server outlives the context of the test, which ends first
	server, err := app.New(ctx, cfg, app.Deps{Now: time.Now, Random: rand.Reader, Logger: s.logger, Version: "cardtest"})
	must(tb, err)
	must(tb, server.Listen(ctx))
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	tb.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			tb.Errorf("the server ended: %v", err)
		}
	})
	out := &Server{URL: "http://" + server.Addr(), app: server}
	out.prepare(ctx, tb, s)
	return out
}

// prepare makes the programme and its keys.
func (s *Server) prepare(ctx context.Context, tb testing.TB, with settings) {
	tb.Helper()
	var err error
	s.program, err = s.app.Access.CreateProgram(ctx, operator, tb.Name()+" "+rand.Text()[:8], program.Sandbox, with.policies)
	must(tb, err)
	s.NativeKey = s.key(ctx, tb, access.KeyRequest{Kind: access.NativeKey, Scopes: access.Scopes()})
	s.CardsKey = s.key(ctx, tb, access.KeyRequest{Kind: access.CardsKey})
	s.DebitKey = s.key(ctx, tb, access.KeyRequest{Kind: access.Ecommerce, Role: access.RoleAdmin})
}

func (s *Server) key(ctx context.Context, tb testing.TB, r access.KeyRequest) string {
	tb.Helper()
	r.Program, r.Name = s.program.ID, "cardtest"
	issued, err := s.app.Access.IssueKey(ctx, operator, r)
	must(tb, err)
	return issued.Secret.Reveal()
}

// Client gives a client of the native API that may do everything.
func (s *Server) Client(tb testing.TB, options ...client.Option) *client.Client {
	tb.Helper()
	c, err := client.New(s.URL, s.NativeKey, options...)
	must(tb, err)
	return c
}

// Key issues a key of the native API with these scopes alone, as in "cards:read".
func (s *Server) Key(tb testing.TB, scopes ...string) string {
	tb.Helper()
	r := access.KeyRequest{Kind: access.NativeKey}
	for _, name := range scopes {
		r.Scopes = append(r.Scopes, access.Scope(name))
	}
	return s.key(tb.Context(), tb, r)
}

// Advance moves the programme's clock on: locks open, deliveries are tried again, things expire.
func (s *Server) Advance(tb testing.TB, by time.Duration) {
	tb.Helper()
	_, _, err := s.app.Access.SetClock(tb.Context(), operator, s.program.ID, access.ClockAdvanced(by))
	must(tb, err)
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
