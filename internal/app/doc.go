// Package app builds the house: it makes every room, hands each what it asks for, starts what runs, and
// stops it in order.
//
// A [House] is an installation that is open: store, keys and rules, without a listener. Commands of the
// command line work on one. An [App] is a House that serves: doors on a listener, and workers behind.
//
// Promises. Nothing is global, so several may live in one process. Start: key file and database are made
// when they are not there, tables are brought up to date, and a key file that does not belong to the database
// stops the start. Stop: readiness fails, requests in flight finish, workers hand their leases back, the
// store closes; in that order. When the store fails for good, everything stops with an error, because
// a process that does not know what is on the disk must not answer.
// Refusals. No rule and no wire word stands here.
//
// Start with [New] in app.go. To add a room, make it in house.go or app.go, and give it a row in the plan of
// the house (internal/housetest).
package app
