package webhook

import (
	"encoding/binary"
	"io"
	"math"
	"time"
)

// jitterShare is the part of a wait by which jitter moves it at most, either way: a tenth.
const jitterShare = 10

// Timetable says how long to wait before each attempt of a delivery. The first attempt is at once. The
// zero Timetable has one attempt.
type Timetable struct {
	waits []time.Duration // before attempts 2, 3, …
}

// CardsTimetable is the timetable of the cards API: 13 attempts, the last 47 h 52 min 40 s after the first
// (contract §21.3, which rounds to 47 h 53 min).
func CardsTimetable() Timetable {
	return Timetable{waits: []time.Duration{
		10 * time.Second, 30 * time.Second, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour, 20 * time.Hour,
	}}
}

// BatchTimetable is the timetable of the debit API for ended batches: 10 attempts (contract §8.6).
func BatchTimetable() Timetable {
	return Timetable{waits: []time.Duration{
		5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute,
		time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
	}}
}

// Attempts is the number of attempts before a delivery is given up.
func (t Timetable) Attempts() int { return len(t.waits) + 1 }

// Next tells how long to wait after the attempt-th attempt failed (1 for the first; 0 before any), and
// whether there is another one at all. With a random reader the wait moves by up to 10 % either way, evenly;
// without one (nil, as in a sandbox) or when it fails the wait is exact.
func (t Timetable) Next(attempt int, random io.Reader) (wait time.Duration, more bool) {
	switch {
	case attempt <= 0:
		return 0, true
	case attempt > len(t.waits):
		return 0, false
	}
	wait = t.waits[attempt-1]
	if random == nil {
		return wait, true
	}
	var draw [8]byte
	if _, err := io.ReadFull(random, draw[:]); err != nil {
		return wait, true
	}
	span := wait / jitterShare
	shift := int64(binary.BigEndian.Uint64(draw[:])&math.MaxInt64) % int64(2*span+1)
	return wait - span + time.Duration(shift), true
}
