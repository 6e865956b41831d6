// Package access holds the rules of who may speak for a programme: API keys of the cards API, e-commerce
// credentials and customer tokens of the debit API, and the operator's acts on programmes and keys.
//
// Secrets are shown once, when they are issued; only a keyed hash is stored, and a credential is found by
// it. What [Authenticator] read it trusts for two seconds, so a revoked credential is dead on every
// instance after that.
//
// Promises. Unknown, revoked and foreign credentials give the same answer. A malformed key is refused
// without touching storage. Every act of [Service] is audited in its own transaction; no audit row holds a
// secret. Refusals. No HTTP and no SQL; no decision about cards; nothing runs in the background: whoever
// composes the house calls [Authenticator.FlushUsed] now and then.
//
// Start with forms.go, where the forms of the keys are written. To add a kind of credential, add it to the
// list in credential.go, give it a form there, and a method of Authenticator that names its reasons.
package access
