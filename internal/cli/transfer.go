package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/firsttap/firsttap/internal/app"
)

type migrateMove struct {
	From string `required:"" help:"Database to leave, as sqlite://path or postgres://…. No server may use it." placeholder:"URL"`
	To   string `required:"" help:"Empty database to move to. A password may come from PGPASSWORD or a .pgpass file." placeholder:"URL"`
}

// Run moves the installation.
func (c migrateMove) Run(ctx context.Context, w World) error {
	from, err := where{Database: c.From}.settings(w)
	if err != nil {
		return err
	}
	to, err := where{Database: c.To}.settings(w)
	if err != nil {
		return err
	}
	if a, b := from.Database, to.Database; a.Path == b.Path && a.URL.Reveal() == b.URL.Reveal() {
		return usageError("--from and --to are the same database")
	}
	from.Log.Level = slog.LevelError
	steps := newSteps(w)
	report, err := app.Move(ctx, from, to, w.deps(from), func(p app.MoveProgress) {
		what := "copying"
		if p.Verifying {
			what = "comparing"
		}
		steps.at(what, p.Table, p.Done, p.Total)
	})
	steps.end()
	switch {
	case errors.Is(err, app.ErrMoveRefused), errors.Is(err, app.ErrNoDatabase):
		return err
	case err != nil:
		return fmt.Errorf("not moved; what was copied stays copied, run the command again: %w", err)
	}
	resumed := ""
	if report.Resumed {
		resumed = " (going on where an earlier move stopped)"
	}
	_, err = fmt.Fprintf(w.Stdout, "Moved and compared row by row%s: %d rows of %d tables.\n"+
		"The keys are not in the database and stay where they are: start the servers with --database for the new one and\n"+
		"--key-file=%s. The old database is closed to servers; keep it until the new one is backed up.\n",
		resumed, report.Rows, report.Tables, from.KeyPath())
	return err
}

type migrateReopen struct{ where }

// Run opens a database again.
func (c migrateReopen) Run(ctx context.Context, w World) error {
	cfg, err := c.settings(w)
	if err != nil {
		return err
	}
	cfg.Log.Level = slog.LevelError
	if err := app.Reopen(ctx, cfg, w.deps(cfg)); err != nil {
		return err
	}
	_, err = fmt.Fprintln(w.Stdout, "The database is open to servers again. Nothing may use the one that it was moved to.")
	return err
}

type backupCommand struct {
	where
	To   string `arg:"" help:"File to make. It must not be there."`
	Keys string `help:"Also copy the key file there. Keep it apart from the copy of the database." placeholder:"FILE"`
}

// insteadOfBackup is what to use where there is no file to copy.
const insteadOfBackup = "PostgreSQL brings its own tools, which know how to copy a running server. Use one of these:\n" +
	"  pg_dump --format=custom --file=firsttap.dump URL      one consistent copy; back with pg_restore\n" +
	"  pg_basebackup with WAL archiving                      every moment since, for the whole server\n" +
	"and copy the key file too. docs/operations.md has the steps."

// Run copies the database.
func (c backupCommand) Run(ctx context.Context, w World) error {
	cfg, err := c.settings(w)
	if err != nil {
		return err
	}
	w.background()
	steps := newSteps(w)
	err = app.Backup(ctx, cfg, c.To, c.Keys, func(done, total int) { steps.at("copying", "pages", int64(done), int64(total)) })
	steps.end()
	switch {
	case errors.Is(err, app.ErrOnlySQLite):
		return usageError(insteadOfBackup)
	case err != nil:
		return err
	}
	keys := "The keys are not in it: also keep a copy of " + cfg.KeyPath() + ", in another place."
	if c.Keys != "" {
		keys = "The keys are in " + c.Keys + ": keep them in another place. Who has both can read every secret."
	}
	_, err = fmt.Fprintf(w.Stdout, "Copied and checked: %s. %s\n", c.To, keys)
	return err
}

type restoreCommand struct {
	where
	From string `arg:"" help:"Copy that firsttap backup made."`
}

// Run puts a copy in the place of the database.
func (c restoreCommand) Run(ctx context.Context, w World) error {
	cfg, err := c.settings(w)
	if err != nil {
		return err
	}
	cfg.Log.Level = slog.LevelError
	steps := newSteps(w)
	err = app.Restore(ctx, cfg, w.deps(cfg), c.From, func(done, total int) { steps.at("copying", "pages", int64(done), int64(total)) })
	steps.end()
	switch {
	case errors.Is(err, app.ErrOnlySQLite):
		return usageError("PostgreSQL is restored with its own tools: pg_restore, or the copy of pg_basebackup. docs/operations.md has the steps.")
	case err != nil:
		return err
	}
	_, err = fmt.Fprintf(w.Stdout, "Restored to %s, and the keys open it. Start the server.\n", cfg.Database.Path)
	return err
}

// steps shows how far a long command is: a bar on a terminal, else a line now and then.
type steps struct {
	w      World
	bar    *progressbar.ProgressBar
	what   string
	said   time.Time
	length int64
}

// sayEvery is how often a line is printed where there is no terminal.
const sayEvery = 2 * time.Second

func newSteps(w World) *steps { return &steps{w: w} }

func (s *steps) at(what, of string, done, total int64) {
	if !isTerminal(s.w.Stderr) {
		if now := time.Now(); what != s.what || now.Sub(s.said) >= sayEvery {
			s.what, s.said = what, now
			_, _ = fmt.Fprintf(s.w.Stderr, "%s: %d of %d (%s)\n", what, done, total, of)
		}
		return
	}
	if s.bar == nil || what != s.what || total != s.length {
		s.end()
		s.what, s.length, s.bar = what, total, progress(s.w, int(total), what)
	}
	_ = s.bar.Set64(done)
}

func (s *steps) end() {
	if s.bar != nil {
		_ = s.bar.Finish()
	}
}
