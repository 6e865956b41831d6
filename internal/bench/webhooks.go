package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	openHooks   = "webhooks, offered"
	perEndpoint = 10 // requests that the server has under way to one endpoint at a time
	makers      = 64 // connections that make a backlog
	soon        = 10 * time.Minute
	events      = 2 // of an activation: of the card, and of its shipment
)

// backlogTo names the row of a backlog that is carried to so many endpoints.
func backlogTo(endpoints int) string {
	if endpoints == 1 {
		return "webhooks, backlog to 1 endpoint"
	}
	return fmt.Sprintf("webhooks, backlog to %d endpoints", endpoints)
}

// fans are the numbers of endpoints that are measured: one, and as many as a programme may have.
var fans = []int{1, 5}

// hooks is a measurement of webhooks under way.
type hooks struct {
	run
	receiver *Receiver
}

// Webhooks measures how many deliveries a second reach a receiver while there is a backlog, and how late each comes
// while events are offered at a rate. Of the options, Cards is the deliveries of one backlog, and Rate is in events.
//
// A backlog is made of activations, by a server that does no work in the background; then one that does is started, as
// after an outage. The rate is that from the first delivery to the last.
func Webhooks(ctx context.Context, o RunOptions) (report Report, err error) {
	h := &hooks{run: run{RunOptions: o, disk: diskUnder(o.Folder), rates: map[string][]float64{}, from: map[string]int{}}}
	defer func() {
		if h.receiver != nil {
			err = errors.Join(err, h.receiver.Stop())
		}
		err = errors.Join(err, h.stop())
	}()
	if err := h.prepare(ctx); err != nil {
		return report, err
	}
	for n := range o.Windows {
		o.Note("round %d of %d", n+1, o.Windows)
		syncs, err := SyncRate(o.Folder, min(o.Length, time.Second/2), o.Now)
		if err != nil {
			return report, err
		}
		h.syncs = append(h.syncs, syncs)
		if err := h.window(ctx, Window{Workload: FloorPost, Connections: perEndpoint, Length: o.Length}, FloorPost); err != nil {
			return report, err
		}
		for _, endpoints := range fans {
			if err := h.backlog(ctx, endpoints); err != nil {
				return report, fmt.Errorf("%s: %w", backlogTo(endpoints), err)
			}
		}
	}
	if o.Rate > 0 {
		if err := h.lag(ctx); err != nil {
			return report, fmt.Errorf("%s: %w", openHooks, err)
		}
	}
	return h.report(), nil
}

func (h *hooks) prepare(ctx context.Context) (err error) {
	if h.receiver, err = StartReceiver(ctx, h.Program, h.Log); err != nil {
		return err
	}
	if h.floor, err = StartFloor(ctx, h.Program, h.Log); err != nil {
		return err
	}
	if h.generator, err = StartGenerator(ctx, h.Program, h.Log); err != nil {
		return err
	}
	if err := h.serve(ctx); err != nil {
		return err
	}
	want := Stock{Cards: h.offered()}
	for _, endpoints := range fans {
		want.Cards += h.Windows * h.backlogOf(endpoints)
	}
	h.Note("preparing %d cards", want.Cards)
	_, err = h.generator.Do(Task{Prepare: &want})
	return err
}

// offered is how many activations the window with a rate has.
func (h *hooks) offered() int { return int(float64(h.Rate/events) * h.OpenLength.Seconds()) }

// backlogOf is how many activations a backlog takes.
func (h *hooks) backlogOf(endpoints int) int { return h.Cards / endpoints / events }

// serve starts the server anew, with further settings.
func (h *hooks) serve(ctx context.Context, more ...string) (err error) {
	if h.server != nil {
		stopped := h.server.Stop()
		if h.server = nil; stopped != nil {
			return stopped
		}
	}
	if h.server, err = StartServer(ctx, h.Program, h.ServerLog, append(more, h.Settings...)...); err != nil {
		return err
	}
	h.Access.URL, h.Access.Floor = h.server.URL, h.floor.URL
	_, err = h.generator.Do(Task{Access: &h.Access})
	return err
}

// listen makes endpoints, has the receiver count from now on, and gives what removes them.
func (h *hooks) listen(ctx context.Context, endpoints int) (remove func() error, err error) {
	header := []string{"Authorization", "Bearer " + h.Access.Cards, "Reap-Version", apiVersion}
	secrets, ids := map[string]string{}, make([]string, endpoints)
	for n := range endpoints {
		path := fmt.Sprintf("/%d", n)
		body := fmt.Sprintf(`{"name":"receiver %d","url":%q}`, n, h.receiver.URL+path)
		answer, err := call(ctx, http.MethodPost, h.server.URL+"/webhooks", strings.NewReader(body), header...)
		if err != nil {
			return nil, err
		}
		var got struct{ ID, SigningSecret string }
		if err := json.Unmarshal(answer, &got); err != nil {
			return nil, err
		}
		secrets[path], ids[n] = got.SigningSecret, got.ID
	}
	_, err = h.receiver.Do(ReceiverTask{Secrets: secrets})
	return func() error {
		for _, id := range ids {
			if _, err := call(ctx, http.MethodDelete, h.server.URL+"/webhooks/"+id, nil, header...); err != nil {
				return err
			}
		}
		return nil
	}, err
}

// activate sends activations, each of which has to be done.
func (h *hooks) activate(w Window) (Outcome, error) {
	o, err := h.generator.Do(Task{Window: &w})
	if err == nil && (o.Done() != w.Most || o.Failed > 0) {
		err = fmt.Errorf("%d of %d activations were done; the first failure: %s", o.Done(), w.Most, o.FirstFailure)
	}
	return o, err
}

// backlog makes one and has it carried.
func (h *hooks) backlog(ctx context.Context, endpoints int) error {
	cards := h.backlogOf(endpoints)
	if err := h.serve(ctx, "--workers=false"); err != nil {
		return err
	}
	remove, err := h.listen(ctx, endpoints)
	if err != nil {
		return err
	}
	if _, err := h.activate(Window{Workload: Activate, Connections: makers, Length: soon, Most: cards}); err != nil {
		return err
	}
	flushes := h.disk.flushes()
	if err := h.serve(ctx); err != nil {
		return err
	}
	c := h.row(backlogTo(endpoints), Window{Connections: perEndpoint * endpoints})
	if err := h.receive(c, h.Now(), h.server.processorTime(), flushes, cards*events*endpoints); err != nil {
		return err
	}
	return remove()
}

// lag offers activations at a rate, and has the receiver say how late it was told of each.
func (h *hooks) lag(ctx context.Context) error {
	if err := h.serve(ctx); err != nil {
		return err
	}
	remove, err := h.listen(ctx, 1)
	if err != nil {
		return err
	}
	h.Note("%d events a second for %s", h.Rate, h.OpenLength)
	began, used, flushes := h.Now(), h.server.processorTime(), h.disk.flushes()
	o, err := h.activate(Window{Workload: Activate, Connections: openConnections, Rate: h.Rate / events, Length: h.OpenLength, Most: h.offered()})
	if err != nil {
		return err
	}
	c := h.row(openHooks, Window{Connections: perEndpoint, Rate: h.Rate})
	if err := h.receive(c, began, used, flushes, o.Done()*events); err != nil {
		return err
	}
	return remove()
}

// receive waits for deliveries and adds what came to a row.
func (h *hooks) receive(c *cell, began time.Time, used time.Duration, flushes int64, want int) error {
	got, err := h.receiver.Do(ReceiverTask{Await: want})
	if err != nil {
		return err
	}
	seconds := h.Now().Sub(began).Seconds()
	c.rates = append(c.rates, float64(got.Deliveries-1)/got.Took.Seconds())
	c.server = append(c.server, (h.server.processorTime()-used).Seconds()/seconds)
	c.flushes = append(c.flushes, float64(h.disk.flushes()-flushes)/seconds)
	c.latencies = append(c.latencies, got.Lag)
	c.ServerMemory = max(c.ServerMemory, h.server.PeakMemory())
	c.Sent, c.Failed = c.Sent+got.Deliveries, c.Failed+got.Twice
	if got.Twice > 0 {
		c.FirstFailure = "a delivery came twice"
	}
	return nil
}
