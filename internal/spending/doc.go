// Package spending is the rules of what happens when a card is used: authorisations, what follows them, the
// 3-D Secure challenge before them, the spend policies that they meet, and money that comes in.
//
// Its commands run through the funnel of package issuance (one transaction, the idempotency key, the audit
// row, the events), and load, decide and apply there. [DecideUse] is the heart: the rules of an
// authorisation in their order, as a pure function.
//
// Promises. An authorisation is decided in the transaction that reads card, plastic, account, policies and
// balance, so one that starts after the answer to an activation, a freeze or a change of policy sees it, on
// whichever instance. Two authorisations at once never spend more than there is. The first of two answers to
// a challenge wins. Every movement of money goes through the ledger; nothing here keeps a sum of its own.
//
// Refusals. No HTTP, no SQL, no clock. Nothing here calls a network of cards: today its simulation calls it.
//
// To add a rule of authorisations, add it to useRules in decide.go, at its place: the first that matches
// answers.
package spending
