package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/fault"
)

var notShipped = fault.New("not_shipped", fault.Refused)

func TestError_IsItsReason(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("activate: %w", fault.Refuse(notShipped))
	if !errors.Is(err, notShipped) {
		t.Fatal("a wrapped refusal is not its reason")
	}
	if errors.Is(err, fault.New("other", fault.Refused)) {
		t.Fatal("a refusal is another reason too")
	}
}

func TestIsRefusal_TellsBusinessAnswersFromFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"nil":                 {nil, false},
		"a refusal":           {fault.Refuse(notShipped), true},
		"a wrapped refusal":   {fmt.Errorf("x: %w", fault.Refuse(notShipped)), true},
		"an unknown error":    {errors.New("disk"), false},
		"a wrapped fault":     {fault.Wrap(errors.New("disk"), "write"), false},
		"a passing fault":     {fault.NotNow(errors.New("busy"), "write", 1), false},
		"the zero fault":      {&fault.Error{}, false},
		"a throttled refusal": {fault.Refuse(fault.New("rate_limited", fault.Throttled)), true},
	} {
		if got := fault.IsRefusal(c.err); got != c.want {
			t.Errorf("%s: refusal = %v, want %v", name, got, c.want)
		}
	}
}

func TestError_TextHoldsNoDetail(t *testing.T) {
	t.Parallel()
	e := fault.RefuseWith(notShipped, "shown to the caller only")
	if strings.Contains(e.Error(), "shown") {
		t.Fatal("the detail leaked into the log text")
	}
	if fault.Of(errors.New("x")).Reason.Kind() != fault.Internal {
		t.Fatal("an unclassified error is not a fault")
	}
}
