package outbox_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/pgtest"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/sqlstore"
	"github.com/firsttap/firsttap/internal/storetest"
)

// BenchmarkDeliver carries a backlog of messages to receivers on loopback: deliveries a second.
func BenchmarkDeliver(b *testing.B) {
	for _, on := range []struct {
		engine    string
		endpoints int
	}{{"sqlite", 1}, {"sqlite", 5}, {"postgres", 1}, {"postgres", 5}} {
		b.Run(fmt.Sprintf("%s/endpoints=%d", on.engine, on.endpoints), func(b *testing.B) {
			const messages = 2000
			open := newPost
			if on.engine == "postgres" {
				open = postgresPost(b)
			}
			endpoints := on.endpoints
			for b.Loop() {
				b.StopTimer()
				p := open(b)
				var got atomic.Int64
				all := make(chan struct{})
				srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					w.WriteHeader(http.StatusNoContent)
					if got.Add(1) == int64(messages*endpoints) {
						close(all)
					}
				}))
				for range endpoints {
					p.endpoint(srv.URL)
				}
				p.announce(messages)
				b.StartTimer()
				stop := run(b, p.worker(p.db, "one"))
				<-all
				b.StopTimer()
				stop()
				srv.Close()
				b.StartTimer()
			}
			b.ReportMetric(float64(messages*endpoints*b.N)/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}

// postgresPost starts a server; each post has a database of its own there.
func postgresPost(b *testing.B) func(testing.TB, ...storetest.Option) *post {
	cluster := pgtest.Start(b)
	return func(t testing.TB, more ...storetest.Option) *post {
		return newPostIn(t, sqlstore.Config{URL: redact.NewText(cluster.URL(cluster.Database(t))), Now: time.Now}, more...)
	}
}

// BenchmarkLag offers 500 messages a second for a few seconds, and tells how long after its commit a message
// comes to a receiver on loopback.
func BenchmarkLag(b *testing.B) {
	const messages, every = 1500, 2 * time.Millisecond
	p := newPost(b)
	lags := make(chan time.Duration, messages)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent, err := time.Parse(time.RFC3339Nano, strings.Trim(string(body), `"`))
		if err == nil {
			lags <- time.Since(sent)
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer srv.Close()
	p.endpoint(srv.URL)
	w := p.worker(p.db, "one")
	defer run(b, w)()
	for b.Loop() {
		tick := time.NewTicker(every)
		for range messages {
			<-tick.C
			p.Write(func(ctx context.Context, tx issuance.Tx) error {
				return tx.InsertMessages(ctx, event.Message{
					ID: p.IDs.EventID(), Program: p.Program.ID, Door: event.CardsDoor, Type: "CARD_STATUS_UPDATED",
					Body: []byte(time.Now().Format(`"` + time.RFC3339Nano + `"`)), CreatedAt: time.Now(),
				})
			})
			w.Wake()
		}
		tick.Stop()
		got := make([]time.Duration, messages)
		for i := range got {
			got[i] = <-lags
		}
		slices.Sort(got)
		b.ReportMetric(float64(got[messages/2].Microseconds())/1000, "p50-ms")
		b.ReportMetric(float64(got[messages*99/100].Microseconds())/1000, "p99-ms")
	}
}
