package sqlstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/pgtest"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/sqlstore"
	"github.com/firsttap/firsttap/internal/storetest"
)

// BenchmarkOnce measures what is done once for a request and shared with nobody, through the rules: reading a card, answering a
// repeated key, and reports of couriers about as many parcels as reports may be on their way. Beside the rate it gives the time
// of processors, ours and the server's, which tells more than the rate where others work on the machine.
func BenchmarkOnce(b *testing.B) {
	work := []struct {
		name string
		make func(b *testing.B, w *storetest.World, rules *issuance.Service) func(caller int, i int64) error
	}{{"card", readCards}, {"replay", repeatKeys}, {"scan", scanParcels}}
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, work := range work {
			for _, callers := range []int{1, 64} {
				b.Run(fmt.Sprintf("%s/%s/callers=%d", work.name, engine, callers), func(b *testing.B) {
					server := func() time.Duration { return 0 }
					var db *sqlstore.DB
					if engine == "sqlite" {
						db = openSQLite(b, filepath.Join(b.TempDir(), "firsttap.db")).DB
					} else {
						cluster := pgtest.Start(b)
						db = openPostgres(b, cluster.URL(cluster.Database(b))).DB
						server = func() time.Duration { return processorTime(b, cluster) }
					}
					if err := db.Migrate(b.Context()); err != nil {
						b.Fatal(err)
					}
					w := storetest.NewWorld(b, db)
					once := work.make(b, w, w.Service(db))
					measure(b, db, callers, server, once)
				})
			}
		}
	}
}

// measure calls once b.N times, from so many callers.
func measure(b *testing.B, db *sqlstore.DB, callers int, server func() time.Duration, once func(caller int, i int64) error) {
	before, ours, theirs := db.Stats(), ownTime(b), server()
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for caller := range callers {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
				began := time.Now()
				if err := once(caller, i); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(began)
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	n := float64(b.N)
	b.ReportMetric(float64(ownTime(b)-ours)/n/1e3, "own-µs/op")
	b.ReportMetric(float64(server()-theirs)/n/1e3, "server-µs/op")
	b.ReportMetric(float64(db.Stats().Conflicts-before.Conflicts)/n, "conflicts/op")
	b.ReportMetric(n/b.Elapsed().Seconds(), "ops/s")
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1e3, "p50-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
}

func readCards(b *testing.B, w *storetest.World, rules *issuance.Service) func(int, int64) error {
	return func(int, int64) error {
		_, err := rules.Card(b.Context(), w.Program.ID, w.Card.Card.ID)
		return err
	}
}

// crowd is how many keys and parcels there are. Each caller has a key of its own.
const crowd = 256

func repeatKeys(b *testing.B, w *storetest.World, rules *issuance.Service) func(int, int64) error {
	freeze := func(caller int) error {
		_, err := rules.Freeze(b.Context(), issuance.SwitchCard{Card: w.Card.Card.ID, Command: issuance.Command{Caller: w.Caller(), Key: &issuance.Key{
			Door: "cards", Value: strconv.Itoa(caller), Fingerprint: []byte("the same"),
			Record: func(any, error) (issuance.Answer, bool) {
				return issuance.Answer{Status: 200, Body: make([]byte, 200)}, true
			},
		}}})
		return err
	}
	for caller := range crowd {
		if err := freeze(caller); err != nil {
			b.Fatal(err)
		}
	}
	return func(caller int, _ int64) error {
		if err := freeze(caller); !errors.As(err, new(*issuance.Replayed)) {
			return fmt.Errorf("%w, want the recorded answer", err)
		}
		return nil
	}
}

func scanParcels(b *testing.B, w *storetest.World, rules *issuance.Service) func(int, int64) error {
	var all [crowd]ident.ShipmentID
	for i := range all {
		v, _ := w.NewShippedCard(w.Customer, w.Account)
		all[i] = v.Box.ID
	}
	return func(_ int, i int64) error {
		status := shipment.OutForDelivery
		if i/crowd%2 == 1 {
			status = shipment.DeliveryFailed
		}
		_, err := rules.RecordScan(b.Context(), issuance.RecordScan{
			Command: issuance.Command{Caller: w.Caller()}, Target: issuance.Target{Shipment: all[i%crowd]}, Status: status,
			ScanID: strconv.FormatInt(i, 10),
		})
		return err
	}
}

// ownTime is the time of processors that this process has used.
func ownTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// processorTime is what the processes of a server have used that still run.
func processorTime(b *testing.B, c *pgtest.Cluster) time.Duration {
	b.Helper()
	const tick = 10 * time.Millisecond
	text, err := os.ReadFile(filepath.Join(c.Files(b), "postmaster.pid"))
	if err != nil {
		b.Fatal(err)
	}
	pid, _, _ := strings.Cut(string(text), "\n")
	children, err := os.ReadFile(filepath.Join("/proc", pid, "task", pid, "children"))
	if err != nil {
		b.Fatal(err)
	}
	var ticks int64
	for _, child := range strings.Fields(string(children)) {
		stat, err := os.ReadFile(filepath.Join("/proc", child, "stat"))
		if err != nil {
			continue // it has ended
		}
		_, after, _ := bytes.Cut(stat, []byte(") "))
		for _, field := range strings.Fields(string(after))[11:13] {
			n, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			ticks += n
		}
	}
	return time.Duration(ticks) * tick
}
