package issuance

import (
	"context"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
)

// mostPlaced is how many messages get their places in one transaction.
const mostPlaced = 500

// FeedItem is a message of a programme's own record, at its place in the feed.
type FeedItem struct {
	Position int64
	Message  event.Message
}

// FeedReader reads the feed of a programme: its messages in the native words, in the order of their places.
type FeedReader interface {
	// Feed gives the messages behind a place, the first one first.
	Feed(ctx context.Context, p ident.ProgramID, after int64, limit int) ([]FeedItem, error)
	// FeedWaits tells whether messages have no place yet.
	FeedWaits(ctx context.Context, p ident.ProgramID) (bool, error)
}

// FeedWriter gives places.
type FeedWriter interface {
	// PlaceMessages gives the oldest messages without a place the next ones, whatever they were committed beside. A place
	// that is seen has all places before it seen: nothing comes in later in front of it.
	PlaceMessages(ctx context.Context, p ident.ProgramID, limit int) error
}

// Feed gives up to limit messages behind a place; 0 begins with the oldest that is kept. Messages that were committed
// before the call are among them, as far as the limit goes. Places are given to whoever asks first, so that a
// command never waits for another's.
func (s *Service) Feed(ctx context.Context, p ident.ProgramID, after int64, limit int) ([]FeedItem, error) {
	items, waits, err := s.readFeed(ctx, p, after, limit)
	if err != nil || !waits || len(items) >= limit {
		return items, err
	}
	if err := s.store.Write(ctx, func(tx Tx) error { return tx.PlaceMessages(ctx, p, mostPlaced) }); err != nil {
		return nil, err
	}
	items, _, err = s.readFeed(ctx, p, after, limit)
	return items, err
}

func (s *Service) readFeed(ctx context.Context, p ident.ProgramID, after int64, limit int) (items []FeedItem, waits bool, err error) {
	err = s.store.Read(ctx, func(tx ReadTx) error {
		if items, err = tx.Feed(ctx, p, after, limit); err != nil {
			return err
		}
		waits, err = tx.FeedWaits(ctx, p)
		return err
	})
	return items, waits, err
}
