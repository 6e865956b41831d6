package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// client keeps enough connections for every load; a server that does not answer at all is given up.
var client = &http.Client{
	Timeout:   time.Minute,
	Transport: &http.Transport{MaxIdleConns: 512, MaxIdleConnsPerHost: 512, IdleConnTimeout: time.Minute},
}

// Latencies are what the requests of a load took.
type Latencies struct {
	Offered, Failed int
	P50, P99, Worst time.Duration
	FirstFailure    string
}

// load offers requests at a rate until it is stopped.
type load struct {
	now    func() time.Time
	rate   int
	send   func(ctx context.Context, n int) error
	mu     sync.Mutex
	took   []time.Duration
	failed int
	first  string
}

// run offers requests until ctx ends or the number is reached; it starts counting at the number from. It
// returns the next number when all answers are in.
func (l *load) run(ctx context.Context, from, most int) (next int) {
	var sent sync.WaitGroup
	begin, n := l.now(), from
	for ; n < most && ctx.Err() == nil; n++ {
		intended := begin.Add(time.Duration(n-from) * time.Second / time.Duration(l.rate))
		if wait(ctx, intended.Sub(l.now())) != nil {
			break
		}
		number := n
		sent.Go(func() {
			err := l.send(context.WithoutCancel(ctx), number)
			l.note(l.now().Sub(intended), err)
		})
	}
	sent.Wait()
	return n
}

func (l *load) note(took time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = append(l.took, took)
	if err != nil {
		if l.failed++; l.first == "" {
			l.first = err.Error()
		}
	}
}

// result sums up, and begins anew.
func (l *load) result() Latencies {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.Sort(l.took)
	out := Latencies{Offered: len(l.took), Failed: l.failed, FirstFailure: l.first, P50: at(l.took, 50), P99: at(l.took, 99), Worst: at(l.took, 100)}
	l.took, l.failed, l.first = nil, 0, ""
	return out
}

// at gives a percentile of sorted values.
func at(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(0, (len(sorted)*percent+99)/100-1)]
}

// errBusy is an answer that says to try again.
var errBusy = errors.New("503 Service Unavailable")

// Post sends one request that has to be done.
func Post(ctx context.Context, url, body string, header ...string) error {
	_, err := call(ctx, http.MethodPost, url, strings.NewReader(body), header...)
	return err
}

// call sends one request and gives the body of an answer that it was done.
func call(ctx context.Context, method, url string, body io.Reader, header ...string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	switch {
	case err == nil && res.StatusCode == http.StatusServiceUnavailable:
		err = fmt.Errorf("%w: %.300s", errBusy, answer)
	case err == nil && res.StatusCode/100 != 2:
		err = fmt.Errorf("%s: %.300s", res.Status, answer)
	}
	return answer, err
}
