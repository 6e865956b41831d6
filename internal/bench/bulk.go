package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// BulkOptions say what a measurement of bulk orders does.
type BulkOptions struct {
	Server *Server
	Token  string // of the debit API, that may do everything, without a limit of rate
	Now    func() time.Time
	Note   func(format string, args ...any) // is told what happens

	Orders int           // large orders, one after the other
	Items  int           // of each
	Rate   int           // activations a second, beside
	Quiet  time.Duration // how long activations are measured without an order
	Chores []Chore       // done beside the orders, each over and over
}

// Chore is background work of an installation.
type Chore struct {
	Name string
	Do   func(ctx context.Context, n int) error
}

// Chored is how often a chore was done.
type Chored struct {
	Name         string
	Done, Failed int
	FirstFailure string
}

// BulkResult is what was measured.
type BulkResult struct {
	Items         int           // of the first order
	UploadTook    time.Duration // until it was accepted
	UploadMemory  int64         // most memory of the server meanwhile, in bytes
	MakeTook      time.Duration // until its cards were made, nothing else going on
	MakeMemory    int64
	Orders, Cards int // of all that followed, with activations beside
	AllTook       time.Duration
	AllMemory     int64
	Alone, Beside Latencies // of activations, without orders and beside them
	Chores        []Chored
}

// location is where every order goes.
const location = `"delivery_location":{"first_names":"Laura","last_names":"Perez","street":"Av. Tulum","exterior_number":"12",` +
	`"neighborhood":"Centro","city":"Cancun","state":"Quintana Roo","postal_code":"77500","mobile":"9981234567"}`

// bulk is one measurement under way.
type bulk struct {
	BulkOptions
	buyer
	store string // reference of the batch whose cards are activated
}

// Bulk measures an order alone, activations alone, and then activations while many orders are taken and made.
func Bulk(ctx context.Context, o BulkOptions) (BulkResult, error) {
	b := &bulk{BulkOptions: o, buyer: buyer{url: o.Server.URL, token: o.Token, items: o.Items}}
	var r BulkResult
	if err := b.first(ctx, &r); err != nil {
		return r, err
	}
	l := &load{now: b.Now, rate: b.Rate, send: b.activate}
	b.Note("activations alone, %d a second for %s", b.Rate, b.Quiet)
	quiet, stop := context.WithTimeout(ctx, b.Quiet)
	next := l.run(quiet, 0, b.Items)
	stop()
	r.Alone = l.result()

	b.Note("%d orders of %d items, with %d activations a second beside", b.Orders, b.Items, b.Rate)
	busy, stop := context.WithCancel(ctx)
	defer stop()
	activated := make(chan struct{})
	go func() {
		defer close(activated)
		l.run(busy, next, b.Items)
	}()
	b.Server.ResetPeak()
	began := b.Now()
	chored := b.chores(busy)
	err := b.orders(ctx)
	r.AllTook, r.AllMemory = b.Now().Sub(began), b.Server.PeakMemory()
	stop()
	<-activated
	r.Chores = chored()
	r.Orders, r.Cards, r.Beside = b.Orders, b.Orders*b.Items, l.result()
	return r, err
}

// first orders the batch whose cards are activated later, and measures it alone.
func (b *bulk) first(ctx context.Context, r *BulkResult) (err error) {
	b.Note("one order of %d items, alone", b.Items)
	b.Server.ResetPeak()
	began := b.Now()
	if b.store, err = b.order(ctx, 0); err != nil {
		return err
	}
	r.Items, r.UploadTook, r.UploadMemory = b.Items, b.Now().Sub(began), b.Server.PeakMemory()
	b.Server.ResetPeak()
	began = b.Now()
	if err := b.made(ctx, b.store); err != nil {
		return err
	}
	r.MakeTook, r.MakeMemory = b.Now().Sub(began), b.Server.PeakMemory()
	return nil
}

func (b *bulk) orders(ctx context.Context) error {
	batches := make([]string, b.Orders)
	var err error
	for n := range batches {
		if batches[n], err = b.order(ctx, n+1); err != nil {
			return err
		}
	}
	for _, batch := range batches {
		if err := b.made(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// buyer orders cards in bulk through the debit API.
type buyer struct {
	url, token string
	items      int // of each order
}

// order sends an order as a stream, and gives the reference of its batch.
func (b buyer) order(ctx context.Context, n int) (string, error) {
	reader, writer := io.Pipe()
	go func() { _ = writer.CloseWithError(writeOrder(writer, n, b.items)) }() // the reader's end is the server's business
	answer, err := call(ctx, http.MethodPost, b.url+"/debit/v1/bulkOrderCard", reader, "Authorization-ecommerce", b.token)
	if err != nil {
		return "", fmt.Errorf("order %d: %w", n, err)
	}
	var got struct {
		Payload struct {
			Reference string `json:"reference_batch"`
		} `json:"payload"`
	}
	err = json.Unmarshal(answer, &got)
	return got.Payload.Reference, err
}

func writeOrder(to io.Writer, order, items int) error {
	var s strings.Builder
	s.WriteString("{" + location + `,"batch":[`)
	for i := range items {
		if i > 0 {
			s.WriteByte(',')
		}
		fmt.Fprintf(&s, `{"card_identifier":"B%04d-%06d","front_name":"LAURA PEREZ","pin":"7391"}`, order, i)
		if s.Len() > 1<<15 {
			if _, err := io.WriteString(to, s.String()); err != nil {
				return err
			}
			s.Reset()
		}
	}
	s.WriteString("]}")
	_, err := io.WriteString(to, s.String())
	return err
}

// made waits until every item of a batch has its outcome.
func (b buyer) made(ctx context.Context, batch string) error {
	for {
		answer, err := call(ctx, http.MethodGet, b.url+"/debit/v1/bulkOrderCard/"+batch, nil, "Authorization-ecommerce", b.token)
		if err != nil {
			return fmt.Errorf("look at batch %s: %w", batch, err)
		}
		var got struct {
			Payload struct{ NumCreated, NumFailed int } `json:"payload"`
		}
		if err := json.Unmarshal(answer, &got); err != nil {
			return err
		}
		if p := got.Payload; p.NumFailed > 0 {
			return fmt.Errorf("batch %s: %d items failed", batch, p.NumFailed)
		} else if p.NumCreated == b.items {
			return nil
		}
		if err := wait(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// activate activates the next card of the first batch for a new customer.
func (b *bulk) activate(ctx context.Context, n int) error {
	body := fmt.Sprintf(`{"customer":{"first_name":"Ana","last_name":"Torres","email":"ana%d@example.com"},`+
		`"card_identifier":"B0000-%06d","reference_batch":%q,"pin":"4826"}`, n, n, b.store)
	_, err := call(ctx, http.MethodPost, b.Server.URL+"/debit/v1/activateCardForCustomer", strings.NewReader(body),
		"Authorization-ecommerce", b.Token, "Idempotency-Key", fmt.Sprintf("bench-%d", n))
	return err
}

// choresRest is how long a chore rests before it is done again: all of them are done far more often than anybody would.
const choresRest = 5 * time.Second

// chores does each over and over until ctx ends, and gives a function that waits for the last ones.
func (b *bulk) chores(ctx context.Context) (ended func() []Chored) {
	all := make([]Chored, len(b.Chores))
	var going sync.WaitGroup
	for i, c := range b.Chores {
		all[i].Name = c.Name
		going.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				err := c.Do(context.WithoutCancel(ctx), n)
				all[i].Done++
				if err != nil {
					if all[i].Failed++; all[i].FirstFailure == "" {
						all[i].FirstFailure = err.Error()
					}
				}
				if wait(ctx, choresRest) != nil {
					return
				}
			}
		})
	}
	return func() []Chored {
		going.Wait()
		return all
	}
}
