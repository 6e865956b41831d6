package app

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/auditworker"
	"github.com/firsttap/firsttap/internal/bulkworker"
	"github.com/firsttap/firsttap/internal/config"
	"github.com/firsttap/firsttap/internal/funnelworker"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/outbox"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/sqlstore"
	"github.com/firsttap/firsttap/internal/webhook"
)

// How often the house looks after itself.
const (
	refreshKeys = time.Minute
	flushUses   = 15 * time.Second
	sweepEvery  = time.Hour
	lastFlush   = 2 * time.Second // for the last notes of a stop
	silence     = 30 * time.Second
)

// App is a House that serves.
type App struct {
	*House
	authenticator *access.Authenticator
	server        *httpd.Server
	registry      *prometheus.Registry
	outbox        *outbox.Worker
	bulk          *bulkworker.Worker
	audit         *auditworker.Worker
	funnel        *funnelworker.Worker
	pulses        *pulses
}

// New builds everything and opens the store; nothing listens or works yet.
func New(ctx context.Context, cfg config.Config, deps Deps) (*App, error) {
	house, err := Create(ctx, cfg, deps)
	if err != nil {
		return nil, err
	}
	a := &App{House: house, registry: prometheus.NewRegistry(), pulses: newPulses(deps.Now)}
	if err := a.build(); err != nil {
		return nil, errors.Join(err, house.Close())
	}
	return a, nil
}

func (a *App) build() error {
	a.authenticator = access.NewAuthenticator(access.AuthenticatorConfig{
		Store: a.db.Access(), Hasher: a.Rules, Signer: a.Rules, Now: a.deps.Now, Only: onlyKind(a.cfg.HostKind),
	})
	meters, err := newMeters(a.registry, a.db)
	if err != nil {
		return err
	}
	resolver := &net.Resolver{}
	if a.cfg.Workers {
		if err := a.buildWorkers(meters, resolver); err != nil {
			return err
		}
	}
	doors, err := a.doors(resolver)
	if err != nil {
		return err
	}
	a.server, err = httpd.New(httpd.Options{
		Address: a.cfg.Listen, AdminAddress: a.cfg.AdminListen, Doors: doors,
		Logger: a.deps.Logger, Now: a.deps.Now, Rand: a.deps.Random, Registry: a.registry,
		CertFile: a.cfg.TLS.CertFile, KeyFile: a.cfg.TLS.KeyFile, TrustedProxies: a.cfg.TrustedProxies,
		RequestTimeout: a.cfg.RequestTimeout, DrainTimeout: a.cfg.DrainTimeout, MaxInFlight: a.cfg.MaxInFlight,
		Checks: a.checks(),
	})
	return err
}

func onlyKind(k config.HostKind) program.Kind {
	switch k {
	case config.HostSandbox:
		return program.Sandbox
	case config.HostLive:
		return program.Live
	default:
		return "" // any
	}
}

// buildWorkers makes the workers and hangs up the bells that wake them after a commit.
func (a *App) buildWorkers(m *meters, resolver webhook.Resolver) (err error) {
	owner := a.owner()
	a.outbox = outbox.New(outbox.Config{
		Queue:   a.db.Outbox(),
		Sender:  webhook.NewSender(webhook.Config{Resolver: resolver, Now: a.deps.Now}),
		Secrets: sealer{a.keys}, Now: a.deps.Now, Random: a.deps.Random, Logger: a.deps.Logger, Owner: owner,
		Observe: m.attempt, Beat: a.pulses.of("outbox"),
	})
	a.bulk = bulkworker.New(bulkworker.Options{
		Queue: beatingQueue{a.db.Bulk(), a.pulses.of("bulk")}, Maker: meteredMaker{a.Rules, m, a.deps.Now},
		Now: a.deps.Now, Logger: a.deps.Logger, Owner: owner,
		Others: func() int64 { s := a.db.Stats(); return s.Jobs - s.Patient },
	})
	a.funnel = funnelworker.New(funnelworker.Options{Counter: a.Rules, Logger: a.deps.Logger, Beat: a.pulses.of("funnel")})
	a.bells.messages, a.bells.batches = a.outbox.Wake, a.bulk.Wake
	a.audit, err = a.auditWorker(auditworker.Options{Beat: a.pulses.of("audit")})
	return err
}

// owner names this process among all that share the database.
func (a *App) owner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "host"
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), hex.EncodeToString(a.ids.Bytes(4)))
}

// Listen opens the listeners, so that the addresses are known before anything is served. [App.Run] does
// so too.
func (a *App) Listen(ctx context.Context) error { return a.server.Listen(ctx) }

// Addr is where the doors listen, once they do; "" before.
func (a *App) Addr() string { return a.server.Addr() }

// AdminAddr is where health and metrics listen, once they do; "" before.
func (a *App) AdminAddr() string { return a.server.AdminAddr() }

// Run serves and works until ctx ends or the store fails, stops in order, and closes the House. It returns
// nil when everything ended as it should.
func (a *App) Run(ctx context.Context) error {
	if a.server.Addr() == "" {
		if err := a.server.Listen(ctx); err != nil {
			return errors.Join(err, a.Close())
		}
	}
	a.announceStart(ctx)
	serving, stopServing := context.WithCancelCause(ctx)
	defer stopServing(nil)
	working, stopWorking := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorking()
	patient := sqlstore.Patient(working) // nobody waits for what these write

	var watch, workers sync.WaitGroup
	watch.Go(func() {
		select {
		case err := <-a.db.Failed():
			stopServing(fmt.Errorf("the store has failed, nobody knows what is on the disk: %w", err))
		case <-serving.Done():
		}
	})
	if a.cfg.Workers {
		workers.Go(func() { a.outbox.Run(patient) })
		workers.Go(func() { a.bulk.Run(patient) })
		workers.Go(func() { a.audit.Run(patient) })
		workers.Go(func() { a.funnel.Run(patient) })
	}
	workers.Go(func() { a.keepHouse(patient) })

	err := a.server.Run(serving)
	stopServing(nil)
	watch.Wait()
	stopWorking()
	workers.Wait()
	if cause := context.Cause(serving); cause != nil && !errors.Is(cause, context.Canceled) && ctx.Err() == nil {
		err = errors.Join(cause, err)
	}
	err = errors.Join(err, a.Close())
	a.deps.Logger.InfoContext(ctx, "stopped", "clean", err == nil)
	return err
}

func (a *App) announceStart(ctx context.Context) {
	a.deps.Logger.InfoContext(ctx, "listening", "address", a.Addr(), "admin_address", a.AdminAddr(),
		"database", databaseName(a.cfg), "workers", a.cfg.Workers, "version", a.deps.Version)
	for _, s := range a.cfg.Effective() {
		a.deps.Logger.DebugContext(ctx, "setting", "name", s.Name, "value", s.Value, "from", s.Source)
	}
}

// keepHouse does what must happen now and then: it takes over keys that another process has made, writes
// when credentials were last used, and, where workers run, removes what has served its purpose.
func (a *App) keepHouse(ctx context.Context) {
	keys, uses, sweeps := time.NewTicker(refreshKeys), time.NewTicker(flushUses), time.NewTicker(sweepEvery)
	defer keys.Stop()
	defer uses.Stop()
	defer sweeps.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFlush)
			defer cancel()
			a.tell(last, "write when credentials were last used", a.authenticator.FlushUsed(last))
			return
		case <-keys.C:
			a.tell(ctx, "refresh the keys", a.keys.Refresh(ctx))
		case <-uses.C:
			a.tell(ctx, "write when credentials were last used", a.authenticator.FlushUsed(ctx))
		case <-sweeps.C:
			a.sweep(ctx)
		}
	}
}

func (a *App) sweep(ctx context.Context) {
	if !a.cfg.Workers {
		return
	}
	swept, err := a.db.Sweep(ctx, a.deps.Now(), a.cfg.KeepMessages)
	a.tell(ctx, "remove what has served its purpose", err)
	if swept != (sqlstore.Swept{}) {
		a.deps.Logger.InfoContext(ctx, "swept", "answers", swept.Answers, "wrong_tries", swept.Misses, "messages", swept.Messages)
	}
}

func (a *App) tell(ctx context.Context, attempted string, err error) {
	if err != nil && ctx.Err() == nil {
		a.deps.Logger.ErrorContext(ctx, "housekeeping failed", "attempted", attempted, "cause", err.Error())
	}
}
