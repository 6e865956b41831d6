package outbox_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/outbox"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/sqlstore"
	"github.com/firsttap/firsttap/internal/storetest"
	"github.com/firsttap/firsttap/internal/webhook"
)

const secret = "whsec_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"

// receiver is a real receiver. It lives outside of any bubble of synthetic time, as receivers do.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []arrival
	answer func(n int, r *http.Request) int // n counts from 1
	bell   chan struct{}                    // rings once for each arrival
}

type arrival struct {
	path, id string
	seconds  int64 // as signed
	signed   bool
}

func newReceiver(t *testing.T, answer func(n int, r *http.Request) int) *receiver {
	r := &receiver{answer: answer, bell: make(chan struct{}, 1000)}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	stamp := req.Header.Get("X-Reap-Webhook-Timestamp")
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(mac, stamp+"."+string(body))
	a := arrival{
		path: req.URL.Path, id: req.Header.Get("X-Reap-Webhook-Id"),
		signed: req.Header.Get("X-Reap-Webhook-Signature") == "t="+stamp+",v1="+hex.EncodeToString(mac.Sum(nil)),
	}
	a.seconds, _ = strconv.ParseInt(stamp, 10, 64)
	r.mu.Lock()
	r.got = append(r.got, a)
	n := len(r.got)
	r.mu.Unlock()
	status := r.answer(n, req)
	w.WriteHeader(status)
	r.bell <- struct{}{}
}

func (r *receiver) arrivals() []arrival {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]arrival(nil), r.got...)
}

func always(status int) func(int, *http.Request) int {
	return func(int, *http.Request) int { return status }
}

// post is a store with a programme, and workers over it.
type post struct {
	*storetest.World
	t  testing.TB
	db *sqlstore.DB
}

func newPost(t testing.TB, more ...storetest.Option) *post {
	t.Helper()
	return newPostIn(t, sqlstore.Config{Path: filepath.Join(t.TempDir(), "firsttap.db"), Now: time.Now}, more...)
}

func newPostIn(t testing.TB, c sqlstore.Config, more ...storetest.Option) *post {
	t.Helper()
	db := openDB(t, c)
	w := storetest.NewWorld(t, db, append(more, storetest.WithPolicy("webhooks.allow_private_targets", "true"))...)
	return &post{World: w, t: t, db: db}
}

func openDB(t testing.TB, c sqlstore.Config) *sqlstore.DB {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// endpoint adds a place where webhooks of the cards door go.
func (p *post) endpoint(url string) issuance.Endpoint {
	p.t.Helper()
	return p.NewEndpoint(event.CardsDoor, func(e *issuance.Endpoint) {
		sealed, err := p.Sealer.Seal(e.SecretBound(), redact.NewText(secret))
		if err != nil {
			p.t.Fatal(err)
		}
		e.URL, e.SecretSealed, e.CreatedAt = url, sealed, time.Now()
	})
}

// announce leaves messages in the outbox, as commands do.
func (p *post) announce(n int) (ids []string) {
	p.t.Helper()
	p.Write(func(ctx context.Context, tx issuance.Tx) error {
		ids = nil
		for range n {
			id := p.IDs.EventID()
			ids = append(ids, string(id))
			if err := tx.InsertMessages(ctx, event.Message{
				ID: id, Program: p.Program.ID, Door: event.CardsDoor, Type: "CARD_STATUS_UPDATED",
				Body: fmt.Appendf(nil, `{"id":%q}`, id), CreatedAt: time.Now(),
			}); err != nil {
				return err
			}
		}
		return nil
	})
	return ids
}

func (p *post) worker(db *sqlstore.DB, owner string) *outbox.Worker {
	return outbox.New(outbox.Config{
		Queue: db.Outbox(), Sender: webhook.NewSender(webhook.Config{Resolver: &net.Resolver{}, Now: time.Now}),
		Secrets: p.Sealer, Now: time.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler), Owner: owner,
		StopGrace: 50 * time.Millisecond,
	})
}

// run runs a worker until stop is called; stop waits for its end.
func run(t testing.TB, w *outbox.Worker) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { w.Run(ctx) })
	return func() {
		cancel()
		done.Wait()
	}
}

// pass lets time pass, in a bubble at once.
func pass(d time.Duration) { <-time.After(d) }

func TestWorker_DeliversSignedAndOnce(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, always(http.StatusNoContent))
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t)
		p.endpoint(r.URL + "/a")
		p.endpoint(r.URL + "/b")
		ids := p.announce(3)
		stop := run(t, p.worker(p.db, "one"))
		pass(time.Minute) // synthetic
		stop()
		seen := map[string]int{}
		for _, a := range r.arrivals() {
			if !a.signed {
				t.Errorf("%s came with a wrong signature", a.id)
			}
			seen[a.path+a.id]++
		}
		for _, id := range ids {
			if seen["/a"+id] != 1 || seen["/b"+id] != 1 {
				t.Errorf("%s came %d and %d times", id, seen["/a"+id], seen["/b"+id])
			}
		}
	})
}

func TestWorker_WakesOnACommit(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, always(http.StatusOK))
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t)
		p.endpoint(r.URL)
		w := p.worker(p.db, "one")
		stop := run(t, w)
		synctest.Wait() // it has looked, found nothing, and waits
		before := time.Now()
		p.announce(1)
		w.Wake()
		<-r.bell
		if waited := time.Since(before); waited != 0 {
			t.Errorf("woken, the worker waited %s", waited)
		}
		stop()
	})
}

func TestWorker_TriesAgainByTheTimetable(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, func(n int, _ *http.Request) int {
		if n < 4 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t)
		p.endpoint(r.URL)
		p.announce(1)
		stop := run(t, p.worker(p.db, "one"))
		pass(5 * time.Minute) // synthetic
		stop()
		got := r.arrivals()
		if len(got) != 4 {
			t.Fatalf("%d attempts", len(got))
		}
		for i, want := range []int64{0, 10, 40, 160} {
			if after := got[i].seconds - got[0].seconds; after < want || after > want+2 {
				t.Errorf("attempt %d came after %d s, want %d", i+1, after, want)
			}
			if got[i].id != got[0].id {
				t.Error("an attempt has another id")
			}
		}
	})
}

func TestWorker_MovingTheClockBringsRetriesAtOnce(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, func(n int, _ *http.Request) int {
		if n == 1 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t)
		p.endpoint(r.URL)
		p.announce(1)
		stop := run(t, p.worker(p.db, "one"))
		<-r.bell
		pass(2 * time.Second) // synthetic: the retry is due in eight more
		clerk := access.NewService(access.ServiceConfig{Store: p.db.Access(), IDs: p.IDs, Now: time.Now})
		if _, _, err := clerk.SetClock(t.Context(), access.Operator{Name: "t"}, p.Program.ID, access.ClockAdvanced(time.Hour)); err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Second)
		stop()
		got := r.arrivals()
		if len(got) != 2 || got[1].seconds-got[0].seconds > 5 {
			t.Errorf("%d attempts: %+v", len(got), got)
		}
	})
}

func TestWorker_AHangingEndpointDelaysNobody(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	hanging := newReceiver(t, func(int, *http.Request) int { <-release; return http.StatusOK })
	good := newReceiver(t, always(http.StatusOK))
	p := newPost(t)
	p.endpoint(hanging.URL)
	p.endpoint(good.URL)
	p.announce(40)
	stop := run(t, p.worker(p.db, "one"))
	for range 40 {
		<-good.bell // all of them come while the other receiver hangs
	}
	if n := len(hanging.arrivals()); n > 10 {
		t.Errorf("%d attempts to one endpoint at a time", n)
	}
	close(release)
	for range 40 {
		<-hanging.bell
	}
	stop()
}

// hangs is a sender to receivers of which those that are called so never answer.
type hangs struct {
	running atomic.Int64  // attempts that hang
	got     chan struct{} // rings once for each that was taken
}

func (h *hangs) Send(ctx context.Context, r webhook.Request) webhook.Result {
	if strings.Contains(r.URL, "hanging") {
		h.running.Add(1)
		<-ctx.Done()
		return webhook.Result{Err: webhook.FailureCancelled}
	}
	h.got <- struct{}{}
	return webhook.Result{Acknowledged: true, Status: http.StatusOK}
}

// TestWorker_ManyHangingEndpointsDelayNobodyWhoAnswers has more attempts that never end than there are places.
func TestWorker_ManyHangingEndpointsDelayNobodyWhoAnswers(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	const messages = 20
	h := &hangs{got: make(chan struct{}, messages)}
	p.endpoint("https://good.example.com")
	p.announce(1)
	w := outbox.New(outbox.Config{
		Queue: p.db.Outbox(), Sender: h, Secrets: p.Sealer, Now: time.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler),
		Owner: "one", StopGrace: time.Millisecond,
	})
	stop := run(t, w)
	defer stop()
	<-h.got // it has answered once
	for i := range 200 {
		p.endpoint(fmt.Sprintf("https://hanging%d.example.com", i))
	}
	p.announce(messages)
	w.Wake()
	for range messages {
		<-h.got // while the others hang, for ever
	}
	if n := h.running.Load(); n > 64 {
		t.Errorf("%d attempts hang, more than half of the places", n)
	}
}

func TestWorker_HandsItsLeasesBackWhenStopped(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}, 10), make(chan struct{})
	r := newReceiver(t, func(n int, _ *http.Request) int {
		if n == 1 {
			arrived <- struct{}{}
			<-release
		}
		return http.StatusOK
	})
	p := newPost(t)
	p.endpoint(r.URL)
	p.announce(1)
	stop := run(t, p.worker(p.db, "one"))
	<-arrived
	stop() // the attempt is cut off after the grace; the lease would last a minute
	close(release)
	<-r.bell
	stop = run(t, p.worker(p.db, "two"))
	<-r.bell
	stop()
	if got := r.arrivals(); len(got) != 2 || got[0].id != got[1].id {
		t.Errorf("%d attempts", len(got))
	}
}

func TestWorkers_ShareAQueueWithoutSendingTwice(t *testing.T) {
	t.Parallel()
	const messages = 150
	r := newReceiver(t, always(http.StatusOK))
	p := newPost(t)
	p.endpoint(r.URL)
	p.announce(messages)
	stopOne, stopTwo := run(t, p.worker(p.db, "one")), run(t, p.worker(p.db, "two"))
	for range messages {
		<-r.bell
	}
	stopOne()
	stopTwo()
	seen := map[string]bool{}
	for _, a := range r.arrivals() {
		if seen[a.id] {
			t.Errorf("%s was sent twice", a.id)
		}
		seen[a.id] = true
	}
}

func TestWorker_SignsWithBothSecretsDuringTheOverlapOnly(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var signatures []string
	r := newReceiver(t, func(n int, req *http.Request) int {
		mu.Lock()
		defer mu.Unlock()
		signatures = append(signatures, req.Header.Get("X-Reap-Webhook-Signature"))
		if n == 1 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t)
		p.NewEndpoint(event.CardsDoor, func(e *issuance.Endpoint) {
			e.URL, e.CreatedAt, e.PreviousUntil = r.URL, time.Now(), time.Now().Add(5*time.Second)
			for _, to := range []struct {
				sealed *[]byte
				secret string
			}{{&e.SecretSealed, secret}, {&e.PreviousSealed, "whsec_old"}} {
				sealed, err := p.Sealer.Seal(e.SecretBound(), redact.NewText(to.secret))
				if err != nil {
					t.Fatal(err)
				}
				*to.sealed = sealed
			}
		})
		p.announce(1)
		stop := run(t, p.worker(p.db, "one"))
		pass(15 * time.Second) // synthetic
		stop()
	})
	mu.Lock()
	defer mu.Unlock()
	if len(signatures) != 2 || len(signatures[0]) != len(signatures[1])+len(",v1=")+64 {
		t.Errorf("signatures %q", signatures)
	}
}

// TestWorker_NotesEveryAttempt looks at what is left of a delivery that failed twice.
func TestWorker_NotesEveryAttempt(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, func(n int, _ *http.Request) int {
		return []int{http.StatusServiceUnavailable, http.StatusFound, http.StatusNoContent}[min(n, 3)-1]
	})
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t)
		e := p.endpoint(r.URL)
		p.announce(1)
		stop := run(t, p.worker(p.db, "one"))
		pass(time.Minute) // synthetic
		stop()
		p.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			all, err := tx.Deliveries(ctx, e.ID, outbox.Delivered, issuance.Page{Limit: 10})
			if err != nil || len(all) != 1 {
				t.Fatalf("%d deliveries, %v", len(all), err)
			}
			attempts, err := tx.Attempts(ctx, all[0].ID)
			var got []string
			for _, a := range attempts {
				got = append(got, fmt.Sprint(a.Number, a.HTTPStatus, a.Result))
			}
			if want := "[1 503status 2 302redirect 3 204acknowledged]"; fmt.Sprint(got) != want {
				t.Errorf("attempts %v, want %s", got, want)
			}
			return err
		})
	})
}

// TestWorker_GivesUpAfterThirteenAttempts walks the whole timetable of the cards API on the programme's
// clock: the same id and bytes in each attempt, signed anew, the last after 47 h 52 min 40 s, then none.
func TestWorker_GivesUpAfterThirteenAttempts(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, always(http.StatusInternalServerError))
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t)
		p.endpoint(r.URL)
		p.announce(1)
		stop := run(t, p.worker(p.db, "one"))
		pass(49 * time.Hour) // synthetic
		stop()
		got := r.arrivals()
		if len(got) != 13 {
			t.Fatalf("%d attempts, want 13", len(got))
		}
		whole := 47*3600 + 52*60 + 40
		if after := int(got[12].seconds - got[0].seconds); after < whole || after > whole+30 {
			t.Errorf("the last attempt came after %d s, want %d", after, whole)
		}
		for _, a := range got {
			if !a.signed || a.id != got[0].id {
				t.Errorf("attempt %+v", a)
			}
		}
	})
}
