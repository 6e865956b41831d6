package outbox

import (
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/webhook"
)

// course is how a door's messages travel.
type course struct {
	scheme    webhook.Scheme
	timetable webhook.Timetable
}

// courses has a row for each door that sends webhooks to endpoints.
func courses(door event.Door) (course, bool) {
	switch door {
	case event.CardsDoor:
		return course{webhook.Cards, webhook.CardsTimetable()}, true
	case event.DebitDoor:
		return course{webhook.Standard, webhook.BatchTimetable()}, true
	case event.NativeDoor:
		return course{webhook.Standard, webhook.CardsTimetable()}, true
	default:
		return course{}, false
	}
}

// privateTargets reports whether messages may go to http and private addresses. Batches of a sandbox always
// may (debit contract §8.6); the cards API wants a policy for it, which live programmes cannot have.
func privateTargets(door event.Door, p program.Program) bool {
	return p.Policy.AllowPrivateTargets || (door == event.DebitDoor && p.Kind == program.Sandbox)
}
