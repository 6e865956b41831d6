package client

import "context"

// Lifecycle is the state machines, from the code that enforces them.
type Lifecycle struct {
	Machines    []Machine `json:"machines"`
	CardActions []string  `json:"card_actions"`
}

// Machine is one of them.
type Machine struct {
	Name        string       `json:"name"`
	Computed    bool         `json:"computed"` // the state follows from facts; the first that matches
	States      []string     `json:"states"`
	Transitions []Transition `json:"transitions"`
}

// Transition is a way from one state to another.
type Transition struct {
	From    string `json:"from"`
	Trigger string `json:"trigger"`
	To      string `json:"to"`
}

// Lifecycle gives the state machines.
func (c *Client) Lifecycle(ctx context.Context) (out Lifecycle, err error) {
	return out, c.send(ctx, get(at("lifecycle"), nil), &out)
}
