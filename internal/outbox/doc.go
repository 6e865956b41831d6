// Package outbox carries the messages that commands left in the store to the webhooks of programmes.
//
// A command writes its messages in its own transaction, so none is lost and none tells of what did not
// happen. The [Worker] takes them from there: it makes a delivery for each endpoint that listens, leases
// what is due, signs and sends, and writes what came of it. A delivery that was not acknowledged is due
// again by the timetable of its door, on the clock of its programme.
//
// Promises. A message is delivered at least once, with the same bytes and the same id in every attempt, until
// its timetable ends. At most ten attempts run to one endpoint and a bounded number in all, of which endpoints
// that did not prove quick share a half (room.go): those that hang, however many, delay nobody else's. To an
// endpoint that answers within milliseconds a worker leases more than it sends at a time, and what queues for
// longer than a fifth of a second is leased again. An endpoint that took no connection twenty times in a row is
// tried ten times each half second at most until an attempt meets it: however many events wait for it, they
// cost little, and none is tried for longer than its timetable says. A worker that dies loses nothing: its leases
// pass, and others take over. A worker that is told to stop hands its leases back. Order between messages is not
// promised.
//
// Refusals. It makes no bodies, decides nothing about cards and knows no SQL: the [Queue] is what it asks
// of a store. It logs no URL, no body and no secret.
//
// To give a door webhooks, add its scheme and timetable to courses in course.go.
package outbox
