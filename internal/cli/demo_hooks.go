package cli

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// receiver is a partner's webhook receiver on this machine. It checks every signature, as a partner must.
type receiver struct {
	server *http.Server
	base   string

	mu       sync.Mutex
	secrets  map[string]string // by path
	received []delivery
	arrived  chan struct{} // closed and made anew with each delivery
}

// delivery is one notification that came.
type delivery struct {
	path   string
	body   []byte
	signed bool
	header http.Header
}

// The paths of the two receivers.
const (
	cardsHooks = "/hooks/cards"
	batchHooks = "/hooks/batches"
)

func listenForWebhooks(ctx context.Context) (*receiver, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{base: "http://" + listener.Addr().String(), secrets: map[string]string{}, arrived: make(chan struct{})}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = r.server.Serve(listener) }() // ends when close is called
	return r, nil
}

func (r *receiver) close() { _ = r.server.Close() }

// expectSigned tells the receiver the secret of a path.
func (r *receiver) expectSigned(path, secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secrets[path] = secret
}

// ServeHTTP takes a notification, and acknowledges it when its signature is right.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(io.LimitReader(req.Body, 1<<20))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	d := delivery{path: req.URL.Path, body: body, header: req.Header}
	d.signed = rightSignature(req.URL.Path, req.Header, body, r.secrets[req.URL.Path])
	r.received = append(r.received, d)
	close(r.arrived)
	r.arrived = make(chan struct{})
	if !d.signed {
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// wait gives the first notification of a path that fits.
func (r *receiver) wait(ctx context.Context, path string, fits func(map[string]any) bool) (delivery, error) {
	timer := time.NewTimer(30 * time.Second)
	defer timer.Stop()
	for {
		r.mu.Lock()
		arrived := r.arrived
		for _, d := range r.received {
			var body map[string]any
			if d.path == path && json.Unmarshal(d.body, &body) == nil && fits(body) {
				r.mu.Unlock()
				if !d.signed {
					return d, errors.New("the webhook came, but its signature is wrong")
				}
				return d, nil
			}
		}
		r.mu.Unlock()
		select {
		case <-arrived:
		case <-ctx.Done():
			return delivery{}, ctx.Err()
		case <-timer.C:
			return delivery{}, errors.New("no such webhook came within 30 seconds")
		}
	}
}

// rightSignature checks a notification with its secret, in the way of its door.
func rightSignature(path string, h http.Header, body []byte, secret string) bool {
	if path == cardsHooks {
		stamp := h.Get("X-Reap-Webhook-Timestamp")
		want := hex.EncodeToString(sign([]byte(secret), stamp+"."+string(body)))
		return hmac.Equal([]byte("t="+stamp+",v1="+want), []byte(h.Get("X-Reap-Webhook-Signature")))
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) == 0 {
		return false
	}
	want := "v1," + base64.StdEncoding.EncodeToString(sign(key, h.Get("webhook-id")+"."+h.Get("webhook-timestamp")+"."+string(body)))
	return hmac.Equal([]byte(want), []byte(h.Get("webhook-signature")))
}

func sign(key []byte, message string) []byte {
	mac := hmac.New(sha256.New, key)
	_, _ = io.WriteString(mac, message) // a hash takes everything
	return mac.Sum(nil)
}

// hook prints a notification as it came.
func (t *teller) hook(d delivery) {
	t.say("   %s %s", t.paint(cyan, "POST"), d.path)
	for _, name := range []string{"X-Reap-Webhook-Id", "X-Reap-Webhook-Signature", "Webhook-Id", "Webhook-Signature"} {
		if v := d.header.Get(name); v != "" {
			t.say("   %s", t.paint(dim, fmt.Sprintf("%s: %s", name, v)))
		}
	}
	t.indented(pretty(d.body))
}

// awaitHook is a step that waits for a notification.
func (s *stage) awaitHook(ctx context.Context, what, words, path string, fits func(map[string]any) bool) map[string]any {
	t := s.teller
	if t.err != nil {
		return nil
	}
	d, err := s.hooks.wait(ctx, path, fits)
	t.expect(what, words, err, func() {
		if d.path != "" {
			t.hook(d)
		}
	})
	var body map[string]any
	if err := json.Unmarshal(d.body, &body); err != nil {
		return nil
	}
	return body
}
