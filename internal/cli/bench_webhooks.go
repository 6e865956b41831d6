package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/bench"
	"github.com/firsttap/firsttap/internal/config"
	"github.com/firsttap/firsttap/internal/program"
)

type benchWebhooks struct {
	Database   string        `help:"A fresh PostgreSQL database, as postgres://…; default is a SQLite file in a temporary folder." placeholder:"URL"`
	Deliveries int           `default:"6000" help:"Deliveries of a backlog."`
	Windows    int           `default:"3" help:"Backlogs to one endpoint, and to five, in turns."`
	Length     time.Duration `default:"1s" help:"Length of a window of the server that does nothing."`
	Rate       int           `default:"500" help:"Events a second that are offered in the open loop; 0 leaves it out."`
	OpenLength time.Duration `default:"10s" help:"Length of the open loop."`
	Compare    string        `help:"Show what changed since the run whose JSON is in this file." placeholder:"FILE"`
	JSON       bool          `help:"Print JSON."`
}

// Help adds to the text of --help.
func (benchWebhooks) Help() string {
	return "The server, the generator and the receiver are processes of their own. An activation makes two events: of the card, and\n" +
		"of its shipment. The time until one is received counts from the event's own time, which is taken before its commit; so the\n" +
		"commit is in it. The receiver checks the signature of each fiftieth delivery. ERRORS counts what came twice."
}

// Run measures in an installation of its own.
func (c benchWebhooks) Run(ctx context.Context, w World) error {
	if c.Deliveries < 10 || c.Windows < 1 || c.Rate < 0 || c.Rate == 1 || c.Length <= 0 || c.OpenLength <= 0 {
		return usageError("deliveries must be at least 10, windows 1, rate 0 or at least 2; length and open-length above 0")
	}
	before, err := reportIn(w, c.Compare)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "firsttap-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	settings := benchSettings(dir, "firsttap", c.Database)
	cfg, err := config.Load(append(settings, "--log-level=warn"), func(string) string { return "" }, w.ReadFile)
	if err != nil {
		return err
	}
	key, err := programmeWithHooks(ctx, w, cfg)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		return err
	}
	report, err := bench.Webhooks(ctx, bench.RunOptions{
		Program: self, Settings: settings, Access: bench.Access{Cards: key}, Folder: dir, Engine: cfg.Database.Engine, Log: w.Stderr, ServerLog: log,
		Now: time.Now, Note: func(format string, args ...any) { _, _ = fmt.Fprintf(w.Stderr, format+"\n", args...) },
		Cards: c.Deliveries, Windows: c.Windows, Length: c.Length, Rate: c.Rate, OpenLength: c.OpenLength,
	})
	if err != nil {
		err = fmt.Errorf("%w\nthe server's last words: %s", err, lastOf(log))
	}
	if err = errors.Join(err, log.Close()); err != nil {
		return err
	}
	return showRun(w, report, before, c.JSON)
}

// programmeWithHooks makes a sandbox programme whose webhooks may go to this machine, and gives its key of the cards API.
func programmeWithHooks(ctx context.Context, w World, cfg config.Config) (secret string, err error) {
	house, err := freshHouse(ctx, w, cfg)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	policies := noLimits()
	policies["webhooks.allow_private_targets"] = "true"
	by := where{}.operator()
	p, err := house.Access.CreateProgram(ctx, by, benchProgram, program.Sandbox, policies)
	if err != nil {
		return "", err
	}
	key, err := house.Access.IssueKey(ctx, by, access.KeyRequest{Program: p.ID, Kind: access.CardsKey, Name: "bench"})
	return key.Secret.Reveal(), err
}

// noLimits are policies with limits of rate that nobody reaches, under which a new customer is approved at once.
func noLimits() map[string]string {
	policies := map[string]string{"users.review": "auto", "debit.rate_per_second": "1000000", "debit.rate_burst": "1000000"}
	for _, tier := range program.Tiers() {
		policies["rate_limits."+tier] = highRate
	}
	return policies
}

type benchReceive struct{}

// Run takes webhooks and counts them as it is told on standard input, until that ends.
func (benchReceive) Run(ctx context.Context, w World) error {
	return bench.ServeReceiver(ctx, w.Stdin, w.Stdout, time.Now)
}
