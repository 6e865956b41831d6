// Package storetest holds the contract of storage, as tests that every engine must pass.
//
// The rooms that need storage say in prose what they need: issuance.Store, access.Store, outbox.Queue,
// bulkworker.Queue and auditworker.Log. Here each sentence of that prose is a case, written from the sentence and not from an
// engine. [Run] walks them in four tiers: rows (what is written comes back), rules (the comment of each
// method), transactions (all or nothing, snapshots, repeated bodies) and races (many goroutines on two
// handles of one database, with the real rules of activation).
//
// [NewWorld] makes the small world that the cases play in: a programme with a customer, a card that was
// shipped with a known code, a batch. Tests of other rooms use it too.
//
// Promises. A case names no engine, skips for none, and opens a fresh database for itself. It sleeps never
// and reads no clock: time stands still until a case moves it. Refusals. It knows no SQL; what only SQL can
// see (schemas, plans, triggers) is tested beside the engine.
//
// To add an engine, hand [Run] a [Factory]. To add a method to an interface, add its sentence as a case to
// the list of the tier that it belongs to.
package storetest
