package cli_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firsttap/firsttap/client"
	"github.com/firsttap/firsttap/client/cardtest"
	"github.com/firsttap/firsttap/internal/cli"
)

const listenSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// spoken is what a command says while it runs.
type spoken struct {
	mu   sync.Mutex
	text strings.Builder
	seen chan struct{} // one for each write
}

func (w *spoken) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() { w.seen <- struct{}{} }()
	return w.text.Write(p)
}

func (w *spoken) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func TestListen_PrintsAndForwardsWhatHappens(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	before, card := server.Mailer(t), server.Mailer(t)
	c := server.Client(t)
	if _, err := c.Activate(t.Context(), before.ID, client.Activate{Code: before.Code}); err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 8)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if _, err := client.VerifyStandardWebhook(r.Header, body, time.Now(), listenSecret); err != nil {
			t.Errorf("%v: %v", r.Header, err)
		}
		got <- string(body)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer receiver.Close()

	ctx, stop := context.WithCancel(t.Context())
	out, errs := &spoken{seen: make(chan struct{}, 64)}, &spoken{seen: make(chan struct{}, 64)}
	env := map[string]string{"FIRSTTAP_API_KEY": server.Key(t, "events:read"), "FIRSTTAP_LISTEN_SECRET": listenSecret}
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run(ctx, cli.World{
			Args:   []string{"listen", "--server", server.URL, "--forward", receiver.URL, "--types", "card.activated"},
			Stdout: out, Stderr: errs, Getenv: func(name string) string { return env[name] }, ReadFile: os.ReadFile, Version: "v1.2.3",
		})
	}()
	<-errs.seen // it listens
	if _, err := c.Activate(t.Context(), card.ID, client.Activate{Code: card.Code}); err != nil {
		t.Fatal(err)
	}
	if body := <-got; !strings.Contains(body, card.ID) || !strings.Contains(body, `"type":"card.activated"`) {
		t.Errorf("forwarded: %s", body)
	}
	<-out.seen
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if said := out.String(); !strings.Contains(said, card.ID) || !strings.Contains(said, "202 Accepted") || strings.Contains(said, before.ID) {
		t.Errorf("printed: %s", said)
	}
}

func TestListen_RefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.refused(2, "FIRSTTAP_API_KEY", "listen")
	d.env["FIRSTTAP_API_KEY"] = "ftn_live_abc"
	d.refused(2, "sandbox", "listen")
	d.env["FIRSTTAP_API_KEY"] = "ftn_sandbox_abc"
	d.refused(2, "--forward", "listen", "--forward", "localhost:3000")
	d.env["FIRSTTAP_LISTEN_SECRET"] = "whsec_short"
	d.refused(2, "FIRSTTAP_LISTEN_SECRET", "listen", "--forward", "http://localhost:3000")
	server := cardtest.Start(t)
	d.refused(1, "key", "listen", "--server", server.URL)
}
