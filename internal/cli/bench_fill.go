package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/app"
)

type benchFill struct {
	where
	Cards   int `required:"" help:"How many cards."`
	Active  int `default:"30" help:"Of 100 cards, how many are activated for a customer of their own."`
	History int `help:"Further audit rows of each card, sealed as all others."`
}

// Help adds to the text of --help.
func (benchFill) Help() string {
	return "Each card brings five rows: card, plastic, item of its order, card number, and event. One that is activated brings six more:\n" +
		"customer, account, two of its opening movement, audit row, and event. So with 30 of 100 activated there are 6.8 rows a card, of\n" +
		"which 2.2 are history: 10,000,000 cards are 68 million rows. The audit trail is sealed\n" +
		"as its worker would do. 'firsttap bench run --key-file' measures in what was filled."
}

// Run fills the installation.
func (c benchFill) Run(ctx context.Context, w World) error {
	if c.Cards < 1 || c.Cards > app.FillMost || c.Active < 0 || c.Active > 100 || c.History < 0 || c.History > app.HistoryMost {
		return usageError(fmt.Sprintf("--cards must be from 1 to %d, --active from 0 to 100, --history from 0 to %d", app.FillMost, app.HistoryMost))
	}
	return c.with(ctx, w, app.Create, func(h *app.House) error {
		steps, began := newSteps(w), time.Now()
		filled, err := h.Fill(ctx, c.operator(), app.FillPlan{Cards: c.Cards, Active: c.Active, History: c.History}, func(done int) {
			steps.at("filling", "cards", int64(done), int64(c.Cards))
		})
		steps.end()
		if err != nil {
			return err
		}
		took := time.Since(began)
		_, err = fmt.Fprintf(w.Stdout, "%d cards are in the sandbox programme %s, after %s (%.0f cards a second).\n"+
			"The newest batch is %s, its last card %s. On PostgreSQL, run VACUUM ANALYZE before you measure.\n",
			c.Cards, filled.Program.Name, took.Round(time.Second/10), float64(c.Cards)/took.Seconds(), filled.Reference, filled.Last)
		return err
	})
}

type benchPlans struct {
	where
	JSON bool `help:"Print JSON."`
}

// Run shows the plans, and fails when a query reads a whole table.
func (c benchPlans) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		cards, plans, err := h.Plans(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(w.Stdout, plans)
		}
		rows := make([][]string, len(plans))
		whole := 0
		for i, p := range plans {
			by := strings.Join(p.Indexes, ", ")
			if len(p.Whole) > 0 {
				by += " and all of " + strings.Join(p.Whole, ", ")
				whole++
			}
			rows[i] = []string{p.Query, strconv.Itoa(p.Rows), fmt.Sprintf("%.2f ms", float64(p.Took.Microseconds())/1000), by}
		}
		count := strconv.FormatInt(cards, 10)
		if cards > 1_000_000 {
			count = "more than 1000000"
		}
		_, _ = fmt.Fprintf(w.Stdout, "%s cards\n", count)
		if err := table(w.Stdout, []string{"QUERY", "ROWS", "TOOK", "BY"}, rows); err != nil {
			return err
		}
		if whole > 0 {
			return errors.New("a query reads a whole table")
		}
		return nil
	})
}
