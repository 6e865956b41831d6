package console_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/staff"
	"github.com/firsttap/firsttap/internal/storetest"
)

// tally counts what happened, as the workers do.
func (h *house) tally() {
	h.t.Helper()
	h.world.Seal(h.t)
	for more := true; more; {
		var err error
		if more, err = h.rules.CountFunnel(h.t.Context(), h.world.Program.ID, 100); err != nil {
			h.t.Fatal(err)
		}
	}
}

func TestConsole_ShowsHowAProgrammeFares(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	b := h.desk(staff.Viewer)
	b.get(h.at("/overview"))
	b.shows(200, "<h1>Overview</h1>", "30 days", "<title id=\"chart-4-title\">Activated</title>", "0 in all", "No endpoint is set up.", "Parcels that need attention</h2>\n<p>None.")

	wrong := issuance.ActivateCard{Command: issuance.Command{Caller: w.Caller()}, Card: w.Card.Card.ID, Code: storetest.WrongCode(w.Code)}
	if err := h.rules.Activate(t.Context(), wrong); err == nil {
		t.Fatal("a wrong code was taken")
	}
	right := wrong
	right.Code = w.Code
	if err := h.rules.Activate(t.Context(), right); err != nil {
		t.Fatal(err)
	}
	h.tally()
	b.get(h.at("/overview"))
	b.shows(200, "cards that their holders activated. 1 in all", "tries that a guard counted. 1 in all", "a few seconds behind")
	if bars := strings.Count(b.text, `height="60"`); bars != 2 {
		t.Errorf("%d bars are at their full height, want one for the activation and one for the wrong code", bars)
	}
	b.get(h.at("/overview?weeks"))
	b.shows(200, "Week from", "1 in all")
	if rows := len(regexp.MustCompile(`<tr><th scope="row">\d{4}-\d\d-\d\d</th>`).FindAllString(b.text, -1)); rows != 12 {
		t.Errorf("twelve weeks have %d rows", rows)
	}

	box := w.View(w.Card.Card.ID).Box
	box.Status = shipment.Exception
	hook := w.NewEndpoint(event.NativeDoor, func(e *issuance.Endpoint) { e.Paused, e.Name = true, "ledger" })
	w.Write(func(ctx context.Context, tx issuance.Tx) error {
		return tx.UpdateShipment(ctx, box)
	})
	w.Clock.Advance(time.Second)
	b.get(h.at("/overview"))
	b.shows(200, "/shipments/"+box.ID.String(), `class="bad">exception`, hook.Name, "paused")

	w.Clock.Advance(31 * 24 * time.Hour)
	b = h.desk(staff.Viewer)
	b.get(h.at("/overview"))
	b.shows(200, "cards that their holders activated. 0 in all")
	b.get(h.at("/overview?weeks"))
	b.shows(200, "cards that their holders activated. 1 in all")
}
