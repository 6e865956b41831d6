package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/bench"
	"github.com/firsttap/firsttap/internal/config"
	"github.com/firsttap/firsttap/internal/program"
)

type benchRun struct {
	Database    string        `help:"A fresh PostgreSQL database, as postgres://…; default is a SQLite file in a temporary folder." placeholder:"URL"`
	KeyFile     string        `help:"File of the keys of an installation that 'bench fill' made: measure in its --database as it is. The run adds two programmes to it." placeholder:"FILE"`
	Standby     bool          `help:"The database has a streaming standby: measure each window also while commits wait for it (synchronous_standby_names), in turns."`
	Workloads   []string      `help:"Which workloads, separated by commas; default is all." placeholder:"NAME"`
	Connections []int         `default:"1,8,64,256" help:"Numbers of connections, separated by commas."`
	Windows     int           `default:"7" help:"Windows of each workload, in turns with the references."`
	Length      time.Duration `default:"1s" help:"Length of a window."`
	Cards       int           `default:"100000" help:"Cards that a workload may use up; a window ends early when its share is used."`
	Rate        int           `default:"1000" help:"Activations a second that are offered in the open loop; 0 leaves it out."`
	OpenLength  time.Duration `default:"10s" help:"Length of a window of the open loop."`
	Fill        int           `help:"Cards that are there before, with their history: the same run with few and with many tells what size costs."`
	Peer        []string      `help:"A program to compare with, as NAME=COMMAND; may be given again (bench/peers)." placeholder:"NAME=COMMAND" sep:"none"`
	Reference   []string      `help:"A program that does the same without a server, as NAME=COMMAND: it is given a folder and seconds, and prints how much it did in a second; may be given again (bench/peers/csqlite)." placeholder:"NAME=COMMAND" sep:"none"`
	Compare     string        `help:"Show what changed since the run whose JSON is in this file." placeholder:"FILE"`
	JSON        bool          `help:"Print JSON."`
}

// Help adds to the text of --help.
func (benchRun) Help() string {
	return "The server, the generator and a server that does nothing are processes of their own. The references are measured\n" +
		"between the windows, so that every figure is a ratio to what the machine could do at that time.\n\nWorkloads: " +
		strings.Join(bench.Workloads(), ", ") + ".\n\nTo measure beside many cards, fill once and run as often as you like:\n" +
		"  firsttap bench fill --cards 10000000 --database sqlite:///big/firsttap.db --key-file /big/keys.json\n" +
		"  firsttap bench run --database sqlite:///big/firsttap.db --key-file /big/keys.json\n" +
		"On PostgreSQL, VACUUM ANALYZE once in between. The first start afterwards still has the audit rows to seal."
}

// Run measures in an installation of its own.
func (c benchRun) Run(ctx context.Context, w World) error {
	if len(c.Workloads) == 0 {
		c.Workloads = bench.Workloads()
	}
	if err := c.check(); err != nil {
		return err
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
	settings := append(benchSettings(dir, "firsttap", c.Database), "--trusted-proxies="+bench.ProxyAddress)
	if c.KeyFile != "" {
		settings[0] = "--key-file=" + c.KeyFile
	}
	cfg, err := config.Load(append(settings, "--log-level=warn"), func(string) string { return "" }, w.ReadFile) // for what is prepared in this process
	if err != nil {
		return err
	}
	allowed, filled, err := c.prepare(ctx, w, cfg)
	if err != nil {
		return err
	}
	references, done, err := c.references(ctx, w, dir)
	if err != nil {
		return err
	}
	references = append(references, programReferences(c.Reference, dir)...)
	self, err := os.Executable()
	if err != nil {
		return errors.Join(err, done())
	}
	log, err := os.Create(filepath.Join(dir, "server.log")) // one record for each request, as it is shipped
	if err != nil {
		return errors.Join(err, done())
	}
	report, err := bench.Run(ctx, bench.RunOptions{
		Program: self, Settings: settings, Access: allowed, Folder: dir, Engine: cfg.Database.Engine, Log: w.Stderr, ServerLog: log, Now: time.Now,
		Note:       func(format string, args ...any) { _, _ = fmt.Fprintf(w.Stderr, format+"\n", args...) },
		References: references, Workloads: c.Workloads, Connections: c.Connections, Windows: c.Windows, Length: c.Length,
		Filled: filled, Cards: c.Cards, Rate: c.Rate, OpenLength: c.OpenLength, Peers: c.peers(), PeerDatabase: c.server(), Standby: c.awaiting(),
	})
	if err != nil {
		err = fmt.Errorf("%w\nthe server's last words: %s", err, lastOf(log))
	}
	if err = errors.Join(err, log.Close(), done()); err != nil {
		return err
	}
	return showRun(w, report, before, c.JSON)
}

// showRun prints a report, and what changed since another.
func showRun(w World, report bench.Report, before *bench.Report, asJSON bool) error {
	report.Version, report.At = w.Version, time.Now().UTC()
	if asJSON {
		return printJSON(w.Stdout, report)
	}
	if err := showReport(w, report); err != nil || before == nil {
		return err
	}
	return showChanges(w, bench.Compare(*before, report))
}

// server is the database if it is one of PostgreSQL.
func (c benchRun) server() string {
	if strings.HasPrefix(c.Database, "postgres") {
		return c.Database
	}
	return ""
}

func (c benchRun) peers() (all []bench.Peer) {
	for _, text := range c.Peer {
		name, command, _ := strings.Cut(text, "=")
		all = append(all, bench.Peer{Name: name, Command: strings.Fields(command)})
	}
	return all
}

// lastOf gives the end of a log.
func lastOf(log *os.File) []byte {
	const most = 2 << 10
	end := make([]byte, most)
	info, err := log.Stat()
	if err != nil {
		return nil
	}
	n, _ := log.ReadAt(end, max(0, info.Size()-most)) // a short log ends early
	return end[:n]
}

func (c benchRun) check() error {
	for _, name := range c.Workloads {
		if !slices.Contains(bench.Workloads(), name) {
			return usageError(fmt.Sprintf("no workload is called %q; there are: %s", name, strings.Join(bench.Workloads(), ", ")))
		}
	}
	for _, n := range c.Connections {
		if n < 1 || n > 1024 {
			return usageError("--connections takes numbers from 1 to 1024")
		}
	}
	if c.Windows < 1 || c.Cards < 1 || c.Rate < 0 || c.Fill < 0 || c.Fill > app.FillMost || c.Length <= 0 || c.OpenLength <= 0 {
		return usageError("windows, cards, length and open-length must be above 0, rate and fill not below")
	}
	for _, text := range slices.Concat(c.Peer, c.Reference) {
		if name, command, _ := strings.Cut(text, "="); name == "" || len(strings.Fields(command)) == 0 {
			return usageError("peers and references are given as NAME=COMMAND, not as " + text)
		} else if _, err := exec.LookPath(strings.Fields(command)[0]); err != nil {
			return usageError(name + " cannot be run: " + err.Error()) // now, not after minutes of preparation
		}
	}
	switch {
	case c.KeyFile != "" && (c.Database == "" || c.Fill > 0):
		return usageError("--key-file goes with the --database that was filled before, and without --fill")
	case c.KeyFile == "" && c.Database != "" && c.server() == "":
		return usageError("a file to measure in is one that 'bench fill' made: name its --key-file")
	case c.Standby && c.server() == "":
		return usageError("--standby is about a --database of PostgreSQL")
	}
	if c.Rate > 0 && !slices.Contains(c.Workloads, bench.Activate) {
		return usageError("the open loop measures against the workload " + bench.Activate + ": name it too, or say --rate=0")
	}
	return nil
}

// reportIn reads the run to compare with.
func reportIn(w World, file string) (*bench.Report, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // nothing to compare with
	}
	text, err := w.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var r bench.Report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, usageError(file + " holds no run: " + err.Error())
	}
	return &r, nil
}

// benchSettings are those of an installation to measure in: its own file of keys, and the given database or a
// file of its own.
func benchSettings(dir, name, database string) []string {
	if database == "" {
		database = "sqlite://" + filepath.Join(dir, name+".db")
	}
	return []string{"--key-file=" + filepath.Join(dir, name+"-keys.json"), "--database=" + database}
}

// highRate counts every request and refuses none.
const highRate = "1000000/60000000/1000000000"

// house opens the installation to measure in, and tells how many cards it holds.
func (c benchRun) house(ctx context.Context, w World, cfg config.Config) (house *app.House, filled int, err error) {
	if c.KeyFile == "" {
		house, err = freshHouse(ctx, w, cfg)
		return house, c.Fill, err
	}
	if house, err = app.Open(ctx, cfg, w.deps(cfg)); err != nil {
		return nil, 0, err
	}
	if filled, err = house.MadeUp(ctx); err != nil {
		return nil, 0, errors.Join(err, house.Close())
	}
	return house, filled, nil
}

// prepare fills the installation, and makes two sandbox programmes: one as it is shipped, with limits of rate that
// nobody reaches, and one in which somebody may guess for long.
func (c benchRun) prepare(ctx context.Context, w World, cfg config.Config) (allowed bench.Access, filled int, err error) {
	house, filled, err := c.house(ctx, w, cfg)
	if err != nil {
		return allowed, 0, err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	by := where{}.operator()
	if err := c.fill(ctx, w, house); err != nil {
		return allowed, 0, err
	}
	name := benchProgram
	if c.KeyFile != "" { // other runs were here
		name += "-" + strconv.FormatInt(time.Now().Unix(), 36)
	}
	policies := noLimits()
	issue := func(p program.Program, kind access.Kind, role access.Role) (string, error) {
		key, err := house.Access.IssueKey(ctx, by, access.KeyRequest{Program: p.ID, Kind: kind, Role: role, Name: "bench"})
		return key.Secret.Reveal(), err
	}
	p, err := house.Access.CreateProgram(ctx, by, name, program.Sandbox, policies)
	if err != nil {
		return allowed, filled, err
	}
	if allowed.Cards, err = issue(p, access.CardsKey, ""); err != nil {
		return allowed, filled, err
	}
	if allowed.Debit, err = issue(p, access.Ecommerce, access.RoleAdmin); err != nil {
		return allowed, filled, err
	}
	policies["activation.breaker_tries"], policies["activation.tries"], policies["activation.lifetime_tries"] = "0", "100", "100"
	if p, err = house.Access.CreateProgram(ctx, by, name+"-guessed", program.Sandbox, policies); err != nil {
		return allowed, filled, err
	}
	allowed.Wrong, err = issue(p, access.CardsKey, "")
	return allowed, filled, err
}

const (
	floorLength = time.Second / 2 // of a window of the bare loop
	floorMost   = 50_000          // activations a second that both loops together may reach: they run out of cards then
)

// fill makes the cards that are there before. PostgreSQL learns how many there are, as it would in the course of a day.
func (c benchRun) fill(ctx context.Context, w World, house *app.House) error {
	if c.Fill == 0 {
		return nil
	}
	_, _ = fmt.Fprintf(w.Stderr, "filling in %d cards\n", c.Fill)
	const active = 30 // of a hundred
	if _, err := house.Fill(ctx, where{}.operator(), app.FillPlan{Cards: c.Fill, Active: active}, func(int) {}); err != nil || c.server() == "" {
		return err
	}
	out, err := exec.CommandContext(ctx, "psql", "-q", "-c", "VACUUM ANALYZE", c.Database).CombinedOutput() //nolint:gosec // the database that whoever runs this named
	if err != nil {
		return fmt.Errorf("vacuum: %w: %s", err, out)
	}
	return nil
}

// references are what the engine does without the server, and how to end them.
func (c benchRun) references(ctx context.Context, w World, dir string) (list []bench.Reference, done func() error, err error) {
	done = func() error { return nil }
	if c.server() != "" {
		list, err = c.pgbench(ctx, w, dir)
		return list, done, err
	}
	cfg, err := config.Load(append(benchSettings(dir, "floor", ""), "--log-level=warn"), func(string) string { return "" }, w.ReadFile)
	if err != nil {
		return nil, done, err
	}
	cards := int(float64(c.Windows) * min(c.Length, floorLength).Seconds() * floorMost)
	_, _ = fmt.Fprintf(w.Stderr, "filling a second file with %d cards for the bare loop\n", cards)
	floor, err := app.OpenFloor(ctx, cfg, w.deps(cfg), where{}.operator(), cards)
	if err != nil {
		return nil, done, err
	}
	for name, each := range map[string]int{bench.LoopOfOne: 1, bench.LoopOf64: 64} {
		list = append(list, bench.Reference{Name: name, Measure: func(_ context.Context, length time.Duration) (float64, error) {
			return floor.Rate(each, min(length, floorLength))
		}})
	}
	slices.SortFunc(list, func(a, b bench.Reference) int { return strings.Compare(a.Name, b.Name) })
	return list, floor.Close, nil
}

func (c benchRun) pgbench(ctx context.Context, w World, dir string) (list []bench.Reference, err error) {
	scripts, err := app.FloorScripts()
	if err != nil {
		return nil, err
	}
	p, err := bench.NewPgbench(ctx, c.Database, dir, scripts)
	if errors.Is(err, bench.ErrNoPgbench) {
		_, _ = fmt.Fprintln(w.Stderr, "pgbench is not installed: there are no references of the engine")
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	add := func(name, script string, clients int) {
		list = append(list, bench.Reference{Name: name, Measure: func(ctx context.Context, length time.Duration) (float64, error) {
			return p.Rate(ctx, script, clients, length)
		}})
	}
	add("pgbench, separate statements, 8 clients", "statements", 8)
	add("pgbench, one CTE, 8 clients", "cte", 8)
	for _, clients := range []int{1, 8, 32, 64} {
		add(bench.PgFunction(clients), "function", clients)
	}
	return list, nil
}

func showReport(w World, r bench.Report) error {
	spread := func(s bench.Spread) string { return fmt.Sprintf("%.0f (%.0f–%.0f)", s.Median, s.Low, s.High) }
	_, _ = fmt.Fprintf(w.Stdout, "firsttap %s on %s, %s; %d windows of %s, medians\n\n", r.Version, r.Engine, moment(r.At), r.Windows, r.Length)
	rows := [][]string{{"4 KiB fdatasync, one thread", spread(r.Syncs)}}
	for _, reference := range r.References {
		rows = append(rows, []string{reference.Name, spread(reference.PerSecond)})
	}
	if err := table(w.Stdout, []string{"REFERENCE", "PER SECOND (LOWEST–HIGHEST)"}, rows); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(w.Stdout)
	ms := func(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d.Microseconds())/1000) }
	use := func(cpu float64, memory int64) string { return fmt.Sprintf("%.2f, %d MB", cpu, memory>>20) }
	each := func(c bench.Cell) string {
		return fmt.Sprintf("%d + %d", c.During.Microseconds(), c.After.Microseconds())
	}
	rows = nil
	for _, c := range r.Cells {
		if c.Failed > 0 {
			_, _ = fmt.Fprintf(w.Stderr, "%s, %d connections: %d had another answer, the first: %s\n", c.Workload, c.Connections, c.Failed, c.FirstFailure)
		}
		name := c.Workload
		if c.Rate > 0 {
			name += fmt.Sprintf(" (%d/s)", c.Rate)
		}
		rows = append(rows, []string{
			name, strconv.Itoa(c.Connections), spread(c.PerSecond), ms(c.Latency.P50), ms(c.Latency.P95), ms(c.Latency.P99), ms(c.Latency.P999),
			strconv.Itoa(c.Failed), use(c.ServerCPU, c.ServerMemory), use(c.GeneratorCPU, c.GeneratorMemory), fmt.Sprintf("%.0f", c.Flushes), each(c),
		})
	}
	err := table(w.Stdout, []string{"WORKLOAD", "CONN", "PER SECOND", "P50 MS", "P95", "P99", "P99.9", "ERRORS", "SERVER CPU", "GENERATOR CPU", "SYNCS/S", "SERVER µS EACH + LATER"}, rows)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(w.Stdout)
	rows = nil
	for _, x := range r.Ratios {
		rows = append(rows, []string{x.Name, x.Measure, figure(x.Value, x.Unit), figure(x.Floor, x.Unit), figure(x.Aim, x.Unit), x.Verdict()})
	}
	return table(w.Stdout, []string{"GOAL", "MEASURE", "IS", "FLOOR", "AIM", "REACHES"}, rows)
}

func figure(v float64, unit string) string {
	return strings.TrimSpace(strconv.FormatFloat(v, 'f', 2, 64) + " " + unit)
}

func showChanges(w World, changes []bench.Change) error {
	rows := make([][]string, len(changes))
	for i, c := range changes {
		rows[i] = []string{c.What, figure(c.Before, ""), figure(c.Now, ""), fmt.Sprintf("%+.0f %%", 100*(c.Now/c.Before-1))}
	}
	_, _ = fmt.Fprintln(w.Stdout)
	return table(w.Stdout, []string{"SINCE THEN", "BEFORE", "NOW", "CHANGE"}, rows)
}

type benchGenerate struct{}

// Run sends load as it is told on standard input.
func (benchGenerate) Run(ctx context.Context, w World) error {
	return bench.Generate(ctx, w.Stdin, w.Stdout, time.Now)
}

type benchFloor struct{}

// Run answers without doing anything, until standard input ends. It collects its garbage as rarely as the server does.
func (benchFloor) Run(ctx context.Context, w World) error {
	gatherGarbage(w)
	return bench.ServeFloor(ctx, w.Stdin, w.Stdout)
}
