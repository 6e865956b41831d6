package sqlstore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/pgtest"
	"github.com/firsttap/firsttap/internal/redact"
)

const pooledParameter = "pooler=transaction"

// Behind a pooler every transaction has the settings that a connection would have, and leaves none behind.
func TestPooler_EveryTransactionBringsItsSettings(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	bouncer := pgtest.StartBouncer(t, cluster, "default_pool_size = 1", "reserve_pool_size = 0")
	database := cluster.Database(t)
	d := openServer(t, bouncer.URL(database, pooledParameter, "lock_timeout=1234"))
	want := map[string]string{
		"statement_timeout": "5s", "lock_timeout": "1234ms", "idle_in_transaction_session_timeout": "10s", "enable_seqscan": "off",
	}
	shown := func(s *session, name string) (value string) {
		if _, err := one(s, "SELECT current_setting($1)", []any{name}, &value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return value
	}
	check := func(s *session) error {
		for name, value := range want {
			if got := shown(s, name); got != value {
				t.Errorf("%s is %s, want %s", name, got, value)
			}
		}
		return nil
	}
	for what, run := range map[string]func(context.Context, func(*session) error) error{
		"write": d.engine.write, "read": d.engine.read, "look up": d.engine.lookUp,
	} {
		if err := run(t.Context(), check); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	// The one connection of the server, as the next who gets it finds it.
	plain, _, err := newPool(t.Context(), bouncer.URL(database, pooledParameter), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	var left string
	if err := plain.QueryRow(t.Context(), "SELECT current_setting('statement_timeout')").Scan(&left); err != nil || left != "0" {
		t.Errorf("after the transactions the server's connection has statement_timeout %s, %v", left, err)
	}
}

// Who does not tell of the pooler is told to, whether it refuses the settings or drops them.
func TestPooler_MustBeTold(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	names := make([]string, 0, len(serverSettings))
	for name := range serverSettings {
		names = append(names, name)
	}
	database := cluster.Database(t)
	for what, options := range map[string][]string{
		"refuses": nil, "drops": {"ignore_startup_parameters = " + strings.Join(names, ",")},
	} {
		bouncer := pgtest.StartBouncer(t, cluster, options...)
		c := Config{URL: redact.NewText(bouncer.URL(database)), Now: time.Now}
		if _, err := Open(t.Context(), c); !errors.Is(err, errPooler) {
			t.Errorf("a pooler that %s settings: %v", what, err)
		}
		if _, err := openPostgresSource(t.Context(), c); !errors.Is(err, errPooler) {
			t.Errorf("a move from behind a pooler that %s settings: %v", what, err)
		}
		c.URL = redact.NewText(bouncer.URL(database, pooledParameter))
		if _, err := openPostgresSource(t.Context(), c); !errors.Is(err, ErrMoveRefused) {
			t.Errorf("a move from behind a pooler: %v", err)
		}
		c.URL = redact.NewText(bouncer.URL(database, "pooler=session"))
		if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "transaction") {
			t.Errorf("an unknown word for the pooler: %v", err)
		}
		openServer(t, bouncer.URL(database, pooledParameter))
	}
}

// Instances that start at once behind a pooler make one schema.
func TestPooler_ManyInstancesMigrateAtOnce(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	bouncer := pgtest.StartBouncer(t, cluster)
	url := bouncer.URL(cluster.Database(t), pooledParameter, "pool_max_conns=2")
	const instances = 8
	var all sync.WaitGroup
	for range instances {
		d := openServer(t, url)
		all.Go(func() {
			if err := d.Migrate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	d := openServer(t, url)
	status, err := d.Status(t.Context())
	if err != nil || len(status.Pending()) != 0 || d.Ready(t.Context()) != nil {
		t.Errorf("pending %v, %v, ready %v", status.Pending(), err, d.Ready(t.Context()))
	}
}

// A caller who goes away leaves his statement to the server: PgBouncer may end when it is asked to stop one.
func TestPooler_IsNeverAskedToStopAStatement(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	bouncer := pgtest.StartBouncer(t, cluster)
	d := openServer(t, bouncer.URL(cluster.Database(t), pooledParameter))
	var slept int64
	sleep := func(ctx context.Context, seconds string) error {
		return d.engine.read(ctx, func(s *session) error {
			_, err := one(s, "SELECT 1 FROM pg_sleep("+seconds+")", nil, &slept)
			return err
		})
	}
	for _, seconds := range []string{"0.3", "4"} { // one ends in the time that it has then, the other does not
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if err := sleep(ctx, seconds); seconds == "4" && err == nil {
			t.Error("a statement was waited for long after its caller had gone away")
		}
		cancel()
	}
	if err := sleep(t.Context(), "0"); err != nil {
		t.Error("after that:", err)
	}
	if told := bouncer.Told(t); slices.ContainsFunc(told, func(line string) bool { return strings.Contains(line, "cancel") }) {
		t.Errorf("the pooler was asked to stop a statement:\n%s", strings.Join(told, "\n"))
	}
}
