package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/firsttap/firsttap/client"
)

type apiBatch struct {
	List     apiBatchList     `cmd:"" help:"List bulk orders, newest first."`
	Show     apiBatchShow     `cmd:"" help:"Show how far one is."`
	Items    apiBatchItems    `cmd:"" help:"List what became of its cards."`
	Order    apiBatchOrder    `cmd:"" help:"Order the cards of a CSV file."`
	Wait     apiBatchWait     `cmd:"" help:"Wait until all of its cards are made."`
	Resubmit apiBatchResubmit `cmd:"" help:"Order again what failed of one, corrected, from a CSV file."`
	Cancel   apiBatchCancel   `cmd:"" help:"Cancel one of which no card was made yet."`
}

// ofBatch names a bulk order.
type ofBatch struct {
	remote
	ID string `arg:"" help:"Id of the bulk order."`
}

type apiBatchList struct {
	remote
	sorted
	Status string `help:"Only those that are accepted, processing, completed, completed_with_failures, failed or canceled." placeholder:"STATUS"`
}

// Run lists bulk orders.
func (c apiBatchList) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return list(l, c.lines, c.of(l.api).Batches(ctx, c.Status), []string{"BATCH", "REFERENCE", "STATUS", "ASKED", "MADE", "FAILED", "ORDERED"}, func(b client.Batch) []string {
		return []string{b.ID, b.Reference, b.Status, strconv.Itoa(b.Requested), strconv.Itoa(b.Created), strconv.Itoa(b.Failed), moment(b.CreatedAt)}
	})
}

func orderFacts(b client.Batch) [][2]string {
	return [][2]string{
		{"batch", b.ID},
		{"reference", b.Reference},
		{"status", b.Status},
		{"campaign", b.Campaign},
		{"asked for", strconv.Itoa(b.Requested)},
		{"made", strconv.Itoa(b.Created)},
		{"failed", strconv.Itoa(b.Failed)},
		{"parcel", b.ShipmentID},
		{"ordered", moment(b.CreatedAt)},
		{"finished", moment(b.FinishedAt)},
	}
}

type apiBatchShow struct{ ofBatch }

// Run shows a bulk order.
func (c apiBatchShow) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	b, err := l.api.Batch(ctx, c.ID)
	return show(l, b, err, orderFacts)
}

type apiBatchItems struct {
	ofBatch
	lines
	Outcome string `help:"Only those that are pending, created or failed." placeholder:"OUTCOME"`
	CSV     bool   `name:"csv" help:"Print all as CSV; what failed can be corrected in it and resubmitted."`
}

// Run lists the items.
func (c apiBatchItems) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	if c.CSV {
		out, err := l.api.BatchItemsCSV(ctx, c.ID, c.Outcome)
		if err != nil {
			return err
		}
		_, err = w.Stdout.Write(out)
		return err
	}
	return list(l, c.lines, l.api.BatchItems(ctx, c.ID, c.Outcome), []string{"ITEM", "IDENTIFIER", "OUTCOME", "WHY", "CARD", "STATUS"}, func(i client.BatchItem) []string {
		return []string{strconv.Itoa(i.Index), dash(i.Identifier), i.Outcome, dash(i.Reason), dash(i.CardID), dash(i.CardStatus)}
	})
}

// waiting is a command that can wait for a bulk order.
type waiting struct {
	Wait bool `help:"Wait until all cards are made."`
}

type apiBatchOrder struct {
	remote
	waiting
	because
	File     string `arg:"" help:"CSV file: a line with the names identifier, front_name, qr, pin, campaign, of which any may be missing; then a card in each."`
	To       string `required:"" help:"JSON file with the delivery_location, as the API takes it." placeholder:"FILE"`
	Campaign string `help:"Campaign of cards that name none; default is the default design." placeholder:"CAMPAIGN"`
	DryRun   bool   `help:"Tell which cards would fail, and order none."`
	Once     string `help:"Name of this order: run again with the same one, nothing is ordered twice. Default is a new one." placeholder:"KEY"`
}

// itemColumns are those of a file of items; the rest are of a file that came from the API.
var itemColumns = []string{"identifier", "front_name", "qr", "pin", "campaign", "index", "outcome", "reason", "card_id", "number_id", "card_status", "activation_url"}

func itemsOf(w World, name string) ([]client.OrderItem, error) {
	rows, err := readRows(w, name, itemColumns)
	items := make([]client.OrderItem, len(rows))
	for i, r := range rows {
		items[i] = client.OrderItem{Identifier: r["identifier"], FrontName: r["front_name"], QR: r["qr"], PIN: r["pin"], Campaign: r["campaign"]}
	}
	return items, err
}

// Run orders the cards.
func (c apiBatchOrder) Run(ctx context.Context, w World) error {
	order := client.BatchOrder{Campaign: c.Campaign}
	if err := readJSON(w, c.To, &order.Location); err != nil {
		return err
	}
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	if c.DryRun {
		if order.Items, err = itemsOf(w, c.File); err != nil {
			return err
		}
		check, err := l.api.CheckBatch(ctx, order)
		return tell(l, check, err, func(check client.BatchCheck) error { return showCheck(w, check) })
	}
	file, err := w.ReadFile(c.File)
	if err != nil {
		return err
	}
	if c.Once == "" {
		c.Once = rand.Text()
	}
	b, err := l.api.OrderBatchCSV(ctx, c.Once, order, bytes.NewReader(file), c.options()...)
	return l.ordered(ctx, b, err, c.waiting)
}

func showCheck(w World, check client.BatchCheck) error {
	_, err := fmt.Fprintf(w.Stdout, "%d of %d cards would be made, %d would fail. None was ordered.\n", check.Good, check.Requested, check.Failed)
	if err != nil || check.Failed == 0 {
		return err
	}
	rows := make([][]string, len(check.Items))
	for i, item := range check.Items {
		rows[i] = []string{strconv.Itoa(item.Index), dash(item.Identifier), item.Reason}
	}
	return table(w.Stdout, []string{"ITEM", "IDENTIFIER", "WHY IT WOULD FAIL"}, rows)
}

// readJSON reads a file as the API takes it.
func readJSON(w World, name string, to any) error {
	content, err := w.ReadFile(name)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return usageError(fmt.Sprintf("%s: %v", name, err))
	}
	return nil
}

// ordered shows an order that was made, now or when its cards are.
func (l line) ordered(ctx context.Context, b client.Batch, err error, w waiting) error {
	if err == nil && w.Wait {
		b, err = l.untilMade(ctx, b.ID)
	}
	return show(l, b, err, orderFacts)
}

// lookEvery is how often a bulk order is looked at that is waited for.
const lookEvery = 500 * time.Millisecond

// untilMade waits until a bulk order has ended.
func (l line) untilMade(ctx context.Context, id string) (client.Batch, error) {
	steps := newSteps(l.w)
	defer steps.end()
	for {
		b, err := l.api.Batch(ctx, id)
		if err != nil {
			return b, err
		}
		switch b.Status {
		case "accepted", "processing":
		default:
			return b, nil
		}
		steps.at("making", "cards", int64(b.Created+b.Failed), int64(b.Requested))
		timer := time.NewTimer(lookEvery)
		select {
		case <-ctx.Done():
			timer.Stop()
			return b, ctx.Err()
		case <-timer.C:
		}
	}
}

type apiBatchWait struct{ ofBatch }

// Run waits for a bulk order.
func (c apiBatchWait) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	b, err := l.untilMade(ctx, c.ID)
	return show(l, b, err, orderFacts)
}

type apiBatchResubmit struct {
	ofBatch
	waiting
	because
	File string `arg:"" help:"CSV file with the corrected cards; firsttap api batch items ID --outcome failed --csv makes one to begin with."`
	Once string `help:"Name of this order: run again with the same one, nothing is ordered twice. Default is a new one." placeholder:"KEY"`
}

// Run orders again.
func (c apiBatchResubmit) Run(ctx context.Context, w World) error {
	items, err := itemsOf(w, c.File)
	if err != nil {
		return err
	}
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	if c.Once == "" {
		c.Once = rand.Text()
	}
	b, err := l.api.ResubmitBatch(ctx, c.Once, c.ID, items, c.options()...)
	return l.ordered(ctx, b, err, c.waiting)
}

type apiBatchCancel struct {
	ofBatch
	because
}

// Run cancels a bulk order.
func (c apiBatchCancel) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	b, err := l.api.CancelBatch(ctx, c.ID, c.options()...)
	return said(l, b, err, "Canceled %s.", b.ID)
}
