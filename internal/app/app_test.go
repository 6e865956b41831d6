package app_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/config"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/secrettest"
)

var operator = access.Operator{Name: "olga", Channel: audit.ChannelCLI}

func settings(t testing.TB, dir string, more ...string) config.Config {
	t.Helper()
	args := append([]string{"--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"}, more...)
	if !slices.ContainsFunc(more, func(arg string) bool { return strings.HasPrefix(arg, "--database=") }) {
		args = append(args, "--database=sqlite://"+filepath.Join(dir, "data", "firsttap.db"))
	}
	cfg, err := config.Load(args, func(string) string { return "" }, os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func deps(log io.Writer) app.Deps {
	return app.Deps{Now: time.Now, Random: rand.Reader, Logger: slog.New(slog.NewJSONHandler(log, nil)), Version: "test"}
}

// start runs a server; stop ends it and gives what Run returned.
func start(t testing.TB, cfg config.Config) (a *app.App, stop func() error) {
	t.Helper()
	a, err := app.New(t.Context(), cfg, deps(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	return a, func() error {
		cancel()
		return <-ended
	}
}

func get(t *testing.T, url string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{Timeout: 10 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestApp_ServesBothDoorsHealthAndMetricsAndStops(t *testing.T) {
	t.Parallel()
	a, stop := start(t, settings(t, t.TempDir()))
	p, err := a.Access.CreateProgram(t.Context(), operator, "Acme", program.Sandbox, nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := a.Access.IssueKey(t.Context(), operator, access.KeyRequest{Program: p.ID, Kind: access.CardsKey, Name: "k"})
	if err != nil {
		t.Fatal(err)
	}
	base, admin := "http://"+a.Addr(), "http://"+a.AdminAddr()
	if status, body := get(t, base+"/cards", "Authorization", "Bearer "+key.Secret.Reveal(), "Reap-Version", "2025-02-14"); status != http.StatusOK || !strings.Contains(body, `"items"`) {
		t.Errorf("the cards API: %d %s", status, body)
	}
	if status, body := get(t, base+"/cards"); status != http.StatusUnauthorized || !strings.Contains(body, "API_KEY_REQUIRED") {
		t.Errorf("the cards API without a key: %d %s", status, body)
	}
	if status, body := get(t, base+"/debit/v1/bulkOrderCard/7e4b85e27c4610824900af48f340394d"); status != http.StatusUnauthorized || !strings.Contains(body, "4401") {
		t.Errorf("the debit API without a token: %d %s", status, body)
	}
	if status, body := get(t, admin+"/readyz"); status != http.StatusOK || !strings.Contains(body, `"workers"`) {
		t.Errorf("readiness: %d %s", status, body)
	}
	_, metrics := get(t, admin+"/metrics")
	for _, name := range []string{"firsttap_http_requests_total", "firsttap_store_writes_total", "firsttap_batches_made_total", "go_goroutines"} {
		if !strings.Contains(metrics, name) {
			t.Errorf("no metric %s", name)
		}
	}
	if strings.Contains(metrics, key.Secret.Reveal()) {
		t.Error("a metric holds a key")
	}
	if err := stop(); err != nil {
		t.Errorf("the stop was not clean: %v", err)
	}
}

func TestApp_TheDebitAPIWantsHTTPSUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	for want, more := range map[int][]string{
		http.StatusForbidden:    {"--trusted-proxies=127.0.0.1"},
		http.StatusUnauthorized: {"--trusted-proxies=127.0.0.1", "--debit-require-https=false"},
	} {
		a, stop := start(t, settings(t, t.TempDir(), more...))
		url := "http://" + a.Addr() + "/debit/v1/webhook"
		if status, body := get(t, url, "X-Forwarded-For", "203.0.113.9", "X-Forwarded-Proto", "http"); status != want {
			t.Errorf("%v: plain HTTP outside answers %d %s, want %d", more, status, body, want)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
}

func TestApp_HasTheConsoleUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	for want, more := range map[bool][]string{true: nil, false: {"--console=false"}} {
		a, stop := start(t, settings(t, t.TempDir(), more...))
		if _, body := get(t, "http://"+a.Addr()+"/console"); strings.Contains(body, "<h1>Sign in</h1>") != want {
			t.Errorf("%v: /console answers %s", more, body)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
}

func TestApp_KeepsEverythingOverARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, stop := start(t, settings(t, dir))
	p, err := a.Access.CreateProgram(t.Context(), operator, "Acme", program.Sandbox, nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := a.Access.IssueKey(t.Context(), operator, access.KeyRequest{Program: p.ID, Kind: access.CardsKey, Name: "k"})
	if err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	again, stopAgain := start(t, settings(t, dir, "--workers=false"))
	if status, _ := get(t, "http://"+again.Addr()+"/cards", "Authorization", "Bearer "+key.Secret.Reveal(), "Reap-Version", "2025-02-14"); status != http.StatusOK {
		t.Errorf("after a restart the key answers %d", status)
	}
	if _, body := get(t, "http://"+again.AdminAddr()+"/readyz"); strings.Contains(body, "workers") {
		t.Errorf("a process without workers is asked for them: %s", body)
	}
	if err := stopAgain(); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(filepath.Join(dir, "data", "keys.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file: %v, %v", info, err)
	}
}

func TestCreate_RefusesAForeignKeyFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := settings(t, dir)
	h, err := app.Create(t.Context(), cfg, deps(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(cfg.KeyPath()); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Create(t.Context(), cfg, deps(io.Discard)); err == nil || !strings.Contains(err.Error(), "does not open this database") {
		t.Errorf("with another key file: %v", err)
	}
}

func TestOpen_MakesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := app.Open(t.Context(), settings(t, dir), deps(io.Discard)); !errors.Is(err, app.ErrNoDatabase) {
		t.Errorf("got %v", err)
	}
	if _, err := app.Migrations(t.Context(), settings(t, dir), deps(io.Discard)); !errors.Is(err, app.ErrNoDatabase) {
		t.Errorf("got %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("made %v, %v", entries, err)
	}
}

func TestRotateKeys_KeepsEverythingReadable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, stop := start(t, settings(t, dir))
	p, err := a.Access.CreateProgram(t.Context(), operator, "Acme", program.Sandbox, nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := a.Access.IssueKey(t.Context(), operator, access.KeyRequest{Program: p.ID, Kind: access.CardsKey, Name: "k"})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.LoadFixture(t.Context(), operator, p.ID); err != nil {
		t.Fatal(err)
	}
	result, err := a.RotateKeys(t.Context(), operator, true, nil)
	if err != nil || len(result.Dropped) != 1 || result.Resumed {
		t.Fatalf("%+v, %v", result, err)
	}
	keys, err := a.Keys(t.Context())
	if err != nil || len(keys) != 4 {
		t.Errorf("keys %+v, %v", keys, err)
	}
	if status, _ := get(t, "http://"+a.Addr()+"/cards", "Authorization", "Bearer "+key.Secret.Reveal(), "Reap-Version", "2025-02-14"); status != http.StatusOK {
		t.Errorf("after a rotation the key answers %d", status)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	h, err := app.Open(t.Context(), settings(t, dir), deps(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}

func TestApp_LogsNoSecret(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	a, err := app.New(t.Context(), settings(t, t.TempDir()), deps(&log))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	const planted = "ftk_sandbox_4fT9aB2cD3eF_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	get(t, "http://"+a.Addr()+"/cards?activationCode=048213", "Authorization", "Bearer "+planted, "Reap-Version", "2025-02-14")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if text := log.String(); strings.Contains(text, planted) || secrettest.Digits(text, "048213") > 0 || !strings.Contains(text, `"reason":"invalid_api_key"`) {
		t.Errorf("the log: %s", text)
	}
}
