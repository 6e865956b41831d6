package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/firsttap/firsttap/client"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/webhook"
)

type listenCommand struct {
	Server  string   `default:"http://127.0.0.1:8080" help:"Base URL of the server." placeholder:"URL"`
	Forward string   `help:"Send each event there, signed as a webhook is, as in http://127.0.0.1:3000/hooks." placeholder:"URL"`
	Types   []string `help:"Only events of these types, as in card.activated; default is all." placeholder:"TYPE"`
	All     bool     `help:"Begin with the oldest event that is kept; default is with the next one that happens."`
	JSON    bool     `help:"Print each event as a line of JSON, and nothing else."`
}

// Help adds to the text of --help.
func (listenCommand) Help() string {
	return `FIRSTTAP_API_KEY holds a key of the native API with the scope events:read, of a sandbox programme.
A secret for the signatures is made and printed, unless FIRSTTAP_LISTEN_SECRET holds one ("whsec_" and base64).
An event that the receiver does not take is not sent again: stop and use --all to see it once more.`
}

// forwardPatience is how long a receiver may take.
const forwardPatience = 15 * time.Second

// Run prints events as they happen, and forwards them.
func (c listenCommand) Run(ctx context.Context, w World) error {
	key := w.Getenv("FIRSTTAP_API_KEY")
	switch {
	case key == "":
		return usageError("FIRSTTAP_API_KEY holds no key; firsttap key create --door native --scope events:read makes one")
	case !strings.HasPrefix(key, "ftn_sandbox_"):
		return usageError("firsttap listen takes a key of a sandbox programme, which begins with ftn_sandbox_")
	}
	api, err := client.New(c.Server, key, client.WithUserAgent("firsttap-listen/"+w.Version))
	if err != nil {
		return usageError(err.Error())
	}
	to, err := c.forwarder(w)
	if err != nil {
		return err
	}
	query := client.EventQuery{Types: c.Types}
	if !c.All {
		if query.Cursor, err = newestPlace(ctx, api); err != nil {
			return quietly(ctx, err)
		}
	}
	c.say(w, "Listening for events of %s. Ctrl-C ends it.\n", c.Server)
	if to != nil {
		c.say(w, "Forwarding to %s, signed by Standard Webhooks with the secret %s\n", c.Forward, to.secret.Reveal())
	}
	return quietly(ctx, api.Follow(ctx, query, func(ctx context.Context, page client.EventPage) error {
		for _, e := range page.Items {
			if err := c.one(ctx, w, to, e); err != nil {
				return err
			}
		}
		return nil
	}))
}

// quietly makes the end that was asked for no failure.
func quietly(ctx context.Context, err error) error {
	select {
	case <-ctx.Done():
		return nil
	default:
		return err
	}
}

// newestPlace is where the feed ends now.
func newestPlace(ctx context.Context, api *client.Client) (string, error) {
	var q client.EventQuery
	for {
		page, err := api.Events(ctx, q)
		if err != nil || !page.HasMore {
			return page.Next, err
		}
		q.Cursor = page.Next
	}
}

// one prints an event and what became of it.
func (c listenCommand) one(ctx context.Context, w World, to *forwarder, e client.Event) error {
	answer := ""
	if to != nil {
		answer = to.send(ctx, e)
	}
	if c.JSON {
		return json.NewEncoder(w.Stdout).Encode(struct {
			client.Event
			Forwarded string `json:"forwarded,omitempty"`
		}{e, answer})
	}
	if answer != "" {
		answer = " → " + answer
	}
	_, err := fmt.Fprintf(w.Stdout, "%s  %-28s %s%s\n", e.CreatedAt.Format("15:04:05.000"), e.Type, e.Data, answer)
	return err
}

func (c listenCommand) say(w World, format string, args ...any) {
	if !c.JSON {
		_, _ = fmt.Fprintf(w.Stderr, format, args...)
	}
}

// forwarder sends events to a receiver as a webhook would.
type forwarder struct {
	url    string
	secret redact.Text
	http   *http.Client
}

// forwarder makes the one that --forward asks for; nil when it does not.
func (c listenCommand) forwarder(w World) (*forwarder, error) {
	if c.Forward == "" {
		return nil, nil
	}
	u, err := url.Parse(c.Forward)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, usageError("--forward takes a URL, as in http://127.0.0.1:3000/hooks")
	}
	secret := redact.NewText(w.Getenv("FIRSTTAP_LISTEN_SECRET"))
	if secret.Len() == 0 {
		if secret, err = webhook.NewSecret(rand.Reader, webhook.Standard); err != nil {
			return nil, err
		}
	}
	if _, err := webhook.Standard.Sign("", time.Now(), nil, []redact.Text{secret}); err != nil {
		return nil, usageError(`FIRSTTAP_LISTEN_SECRET must be "whsec_" and the base64 of 24 to 64 bytes`)
	}
	return &forwarder{url: c.Forward, secret: secret, http: &http.Client{
		Timeout: forwardPatience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// send forwards an event, and says in a word what came of it.
func (f *forwarder) send(ctx context.Context, e client.Event) string {
	body, err := json.Marshal(e) // as a webhook of the native API has it
	if err != nil {
		return "not sent: " + err.Error()
	}
	header, err := webhook.Standard.Sign(e.ID, time.Now(), body, []redact.Text{f.secret})
	if err != nil {
		return "not signed"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url, bytes.NewReader(body))
	if err != nil {
		return "not sent: " + err.Error()
	}
	req.Header = header
	res, err := f.http.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return "no answer: " + err.Error()
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	_ = res.Body.Close()
	return res.Status
}
