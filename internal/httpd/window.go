package httpd

import "time"

// slotsPerWindow is the resolution of a rolling window: a place becomes free at most 1/240 of the
// window late, never early. That is 4 ms for a second, 250 ms for a minute, 6 minutes for a day.
const slotsPerWindow = 240

// window counts events of the last span, rolling. It keeps one number for each slice of the span in
// which something happened, so it holds at most 241 slices and no more than there were events.
type window struct {
	span   time.Duration
	slices []slice // oldest first
	total  int
}

type slice struct {
	index int64 // of the slice since the epoch
	count int
}

// width is the length of a slice, rounded up so that 240 of them are never shorter than the window.
func (w *window) width() time.Duration { return max((w.span+slotsPerWindow-1)/slotsPerWindow, 1) }

// index is the slice that now falls into. A clock that was set back counts into the newest slice.
func (w *window) index(now time.Time) int64 {
	i := now.UnixNano() / int64(w.width())
	if n := len(w.slices); n > 0 {
		i = max(i, w.slices[n-1].index)
	}
	return i
}

// forget drops the slices whose last instant has left the window.
func (w *window) forget(now time.Time) {
	oldest := w.index(now) - slotsPerWindow
	gone := 0
	for gone < len(w.slices) && w.slices[gone].index < oldest {
		w.total -= w.slices[gone].count
		gone++
	}
	if gone > 0 {
		w.slices = append(w.slices[:0], w.slices[gone:]...)
	}
}

func (w *window) count(now time.Time) {
	i := w.index(now)
	w.total++
	if n := len(w.slices); n > 0 && w.slices[n-1].index == i {
		w.slices[n-1].count++
		return
	}
	w.slices = append(w.slices, slice{index: i, count: 1})
}

// frees is the first moment at which the window holds fewer than limit events, if none is added; now
// when that is so already.
func (w *window) frees(now time.Time, limit int) time.Time {
	left := w.total
	if left < limit {
		return now
	}
	for _, s := range w.slices {
		left -= s.count
		if left < limit {
			return w.leaves(s)
		}
	}
	return now.Add(w.span) // a limit of zero never frees; ask again after a whole window
}

// leaves is the moment at which a slice is dropped: when the last instant that it covers is a whole
// span old.
func (w *window) leaves(s slice) time.Time {
	return time.Unix(0, (s.index+slotsPerWindow+1)*int64(w.width()))
}

// oldestLeaves is the moment at which the count next goes down; now when it is empty.
func (w *window) oldestLeaves(now time.Time) time.Time {
	if len(w.slices) == 0 {
		return now
	}
	return w.leaves(w.slices[0])
}
