package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/cli"
)

// desk runs commands against one installation.
type desk struct {
	t     *testing.T
	env   map[string]string
	stood int // how often a command let everybody else go first
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	return &desk{t: t, env: map[string]string{"FIRSTTAP_DATABASE": "sqlite://" + filepath.Join(t.TempDir(), "data", "firsttap.db")}}
}

// run runs a command, and gives its exit code and what it printed.
func (d *desk) run(args ...string) (code int, stdout, stderr string) {
	d.t.Helper()
	var out, errs bytes.Buffer
	code = cli.Run(d.t.Context(), cli.World{
		Args: args, Stdout: &out, Stderr: &errs, Getenv: func(name string) string { return d.env[name] },
		ReadFile: os.ReadFile, Version: "v1.2.3", StepBack: func() { d.stood++ },
	})
	return code, out.String(), errs.String()
}

// do runs a command that must succeed.
func (d *desk) do(args ...string) string {
	d.t.Helper()
	code, out, errs := d.run(args...)
	if code != 0 {
		d.t.Fatalf("firsttap %s: exit code %d\n%s", strings.Join(args, " "), code, errs)
	}
	return out
}

// refused runs a command that must fail with the code, and say so in these words.
func (d *desk) refused(want int, words string, args ...string) {
	d.t.Helper()
	code, out, errs := d.run(args...)
	if code != want || !strings.Contains(errs, words) {
		d.t.Errorf("firsttap %s: exit code %d, want %d with %q\n%s%s", strings.Join(args, " "), code, want, words, out, errs)
	}
}

func (d *desk) list(to any, args ...string) {
	d.t.Helper()
	if err := json.Unmarshal([]byte(d.do(args...)), to); err != nil {
		d.t.Fatal(err)
	}
}

func TestCommands_FromAnEmptyFolder(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.refused(1, "there is no database at", "program", "list")
	d.do("program", "create", "Acme", "--policy", "activation.tries=3", "--policy", "activation.lock_steps=1m,2m")
	d.refused(1, "exists already", "program", "create", "Acme")
	var programs []struct{ ID, Name, Kind string }
	d.list(&programs, "program", "list", "--json")
	if len(programs) != 1 || programs[0].Name != "Acme" || programs[0].Kind != "sandbox" {
		t.Fatalf("programmes %+v", programs)
	}
	d.do("program", "set", "Acme", "digital_first=false", "activation.tries=")
	d.refused(1, "activation.tries: not such a number", "program", "set", programs[0].ID, "activation.tries=0", "nonsense=1")
	d.refused(2, "write name=value", "program", "set", "Acme", "digital_first")
	d.do("program", "suspend", "Acme", "--reason", "test")
	if out := d.do("program", "list"); !regexp.MustCompile(`Acme +sandbox +yes`).MatchString(out) {
		t.Errorf("not suspended:\n%s", out)
	}
	d.do("program", "resume", "Acme")
	if out := d.do("migrate", "status"); !strings.Contains(out, "house") || strings.Contains(out, "pending") {
		t.Errorf("migrations:\n%s", out)
	}
	d.do("migrate", "up")
	if out := d.do("version"); out != "firsttap v1.2.3\n" {
		t.Errorf("version %q", out)
	}
}

func TestKeys_ShowTheirSecretOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.do("program", "create", "Acme")
	out := d.do("key", "create", "--program", "Acme", "--name", "backend", "--allow", "203.0.113.9", "--allow", "2001:db8::/32")
	secret := regexp.MustCompile(`ftk_sandbox_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}`).FindString(out)
	if secret == "" {
		t.Fatalf("no secret in\n%s", out)
	}
	var debit map[string]string
	d.list(&debit, "key", "create", "--program", "Acme", "--door", "debit", "--admin", "--json")
	if !regexp.MustCompile(`^ec_test_[0-9a-f]{64}$`).MatchString(debit["secret"]) {
		t.Errorf("debit token of %d characters", len(debit["secret"]))
	}
	listed := d.do("key", "list", "--program", "Acme") + d.do("key", "list", "--program", "Acme", "--json") +
		d.do("audit", "tail", "--program", "Acme", "--json")
	if strings.Contains(listed, secret) || strings.Contains(listed, debit["secret"]) {
		t.Error("a secret is shown again")
	}
	for _, want := range []string{"203.0.113.9,2001:db8::/32", "debit admin", `"action":"key.create"`} {
		if !strings.Contains(listed, want) {
			t.Errorf("no %s in\n%s", want, listed)
		}
	}
	if allowed := d.do("key", "allow", debit["id"], "--allow", "::ffff:198.51.100.0/120"); !strings.Contains(allowed, "198.51.100.0/24") {
		t.Errorf("allowed: %s", allowed)
	}
	d.refused(2, "neither an address nor a range", "key", "allow", debit["id"], "--allow", "::ffff:198.51.100.0/64")
	d.do("key", "allow", debit["id"])
	d.do("key", "revoke", debit["id"])
	d.refused(1, "revoked before", "key", "allow", debit["id"])
	d.refused(1, "revoked before", "key", "revoke", debit["id"])
	d.refused(1, "there is no such key", "key", "revoke", "ec_nobody")
	d.refused(1, "there is no such programme", "key", "list", "--program", "Nobody")
	d.refused(2, "--admin is for tokens of the debit API", "key", "create", "--program", "Acme", "--admin")
	d.refused(2, "neither an address nor a range", "key", "create", "--program", "Acme", "--allow", "everywhere")
}

func TestFixture_CanBeLookedAt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.do("program", "create", "Acme")
	d.do("program", "create", "Real", "--kind", "live")
	d.do("sandbox", "fixture", "Acme")
	d.refused(1, "has things with these numbers already", "sandbox", "fixture", "Acme")
	d.refused(1, "only a sandbox programme takes fixtures", "sandbox", "fixture", "Real")
	const ref = "7e4b85e27c4610824900af48f340394d"
	if out := d.do("batch", "show", strings.ToUpper(ref)); !regexp.MustCompile(`created +3`).MatchString(out) {
		t.Errorf("the batch:\n%s", out)
	}
	var card struct {
		ID      string `json:"id"`
		Number  int64  `json:"number"`
		Plastic string `json:"plastic_state"`
		Guard   string `json:"guard_state"`
	}
	d.list(&card, "card", "show", "--batch", ref, "--identifier", "CARD-001", "--json")
	if card.Number != 987654321 || card.Guard != "armed" {
		t.Errorf("the card %+v", card)
	}
	if out := d.do("card", "show", card.ID, "--program", "Acme"); !strings.Contains(out, "armed (identifier_batch), 0 wrong, 5 left") {
		t.Errorf("the card:\n%s", out)
	}
	d.refused(1, "the card has no code", "sandbox", "mailer", card.ID)
	d.refused(1, "there is no such card", "card", "show", card.ID, "--program", "Real")
	d.refused(1, "there is no such card", "card", "show", "--batch", ref, "--identifier", "CARD-404")
	d.refused(1, "there is no such batch", "batch", "show", strings.Repeat("0", 32))
	d.refused(2, "32 hex digits", "batch", "show", "CARD-001")
	d.refused(2, "name the card", "card", "show", card.ID, "--batch", ref)
	d.refused(2, "name the card", "card", "show")
	d.refused(2, "has the form", "card", "show", "x12")
	d.refused(1, "there is no such card", "card", "show", "12")
	if out := d.do("batch", "scan", ref, "in_transit", "--courier", "acme-post", "--tracking", "MX123"); !strings.Contains(out, "is in_transit") {
		t.Errorf("a scan: %s", out)
	}
	if out := d.do("card", "show", "987654321"); !regexp.MustCompile(`shipment +\S+ in_transit`).MatchString(out) || !strings.Contains(out, "MX123") {
		t.Errorf("after the scan:\n%s", out)
	}
	d.refused(2, "", "batch", "scan", ref, "eaten")
	d.refused(1, "there is no such batch", "batch", "scan", strings.Repeat("0", 32), "lost")
	d.refused(1, "or it has ended", "batch", "cancel", ref)
	if out := d.do("debit", "webhook", "set", "--program", "Acme", "http://127.0.0.1:9000/in"); !strings.Contains(out, "whsec_") {
		t.Errorf("a new webhook: %s", out)
	}
	if out := d.do("debit", "webhook", "set", "--program", "Acme", "http://127.0.0.1:9000/other"); strings.Contains(out, "whsec_") {
		t.Errorf("another address: %s", out)
	}
	d.refused(1, "that everybody can reach", "debit", "webhook", "set", "--program", "Real", "http://127.0.0.1:9000/in")
	d.do("debit", "webhook", "remove", "--program", "Acme")
}

func TestDesigns_AreAddedRetiredAndRestored(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.do("program", "create", "Acme")
	d.do("design", "add", "Gold", "--program", "Acme", "--campaign", "GOLD26", "--type", "physical", "--default")
	d.refused(1, "has this campaign", "design", "add", "Other", "--program", "Acme", "--campaign", "GOLD26")
	d.refused(1, "1 to 32 letters and digits", "design", "add", " ", "--program", "Acme", "--campaign", "GOLD 26")
	d.refused(2, "", "design", "add", "Wood", "--program", "Acme", "--type", "wooden")
	d.do("design", "add", "Plain", "--program", "Acme")
	var list []struct {
		ID, Name, Campaign string
		Types              []string
		Active, Default    bool
	}
	d.list(&list, "design", "list", "--program", "Acme", "--json")
	if len(list) != 3 || list[0].Name != "Plain" || len(list[0].Types) != 2 || list[1].Name != "Gold" || !list[1].Default || list[2].Default {
		t.Fatalf("%+v", list)
	}
	if out := d.do("design", "retire", "GOLD26", "--program", "Acme"); !strings.Contains(out, "has no default design now") {
		t.Errorf("retired: %s", out)
	}
	d.refused(1, "the design is retired", "design", "default", "GOLD26", "--program", "Acme")
	if out := d.do("design", "default", list[0].ID, "--program", "Acme"); strings.Contains(out, "has no default") {
		t.Errorf("another default: %s", out)
	}
	d.do("design", "restore", "GOLD26", "--program", "Acme")
	d.list(&list, "design", "list", "--program", "Acme", "--json")
	if !list[0].Default || !list[1].Active || list[1].Default {
		t.Errorf("%+v", list)
	}
	d.refused(1, "there is no such design", "design", "retire", "NONE", "--program", "Acme")
	if out := d.do("audit", "tail", "--program", "Acme", "--json"); !strings.Contains(out, `"action":"design.retire"`) {
		t.Errorf("the trail:\n%s", out)
	}
}

func TestCustomers_AreReviewed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.do("program", "create", "Acme")
	d.do("sandbox", "fixture", "Acme")
	type row struct {
		ID, Application string
		Reason          string `json:"rejection_reason"`
		Number          int64
	}
	var all, rejected []row
	d.list(&all, "customer", "list", "--program", "Acme", "--json")
	if len(all) < 3 || all[0].Application != "approved" {
		t.Fatalf("%+v", all)
	}
	review := func(more ...string) []string {
		return append([]string{"customer", "review", "--program", "Acme", all[0].ID}, more...)
	}
	if out := d.do(review("rejected", "--reason", "The document is blurred.")...); !strings.Contains(out, "is rejected") {
		t.Errorf("rejected: %s", out)
	}
	d.list(&rejected, "customer", "list", "--program", "Acme", "--application", "rejected", "--json")
	if len(rejected) != 1 || rejected[0].ID != all[0].ID || rejected[0].Reason != "The document is blurred." {
		t.Errorf("%+v", rejected)
	}
	d.do(review("approved")...)
	if out := d.do("customer", "list", "--program", "Acme", "-n", "1"); !strings.Contains(out, "approved") || strings.Contains(out, "blurred") {
		t.Errorf("approved:\n%s", out)
	}
	d.refused(2, "goes with rejected", review("approved", "--reason", "nice")...)
	d.refused(2, "at most 200 characters", review("rejected", "--reason", strings.Repeat("x", 201))...)
	d.refused(2, "", review("loved")...)
	d.refused(2, "has the form", "customer", "review", "--program", "Acme", "85", "approved")
	d.refused(2, "1 to 1000", "customer", "list", "--program", "Acme", "-n", "0")
	d.refused(1, "there is no such customer", "customer", "review", "--program", "Acme", "8a1f2b4c-91f6-4f4e-a6b7-6b1c1a9d7e03", "approved")
}

func TestClock_IsTheSandboxsOwn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.do("program", "create", "Acme")
	d.do("program", "create", "Real", "--kind", "live")
	d.do("sandbox", "clock", "set", "Acme", "2024-11-15T14:32:18Z")
	if out := d.do("sandbox", "clock", "freeze", "Acme", "--at", "2026-03-06T17:40:00-06:00"); !strings.Contains(out, "stands still at 2026-03-06T23:40:00Z") {
		t.Errorf("frozen: %s", out)
	}
	if out := d.do("sandbox", "clock", "advance", "Acme", "90m"); !strings.Contains(out, "2026-03-07T01:10:00Z") {
		t.Errorf("advanced: %s", out)
	}
	d.do("sandbox", "clock", "follow", "Acme")
	d.refused(1, "above zero", "sandbox", "clock", "advance", "Acme", "0s")
	d.refused(1, "only a sandbox programme", "sandbox", "clock", "advance", "Real", "1h")
	d.refused(2, "", "sandbox", "clock", "set", "Acme", "yesterday")
}

func TestKeyring_RotatesAndTellsWhatItHas(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.do("program", "create", "Acme")
	if out := d.do("keyring", "rotate", "--drop-old"); !strings.Contains(out, "The keys are rotated") || !strings.Contains(out, "Removed from the key file: kek_") {
		t.Errorf("rotated: %s", out)
	}
	var keys []struct{ ID, Role, State string }
	d.list(&keys, "keyring", "status", "--json")
	states := map[string]int{}
	for _, k := range keys {
		states[k.Role+" "+k.State]++
	}
	if states["wraps in use"] != 1 || states["seals in use"] != 1 || states["seals retired"] != 1 || states["hashes in use"] != 1 {
		t.Errorf("keys %v", states)
	}
}

func TestRun_WrongUsage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.refused(2, "unexpected argument", "frobnicate")
	d.refused(2, "unknown flag", "program", "list", "--frob")
	d.refused(2, "Try: firsttap program list --help", "program", "list", "--frob")
	d.refused(2, "", "program", "create", "Acme", "--kind", "production")
	d.refused(2, "--lines takes", "audit", "tail", "--program", "Acme", "-n", "0")
	d.refused(2, "--cards takes", "demo", "--cards", "3")
	if code, out, _ := d.run(); code != 0 || !strings.Contains(out, "Commands:") {
		t.Errorf("without a command: %d\n%s", code, out)
	}
	if code, out, _ := d.run("serve", "--help"); code != 0 || !strings.Contains(out, "--request-timeout") {
		t.Errorf("serve --help: %d\n%s", code, out)
	}
}

func TestServe_ReportsAllWrongSettingsAndStartsNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := &desk{t: t, env: map[string]string{"FIRSTTAP_HOST_KIND": "production", "FIRSTTAP_DATABASE": "sqlite://" + filepath.Join(dir, "x", "firsttap.db")}}
	code, _, errs := d.run("serve", "--listen", "nowhere", "--nonsense", "1", "--admin-listen", "0.0.0.0:9090")
	if code != 2 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"listen (flag --listen)", "--nonsense", "admin_listen", "host_kind (FIRSTTAP_HOST_KIND)", "Nothing was started"} {
		if !strings.Contains(errs, want) {
			t.Errorf("%q is not reported in\n%s", want, errs)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("something was made: %v, %v", entries, err)
	}
}

func TestDemo_WalksBothStories(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	dir := t.TempDir()
	out := d.do("demo", "--exit", "--dir", dir, "--cards", "40")
	if strings.Contains(out, "✗") || !strings.Contains(out, "steps answered as they should") {
		t.Errorf("the demonstration:\n%s", out)
	}
	for _, form := range []string{`ftk_sandbox_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}`, `ec_test_[0-9a-f]{64}`, `whsec_[0-9A-Za-z+/]{40}`, `sk_[0-9a-f]{64}`, "\x1b"} {
		if found := regexp.MustCompile(form).FindString(out); found != "" {
			t.Errorf("%s is printed whole, or colour reached a file", form)
		}
	}
	for _, name := range []string{"firsttap.db", "keys.json", "server.log"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestDemo_EndsWhenInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	code := cli.Run(ctx, cli.World{
		Args: []string{"demo", "--dir", t.TempDir()}, Stdout: &out, Stderr: &errs,
		Getenv: func(string) string { return "" }, ReadFile: os.ReadFile,
	})
	if code != 1 {
		t.Errorf("exit code %d\n%s", code, errs.String())
	}
}

func TestDemo_ServesOnUntilItIsToldToStop(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &watched{until: "Ctrl-C ends the server.", seen: make(chan struct{})}
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run(ctx, cli.World{
			Args: []string{"demo", "--cards", "10", "--dir", t.TempDir()}, Stdout: out, Stderr: io.Discard,
			Getenv: func(string) string { return "" }, ReadFile: os.ReadFile,
		})
	}()
	select {
	case <-out.seen:
	case code := <-ended:
		t.Fatalf("it ended by itself with %d:\n%s", code, out.text.String())
	}
	command := regexp.MustCompile(`curl (\S+) -H 'Reap-Version: 2025-02-14' \\\s+-H 'Authorization: (Bearer \S+)'`).FindStringSubmatch(out.text.String())
	if command == nil {
		t.Fatal("no curl line")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, command[1], nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", command[2])
	req.Header.Set("Reap-Version", "2025-02-14")
	client := &http.Client{Timeout: 10 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the curl line answers %d", resp.StatusCode)
	}
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("told to stop, it ended with %d", code)
	}
}

// watched is an output that tells when a text has been written. What is in it may be read after that.
type watched struct {
	text  bytes.Buffer
	until string
	seen  chan struct{}
	told  bool
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.text.Write(p)
	if !w.told && strings.Contains(w.text.String(), w.until) {
		w.told = true
		close(w.seen)
	}
	return n, err
}
