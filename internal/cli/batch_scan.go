package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
)

type batchScan struct {
	where
	Reference string    `arg:"" help:"Reference of the batch."`
	Status    string    `arg:"" help:"What happened." enum:"ready_to_ship,in_transit,out_for_delivery,delivered,delivery_failed,exception,returned,lost"`
	At        time.Time `format:"2006-01-02T15:04:05Z07:00" help:"When it happened; default is now." placeholder:"TIME"`
	Courier   string    `help:"Who carries the box."`
	Tracking  string    `help:"The courier's number."`
	URL       string    `name:"url" help:"Where the box is followed."`
}

// Run records the scan.
func (c batchScan) Run(ctx context.Context, w World) error {
	return c.onBatch(ctx, c.Reference, func(h *app.House, by issuance.Command, ref ident.Reference) error {
		box, err := h.Rules.ScanBatch(ctx, issuance.ScanBatch{
			Command: by, Reference: ref, Status: shipment.Status(c.Status), At: c.At,
			Courier: c.Courier, TrackingNumber: c.Tracking, TrackingURL: c.URL,
		})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.Stdout, "The box of %s is %s.\n", ref, box.Status)
		return err
	}, w)
}

type batchCancel struct {
	where
	Reference string `arg:"" help:"Reference of the batch."`
}

// Run cancels the batch.
func (c batchCancel) Run(ctx context.Context, w World) error {
	return c.onBatch(ctx, c.Reference, func(h *app.House, by issuance.Command, ref ident.Reference) error {
		if _, err := h.Rules.CancelBatch(ctx, issuance.CancelBatch{Command: by, Reference: ref}); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w.Stdout, "Canceled %s.\n", ref)
		return err
	}, w)
}

// onBatch runs an operator's act on a batch, in the programme that has it.
func (o where) onBatch(ctx context.Context, reference string, act func(*app.House, issuance.Command, ident.Reference) error, w World) error {
	ref, err := ident.ParseReference(reference)
	if err != nil {
		return usageError("a reference of a batch has 32 hex digits")
	}
	return o.with(ctx, w, app.Open, func(h *app.House) error {
		programs, err := h.Access.ListPrograms(ctx)
		if err != nil {
			return err
		}
		for _, p := range programs {
			err := act(h, operatorOf(o.operator(), p.ID), ref)
			if !isBatchMissing(err) {
				return err
			}
		}
		return fault.Refuse(batch.NotFound)
	})
}

func isBatchMissing(err error) bool {
	e := fault.Of(err)
	return e != nil && e.Reason == batch.NotFound
}

// operatorOf is a command of an operator in a programme.
func operatorOf(by access.Operator, p ident.ProgramID) issuance.Command {
	return issuance.Command{Caller: issuance.Caller{Program: p, Actor: "operator:" + by.Name, Channel: by.Channel}}
}
