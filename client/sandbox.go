package client

import (
	"context"
	"time"
)

// Clock is what the clock of a sandbox programme shows.
type Clock struct {
	Now  time.Time `json:"now"`
	Mode string    `json:"mode"` // real, moved, frozen
}

// ClockChange sets the clock of a sandbox programme: "set" and "freeze" at At, "advance" By a duration such as 15m, "follow" real time.
type ClockChange struct {
	Action string    `json:"action"`
	At     time.Time `json:"at,omitzero"`
	By     string    `json:"by,omitempty"`
}

// Advance moves a parcel of a sandbox programme on; without To it takes the next step of the way.
type Advance struct {
	To             string    `json:"to,omitempty"`
	Cards          []string  `json:"cards,omitempty"` // of rejected: the members that are refused; none is all
	At             time.Time `json:"at,omitzero"`     // of a report: when it happened
	TrackingNumber string    `json:"tracking_number,omitempty"`
	ScanID         string    `json:"scan_id,omitempty"`
}

// Advanced is the parcel after a step.
type Advanced struct {
	ShipmentID     string         `json:"shipment_id"`
	StatusBefore   string         `json:"status_before"`
	Status         string         `json:"status"`
	TrackingNumber string         `json:"tracking_number"`
	DeliveredAt    time.Time      `json:"delivered_at"`
	Cards          []AdvancedCard `json:"cards"`
}

// AdvancedCard is a member of the parcel after a step.
type AdvancedCard struct {
	CardID          string `json:"card_id"`
	RejectionReason string `json:"rejection_reason"`
	PlasticState    string `json:"plastic_state"`
}

// Scenario is a script that the server has.
type Scenario struct {
	Name    string `json:"name"`
	Summary string `json:"summary"`
	Script  string `json:"script"`
}

// ScenarioRun plays a scenario by its name, or a script of one's own.
type ScenarioRun struct {
	Name   string `json:"name,omitempty"`
	Script string `json:"script,omitempty"`
	Seed   string `json:"seed"` // the same seed gives the same ids, codes and tracking numbers
}

// Transcript is what happened in a scenario.
type Transcript struct {
	Name   string         `json:"name"`
	Seed   string         `json:"seed"`
	Passed bool           `json:"passed"` // false: the last step is not as the script expects
	Steps  []ScenarioStep `json:"steps"`
}

// ScenarioStep is one step of a transcript.
type ScenarioStep struct {
	Line     int               `json:"line"`
	Step     string            `json:"step"`
	At       time.Time         `json:"at"`
	Expected string            `json:"expected"`
	Got      string            `json:"got"`
	Facts    map[string]string `json:"facts"`
}

// Clock gives the clock of a sandbox programme.
func (c *Client) Clock(ctx context.Context) (out Clock, err error) {
	return out, c.send(ctx, get(at("sandbox", "clock"), nil), &out)
}

// SetClock changes it. Locks, expiries, timetables and workers obey it.
func (c *Client) SetClock(ctx context.Context, change ClockChange, options ...CallOption) (out Clock, err error) {
	return out, c.send(ctx, post(at("sandbox", "clock"), change, options), &out)
}

// AdvanceShipment moves a parcel of a sandbox programme on.
func (c *Client) AdvanceShipment(ctx context.Context, id string, a Advance, options ...CallOption) (out Advanced, err error) {
	return out, c.send(ctx, post(at("sandbox", "shipments", id, "advance"), a, options), &out)
}

// Scenarios lists the scripts that the server has.
func (c *Client) Scenarios(ctx context.Context) ([]Scenario, error) {
	var out Page[Scenario]
	err := c.send(ctx, get(at("sandbox", "scenarios"), nil), &out)
	return out.Items, err
}

// RunScenario plays a scenario. The call is never repeated by itself: in one programme a script is played once per seed.
func (c *Client) RunScenario(ctx context.Context, r ScenarioRun, options ...CallOption) (out Transcript, err error) {
	k := post(at("sandbox", "scenarios", "run"), r, options)
	k.key, k.once = "", true
	return out, c.send(ctx, k, &out)
}
