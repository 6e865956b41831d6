package sqlstore

import "context"

// dialect is everything that engines disagree about in the views; how an engine runs transactions is behind
// engine. It has room for seven members: one more needs a decision record, as the last of them has (0025).
type dialect struct {
	skipLocked string // ends a SELECT that claims rows which nobody else holds
	migrations string // folder of the migrations
	hasTable   string // finds a row when the table $1 exists
	layout     string // lists the columns of all tables
	parents    string // lists which table points to which
	oneByOne   bool   // write transactions never overlap: an audit row is born with its place in its log
	open       func(ctx context.Context, d *dialect, c Config) (engine, error)
}

// class is what an error of a driver means to us.
type class uint8

const (
	other       class = iota // unexpected: a mistake in here, or a damaged file
	duplicate                // a unique value exists already
	unavailable              // locked, full, interrupted: it may work later
	damaged                  // input or output failed: at commit, nobody knows what is on the disk
	conflicting              // another transaction was faster: run again
	gone                     // the connection is lost: run again on another one
	unknown                  // nobody knows whether the commit happened
)
