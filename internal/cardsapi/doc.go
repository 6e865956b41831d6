// Package cardsapi is the door that speaks the cards API: users, accounts, cards, their shipments and
// their activation by the code of the mailer.
//
// A request passes the checks of [Door.Serve] in the order of the contract (§1.2): route, key, version,
// rate, media type, form, idempotency; then a rule of package issuance decides. A handler reads its
// request into a command, hands it over, and shows the result: it decides nothing.
//
// Promises. Every error is the one envelope, with its detail or null. An answer is rendered by one pure
// function, so that what an idempotency key remembers is what was sent. A validation answer tells every
// problem at once and never repeats a value. Every member of a resource is always there. Every reason of
// the rules has its row in the table of answers; a test walks them.
//
// Refusals. No SQL, no keys, no rule of its own. A path that is not in routes.go does not exist: nothing
// here answers for what is not built.
//
// To add an endpoint, give it a row in routes.go, a handler beside its kin, and, if it shows something
// new, a show function in the file of that resource. [Announce] puts events into the words of this door.
package cardsapi
