package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/firsttap/firsttap/client"
	"github.com/firsttap/firsttap/client/cardtest"
)

func TestClient_WalksACardFromItsOrderToItsActivation(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	c, ctx := server.Client(t), t.Context()
	early := server.Ordered(t)
	look, err := c.Eligibility(ctx, early.ID)
	if err != nil || look.Eligible || len(look.Obstacles) != 1 || look.Obstacles[0].Reason != client.NotShipped {
		t.Errorf("before it has left the bureau: %+v, %v", look, err)
	}
	problem := refused(t, client.NotShipped)(c.Activate(ctx, early.ID, client.Activate{Code: early.Code}))
	if problem.Retryable || problem.Action == "" || problem.Status != 409 {
		t.Errorf("%+v", problem)
	}

	card := server.Mailer(t)
	refused(t, client.CodeMismatch)(c.Activate(ctx, card.ID, client.Activate{Code: wrong(card.Code)}))
	guard, err := c.Activation(ctx, card.ID)
	if err != nil || guard.TriesLeft != 4 || guard.State != "armed" || guard.LifetimeTriesUsed != 1 {
		t.Errorf("after one wrong code: %+v, %v", guard, err)
	}
	if fresh, err := c.ResetGuard(ctx, card.ID, "She called"); err != nil || fresh.TriesLeft != 5 {
		t.Errorf("after the reset: %+v, %v", fresh, err)
	}
	done, err := c.Activate(ctx, card.ID, client.Activate{Code: card.Code})
	if err != nil || !done.Activated || done.CardID != card.ID {
		t.Errorf("%+v, %v", done, err)
	}
	refused(t, client.AlreadyActivated)(c.Activate(ctx, card.ID, client.Activate{Code: card.Code}))
	got, err := c.Card(ctx, card.ID)
	if err != nil || got.Status != "open" || got.Plastic == nil || got.Plastic.ActivatedAt.IsZero() || got.CustomerID != card.Customer || got.Block != nil {
		t.Errorf("the card: %+v, %v", got, err)
	}
}

func TestClient_MovesTheSwitchesOfACard(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	c, ctx, card := server.Client(t), t.Context(), server.Mailer(t)
	for _, step := range []struct {
		what   string
		do     func() (client.Switched, error)
		status string
	}{
		{"freeze", func() (client.Switched, error) { return c.Freeze(ctx, card.ID) }, "frozen"},
		{"unfreeze", func() (client.Switched, error) { return c.Unfreeze(ctx, card.ID) }, "open"},
		{"block", func() (client.Switched, error) { return c.Block(ctx, card.ID, "Under review") }, "blocked"},
		{"unblock", func() (client.Switched, error) { return c.Unblock(ctx, card.ID, "She called") }, "open"},
	} {
		if got, err := step.do(); err != nil || got.Status != step.status {
			t.Errorf("%s: %+v, %v", step.what, got, err)
		}
	}
	life, err := c.Lifecycle(ctx)
	if err != nil || len(life.Machines) == 0 || !slices.Contains(life.CardActions, "freeze") {
		t.Errorf("%+v, %v", life, err)
	}
}

func TestClient_ActivatesManyAndRepeatsOnlyWhatWasNotDecided(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	c, ctx := server.Client(t), t.Context()
	one, two := server.Mailer(t), server.Mailer(t)
	items := []client.ActivateItem{
		{CardID: one.ID, Activate: client.Activate{Code: one.Code}},
		{CardID: two.ID, Activate: client.Activate{Code: wrong(two.Code)}},
	}
	for round := range 2 {
		out, err := c.ActivateMany(ctx, "mailing-of-march", items)
		if err != nil || out.Activated != 1 || out.NotActivated != 1 || len(out.Items) != 2 {
			t.Fatalf("%+v, %v", out, err)
		}
		if p := out.Items[1].Problem; p == nil || p.Reason != client.CodeMismatch || out.Items[0].Problem != nil {
			t.Errorf("%+v", out.Items)
		}
		if replayed := out.Items[0].Replayed; replayed != (round == 1) {
			t.Errorf("round %d: replayed is %v", round, replayed)
		}
	}
	if guard, err := c.Activation(ctx, two.ID); err != nil || guard.LifetimeTriesUsed != 1 {
		t.Errorf("a repeat costs a try: %+v, %v", guard, err)
	}
}

func TestClient_ListsAllPages(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	c, ctx := server.Client(t), t.Context()
	var want []string
	for range 3 {
		want = append(want, server.Ordered(t).ID)
	}
	slices.Reverse(want)
	var got []string
	for card, err := range c.Cards(ctx, client.CardFilter{Type: "physical"}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, card.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	slices.Reverse(want)
	got = nil
	for card, err := range c.OldestFirst().Cards(ctx, client.CardFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, card.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the oldest first: got %v, want %v", got, want)
	}
	for v, err := range c.OldestFirst().PolicyVersions(ctx) { // has an order of its own
		if err != nil {
			t.Errorf("%+v, %v", v, err)
		}
	}
	for card, err := range c.Cards(ctx, client.CardFilter{Type: "of wood"}) {
		if p, ok := errors.AsType[*client.Problem](err); !ok || p.Status != 422 && p.Status != 400 {
			t.Errorf("%+v, %v", card, err)
		}
	}
}

func TestClient_FollowsTheFeed(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	c, card := server.Client(t), server.Mailer(t)
	ctx, enough := context.WithCancel(t.Context())
	defer enough()
	if _, err := c.Activate(ctx, card.ID, client.Activate{Code: card.Code}); err != nil {
		t.Fatal(err)
	}
	var seen []client.Event
	err := c.Follow(ctx, client.EventQuery{Types: []string{"card.activated"}, Wait: time.Second}, func(_ context.Context, page client.EventPage) error {
		if page.Next == "" {
			t.Error("a page without a place to go on")
		}
		seen = append(seen, page.Items...)
		enough()
		return nil
	})
	if !errors.Is(err, context.Canceled) || len(seen) != 1 || seen[0].Type != "card.activated" || !bytes.Contains(seen[0].Data, []byte(card.ID)) {
		t.Errorf("%+v, %v", seen, err)
	}
}

func TestClient_TakesWebhooks(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	c, ctx, card := server.Client(t), t.Context(), server.Mailer(t)
	secret := make(chan string, 1)
	came := make(chan string, 4)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s := <-secret
		secret <- s
		if _, err := client.VerifyStandardWebhook(r.Header, body, time.Now(), s); err != nil {
			t.Error(err)
		}
		var e client.Event
		_ = json.Unmarshal(body, &e)
		came <- e.Type
	}))
	defer receiver.Close()
	hook, err := c.CreateWebhook(ctx, client.NewWebhook{Name: "ledger", URL: receiver.URL, Types: []string{"card.activated"}})
	if err != nil {
		t.Fatal(err)
	}
	secret <- hook.Secret
	if _, err := c.Activate(ctx, card.ID, client.Activate{Code: card.Code}); err != nil {
		t.Fatal(err)
	}
	if got := <-came; got != "card.activated" {
		t.Error(got)
	}
	for d, err := range c.Deliveries(ctx, hook.ID, "") {
		full, inFull := c.Delivery(ctx, hook.ID, d.ID)
		for inFull == nil && full.Status == "pending" { // the answer arrived and is not written down yet; sending again before would be no second time
			full, inFull = c.Delivery(ctx, hook.ID, d.ID)
		}
		if err != nil || inFull != nil || full.Body == nil || full.Body.Type != "card.activated" {
			t.Errorf("%+v, %v, %v", full, err, inFull)
		}
		if _, err := c.RetryDelivery(ctx, hook.ID, d.ID); err != nil {
			t.Error(err)
		}
	}
	<-came
	if _, err := c.TestWebhook(ctx, hook.ID); err != nil {
		t.Error(err)
	}
	if got := <-came; got != "webhook.test" {
		t.Error(got)
	}
	paused := true
	if got, err := c.UpdateWebhook(ctx, hook.ID, client.WebhookChange{Paused: &paused}); err != nil || got.Status != "paused" || got.Name != "ledger" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := c.RotateWebhookSecret(ctx, hook.ID); err != nil || got.Secret == hook.Secret || got.Secret == "" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := c.ReplayDeliveries(ctx, hook.ID, longAgo, longAgo.Add(time.Hour), ""); err != nil {
		t.Error(err)
	}
	if got, err := c.EndWebhook(ctx, hook.ID, client.Because("moved")); err != nil || got.Status != "ended" {
		t.Errorf("%+v, %v", got, err)
	}
	if all, err := c.Webhooks(ctx); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
}

// longAgo is long before anything happened.
var longAgo = time.Unix(1_000_000_000, 0)

// cutting lets a call through to the server and loses the first answers.
type cutting struct {
	lose atomic.Int32
	sent atomic.Int32
}

func (c *cutting) RoundTrip(req *http.Request) (*http.Response, error) {
	c.sent.Add(1)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err == nil && c.lose.Add(-1) >= 0 {
		_ = res.Body.Close()
		return nil, io.ErrUnexpectedEOF
	}
	return res, err
}

func TestClient_AsksAgainWhenTheAnswerIsLostAndNothingHappensTwice(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	line := &cutting{}
	c := server.Client(t, client.WithHTTPClient(&http.Client{Transport: line}), client.WithPause(time.Millisecond, time.Second))
	card := server.Mailer(t)
	line.lose.Store(2)
	refused(t, client.CodeMismatch)(c.Activate(t.Context(), card.ID, client.Activate{Code: wrong(card.Code)}))
	if guard, err := c.Activation(t.Context(), card.ID); err != nil || guard.LifetimeTriesUsed != 1 {
		t.Errorf("a wrong code sent three times under one key costs %d tries, %v", guard.LifetimeTriesUsed, err)
	}
	line.lose.Store(3)
	if out, err := c.Activate(t.Context(), card.ID, client.Activate{Code: card.Code}); err != nil || !out.Activated {
		t.Errorf("%+v, %v", out, err)
	}
	line.lose.Store(100)
	line.sent.Store(0)
	_, err := c.Card(t.Context(), card.ID)
	if _, isProblem := errors.AsType[*client.Problem](err); err == nil || isProblem || line.sent.Load() != 4 {
		t.Errorf("after %d attempts: %v", line.sent.Load(), err)
	}
	if strings.Contains(err.Error(), server.NativeKey) {
		t.Error("the key is in the error")
	}
}

func TestClient_GivesBackALockThatLastsLong(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	c, card := server.Client(t), server.Mailer(t)
	for left := 4; left >= 0; left-- {
		p := refused(t, "")(c.Activate(t.Context(), card.ID, client.Activate{Code: wrong(card.Code)}))
		if got, ok := p.TriesLeft(); !ok || got != left {
			t.Errorf("tries left: %d %v, want %d (%s)", got, ok, left, p.Reason)
		}
	}
	p := refused(t, client.ActivationLocked)(c.Activate(t.Context(), card.ID, client.Activate{Code: card.Code}))
	if !p.Retryable || p.RetryAfter < 14*time.Minute {
		t.Errorf("%+v", p)
	}
	server.Advance(t, p.RetryAfter)
	if _, err := c.Activate(t.Context(), card.ID, client.Activate{Code: card.Code}); err != nil {
		t.Error(err)
	}
}

func TestClient_MeetsAServerInTrouble(t *testing.T) {
	t.Parallel()
	problem := func(status int, retryable bool) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "retryable": retryable, "reason": "unavailable", "detail": "Not now."})
		}
	}
	plain := func(status int, header ...string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "<html>")
		}
	}
	for name, c := range map[string]struct {
		answers []func(http.ResponseWriter)
		sent    int
		status  int // of the problem; 0 for success
	}{
		"busy, then not":             {[]func(http.ResponseWriter){problem(503, true), problem(503, true)}, 3, 0},
		"a proxy without a server":   {[]func(http.ResponseWriter){plain(502), plain(504)}, 3, 0},
		"no answer but a refusal":    {[]func(http.ResponseWriter){problem(409, false)}, 1, 409},
		"asks for longer than we do": {[]func(http.ResponseWriter){plain(503, "Retry-After", "3600")}, 1, 503},
		"somebody else's page":       {[]func(http.ResponseWriter){plain(404)}, 1, 404},
		"a way to another host":      {[]func(http.ResponseWriter){plain(307, "Location", "http://192.0.2.1/")}, 1, 307},
		"never well":                 {slices.Repeat([]func(http.ResponseWriter){problem(503, true)}, 9), 4, 503},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent int
			var keys []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				keys = append(keys, r.Header.Get("Idempotency-Key"))
				sent++
				if sent <= len(c.answers) {
					c.answers[sent-1](w)
					return
				}
				_, _ = io.WriteString(w, `{"status":"frozen"}`)
			}))
			defer server.Close()
			cl, err := client.New(server.URL, "ftn_test", client.WithPause(time.Millisecond, time.Second))
			if err != nil {
				t.Fatal(err)
			}
			out, err := cl.Freeze(t.Context(), "a/../b?c")
			p, _ := errors.AsType[*client.Problem](err)
			if c.status == 0 && (err != nil || out.Status != "frozen") || c.status != 0 && (p == nil || p.Status != c.status) {
				t.Errorf("%+v, %v", out, err)
			}
			if sent != c.sent || len(slices.Compact(keys)) != 1 || keys[0] == "" {
				t.Errorf("sent %d times under the keys %q", sent, keys)
			}
		})
	}
}

func TestNew_RefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "host", "ftp://host", "https://", "https://host?x=1", "https://user:word@host", "::"} {
		if _, err := client.New(base, "ftn_test"); err == nil {
			t.Errorf("%q is taken", base)
		}
	}
	for _, key := range []string{"", "a b", "a\n", "ключ"} {
		if _, err := client.New("https://host", key); err == nil || key != "" && strings.Contains(err.Error(), key) {
			t.Errorf("%q: %v", key, err)
		}
	}
	if _, err := client.New("https://host/base/", "ftn_test", client.WithAttempts(0)); err == nil {
		t.Error("a client that never sends")
	}
}

func TestClient_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	c, err := client.New(server.URL, "ftn_test", client.WithPause(time.Hour, time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Card(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// refused makes a check of a call that must end with a problem of the reason; any reason when it is empty.
func refused(t *testing.T, reason client.Reason) func(_ any, err error) *client.Problem {
	t.Helper()
	return func(_ any, err error) *client.Problem {
		t.Helper()
		p, ok := errors.AsType[*client.Problem](err)
		if !ok || reason != "" && p.Reason != reason {
			t.Fatalf("got %v, want a problem %s", err, reason)
		}
		return p
	}
}

// wrong is six digits that are not the code.
func wrong(code string) string {
	if code[0] == '9' {
		return "0" + code[1:]
	}
	return string(code[0]+1) + code[1:]
}
