package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/webhook"
)

// TestReceipts_CountsWhatCame checks signatures against the scheme that the server signs by.
func TestReceipts_CountsWhatCame(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC)
	now := begin
	r := &receipts{now: func() time.Time { return now }, came: make(chan struct{}, 1)}
	send := func(path, id, secret string, after time.Duration) int {
		now = begin.Add(after)
		body := fmt.Appendf(nil, `{"id":%q,"data":{"updatedAt":%q}}`, id, begin.Format(time.RFC3339Nano))
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, bytes.NewReader(body))
		header, err := webhook.Cards.Sign(id, now, body, []redact.Text{redact.NewText(secret)})
		if err != nil {
			t.Fatal(err)
		}
		req.Header = header
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		return w.Code
	}
	r.begin(map[string]string{"/0": "one", "/1": "other"})
	send("/0", "a", "one", 10*time.Millisecond)
	send("/1", "a", "other", 30*time.Millisecond)
	send("/1", "a", "other", 90*time.Millisecond)
	got := r.await(t.Context(), 2)
	if got.Deliveries != 2 || got.Twice != 1 || got.Checked != 1 || got.Wrong != 0 || got.Took != 20*time.Millisecond || got.Lag.Worst.Round(time.Millisecond) != 30*time.Millisecond {
		t.Errorf("%+v", got)
	}
	r.begin(map[string]string{"/0": "one"})
	if send("/0", "a", "two", 0); r.sum().Wrong != 1 {
		t.Errorf("%+v after a wrong signature", r.sum())
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/0", bytes.NewReader([]byte("{}"))))
	if w.Code != http.StatusBadRequest || r.sum().Deliveries != 1 {
		t.Errorf("what tells no event: status %d, %+v", w.Code, r.sum())
	}
}

// TestServeReceiver_AnswersEachTask talks to the process as its parent does.
func TestServeReceiver_AnswersEachTask(t *testing.T) {
	t.Parallel()
	in, tasks := io.Pipe()
	answers, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- ServeReceiver(t.Context(), in, out, time.Now) }()
	var address string
	if _, err := fmt.Fscanln(answers, &address); err != nil {
		t.Fatal(err)
	}
	var got Received
	for _, task := range []string{`{"Secrets":{"/0":"one"}}`, `{"Await":0}`} {
		if _, err := fmt.Fprintln(tasks, task); err != nil {
			t.Fatal(err)
		}
		if err := json.NewDecoder(answers).Decode(&got); err != nil || got.Deliveries != 0 || got.Error != "" {
			t.Fatalf("%s: %+v, %v", task, got, err)
		}
	}
	_ = tasks.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
