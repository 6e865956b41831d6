package bench

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
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

	"github.com/HdrHistogram/hdrhistogram-go"
)

// ReceiverTask is what the receiver of webhooks is told. It gets one a line, and answers each with one line.
type ReceiverTask struct {
	Secrets map[string]string `json:",omitempty"` // of the endpoints, by path: counting begins anew
	Await   int               // deliveries, after which the answer comes; or after some time in which none came
}

// Received is what came to the receiver since counting began.
type Received struct {
	Deliveries, Twice int           // the second of one message at one path counts as twice
	Checked, Wrong    int           // signatures
	Took              time.Duration // from the first delivery to the last
	Lag               Percentiles   // from the time of the event, which was taken before its commit
	Error             string        `json:",omitempty"`
}

const (
	checkEach = 50               // deliveries of which the signature of one is checked
	receiving = 20 * time.Second // that the receiver waits for another delivery
)

// ServeReceiver takes webhooks of the cards API until in ends. It tells its address first.
func ServeReceiver(ctx context.Context, in io.Reader, out io.Writer, now func() time.Time) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r := &receipts{now: now, came: make(chan struct{}, 1)}
	r.begin(nil)
	server := &http.Server{Handler: r, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	_, err = fmt.Fprintln(out, l.Addr())
	for tasks, answers := json.NewDecoder(in), json.NewEncoder(out); err == nil; {
		var t ReceiverTask
		if err = tasks.Decode(&t); err != nil {
			break
		}
		if t.Secrets != nil {
			r.begin(t.Secrets)
		}
		err = answers.Encode(r.await(ctx, t.Await))
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	err = errors.Join(err, server.Close())
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// receipts counts deliveries.
type receipts struct {
	now  func() time.Time
	came chan struct{} // rings after a delivery

	mu          sync.Mutex
	secrets     map[string]string
	seen        map[string]bool // paths with messages
	got         Received
	first, last time.Time
	lags        *hdrhistogram.Histogram
}

func (r *receipts) begin(secrets map[string]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secrets, r.seen, r.got, r.lags = secrets, map[string]bool{}, Received{}, hdrhistogram.New(1, longest, 3)
}

func (r *receipts) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(io.LimitReader(req.Body, 1<<20))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var told struct {
		Data struct {
			UpdatedAt time.Time `json:"updatedAt"`
		} `json:"data"`
	}
	at := r.now()
	if json.Unmarshal(body, &told) != nil || told.Data.UpdatedAt.IsZero() {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.note(req, body, at, at.Sub(told.Data.UpdatedAt))
	w.WriteHeader(http.StatusNoContent)
	select {
	case r.came <- struct{}{}:
	default:
	}
}

func (r *receipts) note(req *http.Request, body []byte, at time.Time, lag time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := req.URL.Path + " " + req.Header.Get("X-Reap-Webhook-Id")
	if r.seen[key] {
		r.got.Twice++
		return
	}
	r.seen[key] = true
	if r.got.Deliveries == 0 {
		r.first = at
	}
	r.last = at
	if r.got.Deliveries%checkEach == 0 {
		r.got.Checked++
		if !signed(req.Header, body, r.secrets[req.URL.Path]) {
			r.got.Wrong++
		}
	}
	r.got.Deliveries++
	_ = r.lags.RecordValue(min(max(lag.Microseconds(), 1), longest)) // it lies within the bounds
}

// signed checks a delivery as its receiver does, with nothing of ours.
func signed(h http.Header, body []byte, secret string) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write(append([]byte(h.Get("X-Reap-Webhook-Timestamp")+"."), body...))
	_, signature, _ := strings.Cut(h.Get("X-Reap-Webhook-Signature"), ",v1=")
	return hmac.Equal([]byte(signature), []byte(hex.EncodeToString(mac.Sum(nil))))
}

// await waits until so many deliveries came, or none comes any more.
func (r *receipts) await(ctx context.Context, n int) Received {
	timer := time.NewTimer(receiving)
	defer timer.Stop()
	for {
		if got := r.sum(); got.Deliveries >= n {
			return got
		}
		select {
		case <-r.came:
			timer.Reset(receiving)
		case <-timer.C:
			got := r.sum()
			got.Error = fmt.Sprintf("%d of %d deliveries came, and then none for %s", got.Deliveries, n, receiving)
			return got
		case <-ctx.Done():
			return r.sum()
		}
	}
}

func (r *receipts) sum() Received {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	got.Took, got.Lag = r.last.Sub(r.first), percentiles(r.lags)
	return got
}

// Receiver is a receiver of webhooks that runs as a process of its own.
type Receiver struct {
	*child
	URL string
}

// StartReceiver runs `program bench receive`, which tells its address first.
func StartReceiver(ctx context.Context, program string, log io.Writer) (*Receiver, error) {
	c, url, err := startServing(ctx, program, log, "bench", "receive")
	if err != nil {
		return nil, err
	}
	return &Receiver{c, url}, nil
}

// Do gives the receiver a task and waits for what came of it.
func (r *Receiver) Do(t ReceiverTask) (Received, error) {
	var got Received
	if err := r.tasks.Encode(t); err != nil {
		return got, fmt.Errorf("the receiver: %w", err)
	}
	if err := r.answers.Decode(&got); err != nil {
		return got, fmt.Errorf("the receiver: %w", err)
	}
	switch {
	case got.Error != "":
		return got, errors.New(got.Error)
	case got.Wrong > 0:
		return got, fmt.Errorf("%d of %d signatures are wrong", got.Wrong, got.Checked)
	}
	return got, nil
}
