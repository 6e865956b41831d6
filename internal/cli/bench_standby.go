package cli

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// standbyWithin is how long the server may take to hear that it waits for a standby, or no longer does.
const standbyWithin = 10 * time.Second

// awaiting gives what has commits wait for the standby of the database, or not; nil when that is not measured.
func (c benchRun) awaiting() func(ctx context.Context, awaited bool) error {
	if !c.Standby {
		return nil
	}
	return func(ctx context.Context, awaited bool) error {
		names, want := "''", "0"
		if awaited {
			names, want = "'*'", "1"
		}
		if _, err := c.psql(ctx, "ALTER SYSTEM SET synchronous_standby_names = "+names, "SELECT pg_reload_conf()"); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, standbyWithin)
		defer cancel()
		for {
			got, err := c.psql(ctx, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")
			if err != nil {
				return fmt.Errorf("the standby is not one that commits wait for: %w", err)
			}
			if got == want {
				return nil
			}
		}
	}
}

// psql runs commands on the database, each in a transaction of its own, and gives what the last of them printed.
func (c benchRun) psql(ctx context.Context, commands ...string) (string, error) {
	args := []string{"-qAt"}
	for _, command := range commands {
		args = append(args, "-c", command)
	}
	out, err := exec.CommandContext(ctx, "psql", append(args, c.Database)...).CombinedOutput() //nolint:gosec // the database that whoever runs this named
	if err != nil {
		return "", fmt.Errorf("psql: %w: %s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1], nil
}
