package client

import (
	"context"
	"iter"
	"strconv"
	"time"
)

// AuditRow is one act: who did what to what, and how it ended.
type AuditRow struct {
	ID         string    `json:"id"`
	At         time.Time `json:"at"` // on the clock of the programme
	Actor      string    `json:"actor"`
	OnBehalfOf string    `json:"on_behalf_of"` // whom the actor said that it acts for
	Channel    string    `json:"channel"`
	Source     string    `json:"source"`
	RequestID  string    `json:"request_id"`
	Action     string    `json:"action"`
	Outcome    string    `json:"outcome"` // ok, or the reason of the refusal
	CardID     string    `json:"card_id"`
	CustomerID string    `json:"customer_id"`
	ShipmentID string    `json:"shipment_id"`
	BatchID    string    `json:"batch_id"`
	Note       string    `json:"note"`
}

// AuditFilter narrows the audit trail; what is empty does not.
type AuditFilter struct {
	CardID, Actor, OnBehalfOf, Action, Outcome string
	From, To                                   time.Time // at From or later, and before To
}

// Checkpoint signs the first rows of the audit trail. Keep it where the server does not write.
type Checkpoint struct {
	Rows int64  `json:"rows"`
	Note string `json:"checkpoint"` // a signed note
	Key  string `json:"key"`        // that it is verified with
}

// Audit yields the audit trail, newest first.
func (c *Client) Audit(ctx context.Context, f AuditFilter) iter.Seq2[AuditRow, error] {
	return every[AuditRow](ctx, c, at("audit"), params("card_id", f.CardID, "actor", f.Actor, "on_behalf_of", f.OnBehalfOf, "action", f.Action, "outcome", f.Outcome,
		"from", moment(f.From), "to", moment(f.To)))
}

// moment is a time as a parameter; the zero time is none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// AuditCheckpoint gives the newest checkpoint. New rows are sealed within a second.
func (c *Client) AuditCheckpoint(ctx context.Context) (out Checkpoint, err error) {
	return out, c.send(ctx, get(at("audit", "checkpoint"), nil), &out)
}

// ExportAudit gives the first rows of the trail as the file that `firsttap audit verify` reads; 0 is as many as the newest
// checkpoint signs.
func (c *Client) ExportAudit(ctx context.Context, rows int64) (out []byte, err error) {
	n := ""
	if rows > 0 {
		n = strconv.FormatInt(rows, 10)
	}
	return out, c.send(ctx, get(at("audit", "export"), params("rows", n)), &out)
}
