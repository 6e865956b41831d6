package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/config"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/staff"
)

type demoCommand struct {
	Exit  bool   `help:"End after the walk instead of serving on; non-zero if a step did not answer as it should."`
	Dir   string `help:"Folder for the database, the keys and the log; default is a fresh one." placeholder:"DIR"`
	Cards int    `default:"3000" help:"How many cards to order in bulk, 4 to 50000."`
}

// Help adds to the text of --help.
func (demoCommand) Help() string {
	return `Nothing is faked: the server listens on a port of this machine, writes a database file, and is called over HTTP
as a partner would call it. The calls are printed with their answers.`
}

// Run starts a server, walks both stories through it, and serves on.
func (c demoCommand) Run(ctx context.Context, w World) error {
	if c.Cards < 4 || c.Cards > 50_000 {
		return usageError("--cards takes 4 to 50000")
	}
	dir, err := c.folder()
	if err != nil {
		return err
	}
	stage, err := openStage(ctx, w, dir)
	if err != nil {
		return err
	}
	running := make(chan error, 1)
	serving, stop := context.WithCancel(ctx)
	defer stop()
	go func() { running <- stage.server.Run(serving) }()

	defer stage.hooks.close()
	walked := stage.walk(ctx, c.Cards)
	if walked != nil && ctx.Err() != nil {
		stage.teller.say("\nInterrupted.")
		return errors.Join(errSaid, <-running)
	}
	if walked == nil || errors.Is(walked, errSaid) {
		stage.farewell(c.Exit)
	}
	if c.Exit || (walked != nil && !errors.Is(walked, errSaid)) {
		stop()
	}
	return errors.Join(walked, <-running)
}

// folder makes the folder of the demonstration.
func (c demoCommand) folder() (string, error) {
	if c.Dir == "" {
		return os.MkdirTemp("", "firsttap-demo-")
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o700)
}

// stage is a running server with a programme, its keys, and somebody who tells what happens.
type stage struct {
	dir     string
	server  *app.App
	program program.Program
	cards   access.Issued // a key of the cards API
	debit   access.Issued // a token of the debit API that may do everything
	native  access.Issued // a key of the native API with every scope
	teller  *teller
	hooks   *receiver

	page, pageCode string     // a link to the activation page that nobody has opened, and the code to type there
	mailer         string     // what the QR on the letter of that card says
	member         staff.Made // who may sign in to the console
}

// openStage builds the server, listens, and prepares a programme that is open for experiments.
func openStage(ctx context.Context, w World, dir string) (*stage, error) {
	cfg, err := config.Load([]string{
		"--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--database=sqlite://" + filepath.Join(dir, "firsttap.db"),
		"--key-file=" + filepath.Join(dir, "keys.json"),
	}, func(string) string { return "" }, w.ReadFile)
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Join(dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	deps := w.deps(cfg)
	deps.Logger = slog.New(slog.NewJSONHandler(log, nil))
	server, err := app.New(ctx, cfg, deps)
	if err != nil {
		return nil, err
	}
	if err := server.Listen(ctx); err != nil {
		return nil, errors.Join(err, server.Close())
	}
	s := &stage{dir: dir, server: server}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, server.Close())
	}
	if s.hooks, err = listenForWebhooks(ctx); err != nil {
		return nil, errors.Join(err, server.Close())
	}
	s.teller = newTeller(w, "http://"+server.Addr(), &http.Client{
		Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	})
	return s, nil
}

// prepare makes the programme and its keys, as an operator would with the command line.
func (s *stage) prepare(ctx context.Context) (err error) {
	by := access.Operator{Name: "demo", Channel: audit.ChannelCLI}
	house := s.server.House
	policies := map[string]string{"webhooks.allow_private_targets": "true", "debit.composite": "on", "activation_page.second_factor": "phone_last4"}
	for _, tier := range program.Tiers() {
		policies["rate_limits."+tier] = "unlimited"
	}
	name := "Demo " + time.Now().UTC().Format("2006-01-02 15:04:05.000")
	if s.program, err = house.Access.CreateProgram(ctx, by, name, program.Sandbox, policies); err != nil {
		return err
	}
	if s.cards, err = house.Access.IssueKey(ctx, by, access.KeyRequest{Program: s.program.ID, Kind: access.CardsKey, Name: "demo"}); err != nil {
		return err
	}
	native := access.KeyRequest{Program: s.program.ID, Kind: access.NativeKey, Name: "demo", Scopes: access.Scopes()}
	if s.native, err = house.Access.IssueKey(ctx, by, native); err != nil {
		return err
	}
	if s.member, err = house.Staff.Add(ctx, by, "demo-"+time.Now().UTC().Format("20060102-150405.000"), staff.Admin, s.program.ID); err != nil {
		return err
	}
	s.debit, err = house.Access.IssueKey(ctx, by, access.KeyRequest{
		Program: s.program.ID, Kind: access.Ecommerce, Role: access.RoleAdmin, Name: "demo",
	})
	return err
}

// walk tells both stories. Its error is errSaid when a step did not answer as it should.
func (s *stage) walk(ctx context.Context, cards int) error {
	t := s.teller
	t.title("Firsttap: from the order to the first tap")
	t.say("A real server runs in this process, on http://%s, with a SQLite database in", s.server.Addr())
	t.say("%s. The programme %q is a sandbox.", s.dir, s.program.Name)
	for _, story := range []func(ctx context.Context) error{
		s.cardsStory,
		func(ctx context.Context) error { return s.debitStory(ctx, cards) },
	} {
		if err := story(ctx); err != nil {
			return err
		}
	}
	if t.failed > 0 {
		t.title(fmt.Sprintf("%d of %d steps did not answer as they should", t.failed, t.steps))
		return errSaid
	}
	t.title(fmt.Sprintf("All %d steps answered as they should", t.steps))
	return nil
}

// farewell says where the server listens and what to try. Here, and only here, the keys are shown whole.
func (s *stage) farewell(leaving bool) {
	t := s.teller
	base := "http://" + s.server.Addr()
	t.say("")
	if leaving {
		t.say("Everything is kept in %s. Run `firsttap demo` without --exit to go on serving.", s.dir)
		return
	}
	t.say("The server goes on at %s; health and metrics are at http://%s.", base, s.server.AdminAddr())
	t.say("Its keys open only this sandbox:")
	t.say("")
	t.say("  cards API  %s", s.cards.Secret.Reveal())
	t.say("  debit API  %s", s.debit.Secret.Reveal())
	t.say("  native API %s", s.native.Secret.Reveal())
	t.say("")
	if s.page != "" {
		t.say("Activate a card yourself, as its holder. Within 15 minutes, open this once and type %s:", s.pageCode)
		t.say("")
		t.say("  %s", s.page)
		t.say("")
		t.say("Or come by the QR on her letter, whenever you like. Her phone number ends in %s; then the code is the same:", anaPhone[len(anaPhone)-4:])
		t.say("")
		t.say("  %s", s.mailer)
		t.say("")
	}
	t.say("Be the operator who answers the phone: sign in at %s/console as %s with the password", base, s.member.Member.Name)
	t.say("")
	t.say("  %s", s.member.Password.Reveal())
	t.say("")
	t.say("All documents, and a reference of each API that takes these keys: %s/docs", base)
	t.say("")
	t.say("Try:")
	t.say("")
	t.say("  curl %s/cards -H 'Reap-Version: 2025-02-14' \\", base)
	t.say("    -H 'Authorization: Bearer %s'", s.cards.Secret.Reveal())
	t.say("")
	t.say("  curl %s/debit/v1/activateCardForCustomer -H 'Content-Type: application/json' \\", base)
	t.say("    -H 'Authorization-ecommerce: %s' \\", s.debit.Secret.Reveal())
	t.say(`    -d '{"customer_id":"12345678","card_identifier":"CARD-002","reference_batch":"%s"}'`, examplesBatch)
	t.say("")
	t.say("  bin/firsttap audit tail --program %q --database sqlite://%s", s.program.Name, filepath.Join(s.dir, "firsttap.db"))
	t.say("")
	t.say("The log is %s. Ctrl-C ends the server.", filepath.Join(s.dir, "server.log"))
}
