package httpd

import (
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts requests. Every label has a closed list of values: doors, templates of routes, classes
// of status, reasons. Durations are kept by door only, to keep the number of series small.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	refusals *prometheus.CounterVec
	inFlight prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "firsttap_http_requests_total",
			Help: "Requests answered, by door, template of the route, and class of the status.",
		}, []string{"door", "route", "class"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "firsttap_http_request_duration_seconds",
			Help:    "Time from the end of the headers to the end of the answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 8},
		}, []string{"door"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "firsttap_http_refusals_total",
			Help: "Requests refused or failed, by door and reason.",
		}, []string{"door", "reason"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "firsttap_http_in_flight",
			Help: "Requests being served now.",
		}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.duration, m.refusals, m.inFlight} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("register the metrics of requests: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) observe(rec *Record, status int, took time.Duration) {
	m.requests.WithLabelValues(rec.Door, rec.Route, class(rec, status)).Inc()
	m.duration.WithLabelValues(rec.Door).Observe(took.Seconds())
	if reason := rec.Reason.Name(); reason != "" {
		m.refusals.WithLabelValues(rec.Door, reason).Inc()
	}
}

// class is the hundreds of the status; "gone" when the caller left before the answer, which must not
// count as a failure of ours; "refused" when a contract dresses a refusal as 5xx, for the same reason.
func class(rec *Record, status int) string {
	switch {
	case rec.Reason == ClientGone:
		return "gone"
	case status >= http.StatusInternalServerError && rec.refused():
		return "refused"
	}
	switch status / 100 {
	case 2:
		return "2xx"
	case 3:
		return "3xx"
	case 4:
		return "4xx"
	default:
		return "5xx"
	}
}
