// Package client speaks the native API of Firsttap, with nothing but the standard library.
//
// A [Client] is made with the base URL of the server and a key, and may be used from many goroutines. Each operation of the API is a
// method; each takes a context, which bounds it with all its tries.
//
// Promises. A write is sent under an idempotency key, a fresh one unless [IdempotencyKey] gives it, and a repeat of it carries the
// same key: after a cut line or a 503 the client asks again, and nothing happens twice. It waits as long as Retry-After says, when that
// is short; a lock of a quarter of an hour is given back as the [*Problem] that it is. Lists are iterators, which fetch one page
// after the other. The key is sent to the base URL and nowhere else: redirects are not followed.
//
// Refusals. What the server refuses is a [*Problem] with its reason, whether a repeat may help, and what to do; get at it with
// errors.AsType. Everything else that fails is an error of the line, and for a write it means that nobody knows: repeat it with
// the same idempotency key. The package logs nothing, and no error of it holds a key, a code or a PIN.
//
// [VerifyCardsWebhook] and [VerifyStandardWebhook] check the signature of what the server sends. Package cardtest starts a real server
// for the tests of those who use this one.
//
// To add an operation, add its method beside its kin and its line to the table in operations_test.go, which compares the
// client with the OpenAPI document.
package client
