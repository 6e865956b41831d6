package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

var feedRules = []contract{
	{"the feed has a programme's messages in the native words, in their places, behind the place that was seen", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		rules := w.Service(w.Store)
		seen := w.feed(rules, w.Program.ID, 0, 1000)
		after := int64(0)
		if len(seen) > 0 {
			after = seen[len(seen)-1].Position
		}
		one := w.NewMessage(event.NativeDoor)
		w.NewMessage(event.CardsDoor)
		foreign := *w
		foreign.Program = w.Foreign
		other := foreign.NewMessage(event.NativeDoor)
		w.Clock.Advance(time.Millisecond) // ids order by the millisecond of making
		two := w.NewMessage(event.NativeDoor)
		same(t, "the feed", []issuance.FeedItem{{Position: after + 1, Message: one}, {Position: after + 2, Message: two}}, w.feed(rules, w.Program.ID, after, 1000))
		same(t, "one of it", []issuance.FeedItem{{Position: after + 1, Message: one}}, w.feed(rules, w.Program.ID, after, 1))
		same(t, "the rest", []issuance.FeedItem{{Position: after + 2, Message: two}}, w.feed(rules, w.Program.ID, after+1, 1000))
		if rest := w.feed(rules, w.Program.ID, after+2, 1000); len(rest) != 0 {
			t.Errorf("behind the last: %+v", rest)
		}
		three := w.NewMessage(event.NativeDoor)
		same(t, "what came later", []issuance.FeedItem{{Position: after + 3, Message: three}}, w.feed(rules, w.Program.ID, after+2, 1000))
		theirs := w.feed(rules, w.Foreign.ID, 0, 1000)
		same(t, "the last of the other programme", other, theirs[len(theirs)-1].Message)
	}},
}

var feedRaces = []contract{
	{"several readers who follow while messages come in see the same feed, each message once", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []Store{w.Store, f.Again(t, w.Store)}
		start := w.feed(w.Service(w.Store), w.Program.ID, 0, 1000)
		const readers, writers, each = 3, 3, 8
		made := make([][]event.Message, writers)
		for i := range made {
			for range each {
				made[i] = append(made[i], event.Message{ID: w.IDs.EventID(), Program: w.Program.ID, Door: event.NativeDoor, Type: "card.created", Body: []byte("{}"), CreatedAt: w.next()})
			}
		}
		var writing sync.WaitGroup
		writing.Add(writers)
		done := make(chan struct{})
		go func() { writing.Wait(); close(done) }()
		feeds := make([][]issuance.FeedItem, readers)
		for _, err := range together(readers+writers, func(i int) error {
			on := handles[i%2]
			if i < writers {
				defer writing.Done()
				for _, m := range made[i] {
					if err := on.Issuance().Write(t.Context(), func(tx issuance.Tx) error { return tx.InsertMessages(t.Context(), m) }); err != nil {
						return err
					}
				}
				return nil
			}
			return follow(t.Context(), w.Service(on), w.Program.ID, int64(len(start)), done, &feeds[i-writers])
		}) {
			must(t, err)
		}
		for i, feed := range feeds {
			same(t, "the feed of another reader", feeds[0], feed)
			if len(feed) != writers*each {
				t.Errorf("reader %d saw %d messages, want %d", i, len(feed), writers*each)
			}
		}
		found := map[ident.EventID]int64{}
		for n, item := range feeds[0] {
			if item.Position != int64(len(start)+n+1) || found[item.Message.ID] != 0 {
				t.Errorf("place %d of %s comes as number %d", item.Position, item.Message.ID, n)
			}
			found[item.Message.ID] = item.Position
		}
	}},
}

// follow reads the feed page by page until the writers are done and nothing is left.
func follow(ctx context.Context, rules *issuance.Service, p ident.ProgramID, after int64, done <-chan struct{}, into *[]issuance.FeedItem) error {
	for {
		last := false
		select {
		case <-done:
			last = true
		default:
		}
		items, err := rules.Feed(ctx, p, after, 5)
		if err != nil {
			return err
		}
		if len(items) == 0 && last {
			return nil
		}
		for _, i := range items {
			after = i.Position
			*into = append(*into, i)
		}
	}
}

// feed reads a page of the feed.
func (w *World) feed(rules *issuance.Service, p ident.ProgramID, after int64, limit int) []issuance.FeedItem {
	w.t.Helper()
	items, err := rules.Feed(w.t.Context(), p, after, limit)
	must(w.t, err)
	return items
}
