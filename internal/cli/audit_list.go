package cli

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

type auditList struct {
	auditTrail
	Card    string `help:"Only what was done to this card." placeholder:"ID"`
	Actor   string `help:"Only what this one did: key:ID, operator:NAME or worker:NAME." placeholder:"WHO"`
	Action  string `help:"Only this action, as card.activate." placeholder:"ACTION"`
	Outcome string `help:"Only this outcome: ok, or the reason of a refusal." placeholder:"OUTCOME"`
	From    string `help:"Only at this time of the programme or later, as 2026-03-06T12:00:00Z." placeholder:"TIME"`
	To      string `help:"Only before this time." placeholder:"TIME"`
	Lines   int    `short:"n" default:"20" help:"How many, 1 to 1000."`
	JSON    bool   `help:"Print JSON."`
}

// Run lists rows, newest first.
func (c auditList) Run(ctx context.Context, w World) error {
	if c.Lines < 1 || c.Lines > 1000 {
		return usageError("--lines takes 1 to 1000")
	}
	f := issuance.AuditFilter{Actor: c.Actor, Action: c.Action, Outcome: c.Outcome}
	if c.Card != "" {
		id, err := ident.ParseUUID(c.Card)
		if err != nil {
			return usageError("--card takes the id of a card")
		}
		f.Card.UUID = id
	}
	for _, bound := range []struct {
		flag, text string
		to         *time.Time
	}{{"--from", c.From, &f.From}, {"--to", c.To, &f.To}} {
		if bound.text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, bound.text)
		if err != nil {
			return usageError(bound.flag + " takes a time as 2026-03-06T12:00:00Z")
		}
		*bound.to = at
	}
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := c.trail(ctx, h)
		if err != nil {
			return err
		}
		var rows []audit.Row
		err = h.Store.Read(ctx, func(tx issuance.ReadTx) (err error) {
			rows, err = tx.AuditTrail(ctx, p, f, issuance.Page{Limit: c.Lines})
			return err
		})
		if err != nil {
			return err
		}
		return c.show(w, rows)
	})
}

func (c auditList) show(w World, rows []audit.Row) error {
	objects, lines := make([]auditLine, len(rows)), make([][]string, len(rows))
	for i, r := range rows {
		objects[i] = auditLineOf(r)
		lines[i] = []string{r.At.UTC().Format(auditMoment), r.Action, r.Outcome, r.Actor, r.Channel, aboutWhat(r), r.Note}
	}
	if c.JSON {
		return printJSON(w.Stdout, objects)
	}
	return table(w.Stdout, []string{"TIME", "ACTION", "OUTCOME", "ACTOR", "CHANNEL", "ABOUT", "NOTE"}, lines)
}
