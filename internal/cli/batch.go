package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

type batchCommand struct {
	Show   batchShow   `cmd:"" help:"Show how far a bulk order is, and which of its items failed."`
	Scan   batchScan   `cmd:"" help:"Record what a courier reports about the box of a batch."`
	Cancel batchCancel `cmd:"" help:"Cancel a batch that no worker has taken yet."`
}

type batchShow struct {
	where
	Reference string `arg:"" help:"Reference of the batch."`
	Failed    int    `default:"20" help:"How many failed items to show."`
	JSON      bool   `help:"Print JSON."`
}

// Run shows the batch.
func (c batchShow) Run(ctx context.Context, w World) error {
	ref, err := ident.ParseReference(c.Reference)
	if err != nil {
		return usageError("a reference of a batch has 32 hex digits")
	}
	if c.Failed < 0 || c.Failed > batch.MaxItems {
		return usageError(fmt.Sprintf("--failed takes 0 to %d", batch.MaxItems))
	}
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		programs, err := h.Access.ListPrograms(ctx)
		if err != nil {
			return err
		}
		for _, p := range programs {
			b, failed, ok, err := c.find(ctx, h, p.ID, ref)
			if err != nil {
				return err
			}
			if ok {
				return c.show(w, p.Name, b, failed)
			}
		}
		return fault.Refuse(batch.NotFound)
	})
}

func (c batchShow) find(ctx context.Context, h *app.House, p ident.ProgramID, ref ident.Reference) (b batch.Batch, failed []batch.Item, ok bool, err error) {
	err = h.Store.Read(ctx, func(tx issuance.ReadTx) error {
		failed = nil
		if b, ok, err = tx.Batch(ctx, p, ref); err != nil || !ok || c.Failed == 0 {
			return err
		}
		failed, err = tx.Items(ctx, b.ID, 0, batch.ItemFailed, c.Failed)
		return err
	})
	return b, failed, ok, err
}

func (c batchShow) show(w World, programName string, b batch.Batch, failed []batch.Item) error {
	if c.JSON {
		return printJSON(w.Stdout, batchFactsOf(programName, b, failed))
	}
	if err := facts(w.Stdout,
		[2]string{"batch", string(b.Reference)}, [2]string{"programme", programName}, [2]string{"status", string(b.Status)},
		[2]string{"requested", fmt.Sprint(b.Requested)}, [2]string{"created", fmt.Sprint(b.Created)}, [2]string{"failed", fmt.Sprint(b.Failed)},
		[2]string{"shipment", idText(b.Shipment.UUID)},
		[2]string{"accepted", moment(b.CreatedAt)}, [2]string{"finished", moment(b.FinishedAt)},
	); err != nil || len(failed) == 0 {
		return err
	}
	rows := make([][]string, len(failed))
	for i, item := range failed {
		rows[i] = []string{fmt.Sprint(item.Index), item.Identifier, string(item.Reason)}
	}
	_, _ = fmt.Fprintln(w.Stdout)
	return table(w.Stdout, []string{"ITEM", "IDENTIFIER", "WHY IT FAILED"}, rows)
}

type batchFacts struct {
	Reference string     `json:"reference"`
	Program   string     `json:"program"`
	Status    string     `json:"status"`
	Requested int        `json:"requested"`
	Created   int        `json:"created"`
	Failed    int        `json:"failed"`
	Shipment  string     `json:"shipment_id,omitempty"`
	CreatedAt *time.Time `json:"created_at"`
	Finished  *time.Time `json:"finished_at"`
	Items     []itemFact `json:"failed_items"`
}

type itemFact struct {
	Index      int    `json:"index"`
	Identifier string `json:"identifier"`
	Reason     string `json:"reason"`
}

func batchFactsOf(programName string, b batch.Batch, failed []batch.Item) batchFacts {
	f := batchFacts{
		Reference: string(b.Reference), Program: programName, Status: string(b.Status), Requested: b.Requested,
		Created: b.Created, Failed: b.Failed, Shipment: idText(b.Shipment.UUID), CreatedAt: momentJSON(b.CreatedAt),
		Finished: momentJSON(b.FinishedAt), Items: []itemFact{},
	}
	for _, item := range failed {
		f.Items = append(f.Items, itemFact{item.Index, item.Identifier, string(item.Reason)})
	}
	return f
}
