package cli

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/config"
)

// serveGC is how much garbage may gather beside what lives, in percent of it. What lives is small, and each request
// leaves garbage: some 50 MB more are a tenth to a fifth more requests (docs/performance.md). GOGC overrules it.
const serveGC = 300

// serveMemory is how much memory of its own the Go runtime takes before garbage is collected more often than serveGC
// asks for. Without it, thousands of connections at once left as much garbage as three times what they hold
// (docs/performance.md). GOMEMLIMIT overrules it.
const serveMemory = 96 << 20

type serveCommand struct {
	Settings []string `arg:"" optional:"" help:"Settings as flags."`
}

// Run serves until the process is told to stop.
func (c serveCommand) Run(ctx context.Context, w World) error {
	if slices.Contains(c.Settings, "--help") || slices.Contains(c.Settings, "-h") {
		_, err := fmt.Fprint(w.Stdout, "Usage: firsttap serve [settings]\n\nRun the server until it is told to stop (SIGINT, SIGTERM).\n\n"+config.Help())
		return err
	}
	cfg, err := config.Load(c.Settings, w.Getenv, w.ReadFile)
	if err != nil {
		return err
	}
	gatherGarbage(w)
	if w.Getenv("GOMEMLIMIT") == "" {
		go boundMemory(ctx)
	}
	log := gatherLog(w.Stderr)
	defer func() { _ = log.Close() }() // the last lines
	w.Stderr = log
	server, err := app.New(ctx, cfg, w.deps(cfg))
	if err != nil {
		return err
	}
	return server.Run(ctx)
}

func gatherGarbage(w World) {
	if w.Getenv("GOGC") == "" {
		debug.SetGCPercent(serveGC)
	}
}

// boundMemory keeps the soft limit above what lives, so that a server with much to hold does not spend its time collecting.
func boundMemory(ctx context.Context) {
	taken := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for set := int64(0); ctx.Err() == nil; {
		metrics.Read(taken)
		if limit := memoryLimit(taken[0].Value.Uint64(), taken[1].Value.Uint64()); limit != set {
			debug.SetMemoryLimit(limit)
			set = limit
		}
		select {
		case <-look.C:
		case <-ctx.Done():
		}
	}
}

// memoryLimit is the soft limit while so many bytes were alive after the last collection, beside the stacks: two thousand
// connections have 50 MB of them, and nothing is collected there.
func memoryLimit(live, stacks uint64) int64 {
	return max(serveMemory, 2*int64(min(live, math.MaxInt64/4))) + int64(min(stacks, math.MaxInt64/4))
}

type migrateCommand struct {
	Status migrateStatus `cmd:"" help:"Tell which layout the database has, and which this program needs."`
	Move   migrateMove   `cmd:"" default:"withargs" help:"Move the whole installation to another database: firsttap migrate --from URL --to URL. After a crash, run it again."`
	Reopen migrateReopen `cmd:"" help:"Open the database again that a move has left and closed."`
	Up     migrateUp     `cmd:"" help:"Bring the database to the layout that this program needs. The server does so by itself when it starts."`
}

type migrateStatus struct {
	where
	JSON bool `help:"Print JSON."`
}

// Run prints the state of the layout and changes nothing.
func (c migrateStatus) Run(ctx context.Context, w World) error {
	cfg, err := c.settings(w)
	if err != nil {
		return err
	}
	cfg.Log.Level = max(cfg.Log.Level, slog.LevelWarn)
	list, err := app.Migrations(ctx, cfg, w.deps(cfg))
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(w.Stdout, list)
	}
	rows := make([][]string, len(list))
	for i, m := range list {
		at := "pending"
		if !m.AppliedAt.IsZero() {
			at = moment(m.AppliedAt)
		}
		rows[i] = []string{fmt.Sprint(m.Version), m.Name, at}
	}
	return table(w.Stdout, []string{"VERSION", "NAME", "APPLIED"}, rows)
}

type migrateUp struct{ where }

// Run opens the database, which brings it up to date.
func (c migrateUp) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Create, func(*app.House) error {
		_, err := fmt.Fprintln(w.Stdout, "The database is up to date.")
		return err
	})
}
