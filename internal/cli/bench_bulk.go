package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/bench"
	"github.com/firsttap/firsttap/internal/config"
	"github.com/firsttap/firsttap/internal/program"
)

type benchBulk struct {
	Database string        `help:"A fresh PostgreSQL database, as postgres://…; default is a SQLite file in a temporary folder." placeholder:"URL"`
	Orders   int           `default:"20" help:"Orders that are taken and made while activations go on."`
	Items    int           `default:"50000" help:"Cards of each order."`
	Rate     int           `default:"100" help:"Activations a second."`
	Quiet    time.Duration `default:"10s" help:"How long activations are measured without orders."`
	Vault    string        `default:"built_in" enum:"built_in,off" help:"Whether the programme keeps card numbers: a sandbox does (built_in), a live programme does not unless it is told to (off)."`
	Chores   bool          `help:"Beside the orders also make new keys, copy the database (a file), verify the audit trail, and have webhooks that nobody answers, all the time."`
	JSON     bool          `help:"Print JSON."`
}

// Run measures in an installation of its own.
func (c benchBulk) Run(ctx context.Context, w World) error {
	if c.Orders < 1 || c.Items < 1 || c.Items > 50_000 || c.Rate < 1 {
		return usageError("orders, items (at most 50000) and rate must be at least 1")
	}
	dir, err := os.MkdirTemp("", "firsttap-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	settings := append(benchSettings(dir, "firsttap", c.Database), "--audit-checkpoints="+filepath.Join(dir, "checkpoints"))
	args := append(settings, "--log-level=warn")
	cfg, err := config.Load(args, func(string) string { return "" }, w.ReadFile)
	if err != nil {
		return err
	}
	token, hooks, err := prepareBench(ctx, w, cfg, c.Vault)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	server, err := bench.StartServer(ctx, self, w.Stderr, args...)
	if err != nil {
		return err
	}
	var chores []bench.Chore
	if c.Chores {
		if err := deadWebhooks(ctx, server.URL, hooks); err != nil {
			return errors.Join(err, server.Stop())
		}
		chores = benchChores(self, dir, settings, c.Database == "")
	}
	result, err := bench.Bulk(ctx, bench.BulkOptions{
		Chores: chores, Server: server, Token: token, Now: time.Now, Orders: c.Orders, Items: c.Items, Rate: c.Rate, Quiet: c.Quiet,
		Note: func(format string, args ...any) { _, _ = fmt.Fprintf(w.Stderr, format+"\n", args...) },
	})
	if err = errors.Join(err, server.Stop()); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(w.Stdout, result)
	}
	return showBulk(w, result)
}

// prepareBench makes a sandbox programme without limits of rate in a fresh database, and gives its token and its key of the
// cards API.
func prepareBench(ctx context.Context, w World, cfg config.Config, vault string) (token, hooks string, err error) {
	house, err := freshHouse(ctx, w, cfg)
	if err != nil {
		return "", "", err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	by := where{}.operator()
	p, err := house.Access.CreateProgram(ctx, by, benchProgram, program.Sandbox, map[string]string{
		"debit.rate_per_second": "0", "vault.mode": vault, "webhooks.allow_private_targets": "true",
	})
	if err != nil {
		return "", "", err
	}
	issue := func(kind access.Kind, role access.Role) (secret string) {
		if err == nil {
			var key access.Issued
			key, err = house.Access.IssueKey(ctx, by, access.KeyRequest{Program: p.ID, Kind: kind, Role: role, Name: "bench"})
			secret = key.Secret.Reveal()
		}
		return secret
	}
	return issue(access.Ecommerce, access.RoleAdmin), issue(access.CardsKey, ""), err
}

const benchProgram = "bench"

// deadWebhooks has events go to addresses where nobody listens.
func deadWebhooks(ctx context.Context, url, key string) error {
	for n := range 3 {
		body := fmt.Sprintf(`{"name":"dead %d","url":"http://127.0.0.1:65500/%d"}`, n, n)
		if err := bench.Post(ctx, url+"/webhooks", body, "Authorization", "Bearer "+key, "Reap-Version", "2025-02-14"); err != nil {
			return fmt.Errorf("a webhook that nobody answers: %w", err)
		}
	}
	return nil
}

// benchChores are commands of this program on the installation that is measured.
func benchChores(self, dir string, settings []string, file bool) (all []bench.Chore) {
	of := func(names ...string) (kept []string) {
		for _, s := range settings {
			if slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(s, "--"+n+"=") }) {
				kept = append(kept, s)
			}
		}
		return kept
	}
	run := func(ctx context.Context, args ...string) (string, error) {
		out, err := exec.CommandContext(ctx, self, args...).CombinedOutput() //nolint:gosec // it is this program itself
		if err != nil {
			return "", fmt.Errorf("%s: %w: %s", args[0], err, out)
		}
		return strings.TrimSpace(string(out)), nil
	}
	here, log := of("database", "key-file"), of("database", "key-file", "audit-checkpoints")
	all = append(all, bench.Chore{Name: "keyring rotate", Do: func(ctx context.Context, _ int) error {
		_, err := run(ctx, append([]string{"keyring", "rotate"}, here...)...)
		return err
	}}, bench.Chore{Name: "audit export and verify", Do: func(ctx context.Context, n int) error {
		out := filepath.Join(dir, fmt.Sprintf("audit-%d.jsonl", n))
		defer func() { _ = errors.Join(os.Remove(out), os.Remove(out+".checkpoint")) }()
		key, err := run(ctx, append([]string{"audit", "key"}, here...)...)
		if err != nil {
			return err
		}
		if _, err = run(ctx, append([]string{"audit", "export", "--program=" + benchProgram, "--out=" + out}, log...)...); err != nil {
			return err
		}
		_, err = run(ctx, "audit", "verify", "--export="+out, "--checkpoint="+out+".checkpoint", "--key="+key)
		return err
	}})
	if file {
		all = append(all, bench.Chore{Name: "backup", Do: func(ctx context.Context, n int) error {
			to := filepath.Join(dir, fmt.Sprintf("copy-%d.db", n))
			defer func() { _ = os.Remove(to) }()
			_, err := run(ctx, append([]string{"backup", to}, here...)...)
			return err
		}})
	}
	return all
}

// freshHouse makes an installation where there is none.
func freshHouse(ctx context.Context, w World, cfg config.Config) (*app.House, error) {
	if _, err := app.Open(ctx, cfg, w.deps(cfg)); !errors.Is(err, app.ErrNoDatabase) {
		return nil, usageError("the database is not fresh: measure in one that holds nothing")
	}
	return app.Create(ctx, cfg, w.deps(cfg))
}

func showBulk(w World, r bench.BulkResult) error {
	perSecond := func(n int, took time.Duration) string { return strconv.Itoa(int(float64(n) / took.Seconds())) }
	mb := func(n int64) string { return fmt.Sprintf("%d MB", n>>20) }
	err := table(w.Stdout, []string{"ORDERS", "CARDS", "TOOK", "CARDS/S", "PEAK MEMORY"}, [][]string{
		{"one taken", strconv.Itoa(r.Items), r.UploadTook.Round(time.Millisecond).String(), perSecond(r.Items, r.UploadTook), mb(r.UploadMemory)},
		{"one made", strconv.Itoa(r.Items), r.MakeTook.Round(time.Millisecond).String(), perSecond(r.Items, r.MakeTook), mb(r.MakeMemory)},
		{strconv.Itoa(r.Orders) + " taken and made", strconv.Itoa(r.Cards), r.AllTook.Round(time.Millisecond).String(), perSecond(r.Cards, r.AllTook), mb(r.AllMemory)},
	})
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(w.Stdout)
	row := func(what string, l bench.Latencies) []string {
		ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
		return []string{what, strconv.Itoa(l.Offered), strconv.Itoa(l.Failed), ms(l.P50), ms(l.P99), ms(l.Worst)}
	}
	for _, l := range []bench.Latencies{r.Alone, r.Beside} {
		if l.Failed > 0 {
			_, _ = fmt.Fprintln(w.Stderr, "the first failure: "+l.FirstFailure)
		}
	}
	err = table(w.Stdout, []string{"ACTIVATIONS", "OFFERED", "FAILED", "P50", "P99", "WORST"}, [][]string{row("alone", r.Alone), row("beside the orders", r.Beside)})
	if err != nil || len(r.Chores) == 0 {
		return err
	}
	if r.Alone.P99 > 0 {
		_, _ = fmt.Fprintf(w.Stdout, "\nP9: p99 beside everything ÷ alone %.1f (floor 3, aim 2)\n\n", float64(r.Beside.P99)/float64(r.Alone.P99))
	}
	rows := make([][]string, len(r.Chores))
	for i, c := range r.Chores {
		rows[i] = []string{c.Name, strconv.Itoa(c.Done), strconv.Itoa(c.Failed)}
		if c.Failed > 0 {
			_, _ = fmt.Fprintln(w.Stderr, "the first failure of a chore: "+c.FirstFailure)
		}
	}
	return table(w.Stdout, []string{"CHORE", "DONE", "FAILED"}, rows)
}
