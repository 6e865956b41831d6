package httpd

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// adminHandler serves health and metrics to the machine itself.
func (s *Server) adminHandler() http.Handler {
	metrics := promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case s.health.answers(w, r):
		case r.URL.Path == "/metrics" && r.Method == http.MethodGet:
			metrics.ServeHTTP(w, r)
		default:
			plainError(w, http.StatusNotFound)
		}
	})
}

// listenLoopback opens a listener that only this machine can reach.
func listenLoopback(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for health and metrics: %w", err)
	}
	ap, err := netip.ParseAddrPort(l.Addr().String())
	if err != nil || !plainAddr(ap.Addr()).IsLoopback() {
		_ = l.Close()
		return nil, fmt.Errorf("listen for health and metrics: %s is not a loopback address", address)
	}
	return l, nil
}
