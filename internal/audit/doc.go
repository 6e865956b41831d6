// Package audit holds the row that every command leaves behind: who did what to what, from where, and how
// it ended.
//
// A row is written in the command's own transaction, also when the command was refused. It never holds a
// secret. Refusals. The package writes nothing and seals nothing; stores keep rows, and never change or
// remove one. To add a fact, add it here and to the store's row beside it.
package audit
