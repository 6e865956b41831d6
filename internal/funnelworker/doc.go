// Package funnelworker counts audit trails into the figures of the operator console's overview.
//
// Every two seconds it asks the rules which programmes have rows that are sealed and not counted, and has them counted, step by
// step. What a row counts for is the business of package issuance.
//
// Promises. A row is counted once, however many workers share the database and wherever one is killed: a step moves the mark of
// what is counted in the transaction that adds to the figures, and expects the mark where it was. A programme in trouble does not
// keep the others from being counted; what fails is logged and tried again.
//
// Refusals. It counts nothing itself and knows no SQL. No command waits for it, and nothing but the overview reads what it makes.
//
// To count something else, change the counter in package issuance: this package only says when.
package funnelworker
