// Package debitapi is the door that speaks the published debit API: bulk orders, and activation of a card
// by its identifier and batch for a customer. Paths are `/debit/v1/…` and their siblings.
//
// A request passes the checks of the contract in one order (see call.serve): route, HTTPS, caller, rate,
// size and media type, JSON, shape of all fields at once, rights, idempotency key; then the rule decides.
// What a request may hold is read by hand, member by member, in both of the published spellings; what is
// answered is strict, in one spelling, with its members in the order of the contract.
//
// Promises. Every reason that a rule, the hall or this door may give has exactly one row in the table of
// answers, and a test walks them. Every answer is in envelope A, in form S or form E. No answer, and no
// hint, holds a value that was sent; a secret leaves in one place, the answer that made it. A bulk order
// is read as a stream, in memory that does not grow with it.
//
// Refusals. It decides nothing about cards and keeps nothing: rules and storage are behind [Rules]. It
// never imports the other doors. To add an endpoint, add a route with its callers and its handler; to add
// a reason, add its row in answers.go.
package debitapi
