// Package access holds the rules of who may speak for a programme: API keys of the cards API, e-commerce
// credentials and customer tokens of the debit API, and the operator's acts on programmes and keys.
//
// Secrets are shown once, when they are issued; only a keyed hash is stored, and a credential is found by
// it. A revoked credential is dead on every instance within five seconds, because [Authenticator] trusts
// what it read no longer than that.
//
// Promises. Unknown, revoked, expired and foreign credentials give the same answer. A malformed key is
// refused without touching storage. Every change is audited in its own transaction. Refusals. No HTTP and
// no SQL; no decision about cards. To add a kind of credential, add it to the list with its form.
package access
