// Package ledger holds the book of money under accounts: double entry, whole cents, append only.
//
// A movement is a [Journal]: one [Entry] for each account that it touches, each a [Change] of that account's
// books. What is spendable is spent into held (an authorisation) or network (what merchants collected);
// what comes in comes out of funding. A credit line is a book too: it is granted by the programme, and a
// composite parent lends it to its children. So the changes of a journal add up to zero, and so do the books
// of everything that was ever written.
//
// An entry also holds the sums of its account after it, under a number that rises by one. The last entry is
// the balance, and two movements at once cannot both be the next: the store refuses one, and its command runs
// again on the new balance. Nothing is updated in place.
//
// Promises. [Position.Move] is the only way to an entry, so sums follow from changes. [Journal.Balanced] holds
// for every journal that a store takes. Refusals. It knows no card and no rule of spending; whether an account
// may go below zero is decided by who moves the money. To add a book, add it to [Sums] and to both engines'
// tables; to add a movement, add a function to moves.go.
package ledger
