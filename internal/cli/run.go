package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/alecthomas/kong"

	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/config"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // it was not done; the reason is on standard error
	exitUsage  = 2 // the command or a setting is wrong; nothing was started
)

// World is what a command gets from outside.
type World struct {
	Args     []string // without the name of the program
	Stdin    io.Reader
	Stdout   io.Writer
	Stderr   io.Writer
	Getenv   func(string) string
	ReadFile func(string) ([]byte, error)
	Version  string
	StepBack func() // lets every other process on the machine go first from now on; nil does nothing
}

// background is told by long work that writes nothing while it runs: a server beside it must never wait for it.
func (w World) background() {
	if w.StepBack != nil {
		w.StepBack()
	}
}

// commands is the tree of commands.
type commands struct {
	Serve      serveCommand      `cmd:"" passthrough:"" help:"Run the server. Takes settings as flags; see serve --help."`
	Demo       demoCommand       `cmd:"" help:"Start a server on this machine and walk the whole way: order, make, ship, activate."`
	Migrate    migrateCommand    `cmd:"" help:"The layout of the database; and moving to another one, with --from and --to."`
	Backup     backupCommand     `cmd:"" help:"Copy the database of one file while the server runs."`
	Restore    restoreCommand    `cmd:"" help:"Put a copy in the place of a database that is lost."`
	Program    programCommand    `cmd:"" help:"Programmes: tenants with their policies."`
	Key        keyCommand        `cmd:"" help:"Keys of the cards API and tokens of the debit API."`
	Design     designCommand     `cmd:"" help:"Designs: what the cards of a programme look like."`
	Console    consoleCommand    `cmd:"" help:"The operator console: who may sign in."`
	Debit      debitCommand      `cmd:"" help:"What only the debit API has: its tokens, and users who sign in."`
	Customer   customerCommand   `cmd:"" help:"Customers of a programme: who waits for a decision, and what it is."`
	Card       cardCommand       `cmd:"" help:"Look at a card."`
	Batch      batchCommand      `cmd:"" help:"Look at a bulk order."`
	Webhook    webhookCommand    `cmd:"" help:"Webhooks: what went where, each attempt, and how to send it again."`
	API        apiCommand        `cmd:"" name:"api" help:"Everything above and more on a server that runs anywhere, through its native API."`
	Listen     listenCommand     `cmd:"" help:"Print what happens in a sandbox programme as it happens, and forward it to a receiver on this machine."`
	Keyring    keyringCommand    `cmd:"" help:"The keys that seal secrets at rest."`
	Audit      auditCommand      `cmd:"" help:"The audit trail."`
	Sandbox    sandboxCommand    `cmd:"" help:"The clock and the fixtures of a sandbox programme."`
	Bench      benchCommand      `cmd:"" help:"Measure this program on this machine."`
	Completion completionCommand `cmd:"" help:"Let a shell complete commands and flags: bash, zsh, fish."`
	Version    versionCommand    `cmd:"" help:"Print the version."`
}

// where says which installation a command works on. What is not given here comes from the environment and
// the file of settings, as for the server.
type where struct {
	Config   string `help:"JSON file of settings." placeholder:"FILE"`
	Database string `help:"Where the data is, as sqlite://path or postgres://user@host/database." placeholder:"URL"`
	KeyFile  string `help:"File of the keys that seal secrets." placeholder:"FILE"`
	Operator string `help:"Who acts, for the audit trail; default is the user of this terminal." placeholder:"NAME"`
}

// ended carries kong's exit out of its callbacks.
type ended int

// Run runs one command and returns the exit code.
func Run(ctx context.Context, w World) (code int) {
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case ended:
			code = int(thrown)
		default:
			panic(thrown)
		}
	}()
	var tree commands
	parser, err := kong.New(&tree,
		kong.Name("firsttap"),
		kong.Description("A server for physical payment cards: from the order to the first tap."),
		kong.Writers(w.Stdout, w.Stderr),
		kong.Exit(func(code int) { panic(ended(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.UsageOnError(),
	)
	if err != nil {
		return w.complain(err)
	}
	if len(w.Args) == 0 {
		w.Args = []string{"--help"}
	}
	chosen, err := parser.Parse(w.Args)
	if err != nil {
		_, _ = fmt.Fprintf(w.Stderr, "firsttap: %v\nTry: %s --help\n", err, meant(err))
		return exitUsage
	}
	chosen.BindTo(ctx, (*context.Context)(nil))
	return w.complain(chosen.Run(w))
}

// meant is the command that was written wrong, as far as it was understood.
func meant(err error) string {
	var wrong *kong.ParseError
	if errors.As(err, &wrong) && wrong.Context != nil && wrong.Context.Selected() != nil {
		return "firsttap " + wrong.Context.Selected().Path()
	}
	return "firsttap"
}

// complain prints why a command was not done, and gives the exit code.
func (w World) complain(err error) int {
	var settings config.Problems
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &settings):
		_, _ = fmt.Fprintln(w.Stderr, "firsttap: "+settings.Error()+"\nNothing was started. docs/configuration.md explains every setting.")
		return exitUsage
	case errors.As(err, &usage):
		_, _ = fmt.Fprintln(w.Stderr, "firsttap: "+usage.Error())
		return exitUsage
	case errors.Is(err, errSaid):
		return exitFailed
	}
	_, _ = fmt.Fprintln(w.Stderr, "firsttap: "+explain(err))
	return exitFailed
}

// usageError is a command that is written wrong in a way that kong does not see.
type usageError string

func (e usageError) Error() string { return string(e) }

// errSaid ends a command whose failure has been printed already.
var errSaid = errors.New("the reason was printed")

// settings loads the configuration for a command that works on an installation.
func (o where) settings(w World, more ...string) (config.Config, error) {
	args := more
	for _, f := range []struct{ flag, value string }{
		{"--config", o.Config}, {"--database", o.Database}, {"--key-file", o.KeyFile},
	} {
		if f.value != "" {
			args = append(args, f.flag+"="+f.value)
		}
	}
	return config.Load(args, w.Getenv, w.ReadFile)
}

// opener opens an installation: app.Open one that exists, app.Create also a new one.
type opener func(context.Context, config.Config, app.Deps) (*app.House, error)

// with opens the installation, runs body and closes it again. Nothing is served. more are settings as flags.
func (o where) with(ctx context.Context, w World, open opener, body func(h *app.House) error, more ...string) error {
	cfg, err := o.settings(w, more...)
	if err != nil {
		return err
	}
	cfg.Log.Level = max(cfg.Log.Level, slog.LevelWarn) // the command says itself what it did
	house, err := open(ctx, cfg, w.deps(cfg))
	if err != nil {
		return err
	}
	return errors.Join(body(house), house.Close())
}

// deps is the world as the server sees it.
func (w World) deps(cfg config.Config) app.Deps {
	return app.Deps{Now: time.Now, Random: rand.Reader, Logger: newLogger(w.Stderr, cfg.Log), Version: w.Version}
}

func newLogger(to io.Writer, c config.Log) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.Level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(to, options))
	}
	return slog.New(slog.NewTextHandler(to, options))
}

// isTerminal tells whether somebody reads what is written there as it comes.
func isTerminal(to io.Writer) bool {
	f, ok := to.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

type versionCommand struct{}

func (versionCommand) Run(w World) error {
	_, err := fmt.Fprintln(w.Stdout, "firsttap "+w.Version)
	return err
}
