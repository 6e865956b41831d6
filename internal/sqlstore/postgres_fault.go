package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/firsttap/firsttap/internal/fault"
)

var (
	// errUnknown says that the answer to a commit was lost: it may have happened or not.
	errUnknown = errors.New("nobody knows whether the commit happened")
	// errGone says that the connection was lost, or its server goes away: another connection may do.
	errGone = errors.New("the connection to the database is lost")
)

const (
	lockNotAvailable = "55P03"
	divisionByZero   = "22012"
)

// The states of the server (SQLSTATE) that mean something to us. Two letters stand for a class.
var postgresStates = map[string]class{
	"40001":          conflicting, // serialization failure
	"40P01":          conflicting, // deadlock: one of the two is told to begin anew
	"23505":          duplicate,
	"40003":          unknown, // statement completion unknown
	"08007":          unknown, // transaction resolution unknown
	"08":             gone,    // connection exceptions
	"57P01":          gone,    // the server shuts down
	"57P02":          gone,    // it crashed
	"57P03":          gone,    // it starts
	"57P05":          gone,    // it ended an idle connection
	"25P03":          gone,    // it ended a connection that was idle in a transaction
	"25006":          gone,    // read only: a standby, or a primary that was put back
	"53":             unavailable,
	lockNotAvailable: unavailable, // not in time
	"57014":          unavailable, // cancelled, or longer than the statement's time
	"58":             unavailable, // input or output failed at the server
}

// classifyPostgres looks at what the server told; without that, at whether the connection is lost.
func classifyPostgres(err error, closed bool) class {
	var told *pgconn.PgError
	switch {
	case errors.As(err, &told):
		if c, known := postgresStates[told.Code]; known {
			return c
		}
		if len(told.Code) == 5 {
			return postgresStates[told.Code[:2]] // other, when the class is not there either
		}
		return other
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return unavailable
	case closed:
		return gone
	}
	return other
}

// postgresFault turns an error of the driver, before the commit, into a fault, or into errConflict.
func postgresFault(err error, closed bool) error {
	switch classifyPostgres(err, closed) {
	case conflicting:
		return fmt.Errorf("%w: %w", errConflict, err)
	case gone, unknown:
		return fault.NotNow(fmt.Errorf("%w: %w", errGone, err), "use the database", retryLater)
	case unavailable:
		return fault.NotNow(err, "use the database", retryLater)
	case other, duplicate, damaged:
	}
	return fault.Wrap(err, "use the database")
}

// toldBy reports whether the error came from the server, and not from the way there.
func toldBy(err error) bool { return errors.As(err, new(*pgconn.PgError)) }

// commitFault turns an error of a commit into a fault. Only what the server says about the transaction
// itself proves that it did not happen; after anything else it may have.
func commitFault(err error, closed bool) error {
	var told *pgconn.PgError
	if errors.As(err, &told) && !closed {
		switch told.Code[:min(2, len(told.Code))] {
		case "40", "23", "25", "53": // rolled back, a constraint, a state of the transaction, no room
			if told.Code != "40003" {
				return postgresFault(err, closed)
			}
		}
	}
	return fault.NotNow(fmt.Errorf("%w: %w", errUnknown, err), "commit", retryLater)
}
