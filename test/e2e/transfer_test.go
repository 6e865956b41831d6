package e2e

import (
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/pgtest"
)

func newLedger() *ledger {
	return &ledger{
		activated: map[string]bool{}, asked: map[string]bool{}, guessed: map[string]int{}, guesses: map[string]int{}, orders: map[string]int{},
	}
}

// debitKey makes a programme and gives a caller of the debit API.
func (in *installation) debitKey() caller {
	in.t.Helper()
	in.command("program", "create", "kill", "--policy", "activation.breaker_tries=0", "--policy", "debit.rate_per_second=0")
	var issued struct{ Secret string }
	if err := json.Unmarshal([]byte(in.command("key", "create", "--program", "kill", "--door", "debit", "--json")), &issued); err != nil {
		in.t.Fatal(err)
	}
	return debitCaller(issued.Secret)
}

// copy is what was acknowledged up to now.
func (b *ledger) copy() *ledger {
	b.mu.Lock()
	defer b.mu.Unlock()
	return &ledger{activated: maps.Clone(b.activated), guessed: maps.Clone(b.guessed)}
}

// underLoad orders, activates and guesses while during runs, and returns when all of that has ended.
func underLoad(t *testing.T, s *server, debit caller, book *ledger, during func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for round := range 3 {
		wg.Go(func() { orderBatch(ctx, s, debit, book, round) })
	}
	for worker := range 3 {
		wg.Go(func() { activateSome(ctx, s, debit, book, worker) })
	}
	wg.Go(func() { guessSome(ctx, s, debit, book) })
	for {
		pause(50 * time.Millisecond)
		book.mu.Lock()
		n := len(book.activated)
		book.mu.Unlock()
		if n > 30 {
			break
		}
	}
	during()
	pause(100 * time.Millisecond)
	cancel()
	wg.Wait()
}

// judge checks the database of an installation against what was acknowledged before it was copied, and what was
// asked until after.
func (in *installation) judge(t *testing.T, before, whole *ledger) {
	t.Helper()
	before.asked, before.guesses = whole.asked, whole.guesses
	found := in.verify(t, before)
	t.Logf("acknowledged before the copy %d, activated in it %d, missing 0", len(before.activated), found.activated)
}

func TestBackup_OfARunningServerHoldsWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	debit, book := in.debitKey(), newLedger()
	s := in.start()
	copyOf, keys := filepath.Join(in.dir, "copy.db"), filepath.Join(in.dir, "copy.keys")
	var before *ledger
	underLoad(t, s, debit, book, func() {
		before = book.copy()
		in.command("backup", copyOf, "--keys", keys)
	})
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	for _, path := range []string{copyOf, keys} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if left, _ := filepath.Glob(copyOf + ".*"); len(left)+len(must(t)(filepath.Glob(copyOf+"-*"))) != 0 {
		t.Errorf("beside the copy lies %v", left)
	}
	other := newInstallation(t)
	if err := os.Rename(keys, filepath.Join(other.dir, "keys.json")); err != nil {
		t.Fatal(err)
	}
	other.command("restore", copyOf)
	other.start().kill() // it serves
	other.judge(t, before, book)
}

func must(t *testing.T) func(list []string, err error) []string {
	return func(list []string, err error) []string {
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
}

// TestBackup_OfPostgresWithItsOwnTools goes the way of the operations manual. The copy is moved to a file to
// be read, which shows that way back too.
func TestBackup_OfPostgresWithItsOwnTools(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	in := newInstallation(t)
	in.url = cluster.URL(cluster.Database(t))
	debit, book := in.debitKey(), newLedger()
	out, err := in.try("backup", filepath.Join(in.dir, "x"))
	if err == nil || !strings.Contains(out, "pg_dump") {
		t.Errorf("what to use instead is not told: %v %s", err, out)
	}
	s := in.start()
	dump := filepath.Join(in.dir, "firsttap.dump")
	var before *ledger
	underLoad(t, s, debit, book, func() {
		before = book.copy()
		tool(t, "pg_dump", "--format=custom", "--file="+dump, in.url)
	})
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	restored := *in
	restored.url = cluster.URL(cluster.Database(t))
	tool(t, "pg_restore", "--exit-on-error", "--no-owner", "--dbname="+restored.url, dump)
	restored.start().kill()

	file := newInstallation(t)
	file.retry("migrate", "--from="+restored.url, "--to="+file.url) // until the server has noticed that its clients are dead
	file.judge(t, before, book)
}

func tool(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// try runs a subcommand and gives all that it printed.
func (in *installation) try(args ...string) (string, error) {
	cmd := exec.CommandContext(in.t.Context(), in.bin, args...)
	cmd.Env = in.environment()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (in *installation) retry(args ...string) {
	in.t.Helper()
	for n := 0; ; n++ {
		out, err := in.try(args...)
		if err == nil {
			return
		}
		if n == 100 {
			in.t.Fatalf("%v: %s", err, out)
		}
		pause(100 * time.Millisecond)
	}
}

// sign waits for a word in the output of a process.
type sign struct {
	word string
	mu   sync.Mutex
	text strings.Builder
	seen chan struct{}
}

func newSign(word string) *sign { return &sign{word: word, seen: make(chan struct{})} }

// Write looks for the word.
func (s *sign) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := strings.Contains(s.text.String(), s.word)
	n, err := s.text.Write(p)
	if !before && strings.Contains(s.text.String(), s.word) {
		close(s.seen)
	}
	return n, err
}

// await returns when the word was seen, or after the limit.
func (s *sign) await(limit time.Duration) {
	select {
	case <-s.seen:
	case <-time.After(limit):
	}
}

// TestMigrate_IsKilledAndGoesOn kills the move at random moments until one goes through; then the new
// installation does what the old one would have done.
func TestMigrate_IsKilledAndGoesOn(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	in := newInstallation(t)
	debit, book := in.debitKey(), newLedger()
	s := in.start()
	args := []string{"migrate", "--from=" + in.url, "--to=" + cluster.URL(cluster.Database(t))}
	underLoad(t, s, debit, book, func() {
		if out, err := in.try(args...); err == nil || !strings.Contains(out, "stop it first") {
			t.Errorf("a database in use is moved: %v %s", err, out)
		}
	})
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	in.settle(t, debit, book)
	s = in.start()
	key, cards := "before-the-move", map[string][]string{}
	var body map[string]any
	for reference := range book.orders {
		cards[reference] = untouched(t, s, debit, book, reference)
		body = activationOf(cards[reference][0], reference, "first")
	}
	first := debit.must(t, 200, "POST", s.url+"/debit/v1/activateCardForCustomer", body, "Idempotency-Key", key)
	if err := s.stop(); err != nil {
		t.Error(err)
	}

	killed := 0
	for range kills(t) {
		cmd := exec.Command(in.bin, args...)
		cmd.Env = in.environment()
		begun := newSign("copying")
		cmd.Stdout, cmd.Stderr = begun, begun
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		begun.await(30 * time.Second) // a busy machine starts a process slowly
		pause(time.Duration(rand.IntN(400)) * time.Millisecond)
		_ = cmd.Process.Signal(syscall.SIGKILL)
		if err := cmd.Wait(); err == nil {
			break // it was faster
		}
		killed++
	}
	out, err := in.try(args...)
	if err != nil && !strings.Contains(out, "moved already") {
		t.Fatalf("after %d kills: %v\n%s", killed, err, out)
	}
	if err == nil && !strings.Contains(out, "going on") {
		t.Errorf("of %d kills none came in between", killed)
	}
	t.Logf("killed %d times; then: %s", killed, out)
	if out, err := in.try("program", "list"); err == nil || !strings.Contains(out, "moved to another database") {
		t.Errorf("the old database can still be used: %v %s", err, out)
	}
	moved := *in
	moved.url = strings.TrimPrefix(args[2], "--to=")
	s = moved.start()
	again := debit.must(t, 200, "POST", s.url+"/debit/v1/activateCardForCustomer", body, "Idempotency-Key", key)
	if string(again.body) != string(first.body) {
		t.Errorf("the repetition answers %s, not %s", again.body, first.body)
	}
	for reference, list := range cards {
		debit.must(t, 200, "POST", s.url+"/debit/v1/activateCardForCustomer", activationOf(list[1], reference, list[1]))
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// untouched lists cards of a batch that nobody activated or guessed at.
func untouched(t *testing.T, s *server, debit caller, book *ledger, reference string) []string {
	t.Helper()
	var out []string
	for _, c := range cardsOf(t.Context(), s, debit, reference) {
		if !book.asked[c] && book.guesses[c] == 0 {
			out = append(out, c)
		}
	}
	if len(out) < 2 {
		t.Fatal("every card was touched")
	}
	return out
}

func activationOf(identifier, reference, who string) map[string]any {
	return map[string]any{
		"card_identifier": identifier, "reference_batch": reference, "pin": "7391",
		"customer": map[string]any{"first_name": "Ana", "last_name": "Torres", "email": who + "@example.com"},
	}
}
