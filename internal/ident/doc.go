// Package ident mints and parses the identifiers of the house.
//
// Every thing has a [UUID] inside (version 7, so that new rows lie together on disk), wrapped in a
// type of its own: a [CardID] is never taken for a [CustomerID]. Beside it stand the public forms
// that the published APIs ask for: random numbers that tell nothing about how many others exist
// ([Source.Number]), references of 32 hex digits ([Reference]), event ids ([EventID]) and API keys.
//
// Promises. Parsing accepts exactly what printing prints (and upper-case hex), or returns no value.
// Randomness and time are handed to [NewSource]; the package reads no clock of its own.
//
// Refusals. No sequences and no counters: a programme may never learn from an id how many others
// exist. To add a thing, add its type here; stores and doors convert at their border.
package ident
