package account

import "time"

// Cycle is where a day lies between two billing days.
type Cycle struct {
	Billed time.Time // the last billing day, which may be this one; what was collected before it is billed
	Due    time.Time // when that is due
	Next   time.Time // the next billing day
}

// CycleOf finds the cycle of an instant: billing on that day of each month, due so many days later. Days begin at
// midnight where the instant's zone is.
func CycleOf(at time.Time, day, dueDays int) Cycle {
	year, month, today := at.Date()
	if today < day {
		month--
	}
	billed := time.Date(year, month, day, 0, 0, 0, 0, at.Location())
	return Cycle{Billed: billed, Due: billed.AddDate(0, 0, dueDays), Next: billed.AddDate(0, 1, 0)}
}
