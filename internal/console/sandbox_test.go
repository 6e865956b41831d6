package console_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/scenario"
	"github.com/firsttap/firsttap/internal/staff"
	"github.com/firsttap/firsttap/internal/storetest"
)

func TestConsole_PlaysWithASandbox(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	page := h.at("/sandbox")
	b := h.desk(staff.Operator)
	b.get(page)
	b.shows(200, "follows real time", w.Shipment.ID.String(), scenario.List()[0].Name, ">Sandbox</a>")
	for by, says := range map[string]string{"7d": "The clock is changed.", "30m": "The clock is changed.", "-1h": "The clock moves forward", "": "The clock moves forward", "9999999d": "The clock moves forward", "x": "The clock moves forward"} {
		b.get(page)
		if b.post(page+"/clock", "action", "advance", "by", by, "reason", "to see"); !strings.Contains(b.text, says) {
			t.Errorf("forward by %q: %s", by, b.text)
		}
	}
	b.post(page+"/clock", "action", "freeze")
	b.shows(200, "Say why", "was moved, and runs")
	b.post(page+"/clock", "action", "freeze", "reason", "stand still")
	b.shows(200, "stands still")
	b.post(page+"/clock", "action", "follow", "reason", "go on")
	b.shows(200, "follows real time")
	b.post(page+"/clock", "action", "dance", "reason", "x")
	b.shows(200, "was not complete")
	if notes := h.notes("program.set_clock"); len(notes) != 4 || !slices.Contains(notes, "stand still") {
		t.Errorf("the trail of the clock: %q", notes)
	}

	w.Clock.Advance(time.Second)
	b.get(page)
	b.post(page+"/walk", "shipment", w.Shipment.ID.String(), "step", "", "reason", "next")
	b.shows(200, "The parcel took the step.", "<strong>out for delivery</strong>")
	b.get(page)
	b.post(page+"/walk", "shipment", w.Shipment.ID.String(), "step", "delivered", "reason", "there")
	b.shows(200, "<strong>delivered</strong>")
	b.get(page)
	b.post(page+"/walk", "shipment", w.Shipment.ID.String(), "step", "", "reason", "further")
	b.shows(200, "does not take that step")
	for _, bad := range [][]string{{"shipment", "x"}, {"shipment", w.Shipment.ID.String(), "step", "fly"}} {
		b.get(page)
		b.post(page+"/walk", append(bad, "reason", "x")...)
		b.shows(200, "was not complete")
	}

	name := scenario.List()[0].Name
	b.post(page+"/scenario", "name", name, "seed", " ")
	b.shows(200, "A seed has")
	b.post(page+"/scenario", "name", "nothing", "seed", "1")
	b.shows(200, "no such scenario")
	b.post(page+"/scenario", "name", name, "seed", "monday")
	b.shows(200, "Scenario "+name, "Everything came as expected.", "monday")
	b.get(page)
	b.shows(200, "stands still")
	viewer := h.desk(staff.Viewer)
	viewer.get(page)
	viewer.shows(200, "Your role does not have the rest")
	viewer.hides("Take the step", "Move forward", "Run "+name)
}

func TestConsole_ALiveProgrammeHasNoSandbox(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithLiveProgram())
	b := h.desk(staff.Admin)
	b.get(h.at("/overview"))
	b.hides(">Sandbox</a>")
	b.get(h.at("/sandbox"))
	b.shows(403, "no sandbox")
	b.get(h.at("/overview"))
	b.post(h.at("/sandbox/clock"), "action", "freeze", "reason", "x")
	b.shows(403, "no sandbox")
	b.get(h.at("/overview"))
	b.post(h.at("/sandbox/scenario"), "name", scenario.List()[0].Name, "seed", "x")
	b.shows(403, "no sandbox")
}
