package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/bench"
	"github.com/firsttap/firsttap/internal/config"
	"github.com/firsttap/firsttap/internal/program"
)

type benchCommand struct {
	Fill  benchFill  `cmd:"" help:"Fill an installation with made-up cards and their history, to measure by."`
	Plans benchPlans `cmd:"" help:"Show how the database goes about the queries that requests wait for."`
	Bulk  benchBulk  `cmd:"" help:"Measure bulk orders: cards a second, memory of the server, and activations beside them."`
	Run   benchRun   `cmd:"" help:"Measure activations and what goes with them against what the machine could do at that time."`

	Generate benchGenerate `cmd:"" hidden:"" help:"The part of a measurement that sends the load."`
	Floor    benchFloor    `cmd:"" hidden:"" help:"The part of a measurement that answers and does nothing."`
}

type benchBulk struct {
	Database string        `help:"A fresh PostgreSQL database, as postgres://…; default is a SQLite file in a temporary folder." placeholder:"URL"`
	Orders   int           `default:"20" help:"Orders that are taken and made while activations go on."`
	Items    int           `default:"50000" help:"Cards of each order."`
	Rate     int           `default:"100" help:"Activations a second."`
	Quiet    time.Duration `default:"10s" help:"How long activations are measured without orders."`
	Vault    string        `default:"built_in" enum:"built_in,off" help:"Whether the programme keeps card numbers: a sandbox does (built_in), a live programme does not unless it is told to (off)."`
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
	args := append(benchSettings(dir, "firsttap", c.Database), "--log-level=warn")
	cfg, err := config.Load(args, func(string) string { return "" }, w.ReadFile)
	if err != nil {
		return err
	}
	token, err := prepareBench(ctx, w, cfg, c.Vault)
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
	result, err := bench.Bulk(ctx, bench.BulkOptions{
		Server: server, Token: token, Now: time.Now, Orders: c.Orders, Items: c.Items, Rate: c.Rate, Quiet: c.Quiet,
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

// prepareBench makes a sandbox programme without limits of rate in a fresh database, and gives its token.
func prepareBench(ctx context.Context, w World, cfg config.Config, vault string) (string, error) {
	house, err := freshHouse(ctx, w, cfg)
	if err != nil {
		return "", err
	}
	by := where{}.operator()
	p, err := house.Access.CreateProgram(ctx, by, "bench", program.Sandbox, map[string]string{
		"debit.rate_per_second": "0", "vault.mode": vault,
	})
	if err != nil {
		return "", errors.Join(err, house.Close())
	}
	key, err := house.Access.IssueKey(ctx, by, access.KeyRequest{Program: p.ID, Kind: access.Ecommerce, Role: access.RoleAdmin, Name: "bench"})
	return key.Secret.Reveal(), errors.Join(err, house.Close())
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
	return table(w.Stdout, []string{"ACTIVATIONS", "OFFERED", "FAILED", "P50", "P99", "WORST"}, [][]string{row("alone", r.Alone), row("beside the orders", r.Beside)})
}
