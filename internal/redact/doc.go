// Package redact holds values that refuse to be printed, logged or marshalled.
//
// Activation codes, PINs, API keys, tokens and webhook secrets travel through the house as
// [Text]. Whatever verb, encoder or logger meets one writes [Mask] in its place, also when the
// Text is a field of another struct, exported or not.
//
// Promises. No printer reaches the secret; only [Text.Reveal] and [Text.Bytes] give it, and both
// are easy to find by search. Refusals. It compares in constant time but never decides; it seals
// nothing (that is keyring's work).
//
// To change it, run its test over every verb and encoder first: it exists for that test.
package redact
