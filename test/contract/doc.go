// Package contract holds the test checklists of the published APIs, as tests from outside.
//
// Each line of a checklist is a [check] with its number. The built binary is started as a real process on each
// engine, on SQLite with one node and on PostgreSQL with two nodes that take the calls in turn, and is spoken to
// over HTTP only. What the contract leaves to the operator (programmes, keys, policies, the sandbox clock, a guard
// that is reset) is done with the command line, as an operator would. A test insists that no number is missing.
//
// Promises. A check makes a programme of its own, so that all of them run side by side on one server. A check that
// kills its server starts one of its own. Nothing is skipped on any engine.
//
// Refusals. It imports nothing of the house but the private PostgreSQL for tests, and looks into no table.
//
// To add a check, take [house.program], speak through [program.cards] or [program.debit], and put it into the list
// of its chapter.
package contract
