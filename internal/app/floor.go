package app

import (
	"context"
	"errors"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/config"
	"github.com/firsttap/firsttap/internal/sqlstore"
)

// Floor is the engine without the house: see [sqlstore.Floor].
type Floor struct {
	house *House
	loop  *sqlstore.Floor
}

// OpenFloor makes a fresh installation with cards that a bare loop over the driver can activate.
func OpenFloor(ctx context.Context, cfg config.Config, deps Deps, by access.Operator, cards int) (*Floor, error) {
	house, err := Create(ctx, cfg, deps)
	if err != nil {
		return nil, err
	}
	f := &Floor{house: house}
	if _, err := house.Fill(ctx, by, FillPlan{Cards: cards}, func(int) {}); err != nil {
		return nil, errors.Join(err, house.Close())
	}
	if f.loop, err = house.db.NewFloor(ctx); err != nil {
		return nil, errors.Join(err, house.Close())
	}
	return f, nil
}

// Rate tells how many activations a second the bare loop does, so many in each transaction.
func (f *Floor) Rate(each int, length time.Duration) (float64, error) {
	return f.loop.Rate(each, length)
}

// Close closes the installation.
func (f *Floor) Close() error { return f.house.Close() }

// FloorScripts are scripts for pgbench: see [sqlstore.FloorScripts].
func FloorScripts() (map[string]string, error) { return sqlstore.FloorScripts() }
