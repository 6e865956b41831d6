package outbox

import (
	"bytes"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/webhook"
)

var noon = time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC)

func TestOutcome_FollowsTheTimetableOfTheDoor(t *testing.T) {
	t.Parallel()
	w := New(Config{Now: func() time.Time { return noon }, Random: bytes.NewReader(nil)})
	sandbox := program.Program{Kind: program.Sandbox, Clock: program.Clock{Offset: time.Hour}}
	at := noon.Add(time.Hour)
	refused := webhook.Result{Status: 500, Err: webhook.FailureStatus}
	for name, c := range map[string]struct {
		door    event.Door
		attempt int
		result  webhook.Result
		want    Outcome
	}{
		"acknowledged":         {event.CardsDoor, 3, webhook.Result{Status: 204, Acknowledged: true}, Outcome{State: Delivered, At: at, HTTPStatus: 204}},
		"cards, first":         {event.CardsDoor, 1, refused, Outcome{State: Pending, At: at, NextAt: at.Add(10 * time.Second), HTTPStatus: 500, Failure: "status"}},
		"cards, last":          {event.CardsDoor, 13, refused, Outcome{State: Exhausted, At: at, HTTPStatus: 500, Failure: "status"}},
		"cards, one before":    {event.CardsDoor, 12, refused, Outcome{State: Pending, At: at, NextAt: at.Add(20 * time.Hour), HTTPStatus: 500, Failure: "status"}},
		"debit, first":         {event.DebitDoor, 1, refused, Outcome{State: Pending, At: at, NextAt: at.Add(5 * time.Second), HTTPStatus: 500, Failure: "status"}},
		"debit, last":          {event.DebitDoor, 10, refused, Outcome{State: Exhausted, At: at, HTTPStatus: 500, Failure: "status"}},
		"not signed":           {event.DebitDoor, 1, webhook.Result{Err: failureUnsigned}, Outcome{State: Pending, At: at, NextAt: at.Add(5 * time.Second), Failure: "unsigned"}},
		"a door without hooks": {"of a neighbour", 1, webhook.Result{Err: failureUnsigned}, Outcome{State: Exhausted, At: at, Failure: "unsigned"}},
	} {
		d := Delivery{Program: sandbox, Attempt: c.attempt + 20, Try: c.attempt, Message: event.Message{Door: c.door}}
		if got := w.outcome(d, c.result); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestOutcome_LiveProgrammesJitterAndSandboxesDoNot(t *testing.T) {
	t.Parallel()
	next := func(kind program.Kind) time.Duration {
		w := New(Config{Now: func() time.Time { return noon }, Random: bytes.NewReader(make([]byte, 8))})
		d := Delivery{Program: program.Program{Kind: kind}, Attempt: 1, Try: 1, Message: event.Message{Door: event.CardsDoor}}
		return w.outcome(d, webhook.Result{Err: webhook.FailureConnect}).NextAt.Sub(noon)
	}
	if got := next(program.Sandbox); got != 10*time.Second {
		t.Errorf("a sandbox waits %s", got)
	}
	if got := next(program.Live); got != 9*time.Second {
		t.Errorf("a live programme waits %s under the smallest draw", got)
	}
}

func TestCourses_HasOneForEachDoorAndNoneForOthers(t *testing.T) {
	t.Parallel()
	for _, door := range []event.Door{event.CardsDoor, event.DebitDoor, event.NativeDoor} {
		if _, ok := courses(door); !ok {
			t.Errorf("the door %s has no course", door)
		}
	}
	if _, ok := courses("of a neighbour"); ok {
		t.Error("a door that does not exist has a course")
	}
}

func TestPrivateTargets_OfBatchesInASandboxAndWhereThePolicySaysSo(t *testing.T) {
	t.Parallel()
	for _, door := range []event.Door{event.CardsDoor, event.DebitDoor} {
		for _, kind := range []program.Kind{program.Sandbox, program.Live} {
			for _, allowed := range []bool{false, true} {
				p := program.Program{Kind: kind, Policy: program.Policy{AllowPrivateTargets: allowed}}
				if got, want := privateTargets(door, p), allowed || (door == event.DebitDoor && kind == program.Sandbox); got != want {
					t.Errorf("%s, %s, policy %v: %v", door, kind, allowed, got)
				}
			}
		}
	}
}

// TestInTime_LeavesOutTheTriesOfTheWait walks the timetable of the cards API: 10 s, 30 s, 2 min, up to 20 h.
func TestInTime_LeavesOutTheTriesOfTheWait(t *testing.T) {
	t.Parallel()
	const ever = 10_000 * time.Hour
	for _, c := range []struct {
		try        int
		late, lost time.Duration
		want       int
	}{
		{1, 0, ever, 1},
		{1, 10*time.Second - 1, ever, 1},
		{1, 10 * time.Second, ever, 2},
		{1, 40 * time.Second, ever, 3},
		{2, 30 * time.Second, ever, 3},
		{12, 20 * time.Hour, ever, 13},
		{1, 1000 * time.Hour, ever, 13},
		{13, 1000 * time.Hour, ever, 13},
		{1, 1000 * time.Hour, 0, 1}, // within reach
		{1, 1000 * time.Hour, 9 * time.Second, 1},
		{1, 1000 * time.Hour, 10 * time.Second, 2},
	} {
		d := Delivery{Try: c.try, Late: c.late, Message: event.Message{Door: event.CardsDoor}}
		if got := inTime(d, c.lost); got != c.want {
			t.Errorf("try %d, %s late, at an endpoint that is lost for %s, counts as %d, want %d", c.try, c.late, c.lost, got, c.want)
		}
	}
}
