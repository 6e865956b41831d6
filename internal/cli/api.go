package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/firsttap/firsttap/client"
)

// apiCommand is what an operator does by hand on a server that runs, wherever it is, with a key of its native API.
type apiCommand struct {
	Card      apiCard      `cmd:"" help:"Cards: look, activate, switch, report, replace."`
	Batch     apiBatch     `cmd:"" help:"Bulk orders: order from a file, follow, correct, cancel."`
	Shipment  apiShipment  `cmd:"" help:"Parcels: look, cancel, send elsewhere, send again, report scans."`
	Customer  apiCustomer  `cmd:"" help:"Who holds cards."`
	Account   apiAccount   `cmd:"" help:"What cards spend."`
	Approval  apiApproval  `cmd:"" help:"What others ask you to allow."`
	Webhook   apiWebhook   `cmd:"" help:"Webhooks: make, pause, test, look at deliveries, send again."`
	Events    apiEvents    `cmd:"" help:"What was announced; firsttap listen follows it."`
	Audit     apiAudit     `cmd:"" help:"The audit trail, and its export."`
	Sandbox   apiSandbox   `cmd:"" help:"The clock, parcels and scenarios of a sandbox programme."`
	Lifecycle apiLifecycle `cmd:"" help:"The state machines."`
	Program   apiProgram   `cmd:"" help:"The programme of the key; all programmes, with a key of the installation."`
	Policy    apiPolicy    `cmd:"" help:"The policies of the programme, and who changed them."`
	Key       apiKey       `cmd:"" help:"The keys of the programme."`
	Design    apiDesign    `cmd:"" help:"The designs of cards."`
}

// Help adds to the text of --help.
func (apiCommand) Help() string {
	return `FIRSTTAP_API_KEY holds a key of the native API, or --api-key-file names a file with it: on a command line others could read it.
firsttap key create --door native --scope … makes one. FIRSTTAP_SERVER says where the server is.`
}

// remote says which server a command speaks with, and how it prints.
type remote struct {
	Server     string `help:"Base URL of the server; default is FIRSTTAP_SERVER, else http://127.0.0.1:8080." placeholder:"URL"`
	APIKeyFile string `name:"api-key-file" help:"File with the key; default is the key in FIRSTTAP_API_KEY." placeholder:"FILE"`
	JSON       bool   `help:"Print what the API answers."`
}

// longestCall is how long an answer may take; a scenario takes longest.
const longestCall = 3 * time.Minute

// line is a server that a command speaks with.
type line struct {
	api   *client.Client
	heard *heard
	w     World
	json  bool
}

// dial makes the line. It sends nothing.
func (r remote) dial(w World) (line, error) {
	key := w.Getenv("FIRSTTAP_API_KEY")
	if r.APIKeyFile != "" {
		content, err := w.ReadFile(r.APIKeyFile)
		if err != nil {
			return line{}, err
		}
		key = strings.TrimSpace(string(content))
	}
	if key == "" {
		return line{}, usageError("there is no key: set FIRSTTAP_API_KEY, or give --api-key-file. firsttap key create --door native --scope … makes one")
	}
	server := r.Server
	if server == "" {
		server = w.Getenv("FIRSTTAP_SERVER")
	}
	if server == "" {
		server = "http://127.0.0.1:8080"
	}
	h := &heard{next: http.DefaultTransport}
	api, err := client.New(server, key, client.WithUserAgent("firsttap-cli/"+w.Version), client.WithHTTPClient(&http.Client{Timeout: longestCall, Transport: h}))
	if err != nil {
		return line{}, usageError(strings.TrimPrefix(err.Error(), "firsttap: "))
	}
	return line{api: api, heard: h, w: w, json: r.JSON}, nil
}

// heard keeps what the server answered, because --json prints that and nothing that we made of it.
type heard struct {
	next  http.RoundTripper
	pages [][]byte // the bodies of answers that are no problems
	last  []byte
}

// mostHeard is the largest answer that is kept.
const mostHeard = 64 << 20

// RoundTrip sends a request and keeps the answer.
func (h *heard) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := h.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, mostHeard))
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	res.Body, h.last = io.NopCloser(bytes.NewReader(body)), body
	if res.StatusCode < 300 {
		h.pages = append(h.pages, body)
	}
	return res, nil
}

// tell prints one answer: as it came, or for people.
func tell[T any](l line, out T, err error, people func(T) error) error {
	var refused *client.Problem
	if l.json && (err == nil || errors.As(err, &refused)) {
		if _, no := fmt.Fprintln(l.w.Stdout, strings.TrimSpace(string(l.heard.last))); no != nil {
			return no
		}
		return err
	}
	if err != nil {
		return err
	}
	return people(out)
}

// said tells of an act in a sentence.
func said[T any](l line, out T, err error, format string, args ...any) error {
	return tell(l, out, err, func(T) error {
		_, err := fmt.Fprintf(l.w.Stdout, format+"\n", args...)
		return err
	})
}

// show prints one thing as names and values.
func show[T any](l line, out T, err error, pairs func(T) [][2]string) error {
	return tell(l, out, err, func(v T) error { return facts(l.w.Stdout, pairs(v)...) })
}

// lines is how much of a list is printed.
type lines struct {
	Lines int `short:"n" default:"20" help:"How many at most; 0 is all."`
}

// sorted is a list that may begin at either end.
type sorted struct {
	lines
	Oldest bool `help:"What was made first comes first."`
}

// of is the client that lists in the order that is wanted.
func (n sorted) of(c *client.Client) *client.Client {
	if n.Oldest {
		return c.OldestFirst()
	}
	return c
}

// list prints a list: for people as a table.
func list[T any](l line, n lines, items iter.Seq2[T, error], heading []string, row func(T) []string) error {
	rows, more := [][]string{}, false
	for item, err := range items {
		if err != nil {
			return tell(l, item, err, nil)
		}
		if more = n.Lines > 0 && len(rows) == n.Lines; more {
			break
		}
		rows = append(rows, row(item))
	}
	if l.json {
		return l.printItems(len(rows))
	}
	if err := table(l.w.Stdout, heading, rows); err != nil {
		return err
	}
	if more {
		_, _ = fmt.Fprintln(l.w.Stderr, "There are more; -n 0 prints all.")
	}
	return nil
}

// printItems prints the first items of all pages as one list.
func (l line) printItems(most int) error {
	items := []json.RawMessage{}
	for _, body := range l.heard.pages {
		var page struct{ Items []json.RawMessage }
		if err := json.Unmarshal(body, &page); err != nil {
			return err
		}
		items = append(items, page.Items...)
	}
	return printJSON(l.w.Stdout, map[string]any{"items": items[:min(most, len(items))]})
}

// all makes a list that came whole one that comes in parts.
func all[T any](items []T, err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err != nil {
			var none T
			yield(none, err)
			return
		}
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// forWhom is of every change: whom the operator acts for.
type forWhom struct {
	OnBehalfOf string `help:"Whom you do it for, in your own words, as the id of a customer of yours; kept in the audit trail." placeholder:"WHOM"`
}

func (f forWhom) options() []client.CallOption {
	return []client.CallOption{client.OnBehalfOf(f.OnBehalfOf)}
}

// because is of changes that want no reason of their own.
type because struct {
	forWhom
	Reason string `help:"Why; kept in the audit trail."`
}

func (b because) options() []client.CallOption {
	return append(b.forWhom.options(), client.Because(b.Reason))
}

// approved is a call that four eyes may have to look at first.
type approved struct {
	forWhom
	Approval string `help:"Id of the approval that it was given, where the programme wants one." placeholder:"ID"`
}

func (a approved) options() []client.CallOption {
	out := a.forWhom.options()
	if a.Approval != "" {
		out = append(out, client.ApprovedBy(a.Approval))
	}
	return out
}

// problemText puts a refusal of the API into words.
func problemText(p *client.Problem) string {
	text := strings.TrimPrefix(p.Error(), "firsttap: ")
	if id := p.ApprovalID(); id != "" {
		text += "\n  " + id + " waits for somebody with another key: firsttap api approval approve " + id + "\n  then the same command with --approval " + id
	}
	return text
}

// secretFrom reads a secret from a file, "-" is standard input: on a command line others could read it.
func (w World) secretFrom(name string) (string, error) {
	var content []byte
	var err error
	if name == "-" {
		if w.Stdin == nil {
			return "", usageError("there is no standard input to read it from")
		}
		content, err = io.ReadAll(io.LimitReader(w.Stdin, 1024))
	} else {
		content, err = w.ReadFile(name)
	}
	return strings.TrimSpace(string(content)), err
}

// dash stands for nothing in a table.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
