package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/firsttap/firsttap/client"
)

type apiEvents struct {
	remote
	Cursor string   `help:"Begin after this place; default is with the oldest that is kept." placeholder:"CURSOR"`
	Types  []string `help:"Only events of these types, as in card.activated; default is all." placeholder:"TYPE"`
	Lines  int      `short:"n" default:"20" help:"How many, 1 to 100."`
}

// Run prints a part of the feed, oldest first.
func (c apiEvents) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	page, err := l.api.Events(ctx, client.EventQuery{Cursor: c.Cursor, Types: c.Types, Limit: c.Lines})
	return tell(l, page, err, func(page client.EventPage) error {
		rows := make([][]string, len(page.Items))
		for i, e := range page.Items {
			rows[i] = []string{moment(e.CreatedAt), e.Type, e.ID, string(e.Data)}
		}
		if err := table(w.Stdout, []string{"AT", "TYPE", "EVENT", "DATA"}, rows); err != nil {
			return err
		}
		if page.HasMore {
			_, _ = fmt.Fprintln(w.Stderr, "There are more; go on with --cursor "+page.Next)
		}
		return nil
	})
}

type apiAudit struct {
	List       apiAuditList       `cmd:"" help:"List who did what, newest first."`
	Checkpoint apiAuditCheckpoint `cmd:"" help:"Print the newest checkpoint, which signs the trail. Keep it elsewhere."`
	Export     apiAuditExport     `cmd:"" help:"Write the trail to a file, and the checkpoint that signs it."`
}

type apiAuditList struct {
	remote
	sorted
	Card       string    `help:"Only what was done to this card." placeholder:"ID"`
	Actor      string    `help:"Only what this one did." placeholder:"ACTOR"`
	OnBehalfOf string    `help:"Only what was done for this one." placeholder:"WHOM"`
	Action     string    `help:"Only this, as in card.activate." placeholder:"ACTION"`
	Outcome    string    `help:"Only what ended so: ok, or a reason." placeholder:"OUTCOME"`
	From       time.Time `format:"2006-01-02T15:04:05Z07:00" help:"At this time or later." placeholder:"TIME"`
	To         time.Time `format:"2006-01-02T15:04:05Z07:00" help:"Before this time." placeholder:"TIME"`
}

// Run lists the audit trail.
func (c apiAuditList) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	f := client.AuditFilter{CardID: c.Card, Actor: c.Actor, OnBehalfOf: c.OnBehalfOf, Action: c.Action, Outcome: c.Outcome, From: c.From, To: c.To}
	return list(l, c.lines, c.of(l.api).Audit(ctx, f), []string{"AT", "ACTOR", "CHANNEL", "ACTION", "OUTCOME", "CARD", "NOTE"}, func(r client.AuditRow) []string {
		return []string{moment(r.At), r.Actor, r.Channel, r.Action, r.Outcome, dash(r.CardID), r.Note}
	})
}

type apiAuditCheckpoint struct{ remote }

// Run prints the checkpoint as it is signed.
func (c apiAuditCheckpoint) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.AuditCheckpoint(ctx)
	return tell(l, v, err, func(v client.Checkpoint) error {
		_, err := fmt.Fprint(w.Stdout, v.Note)
		return err
	})
}

type apiAuditExport struct {
	remote
	Out string `required:"" help:"File to make, beside it one whose name ends in .checkpoint. Neither must be there." placeholder:"FILE"`
}

// Run writes as many rows as the newest checkpoint signs.
func (c apiAuditExport) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	signed, err := l.api.AuditCheckpoint(ctx)
	if err != nil {
		return err
	}
	rows, err := l.api.ExportAudit(ctx, signed.Rows)
	if err != nil {
		return err
	}
	beside := c.Out + ".checkpoint"
	for name, content := range map[string][]byte{c.Out: rows, beside: []byte(signed.Note)} {
		to, err := newFile(name)
		if err != nil {
			return err
		}
		if _, err := to.Write(content); err != nil {
			_ = to.Close()
			return err
		}
		if err := to.Close(); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w.Stdout, "Exported %d rows to %s, and the checkpoint that signs them to %s.\n"+
		"Verify them anywhere, with a key that you had before:\n  firsttap audit verify --export %s --checkpoint %s --key %s\n",
		signed.Rows, c.Out, beside, c.Out, beside, signed.Key)
	return err
}

type apiLifecycle struct{ remote }

// Run prints the ways from state to state.
func (c apiLifecycle) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.Lifecycle(ctx)
	return tell(l, v, err, func(v client.Lifecycle) error {
		var rows [][]string
		for _, m := range v.Machines {
			for _, t := range m.Transitions {
				rows = append(rows, []string{m.Name, t.From, t.Trigger, t.To})
			}
		}
		return table(w.Stdout, []string{"OF", "FROM", "BY", "TO"}, rows)
	})
}
