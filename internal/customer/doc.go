// Package customer holds the person or company that holds cards, and the rules of their data.
//
// A customer may hold a card when it is active and its application is approved; [Customer.Eligible]
// is the one place that says so. Phones are compared in one normal form, e-mails without regard to
// case. The Mexican tax and population numbers are checked by [ValidRFC] and [ValidCURP] (debit
// contract §10.2).
//
// Promises. Parsers give a value that cannot be wrong afterwards, or none. Refusals. It knows no
// uniqueness (that is the store's) and no wire. To add a fact, add it to [Customer] and to the store's
// row beside it.
package customer
