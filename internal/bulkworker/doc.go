// Package bulkworker makes the cards of bulk orders, one batch after the other.
//
// A [Worker] takes the oldest batch that waits from its [Queue], has the [Maker] make it in steps of one
// transaction each, and hands it back. What a step makes and when a batch ends is the rules' business;
// this package only says who works on it, and when.
//
// Promises. A batch is held by one worker at a time, over all processes: the lease is renewed in
// time and given up when it is another's; a step of one who lost it does no harm, because no item is made
// twice. A worker that dies leaves a lease that passes, and the next one goes on at the item where it stopped. A worker that is told to stop finishes its step, no more, and
// hands the batch back. A failure is logged and keeps its batch waiting until the lease has passed, while
// others go on; it is tried again for ever, so no order is lost. Leases follow real time; cards follow the
// clock of their programme.
//
// Refusals. It makes no card, calls no bureau and sends no webhook. It starts nothing by itself: whoever
// builds it calls [Worker.Run].
//
// To change how much is made at once, see Options: little while others write too, with a pause after each
// step, so that nobody waits long.
package bulkworker
