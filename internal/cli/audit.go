package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

type auditCommand struct {
	Tail       auditTail       `cmd:"" help:"Print the newest rows of an audit trail, oldest first."`
	List       auditList       `cmd:"" help:"List rows of an audit trail, newest first: by card, actor, action, outcome and time."`
	Export     auditExport     `cmd:"" help:"Write an audit trail to a file that can be verified without this installation."`
	Checkpoint auditCheckpoint `cmd:"" help:"Seal what waits, and print the signed checkpoint of an audit log."`
	Key        auditKey        `cmd:"" help:"Print the public key that checkpoints are verified with."`
	Verify     auditVerify     `cmd:"" help:"Prove, without any installation, that nobody changed, removed or inserted rows of an export."`
}

// auditTrail says which trail is meant.
type auditTrail struct {
	where
	Program string `help:"Name or id of the programme; default is the trail of the installation itself: its keys." placeholder:"NAME"`
}

type auditTail struct {
	auditTrail
	Lines  int  `short:"n" default:"20" help:"How many rows, 1 to 1000."`
	Follow bool `short:"f" help:"Go on printing rows as they come, until stopped."`
	JSON   bool `help:"Print one JSON object a line."`
}

// followEvery is how often a followed trail is looked at.
const followEvery = 500 * time.Millisecond

// Run prints the rows.
func (c auditTail) Run(ctx context.Context, w World) error {
	if c.Lines < 1 || c.Lines > 1000 {
		return usageError("--lines takes 1 to 1000")
	}
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := c.trail(ctx, h)
		if err != nil {
			return err
		}
		seen := map[ident.UUID]bool{}
		err = c.print(ctx, w, h, p, c.Lines, seen)
		for c.Follow && err == nil {
			timer := time.NewTimer(followEvery)
			select {
			case <-ctx.Done():
				timer.Stop()
				err = ctx.Err()
			case <-timer.C:
				err = c.print(ctx, w, h, p, 1000, seen)
			}
		}
		if errors.Is(err, context.Canceled) {
			return nil // told to stop while it looked
		}
		return err
	})
}

// trail is the programme whose rows are meant; none is the installation.
func (c auditTrail) trail(ctx context.Context, h *app.House) (ident.ProgramID, error) {
	if c.Program == "" {
		return ident.ProgramID{}, nil
	}
	p, err := h.Access.FindProgram(ctx, c.Program)
	return p.ID, err
}

// print writes the newest rows that were not seen yet, oldest first. seen holds only what may come again.
func (c auditTail) print(ctx context.Context, w World, h *app.House, p ident.ProgramID, limit int, seen map[ident.UUID]bool) error {
	var rows []audit.Row
	if err := h.Store.Read(ctx, func(tx issuance.ReadTx) (err error) {
		rows, err = tx.AuditTrail(ctx, p, issuance.AuditFilter{}, issuance.Page{Limit: limit})
		return err
	}); err != nil {
		return err
	}
	slices.Reverse(rows)
	for _, r := range rows {
		if !seen[r.ID] {
			if err := c.line(w, r); err != nil {
				return err
			}
		}
	}
	clear(seen)
	for _, r := range rows {
		seen[r.ID] = true
	}
	return nil
}

type auditLine struct {
	ID         string    `json:"id"`
	At         time.Time `json:"at"`
	Actor      string    `json:"actor"`
	OnBehalfOf string    `json:"on_behalf_of,omitempty"`
	Channel    string    `json:"channel"`
	Source     string    `json:"source,omitempty"`
	RequestID  string    `json:"request_id,omitempty"`
	Action     string    `json:"action"`
	Outcome    string    `json:"outcome"`
	Card       string    `json:"card_id,omitempty"`
	Customer   string    `json:"customer_id,omitempty"`
	Shipment   string    `json:"shipment_id,omitempty"`
	Batch      string    `json:"batch_id,omitempty"`
	Note       string    `json:"note,omitempty"`
}

func auditLineOf(r audit.Row) auditLine {
	return auditLine{
		r.ID.String(), r.At.UTC(), r.Actor, r.OnBehalfOf, r.Channel, r.Source, r.RequestID, r.Action, r.Outcome,
		idText(r.Card.UUID), idText(r.Customer.UUID), idText(r.Shipment.UUID), idText(r.Batch.UUID), r.Note,
	}
}

// auditMoment is how a row's time is printed for people.
const auditMoment = "2006-01-02T15:04:05.000Z"

func (c auditTail) line(w World, r audit.Row) error {
	if c.JSON {
		return json.NewEncoder(w.Stdout).Encode(auditLineOf(r))
	}
	about := aboutWhat(r)
	if about != "" {
		about = " " + about
	}
	note := r.Note
	if note != "" {
		note = fmt.Sprintf(" %q", note)
	}
	_, err := fmt.Fprintf(w.Stdout, "%s  %-24s %-20s %s %s%s%s\n", r.At.UTC().Format(auditMoment), r.Action, r.Outcome, r.Channel, r.Actor, about, note)
	return err
}

// aboutWhat is the nearest thing that a row is about, "" for none.
func aboutWhat(r audit.Row) string {
	for _, thing := range []struct {
		name string
		id   ident.UUID
	}{{"card", r.Card.UUID}, {"batch", r.Batch.UUID}, {"shipment", r.Shipment.UUID}, {"customer", r.Customer.UUID}} {
		if !thing.id.IsZero() {
			return thing.name + " " + thing.id.String()
		}
	}
	return ""
}
