package bench

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Pgbench is PostgreSQL's own generator on the same server: one transaction a request, without HTTP and rules.
type Pgbench struct {
	program, folder string
	target          string // without the password, which other users of the machine must not see
	password        string
}

// ErrNoPgbench says that pgbench is not installed.
var ErrNoPgbench = errors.New("pgbench is not installed")

// NewPgbench writes the scripts to a folder and runs the one that is called setup.
func NewPgbench(ctx context.Context, database, folder string, scripts map[string]string) (*Pgbench, error) {
	program, err := exec.LookPath("pgbench")
	if err != nil {
		return nil, ErrNoPgbench
	}
	p := &Pgbench{program: program, folder: folder}
	if p.target, p.password, err = forLibpq(database); err != nil {
		return nil, err
	}
	for name, text := range scripts {
		if err := os.WriteFile(p.path(name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	_, err = p.run(ctx, "--protocol=simple", "--transactions=1", "--file="+p.path("setup"))
	return p, err
}

// forLibpq takes from an address what libpq would not understand, and the password.
func forLibpq(database string) (target, password string, err error) {
	u, err := url.Parse(database)
	if err != nil {
		return "", "", errors.New("the address of the database is not a URL") // the error would show it
	}
	if u.User != nil {
		password, _ = u.User.Password()
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	for name := range q {
		if strings.HasPrefix(name, "pool_") || name == "default_query_exec_mode" {
			q.Del(name)
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), password, nil
}

func (p *Pgbench) path(script string) string { return filepath.Join(p.folder, script+".sql") }

// Rate runs a script with so many clients, and tells how many transactions it did a second.
func (p *Pgbench) Rate(ctx context.Context, script string, clients int, length time.Duration) (float64, error) {
	seconds := max(1, int(length.Round(time.Second)/time.Second))
	out, err := p.run(ctx, "--protocol=prepared", "--client="+strconv.Itoa(clients), "--jobs="+strconv.Itoa(min(clients, 2)),
		"--time="+strconv.Itoa(seconds), "--file="+p.path(script))
	if err != nil {
		return 0, err
	}
	return parseRate(out)
}

func (p *Pgbench) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, p.program, append(append([]string{"--no-vacuum"}, args...), p.target)...) //nolint:gosec // the binary that we found
	if p.password != "" {
		cmd.Env = append(cmd.Environ(), "PGPASSWORD="+p.password)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("pgbench: %w: %.400s", err, out)
	}
	return string(out), nil
}

// rate is the line of the result, in the words of all releases.
var rate = regexp.MustCompile(`(?m)^tps = ([0-9.]+) \((?:without initial connection time|excluding connections establishing)\)`)

// none is told by a run that ended no transaction in its window.
var none = regexp.MustCompile(`(?m)^number of transactions actually processed: 0(/\d+)?$`)

func parseRate(output string) (float64, error) {
	m := rate.FindStringSubmatch(output)
	if m == nil && none.MatchString(output) {
		return 0, nil // then it tells no rate
	}
	if m == nil {
		return 0, fmt.Errorf("pgbench tells no rate: %.400s", output)
	}
	return strconv.ParseFloat(m[1], 64)
}
