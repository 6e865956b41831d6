// Package bureau speaks to those who personalise cards and print mailers.
//
// [Sandbox] is the built-in bureau: it makes nothing, knows what it can print, where parcels go and when
// its files close, and follows the triggers of the cards contract (§14.10) that let a client rehearse a
// refusal or an outage.
//
// Promises. An answer follows from what it was given: no I/O, no clock, no randomness. [New] reports every
// problem of its settings at once. Refusals. It decides nothing about cards; the rules ask it, and never
// inside a transaction. To add a real bureau, give it the questions of issuance.Bureau.
package bureau
