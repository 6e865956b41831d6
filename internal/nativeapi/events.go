package nativeapi

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

const (
	mostWait    = 15 // seconds; shorter than a stop of the server waits
	looksPerSec = 2  // how often a request that waits looks again
	lookAgain   = time.Second / looksPerSec
	mostWaiters = 10 // requests of one programme that wait at once; others are answered at once
	feedTimeout = 2 * mostWait * time.Second
)

// waiters counts the requests that wait, by programme.
type waiters struct {
	mu sync.Mutex
	by map[ident.ProgramID]int
}

// enter lets a request wait, unless too many of its programme do; leave must be called then.
func (w *waiters) enter(p ident.ProgramID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by[p] >= mostWaiters {
		return false
	}
	w.by[p]++
	return true
}

func (w *waiters) leave(p ident.ProgramID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by[p]--; w.by[p] == 0 {
		delete(w.by, p)
	}
}

// pause waits on real time.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // the caller only asks whether to go on
	}
}

// listEvents is the feed: what was announced, in the order of its places. With wait it answers when there is something,
// or when the time is over.
func (d *Door) listEvents(c *call) error {
	c.takes("cursor", "limit", "types", "wait")
	limit, wait := c.numberParam("limit", 1, 100, 100), c.numberParam("wait", 0, mostWait, 0)
	types, after := c.eventTypes(), int64(0)
	cursors := d.cursors(c)
	cursors.Asked = nil // a place is a place, whatever is left out on the way
	if sent := c.param("cursor"); sent != "" {
		at, _, ok := cursors.Open(sent)
		if !ok {
			c.bad("query.cursor", "invalid_cursor")
		}
		after = at.UnixMicro()
	}
	if err := c.checked(); err != nil {
		return err
	}
	found, last, full, err := d.follow(c, after, limit, wait*looksPerSec, types)
	if err != nil {
		return err
	}
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("items").BeginArray()
	for _, i := range found {
		w.Raw(i.Message.Body)
	}
	w.EndArray()
	w.Key("next_cursor").String(cursors.Seal(time.UnixMicro(last), ident.UUID{}))
	w.Key("has_more").Bool(full)
	w.EndObject()
	return write(c.w, ok(w.Bytes()))
}

// follow looks until something of the types is there, a whole page was looked through, or looks are used up. last is
// the place up to which it looked.
func (d *Door) follow(c *call, after int64, limit, looks int, types []string) (found []issuance.FeedItem, last int64, full bool, err error) {
	last = after
	if looks > 0 {
		if d.waiters.enter(c.programID()) {
			defer d.waiters.leave(c.programID())
		} else {
			looks = 0
		}
	}
	for {
		items, err := d.service.Feed(c.ctx(), c.programID(), last, limit)
		if err != nil {
			return nil, 0, false, err
		}
		if len(items) > 0 {
			last = items[len(items)-1].Position
		}
		found = slices.DeleteFunc(items, func(i issuance.FeedItem) bool { return len(types) > 0 && !slices.Contains(types, i.Message.Type) })
		full = len(items) == limit
		if len(found) > 0 || full || looks == 0 || d.pause(c.ctx(), lookAgain) != nil {
			return found, last, full, nil
		}
		looks--
	}
}

// eventTypes reads the types that are asked for, separated by commas; none is all.
func (c *call) eventTypes() []string {
	s := c.param("types")
	if s == "" {
		return nil
	}
	types := strings.Split(s, ",")
	for _, t := range types {
		if !slices.Contains(event.Names(), event.Name(t)) {
			c.bad("query.types", "invalid_enum")
			return nil
		}
	}
	return form.Distinct(types)
}
