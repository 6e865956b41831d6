package program

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Sort is what sort of value a policy has.
type Sort string

// The sorts. The text of a list is its items with commas between them.
const (
	Truth    Sort = "boolean"
	Whole    Sort = "integer"
	Duration Sort = "duration"
	Choice   Sort = "choice"
	List     Sort = "list"
	Text     Sort = "text"
)

// Form is what values a policy takes, as far as a program can tell before it sends one: the rest is in [Setting.Values].
type Form struct {
	Sort      Sort
	Low, High int64    // of Whole
	Options   []string // of Choice
}

// ValueError is what is wrong with the value of one policy. It never holds the value.
type ValueError struct{ Name, Text string }

// Error is the problem as people read it.
func (p ValueError) Error() string { return p.Name + ": " + p.Text }

// DefaultOf is the value of a policy that nobody set, in a programme of that kind; "" is none.
func (s Setting) DefaultOf(kind Kind) string {
	if tier, ok := strings.CutPrefix(s.Name, "rate_limits."); ok {
		w := defaultWindows(kind)[tier]
		return fmt.Sprintf("%d/%d/%d", w.Second, w.Minute, w.Day)
	}
	switch s.Name {
	case "vault.mode":
		return DefaultPolicy(kind).Vault.Mode
	case "vault.bin":
		return DefaultPolicy(kind).Vault.BIN
	}
	return s.Default
}

// ValueIn is the value of a policy in a programme of that kind with those that differ from the defaults.
func (s Setting) ValueIn(kind Kind, overrides map[string]string) string {
	if v, ok := overrides[s.Name]; ok {
		return v
	}
	return s.DefaultOf(kind)
}

func flag(name, def, effect string, at func(*Policy) *bool) Setting {
	return Setting{name, def, "true or false", effect, Form{Sort: Truth}, func(p *Policy, v string) error {
		b, err := strconv.ParseBool(v)
		if err != nil || (v != "true" && v != "false") {
			return errors.New("neither true nor false")
		}
		*at(p) = b
		return nil
	}}
}

func choice01(name, def, effect string, at func(*Policy) *bool) Setting {
	return Setting{name, def, "off or on", effect, Form{Sort: Choice, Options: []string{"off", "on"}}, func(p *Policy, v string) error {
		var s string
		err := oneOf(v, &s, "off", "on")
		*at(p) = s == "on"
		return err
	}}
}

// choice01of is a switch with words of its own; the first is the default and means false.
func choice01of(name, no, yes, effect string, at func(*Policy) *bool) Setting {
	return Setting{name, no, no + " or " + yes, effect, Form{Sort: Choice, Options: []string{no, yes}}, func(p *Policy, v string) error {
		var s string
		err := oneOf(v, &s, no, yes)
		*at(p) = s == yes
		return err
	}}
}

func choice(name, def, effect string, at func(*Policy) *string, allowed ...string) Setting {
	return Setting{name, def, strings.Join(allowed, ", "), effect, Form{Sort: Choice, Options: allowed}, func(p *Policy, v string) error {
		return oneOf(v, at(p), allowed...)
	}}
}

func number(name, def string, low, high int, effect string, at func(*Policy) *int) Setting {
	return Setting{name, def, fmt.Sprintf("a number from %d to %d", low, high), effect, Form{Sort: Whole, Low: int64(low), High: int64(high)}, func(p *Policy, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < low || n > high {
			return errors.New("not such a number")
		}
		*at(p) = n
		return nil
	}}
}

// amount is a number of cents.
func amount(name, def, effect string, at func(*Policy) *int64) Setting {
	const most = 9_999_999_999_999
	return Setting{name, def, fmt.Sprintf("a number from 0 to %d", int64(most)), effect, Form{Sort: Whole, High: most}, func(p *Policy, v string) error {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 || n > most {
			return errors.New("not such a number")
		}
		*at(p) = n
		return nil
	}}
}

func duration(name, def, effect string, at func(*Policy) *time.Duration) Setting {
	return Setting{name, def, "a duration such as 15m or 24h", effect, Form{Sort: Duration}, func(p *Policy, v string) error {
		d, err := time.ParseDuration(v)
		if err != nil || d < 0 || d > 10*365*24*time.Hour {
			return errors.New("not such a duration")
		}
		*at(p) = d
		return nil
	}}
}

// written is a policy whose value has a form of its own.
func written(name, def, values, effect string, set func(*Policy, string) error) Setting {
	return Setting{name, def, values, effect, Form{Sort: Text}, set}
}

// listed is a policy whose value is a list.
func listed(name, def, values, effect string, set func(*Policy, string) error) Setting {
	return Setting{name, def, values, effect, Form{Sort: List}, set}
}

// chosen is one of some words, which set reads.
func chosen(name, def, values, effect string, set func(*Policy, string) error, options ...string) Setting {
	return Setting{name, def, values, effect, Form{Sort: Choice, Options: options}, set}
}
