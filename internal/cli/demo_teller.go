package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// teller makes calls as a partner would, prints them with their answers, and counts what did not go as it
// should.
type teller struct {
	w      World
	out    io.Writer
	colour bool
	base   string
	client *http.Client
	steps  int
	failed int
	err    error // why the story cannot go on
}

func newTeller(w World, base string, client *http.Client) *teller {
	return &teller{
		w: w, out: w.Stdout, base: base, client: client,
		colour: isTerminal(w.Stdout) && w.Getenv("NO_COLOR") == "" && w.Getenv("TERM") != "dumb",
	}
}

// The colours, as terminals know them.
const (
	bold  = "1"
	dim   = "2"
	red   = "31"
	green = "32"
	cyan  = "36"
)

func (t *teller) paint(colour, text string) string {
	if !t.colour || text == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

func (t *teller) title(text string) {
	_, _ = fmt.Fprintf(t.out, "\n%s\n%s\n", t.paint(bold, text), t.paint(dim, strings.Repeat("─", len([]rune(text)))))
}

func (t *teller) say(format string, args ...any) {
	_, _ = fmt.Fprintf(t.out, format+"\n", args...)
}

// call is one step: a request and what must come of it.
type call struct {
	what   string // the step, in words
	method string
	path   string
	header [][2]string // those that matter, in order
	body   string      // JSON; "" for none
	shown  string      // what is printed in place of a body that is too long
	status int
	facts  []fact
}

// fact is something about an answer that must hold.
type fact struct {
	words string
	holds func(answer) bool
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
	json   any
}

// at gives the value at a dotted path, as text: "error.detail.reason", "cards.0.id"; "" when there is none.
func (a answer) at(path string) string {
	v := a.json
	for part := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(in) {
				return ""
			}
			v = in[i]
		default:
			return ""
		}
	}
	switch s := v.(type) {
	case nil:
		return ""
	case string:
		return s
	case json.Number:
		return s.String()
	default:
		return fmt.Sprint(s)
	}
}

// is says that a member of the answer has a value.
func is(path, want string) fact {
	return fact{path + " is " + want, func(a answer) bool { return a.at(path) == want }}
}

// has says that a member of the answer is there.
func has(path string) fact {
	return fact{path + " is there", func(a answer) bool { return a.at(path) != "" }}
}

// replayed says that the answer is a remembered one.
func replayed() fact {
	return fact{"Idempotent-Replayed is true", func(a answer) bool { return a.header.Get("Idempotent-Replayed") == "true" }}
}

// do makes the call, prints it with its answer, and judges it. After a failure to call at all the teller
// stays silent, and t.err says why.
func (t *teller) do(ctx context.Context, c call) answer {
	if t.err != nil {
		return answer{}
	}
	t.steps++
	t.say("\n%s", t.paint(bold, fmt.Sprintf("%d. %s", t.steps, c.what)))
	t.request(c)
	a, err := t.send(ctx, c)
	if err != nil {
		t.failed++
		t.err = fmt.Errorf("%s: %w", c.what, err)
		t.say("   %s", t.paint(red, "✗ no answer: "+err.Error()))
		return answer{}
	}
	t.response(c, a)
	t.judge(c, a)
	return a
}

func (t *teller) request(c call) {
	t.say("   %s %s", t.paint(cyan, c.method), c.path)
	for _, h := range c.header {
		t.say("   %s", t.paint(dim, h[0]+": "+mask(h[1])))
	}
	body := c.body
	if c.shown != "" {
		body = c.shown
	}
	t.indented(pretty([]byte(body)))
}

func (t *teller) response(c call, a answer) {
	colour := green
	if a.status >= http.StatusBadRequest {
		colour = red
	}
	if a.status == c.status {
		colour = green
	}
	t.say("   %s", t.paint(colour, fmt.Sprintf("→ %d %s", a.status, http.StatusText(a.status))))
	for _, name := range []string{"Idempotent-Replayed", "Retry-After"} {
		if v := a.header.Get(name); v != "" {
			t.say("   %s", t.paint(dim, name+": "+v))
		}
	}
	t.indented(pretty(a.body))
}

// indented prints a text with every line moved in; long texts are cut.
func (t *teller) indented(text string) {
	const most = 60
	if text == "" {
		return
	}
	lines := strings.Split(text, "\n")
	if len(lines) > most {
		lines = append(lines[:most], "…")
	}
	for _, line := range lines {
		t.say("   %s", maskWords(line))
	}
}

// judge compares the answer with what must come.
func (t *teller) judge(c call, a answer) {
	var words, wrong []string
	if a.status != c.status {
		wrong = append(wrong, fmt.Sprintf("the status is %d, not %d", a.status, c.status))
	}
	words = append(words, strconv.Itoa(c.status))
	for _, f := range c.facts {
		words = append(words, f.words)
		if !f.holds(a) {
			wrong = append(wrong, "not so: "+f.words)
		}
	}
	t.verdict(strings.Join(words, ", "), wrong)
}

// verdict prints whether a step went as it should.
func (t *teller) verdict(words string, wrong []string) {
	if len(wrong) == 0 {
		t.say("   %s %s", t.paint(green, "✓"), words)
		return
	}
	t.failed++
	t.say("   %s %s", t.paint(red, "✗"), strings.Join(wrong, "; "))
}

// expect is a step that is not a call. show prints what there is to see, before the verdict; it may be nil.
func (t *teller) expect(what, words string, problem error, show func()) {
	if t.err != nil {
		return
	}
	t.steps++
	t.say("\n%s", t.paint(bold, fmt.Sprintf("%d. %s", t.steps, what)))
	if show != nil {
		show()
	}
	var wrong []string
	if problem != nil {
		wrong = []string{problem.Error()}
	}
	t.verdict(words, wrong)
}

// send makes the request. Its body is read whole: the server is ours, and bounded.
func (t *teller) send(ctx context.Context, c call) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, c.method, t.base+c.path, strings.NewReader(c.body))
	if err != nil {
		return answer{}, err
	}
	if c.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range c.header {
		req.Header.Set(h[0], h[1])
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return answer{}, err
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: body}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&a.json); err != nil {
		a.json = nil
	}
	return a, nil
}

// secretStarts are how the secrets of the demonstration begin.
var secretStarts = []string{"ftk_sandbox_", "ec_test_", "whsec_", "sk_"}

// mask shortens a secret in the middle.
func mask(v string) string {
	for _, start := range secretStarts {
		if i := strings.Index(v, start); i >= 0 && len(v)-i > len(start)+8 {
			return v[:i+len(start)+4] + "…" + v[len(v)-4:]
		}
	}
	return v
}

// maskWords shortens the secrets in a line of JSON: texts that begin like one, and tokens of 64 hex digits.
func maskWords(line string) string {
	parts := strings.Split(line, `"`)
	for i, p := range parts {
		switch {
		case len(p) == 64 && strings.Trim(p, "0123456789abcdef") == "" && i >= 2 && strings.HasSuffix(parts[i-2], "_token"):
			parts[i] = p[:4] + "…" + p[60:]
		default:
			parts[i] = mask(p)
		}
	}
	return strings.Join(parts, `"`)
}
