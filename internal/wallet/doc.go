// Package wallet is the rules of customers' money that no card is needed for: transfers, top-ups, composite
// balances with their credit lines, and the list of what moved.
//
// Its commands run through the funnel of package issuance (one transaction, the idempotency key, the audit
// row, the events), and load, decide and apply there. The decisions are pure functions in decide.go.
//
// Promises. Money and lines move through the ledger only, so that nothing is made and nothing is lost. A
// transfer moves own money and never a credit line. What children have of a parent's line never passes it, and a
// line is never lowered below what was spent of it, whoever asks at the same time. A top-up happens once for each
// name that its caller gave, for ever.
//
// Refusals. No HTTP, no SQL, no clock of its own. It brings no money from banks and sends none there.
//
// To add a movement, add its kind and change to package ledger, and a command here.
package wallet
