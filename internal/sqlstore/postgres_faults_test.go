package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/pgtest"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
)

// serverWithProgram opens a fresh database with one programme, through a line that may break. Every
// statement crosses it in words (exec), so that it can tell a commit.
func serverWithProgram(t *testing.T, cluster *pgtest.Cluster, line *lossy) (*DB, ident.ProgramID) {
	t.Helper()
	parameters := []string{"default_query_exec_mode=exec"}
	if line != nil {
		parameters = append(parameters, "host="+line.folder)
	}
	d := openServer(t, cluster.URL(cluster.Database(t), parameters...))
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := program.Program{ID: ident.ProgramID{UUID: ident.UUID{1}}, Name: "p", Kind: program.Sandbox, CreatedAt: time.UnixMicro(1)}
	if err := d.engine.write(t.Context(), func(s *session) error { return tx{s}.InsertProgram(t.Context(), p, nil) }); err != nil {
		t.Fatal(err)
	}
	return d, p.ID
}

func answerOf(p ident.ProgramID, key string) issuance.StoredAnswer {
	return issuance.StoredAnswer{
		Program: p, Door: "cards", Key: key, Fingerprint: []byte("f"), Status: 200, Body: []byte("b"),
		CreatedAt: time.UnixMicro(1), ExpiresAt: time.UnixMicro(2),
	}
}

// keyedWrite writes a note under an idempotency key, unless the key is known; without a key, always.
func keyedWrite(ctx context.Context, d *DB, p ident.ProgramID, key string, n int) error {
	return d.engine.write(ctx, func(s *session) error {
		if key != "" {
			if _, known, err := (tx{s}).Stored(ctx, p, "cards", key); known || err != nil {
				return err
			}
		}
		if err := note(s, n); err != nil || key == "" {
			return err
		}
		return tx{s}.SaveAnswer(ctx, answerOf(p, key))
	})
}

// keyedActivation does the same by way of Activate.
func keyedActivation(ctx context.Context, d *DB, p ident.ProgramID, key string, n int) error {
	k := issuance.ActivationKey{Program: p, Door: "cards", IdempotencyKey: key, RealNow: time.UnixMicro(1)}
	return issuanceStore{d}.Activate(ctx, k, func(st issuance.ActivationState) (issuance.ActivationChanges, error) {
		if st.Stored != nil {
			return issuance.ActivationChanges{}, nil
		}
		ch := issuance.ActivationChanges{Misses: []issuance.Miss{{ID: ident.UUID{2}, Program: p, At: time.UnixMicro(int64(n))}}}
		if key != "" {
			a := answerOf(p, key)
			ch.Answer = &a
		}
		return ch, nil
	})
}

// A commit whose answer is lost is never told as a success or as a refusal, unless the record of an
// idempotency key has decided it; and whatever happens, nothing is done twice.
func TestPostgres_ACommitWithoutAnAnswerIsNeitherSuccessNorRefusal(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	for name, do := range map[string]func(context.Context, *DB, ident.ProgramID, string, int) error{
		"write": keyedWrite, "activation": keyedActivation,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := newLossy(t, cluster)
			d, p := serverWithProgram(t, cluster, line)
			want, n := map[int]bool{}, 0
			for range 25 {
				for _, loss := range []int32{loseTheAsk, loseTheReply} {
					for _, keyed := range []bool{false, true} {
						n++
						key := ""
						if keyed {
							key = fmt.Sprint("key-", n)
						}
						line.next.Store(loss)
						err := do(t.Context(), d, p, key, n)
						if keyed && err != nil {
							t.Errorf("loss %d with a key: %v", loss, err)
						}
						if f := fault.Of(err); !keyed && (f == nil || f.Reason != fault.ReasonUnavailable || f.RetryAfter == 0 || !errors.Is(err, errUnknown)) {
							t.Errorf("loss %d without a key: %v", loss, err)
						}
						if keyed || loss == loseTheReply {
							want[n] = true
						}
					}
				}
			}
			if got := notes(t, d); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("there are %v, want %v", got, want)
			}
			if line.broken.Load() != 100 {
				t.Errorf("the line broke %d times, want 100", line.broken.Load())
			}
		})
	}
}

func TestPostgres_AServerThatIsAwayIsAPassingFaultAndNothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	d, p := serverWithProgram(t, cluster, nil)
	var mu sync.Mutex
	acknowledged, refused, stop := map[int]bool{}, 0, make(chan struct{})
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			do := []func(context.Context, *DB, ident.ProgramID, string, int) error{keyedWrite, keyedActivation}[worker%2]
			for n := worker + 1; ; n += 8 {
				select {
				case <-stop:
					return
				default:
				}
				err := do(t.Context(), d, p, fmt.Sprint("key-", n), n)
				mu.Lock()
				if err == nil {
					acknowledged[n] = true
				} else {
					refused++
				}
				mu.Unlock()
				if f := fault.Of(err); f != nil && (f.Reason != fault.ReasonUnavailable || f.RetryAfter == 0) {
					t.Errorf("a server that is away is told as %v", err)
				}
			}
		})
	}
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(acknowledged)
	}
	for range 5 {
		before := count()
		waitUntil(t, func() bool { return count() > before+20 })
		cluster.Crash(t)
		if err := d.engine.read(t.Context(), func(s *session) error { return s.query(`SELECT 1`, nil, func(row) error { return nil }) }); !errors.Is(err, fault.ReasonUnavailable) {
			t.Errorf("a read of a server that is away: %v", err)
		}
		cluster.Resume(t)
	}
	before := count()
	waitUntil(t, func() bool { return count() > before+20 })
	close(stop)
	wg.Wait()
	there := notes(t, d)
	for n := range acknowledged {
		if !there[n] {
			t.Errorf("write %d was acknowledged and is lost", n)
		}
	}
	t.Logf("5 crashes, %d writes acknowledged, %d told to come again, %d there", len(acknowledged), refused, len(there))
}

// waitUntil looks again and again, within bounds.
func waitUntil(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(30 * time.Second)
	for !done() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("it takes too long")
		}
	}
}

func TestPostgres_AnExhaustedPoolIsAPassingFault(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	d := openServer(t, cluster.URL(cluster.Database(t), "pool_max_conns=1"))
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := d.engine.read(t.Context(), func(*session) error {
		if err := d.engine.lookUp(t.Context(), func(s *session) error { return s.query(`SELECT 1`, nil, func(row) error { return nil }) }); err != nil {
			t.Errorf("a look-up finds no connection beside a read: %v", err)
		}
		return d.engine.write(t.Context(), func(s *session) error { return note(s, 1) })
	})
	if f := fault.Of(err); f == nil || f.Reason != fault.ReasonUnavailable || f.RetryAfter == 0 {
		t.Errorf("%v, want a passing fault", err)
	}
	if err := d.engine.write(t.Context(), func(s *session) error { return note(s, 1) }); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestPostgres_ARunawayStatementIsStopped(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	d := openServer(t, cluster.URL(cluster.Database(t), "statement_timeout=50"))
	for who, patience := range map[string]time.Duration{"the server": 20 * time.Second, "the caller": 10 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		err := d.engine.read(ctx, func(s *session) error {
			return s.query(`SELECT 1 FROM pg_sleep(30)`, nil, func(row) error { return nil })
		})
		if f := fault.Of(err); f == nil || f.Reason != fault.ReasonUnavailable || f.RetryAfter == 0 {
			t.Errorf("stopped by %s: %v, want a passing fault", who, err)
		}
		cancel()
	}
}

func TestPostgres_RefusesAServerThatForgets(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t, "synchronous_commit=off")
	if _, err := Open(t.Context(), Config{URL: redact.NewText(cluster.URL("postgres")), Now: time.Now}); err == nil {
		t.Error("a server that acknowledges before it writes is taken")
	}
}

func TestPostgres_FindsTheServerThatTakesWritesAmongSeveral(t *testing.T) {
	t.Parallel()
	cluster, standby := pgtest.Start(t), pgtest.Start(t, "default_transaction_read_only=on")
	hosts := fmt.Sprintf("host=%s,%s,%s", t.TempDir(), filepath.Dir(standby.Socket()), filepath.Dir(cluster.Socket()))
	d := openServer(t, cluster.URL("postgres", hosts, "target_session_attrs=read-write"))
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.engine.write(t.Context(), func(s *session) error { return note(s, 1) }); err != nil {
		t.Error(err)
	}
}
