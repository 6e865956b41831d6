package sqlstore

import (
	"context"
	"slices"
	"sync"
)

const (
	fewestLanes = 4        // so many share a flush of the disk, which fewer would each wait for
	wider       = 1.0 / 32 // of a lane, for a write that met nobody
	narrower    = 1.0 / 2  // of a lane, for each try that others made vain: more than one such try in sixteen writes narrows
)

// lanes bound how many serializable writes of one instance are under way at once; the others wait in the order of coming. Where
// writes conflict there are few lanes, because a try in vain costs the server as much as a write and makes others fail; where they
// do not there is one for each connection.
type lanes struct {
	mu    sync.Mutex
	most  float64
	width float64
	busy  int
	queue []chan struct{} // closed when the one who waits has a lane
}

func newLanes(most int) *lanes { return &lanes{most: float64(most), width: float64(most)} }

// enter waits for a lane; leave must follow, unless ctx has ended.
func (l *lanes) enter(ctx context.Context) error {
	l.mu.Lock()
	mine := make(chan struct{})
	l.queue = append(l.queue, mine)
	l.call()
	l.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.queue, mine); i >= 0 {
		l.queue = slices.Delete(l.queue, i, i+1)
	} else { // it was called meanwhile
		l.busy--
		l.call()
	}
	return ctx.Err()
}

// leave tells how many tries the write took.
func (l *lanes) leave(tries int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy--
	if tries > 1 {
		l.width -= narrower * float64(tries-1)
	} else {
		l.width += wider
	}
	l.width = max(min(fewestLanes, l.most), min(l.width, l.most))
	l.call()
}

// call gives lanes that are free to those who wait.
func (l *lanes) call() {
	for l.busy < int(l.width) && len(l.queue) > 0 {
		close(l.queue[0])
		l.queue = l.queue[1:]
		l.busy++
	}
}
