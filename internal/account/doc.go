// Package account holds the balance that a card spends.
//
// An account belongs to a customer or to the programme itself. A composite balance is a parent credit
// line with children that take their lines out of it; children are spendable, parents are not. Money is
// whole cents, never a float.
//
// Promises. [Account.SpendableBy] is the one rule of who may link a card to an account. Refusals. It
// moves no money and knows no wire number. To add a kind, add it here and to that rule.
package account
