// Package transaction holds what happens when a card is used: the transaction with its steps, and the
// 3-D Secure challenge that may stand before it.
//
// A transaction is a list of steps, each with an amount: AUTHORIZATION, CLEARING, REVERSAL, REFUND, DECLINE.
// Its sums are computed from them and never stored, so that they cannot disagree. Its status moves with
// them: PENDING → CLEARED or VOID; CLEARED stays; DECLINED and VOID are ends.
//
// Promises. Money is whole minor units of a currency, never a float; [ParseAmount] reads no number that the
// currency cannot hold. Every (status, step) pair has an answer in [Transaction.Take], even if it is "no".
// No reversal is larger than what is held, and no refund of a cleared transaction than what is left of it.
// The number of steps is bounded. A challenge expires by the clock, whether or not anybody looks.
//
// Refusals. It moves no money and decides no authorisation: package spending does. To add a step, add it to
// [StepTypes] and to the table in moves.go; the tests walk every pair.
package transaction
