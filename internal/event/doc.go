// Package event names everything that the house announces, and carries it to whoever puts it in words.
//
// An [Event] is what happened, with snapshots of the things as they stand right after the change. The
// doors turn it into a [Message]: the bytes that leave, made once, in the transaction of the change. The
// native words are made here, by [Native].
//
// Promises. Names are past tense and stable. A message never holds a code, PIN, card number, key or
// token. Refusals. It sends nothing; the outbox does. To add an event, add its name to the list and say
// in docs/events.md when it happens.
package event
