// Package card holds the credential, its plastics and the guard that protects activation.
//
// Two facts must never be mixed up. [Card.Status] says whether the number may be used; it is computed
// from facts, first match wins, and never stored. [PhysicalStatus] says where the plastic is; it is
// derived from plastic, shipment and activation, and never stored either. Activation is a fact of a
// [Plastic]: its time is written once and never changes.
//
// The [Guard] counts wrong tries and locks. A wrong try costs one try and nothing else does; a locked
// guard is never asked to compare.
//
// Promises. closed is absorbing. Every (state, command) pair of a plastic has an answer in the table of
// [PlasticState.Move], even if it is "no". [Code] and [PIN] hold values that cannot be wrong, behind a
// wrapper that does not print. Refusals. No I/O, no clock, no randomness, no wire words.
//
// To add a state, add it to its list and to the table; the tests walk every pair.
package card
