package app

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/firsttap/firsttap/internal/bulkworker"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/outbox"
	"github.com/firsttap/firsttap/internal/sqlstore"
)

// meters are the metrics of the store and the workers; those of requests are httpd's.
type meters struct {
	attempts *prometheus.CounterVec
	took     *prometheus.HistogramVec
	waited   *prometheus.HistogramVec
	steps    *prometheus.CounterVec
	step     prometheus.Histogram
	batches  prometheus.Counter
}

func newMeters(registry *prometheus.Registry, db *sqlstore.DB) (*meters, error) {
	m := &meters{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "firsttap_webhook_attempts_total", Help: "Webhook attempts, by door and result.",
		}, []string{"door", "result"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "firsttap_webhook_attempt_duration_seconds", Help: "Time of one webhook attempt.",
			Buckets: []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"door"}),
		waited: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "firsttap_outbox_age_seconds", Help: "Age of a message at its first attempt, on its programme's clock.",
			Buckets: []float64{.01, .05, .1, .5, 1, 5, 30, 120, 600, 3600},
		}, []string{"door"}),
		steps: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "firsttap_batch_steps_total", Help: "Steps of the making of batches, by result.",
		}, []string{"result"}),
		step: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "firsttap_batch_step_duration_seconds", Help: "Time of one step of the making of a batch.",
			Buckets: []float64{.01, .05, .1, .25, .5, 1, 2.5, 5},
		}),
		batches: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "firsttap_batches_made_total", Help: "Batches that ended.",
		}),
	}
	all := []prometheus.Collector{
		m.attempts, m.took, m.waited, m.steps, m.step, m.batches,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	}
	for _, c := range append(all, storeCollectors(db)...) {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("register the metrics: %w", err)
		}
	}
	return m, nil
}

// storeCollectors read the store's own counters when they are asked. Writes over groups is how many
// share a commit.
func storeCollectors(db *sqlstore.DB) []prometheus.Collector {
	counter := func(name, help string, of func(sqlstore.Stats) int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(of(db.Stats())) })
	}
	gauge := func(name, help string, of func(sqlstore.Stats) int64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(of(db.Stats())) })
	}
	return []prometheus.Collector{
		counter("firsttap_store_groups_total", "Groups of writes that were run.", func(s sqlstore.Stats) int64 { return s.Groups }),
		counter("firsttap_store_writes_total", "Writes in those groups.", func(s sqlstore.Stats) int64 { return s.Jobs }),
		counter("firsttap_store_commits_total", "Commits.", func(s sqlstore.Stats) int64 { return s.Commits }),
		counter("firsttap_store_conflicts_total", "Writes that were run again after a conflict.", func(s sqlstore.Stats) int64 { return s.Conflicts }),
		counter("firsttap_store_checkpoints_total", "Checkpoints of the write-ahead log.", func(s sqlstore.Stats) int64 { return s.Checkpoints }),
		gauge("firsttap_store_waiting", "Writes that wait now.", func(s sqlstore.Stats) int64 { return s.Waiting }),
		gauge("firsttap_store_wal_pages", "Pages in the write-ahead log after the last checkpoint.", func(s sqlstore.Stats) int64 { return s.WALPages }),
	}
}

// attempt notes a webhook attempt.
func (m *meters) attempt(a outbox.Attempt) {
	m.attempts.WithLabelValues(string(a.Door), a.Result).Inc()
	m.took.WithLabelValues(string(a.Door)).Observe(a.Took.Seconds())
	if a.First {
		m.waited.WithLabelValues(string(a.Door)).Observe(a.Waited.Seconds())
	}
}

// meteredMaker makes steps of batches and notes them.
type meteredMaker struct {
	bulkworker.Maker
	meters *meters
	now    func() time.Time
}

// MakeBatchStep makes one step.
func (m meteredMaker) MakeBatchStep(ctx context.Context, p ident.ProgramID, b ident.BatchID, limit int) (issuance.BatchStep, error) {
	started := m.now()
	step, err := m.Maker.MakeBatchStep(ctx, p, b, limit)
	result := "made"
	if err != nil {
		result = "failed"
	}
	m.meters.steps.WithLabelValues(result).Inc()
	m.meters.step.Observe(m.now().Sub(started).Seconds())
	if step.Done {
		m.meters.batches.Inc()
	}
	return step, err
}
