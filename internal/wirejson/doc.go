// Package wirejson is how both doors read and write JSON: strictly, in order, and with few allocations.
//
// [Parse] checks a whole body and gives a [Value], a view on its bytes. The readers of a Value never
// coerce: "true" is no boolean and 123456 is no string. [Stream] walks an object whose one long array
// never stands in memory. [Canonical] gives the form that idempotency fingerprints are made of.
// [Writer] writes answers member by member, in the order in which a door calls it.
//
// Promises. What Parse accepts is one JSON value in valid UTF-8, with nothing after it, no deeper than
// the limit, and with unique member names unless the door allows repeats (then the last one counts).
// Whatever Writer wrote in balance is valid JSON. No error and no printed Value repeats what was
// sent, since a body may hold an activation code or a PIN.
//
// Refusals. The package knows no HTTP, no field names and no wire codes; it reads no body by itself and
// limits no body's size (a Stream limits its parts). It has no mapping to Go structs: a door
// reads each member by hand, and so decides for itself what absent, null and a wrong type mean.
//
// To change it, begin with the fuzz targets: they hold Parse against the standard library's reader.
package wirejson
