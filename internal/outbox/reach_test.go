package outbox_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/outbox"
	"github.com/firsttap/firsttap/internal/webhook"
)

// wall is a sender to receivers that take everything, and to one that takes no connection while the wall stands.
type wall struct {
	stands          atomic.Bool
	met, away, good atomic.Int64 // attempts at the wall, those that came through, and to others
}

func (w *wall) Send(_ context.Context, r webhook.Request) webhook.Result {
	switch {
	case !strings.Contains(r.URL, "behind"):
		w.good.Add(1)
	case w.stands.Load():
		w.met.Add(1)
		return webhook.Result{Err: webhook.FailureConnect}
	default:
		w.away.Add(1)
	}
	return webhook.Result{Acknowledged: true, Status: http.StatusOK}
}

// against is a worker that sends to those receivers.
func (p *post) against(w *wall, log io.Writer) *outbox.Worker {
	return outbox.New(outbox.Config{
		Queue: p.db.Outbox(), Sender: w, Secrets: p.Sealer, Now: time.Now, Random: rand.Reader, Logger: slog.New(slog.NewTextHandler(log, nil)), Owner: "one",
	})
}

// standing is a store with an endpoint behind the wall, for which so many messages wait.
func standing(t *testing.T, messages int) (*post, *wall, issuance.Endpoint) {
	p, w := newPost(t), &wall{}
	w.stands.Store(true)
	to := p.endpoint("https://behind.example.com")
	p.announce(messages)
	return p, w, to
}

// TestWorker_SparesAnEndpointThatIsOutOfReach has hundreds of events go to an endpoint that takes no connection, and to one that does.
func TestWorker_SparesAnEndpointThatIsOutOfReach(t *testing.T) {
	t.Parallel()
	const messages = 300
	synctest.Test(t, func(t *testing.T) {
		p, w, _ := standing(t, 0)
		p.endpoint("https://good.example.com")
		p.announce(messages)
		var log bytes.Buffer
		stop := run(t, p.against(w, &log))
		pass(5 * time.Second) // synthetic
		if n := w.good.Load(); n != messages {
			t.Errorf("the other endpoint got %d", n)
		}
		// Twenty show that it is out of reach, while others are on their way; then there are ten each half second at most.
		if n := w.met.Load(); n < 80 || n > 140 {
			t.Errorf("%d attempts in 5 s", n)
		}
		w.stands.Store(false)
		pass(time.Minute) // the longest wait so far is of half a minute
		stop()
		if n := w.away.Load(); n != messages {
			t.Errorf("%d came once it was back", n)
		}
		if out, back := strings.Count(log.String(), "out of reach"), strings.Count(log.String(), "within reach again"); out != 1 || back != 1 {
			t.Errorf("told %d times that it is out, and %d times that it is back", out, back)
		}
	})
}

// TestWorker_ALineLengthensNoTimetable has more events wait for an endpoint that is out of reach than it can be tried with at once: those that stood in
// line for longer than the first wait, of 10 s, have the second one before them, of 30 s.
func TestWorker_ALineLengthensNoTimetable(t *testing.T) {
	t.Parallel()
	const messages = 600 // a line of half a minute
	synctest.Test(t, func(t *testing.T) {
		p, w, to := standing(t, messages)
		stop := run(t, p.against(w, io.Discard))
		pass(20 * time.Second) // synthetic
		stop()
		waits := map[time.Duration]int{}
		p.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			all, err := tx.Deliveries(ctx, to.ID, "", issuance.Page{Limit: messages})
			for _, d := range all {
				if d.Attempts == 1 {
					waits[d.NextAt.Sub(d.UpdatedAt)]++
				}
			}
			return err
		})
		if waits[10*time.Second] == 0 || waits[30*time.Second] == 0 || len(waits) != 2 {
			t.Errorf("after the first attempt they wait for %v", waits)
		}
	})
}

// TestWorker_AJumpOfTheClockCostsNoTry has deliveries that are two days late, by the clock of their programme, when they are tried first: what
// was not spent in the line is not counted.
func TestWorker_AJumpOfTheClockCostsNoTry(t *testing.T) {
	t.Parallel()
	const messages = 60
	synctest.Test(t, func(t *testing.T) {
		p, w, _ := standing(t, messages)
		clerk := access.NewService(access.ServiceConfig{Store: p.db.Access(), IDs: p.IDs, Now: time.Now})
		advance := func(d time.Duration) {
			if _, _, err := clerk.SetClock(t.Context(), access.Operator{Name: "t"}, p.Program.ID, access.ClockAdvanced(d)); err != nil {
				t.Fatal(err)
			}
		}
		advance(49 * time.Hour)
		stop := run(t, p.against(w, io.Discard))
		pass(5 * time.Second) // synthetic
		w.stands.Store(false)
		advance(time.Minute)
		pass(5 * time.Second)
		stop()
		if n := w.away.Load(); n != messages || w.met.Load() < messages {
			t.Errorf("%d attempts met nobody, and %d came then", w.met.Load(), n)
		}
	})
}
