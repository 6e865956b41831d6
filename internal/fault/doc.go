// Package fault holds the one error type that crosses rooms.
//
// A rule that says no returns an [Error] with a [Reason] from a closed list that is declared next to
// the rule. Each door owns one table from reason to its wire answer; a test walks [Reason] lists and
// fails when a row lacks.
//
// Promises. The zero [Kind] is Internal, so an error that nobody classified is a fault and never a
// business answer. [Error.Detail] and [Error.Fields] are safe to show to the caller; [Error.Cause] is
// for the log only and never reaches a wire. [IsRefusal] tells the two families apart: a refusal is a
// business answer, and what it wrote (a counted try, an audit row) commits; a fault rolls back.
//
// Refusals. The package knows no HTTP status and no wire code. To add a reason, declare it with [New]
// in the reasons.go of the room that owns the rule, list it in that room's Reasons function, and give
// it a row in every door.
package fault
