// Package webhook carries one notification to a receiver that we do not know, and survives it.
//
// It holds four things. [Scheme] signs a body, in the way of the cards API or of Standard Webhooks.
// [Timetable] says when to try again. [CheckURL] and [CheckResolved] say where we deliver at all. [Sender]
// makes one attempt and tells what came of it.
//
// Promises. A signature covers the time of the attempt and the exact bytes of the body. An attempt
// resolves the name once, checks every address that it got, and connects to one of those and to no other;
// the socket checks the address again before it connects. A [Line] may keep the connection for attempts that
// follow at once: each looks up and checks anew, and connects anew when the name has left the address. No
// redirect is followed, no proxy is taken from the environment, no cookie and no credential is sent. At most
// 64 KiB of the answer are read, and nothing of them is kept. What a [Result] says of a failure is a word of a
// closed list, never text of the receiver.
//
// Refusals. The package stores nothing, counts nothing and retries nothing: the outbox does, with the
// timetable in hand. It does not make bodies. It never sends unsigned: no secret is an error.
//
// To open a range of addresses or to close one, change the tables in address.go and give each change a
// line in the table of forms in target_test.go. To add a scheme, add it to scheme.go with a verifier that
// we did not write.
package webhook
