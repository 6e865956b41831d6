// Package form holds what doors check alike when they read a request: texts, the header of the idempotency key,
// media types, and the cursors of lists.
//
// Promises. Every check is pure, and gives the code of the problem, never the value that was sent. A cursor is
// bound to what its list was asked for: with any other list it is damaged.
//
// Refusals. The package knows no wire names but its codes, no routes and no keys. How problems are gathered and told is
// each door's own affair.
package form
