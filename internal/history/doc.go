// Package history records what several callers asked about one card at once and what they were answered, and
// finds out whether one card could have behaved so.
//
// The question is linearizability: is there an order of all calls, each somewhere between its beginning and
// its end, in which a plain card with a plain guard (a model of a few lines, [Limit] tries and no clock) gives
// exactly these answers? github.com/anishathalye/porcupine searches for that order. A call whose outcome the
// caller does not know may have happened at any time after it began, or never.
//
// How to use it. [Play] lets callers ask at random and records them; the test says how a question is put to
// the system. [History.Check] gives the verdict. Refusals. The model knows no time: the lock of a guard must
// outlast the history.
package history
