package outbox

import (
	"encoding/json"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/webhook"
)

// course is how a door's messages travel.
type course struct {
	scheme    webhook.Scheme
	timetable webhook.Timetable
	id        func(event.Message) string // what receivers tell repetitions by
}

// courses has a row for each door that sends webhooks to endpoints.
func courses(door event.Door) (course, bool) {
	switch door {
	case event.CardsDoor:
		return course{webhook.Cards, webhook.CardsTimetable(), eventID}, true
	case event.DebitDoor:
		return course{webhook.Standard, webhook.BatchTimetable(), batchID}, true
	default: // the native door has no endpoints of its own
		return course{}, false
	}
}

func eventID(m event.Message) string { return string(m.ID) }

// batchID names the report of a batch after the batch: receivers of the debit API keep one row for each
// (debit contract §8.6). The reference is in the body, which is the message's own record; a message that
// has none goes by its own id.
func batchID(m event.Message) string {
	var body struct {
		Reference string `json:"referenceBatch"`
	}
	if err := json.Unmarshal(m.Body, &body); err != nil || body.Reference == "" {
		return eventID(m)
	}
	return "msg_" + body.Reference
}
