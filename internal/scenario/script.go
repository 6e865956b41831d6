package scenario

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
)

// The limits of a script.
const (
	MaxScript   = 64 << 10 // bytes
	maxSteps    = 500
	mostWrong   = 50
	mostOrdered = 50 // cards of one bulk order
	longestWait = 10 * 365 * 24 * time.Hour
)

// expectOK is what a step must come to when the script does not say.
const expectOK = "ok"

// Script is a script that was checked.
type Script struct {
	text  string
	steps []step
}

// step is one line that does something.
type step struct {
	line     int
	text     string // as written, without spaces around it
	expected string // expectOK, or the reason of a refusal
	play     action
}

// action plays a step. A refusal is an outcome; any other error ends the run.
type action func(ctx context.Context, r *run) ([]Fact, error)

// kind is what a name of a script stands for.
type kind string

const (
	aCard   kind = "card"
	aParcel kind = "parcel"
	anOrder kind = "bulk order" // and the parcel that it goes out in
)

var (
	nameForm   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,19}$`)
	reasonForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,59}$`)
)

// Parse checks a script: the verbs and their words, that names are made before they are used, that durations are some. Everything
// that is wrong is told at once, by [Invalid].
func Parse(text string) (Script, error) {
	p := parser{names: map[string]kind{}}
	if len(text) > MaxScript {
		return Script{}, &fault.Error{Reason: Invalid, Fields: []fault.Field{{Path: "script", Code: "too_long", Message: "is longer than 64 KiB"}}}
	}
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if p.line = i + 1; strings.TrimSpace(line) != "" {
			p.step(strings.TrimSpace(line))
		}
	}
	switch {
	case len(p.wrong) == 0 && len(p.steps) == 0:
		p.bad("has no step")
	case len(p.steps) > maxSteps:
		p.bad(fmt.Sprintf("has more than %d steps", maxSteps))
	}
	if len(p.wrong) > 0 {
		return Script{}, &fault.Error{Reason: Invalid, Fields: p.wrong[:min(len(p.wrong), mostWrong)]}
	}
	return Script{text: text, steps: p.steps}, nil
}

type parser struct {
	line  int
	names map[string]kind
	steps []step
	wrong []fault.Field
}

func (p *parser) bad(problem string) {
	p.wrong = append(p.wrong, fault.Field{Path: "line " + strconv.Itoa(p.line), Code: "invalid_format", Message: problem})
}

func (p *parser) step(line string) {
	s := step{line: p.line, text: strings.Join(strings.Fields(line), " "), expected: expectOK}
	said, expected, expects := strings.Cut(line, "->")
	if expects {
		if s.expected = strings.TrimSpace(expected); !reasonForm.MatchString(s.expected) {
			p.bad("expects no reason: write -> and the reason of a refusal, or -> ok")
		}
	}
	words := strings.Fields(said)
	if len(words) == 0 {
		p.bad("has no step before ->")
		return
	}
	v, known := verbs[words[0]]
	if !known {
		p.bad("begins with no verb that is known")
		return
	}
	before := len(p.wrong)
	if s.play = v.read(p, words[1:]); s.play == nil && len(p.wrong) == before {
		p.bad("is not: " + v.usage)
	}
	p.steps = append(p.steps, s)
}

// makes takes a new name.
func (p *parser) makes(name string, k kind) string {
	switch {
	case !nameForm.MatchString(name):
		p.bad("makes a name that is not 1 to 20 small letters, digits and _")
	case p.names[name] != "":
		p.bad("makes a name that was made before")
	}
	p.names[name] = k
	return name
}

// uses takes a name that was made, of one of these kinds.
func (p *parser) uses(name string, kinds ...kind) string {
	if !slices.Contains(kinds, p.names[name]) {
		p.bad("needs the name of a " + string(kinds[0]) + " that was made before")
	}
	return name
}

func (p *parser) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 || d > longestWait {
		p.bad("needs a duration above zero, such as 15m or 24h")
	}
	return d
}

// oneOf takes a word that must be one of some.
func oneOf[T ~string](p *parser, word string, allowed []T) T {
	if !slices.Contains(allowed, T(word)) {
		p.bad("has a word that is none of those allowed here")
	}
	return T(word)
}
