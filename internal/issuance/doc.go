// Package issuance holds the rules of physical cards: who may order them, when one may be activated, and
// what must be remembered when that happens.
//
// A command either happens completely or not at all. Rule, idempotency record, audit row and outgoing
// events are written in one transaction, so a caller who lost the answer may ask again and receives the
// same one. Every command runs in three steps: load what the rule needs, decide in a pure function, apply
// the changes. A refusal is an outcome that commits (its counted try, its audit row); only a fault rolls
// back.
//
// Promises. A card is activated at most once. Activation is refused before the card has left the bureau.
// A wrong code is counted, and too many wrong codes lock the card whatever door they came through. Codes
// and PINs enter wrapped and are compared or sealed only by the [Sealer] that this room is given; it
// never holds a key and never decrypts to compare.
//
// Refusals. This package knows nothing of HTTP, SQL, clocks or randomness; they are handed to it. It does
// not call the bureau's or anybody's server inside a transaction: it records events, and workers carry
// them.
//
// Start with DecideActivation in decide_activation.go; the order of checks there is deliberate and
// explained. To add a rule, declare its fault.Reason beside the state that it protects, then give it a
// row in every door: a test insists.
package issuance
