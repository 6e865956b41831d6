package client

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
	"strconv"
	"strings"
	"time"
)

// Client speaks with one server under one key. It is safe for concurrent use.
type Client struct {
	base     string
	key      string
	agent    string
	http     *http.Client
	attempts int
	pause    time.Duration
	longest  time.Duration
	sort     string // of lists; "" is the newest first
}

// OldestFirst is the same client whose lists begin with what was made first. Events, the items of a batch and versions of policies
// have an order of their own.
func (c *Client) OldestFirst() *Client {
	other := *c
	other.sort = "created_at"
	return &other
}

// ownOrder is for lists that have an order of their own.
func (c *Client) ownOrder() *Client {
	other := *c
	other.sort = ""
	return &other
}

// Option changes how a [Client] works.
type Option func(*Client)

// WithHTTPClient sends through h, as for a proxy or a certificate of one's own. Its CheckRedirect is replaced in a copy.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// WithAttempts sets how often a call is sent at most; 4 without it, and 1 means never again.
func WithAttempts(n int) Option { return func(c *Client) { c.attempts = n } }

// WithPause sets the wait before the first repeat, which doubles with each, and the longest wait. A server that asks for more than the
// longest is not asked again. 200 ms and 10 s without it.
func WithPause(first, longest time.Duration) Option {
	return func(c *Client) { c.pause, c.longest = first, longest }
}

// WithUserAgent says who calls.
func WithUserAgent(agent string) Option { return func(c *Client) { c.agent = agent } }

// New makes a client of the server at baseURL, as in https://cards.example.com, with a key of its native API.
func New(baseURL, key string, options ...Option) (*Client, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, errors.New("firsttap: the base URL must be like https://host, without query or user")
	}
	if key == "" || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("firsttap: the key is empty or has characters that no key has")
	}
	c := &Client{
		base: strings.TrimSuffix(u.String(), "/"), key: key, agent: "firsttap-go/1", attempts: 4, pause: 200 * time.Millisecond, longest: 10 * time.Second,
		http: &http.Client{Timeout: 40 * time.Second},
	}
	for _, o := range options {
		o(c)
	}
	h := *c.http
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &h
	if c.attempts < 1 {
		return nil, errors.New("firsttap: a call needs at least one attempt")
	}
	return c, nil
}

// CallOption changes one write.
type CallOption func(*call)

// IdempotencyKey names the write: 1 to 255 visible characters. Sent again with the same name it is not done again, whoever sends it
// and from wherever, for 24 hours. Take one that your own database knows, as in the id of the order.
func IdempotencyKey(key string) CallOption { return func(c *call) { c.key = key } }

// OnBehalfOf says whom the write is done for, in your own words, as an id of your operator. The audit trail keeps it.
func OnBehalfOf(whom string) CallOption { return func(c *call) { c.behalf = whom } }

// Because says why the write is done, where neither the method nor its argument takes a reason. The audit trail keeps it. Decisions
// on approvals have a note instead, and scans have none.
func Because(reason string) CallOption { return func(c *call) { c.reason = reason } }

// call is one operation on its way.
type call struct {
	method, path string
	query        url.Values
	body         any    // encoded once; nil sends none
	kind         string // of the body, where it is not JSON
	key          string // of idempotency; every write has one
	accept       string // "" takes JSON
	once         bool   // it is never sent again
	approval     string // that it was given; "" none
	match        string // the version that it is for; "" any
	behalf       string // whom it is done for; "" is not told
	reason       string // why; "" is not told, or is in the body
}

func get(path string, query url.Values) call {
	return call{method: http.MethodGet, path: path, query: query}
}

// write makes a call that changes something.
func write(method, path string, body any, options []CallOption) call {
	c := call{method: method, path: path, body: body}
	for _, o := range options {
		o(&c)
	}
	if c.key == "" {
		c.key = rand.Text()
	}
	return c
}

func post(path string, body any, options []CallOption) call {
	if body == nil {
		body = struct{}{}
	}
	return write(http.MethodPost, path, body, options)
}

// at makes a path of its parts; each part is escaped.
func at(parts ...string) string {
	var b strings.Builder
	b.WriteString("/v1")
	for _, p := range parts {
		b.WriteString("/" + url.PathEscape(p))
	}
	return b.String()
}

// send sends the call until it is answered, and reads the answer into out.
func (c *Client) send(ctx context.Context, k call, out any) error {
	body, err := k.encode()
	if err != nil {
		return err
	}
	pause := c.pause
	for try := 1; ; try++ {
		wait, err := c.once(ctx, k, body, out)
		if err == nil || k.once || try >= c.attempts || wait < 0 || wait > c.longest {
			return err
		}
		wait = max(wait, pause)
		pause = min(2*pause, c.longest)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(err, ctx.Err())
		case <-timer.C:
		}
	}
}

func (k call) encode() ([]byte, error) {
	switch b := k.body.(type) {
	case nil:
		if k.reason == "" {
			return nil, nil
		}
		k.body = struct{}{}
	case []byte:
		return b, nil
	}
	body, err := json.Marshal(k.body)
	if err == nil && k.reason != "" {
		body, err = withReason(body, k.reason)
	}
	if err != nil {
		return nil, fmt.Errorf("firsttap: encode the body of %s: %w", k.path, err)
	}
	return body, nil
}

// withReason puts the member reason into an object.
func withReason(body []byte, reason string) ([]byte, error) {
	members := map[string]any{}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(body, &object); err != nil {
		return nil, err
	}
	for name, v := range object {
		members[name] = v
	}
	members["reason"] = reason
	return json.Marshal(members)
}

// never says that a repeat does not help.
const never = time.Duration(-1)

// once sends the call one time. wait is how long the server wants us to wait before a repeat; never when it does not help.
func (c *Client) once(ctx context.Context, k call, body []byte, out any) (wait time.Duration, _ error) {
	req, err := c.request(ctx, k, body)
	if err != nil {
		return never, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			wait = never
		}
		return wait, fmt.Errorf("firsttap: %s %s: %w", k.method, k.path, withoutURL(err))
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	answer, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer))
	if err != nil {
		return 0, fmt.Errorf("firsttap: read the answer of %s %s: %w", k.method, k.path, err)
	}
	if res.StatusCode >= 300 {
		p := problemOf(k, res, answer)
		if !p.Retryable {
			return never, p
		}
		return p.RetryAfter, p
	}
	return never, decode(k, answer, out)
}

// mostAnswer is the largest answer that is read, in bytes.
const mostAnswer = 64 << 20

func decode(k call, answer []byte, out any) error {
	switch o := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*o = answer
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("firsttap: the answer of %s %s is not what the API promises: %w", k.method, k.path, err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, k call, body []byte) (*http.Request, error) {
	target := c.base + k.path
	if len(k.query) > 0 {
		target += "?" + k.query.Encode()
	}
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, k.method, target, reader)
	if err != nil {
		return nil, fmt.Errorf("firsttap: %s %s: %w", k.method, k.path, err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("User-Agent", c.agent)
	if k.approval != "" {
		req.Header.Set("Approval-Id", k.approval)
	}
	if k.behalf != "" {
		req.Header.Set("On-Behalf-Of", k.behalf)
	}
	if k.match != "" {
		req.Header.Set("If-Match", k.match)
	}
	if k.accept != "" {
		req.Header.Set("Accept", k.accept)
	}
	if body != nil {
		kind := k.kind
		if kind == "" {
			kind = "application/json"
		}
		req.Header.Set("Content-Type", kind)
	}
	if k.key != "" {
		req.Header.Set("Idempotency-Key", k.key)
	}
	return req, nil
}

// withoutURL takes the address out of an error of the line: it is told by path already, without its query.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// retryAfter reads the header; 0 when there is none.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
