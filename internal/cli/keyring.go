package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/schollz/progressbar/v3"

	"github.com/firsttap/firsttap/internal/app"
)

type keyringCommand struct {
	Status keyringStatus `cmd:"" help:"List the keys that seal, without showing them."`
	Rotate keyringRotate `cmd:"" help:"Make new keys and seal everything anew. The server goes on working; after a crash, run it again."`
}

type keyringStatus struct {
	where
	JSON bool `help:"Print JSON."`
}

// Run lists the keys.
func (c keyringStatus) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		keys, err := h.Keys(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(w.Stdout, keys)
		}
		rows := make([][]string, len(keys))
		for i, k := range keys {
			rows[i] = []string{k.ID, k.Role, k.Under, k.State, moment(k.CreatedAt)}
		}
		return table(w.Stdout, []string{"KEY", "ROLE", "WRAPPED UNDER", "STATE", "MADE"}, rows)
	})
}

type keyringRotate struct {
	where
	DropOld bool `help:"Then remove old keys from the key file. Backups of the database from before open no more after that."`
}

// Run rotates the keys and seals every value anew.
func (c keyringRotate) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		bar := progress(w, -1, "sealing anew")
		done := 0
		result, err := h.RotateKeys(ctx, c.operator(), c.DropOld, func(n int) {
			done = n
			_ = bar.Set(n)
		})
		_ = bar.Finish()
		if err != nil {
			return fmt.Errorf("the rotation is not finished; what is done stays done, run the command again: %w", err)
		}
		again := ""
		if result.Resumed {
			again = " (a rotation was open, and is finished now)"
		}
		_, _ = fmt.Fprintf(w.Stdout, "The keys are rotated%s: %d values were sealed anew under key %d, %s.\n", again, done, result.SealKey, result.KEK)
		if len(result.Dropped) > 0 {
			_, _ = fmt.Fprintf(w.Stdout, "Removed from the key file: %s.\n", strings.Join(result.Dropped, ", "))
		}
		_, err = fmt.Fprintln(w.Stdout, "Make a new copy of the key file, and keep it apart from the database.")
		return err
	})
}

// progress makes a bar of that many steps (-1: nobody knows how many). It is seen on a terminal only.
func progress(w World, steps int, what string) *progressbar.ProgressBar {
	return progressbar.NewOptions(steps,
		progressbar.OptionSetWriter(w.Stderr),
		progressbar.OptionSetVisibility(isTerminal(w.Stderr)),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetWidth(30),
	)
}
