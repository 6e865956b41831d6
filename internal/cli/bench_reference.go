package cli

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/bench"
)

// programReferences are programs that do something of the same kind without a server, as NAME=COMMAND. Each is run between the windows
// with a folder on the disk that counts and a number of seconds as its last arguments, and prints how much it did in a second.
func programReferences(commands []string, dir string) (all []bench.Reference) {
	for _, text := range commands {
		name, command, _ := strings.Cut(text, "=")
		words := strings.Fields(command)
		all = append(all, bench.Reference{Name: name, Measure: func(ctx context.Context, length time.Duration) (float64, error) {
			args := append(words[1:len(words):len(words)], dir, strconv.FormatFloat(length.Seconds(), 'f', -1, 64))
			var told, said bytes.Buffer
			cmd := exec.CommandContext(ctx, words[0], args...) //nolint:gosec // the program that the user names
			cmd.Stdout, cmd.Stderr = &told, &said
			if err := cmd.Run(); err != nil {
				return 0, fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(said.String()))
			}
			rate, err := strconv.ParseFloat(strings.TrimSpace(told.String()), 64)
			if err != nil {
				return 0, fmt.Errorf("%s prints no number: %w", name, err)
			}
			return rate, nil
		}})
	}
	return all
}
