// Package scenario plays scripts in sandbox programmes: cards are ordered, parcels walk, codes are guessed, time passes, and what
// becomes of it is written down.
//
// Promises. A script is checked whole before its first step. Each step is one command of the rules, as a caller would give it. What a
// script draws (ids, numbers, codes, tracking numbers) comes from its seed, its text and the name of the programme, and its times
// from the clock of the programme, which it freezes: so the same script with the same seed in a programme of the same name leaves the
// same transcript, byte for byte, in every installation. In one programme a seed and a script may be played once. A transcript holds
// no code and no PIN.
//
// Refusals. No live programme, no HTTP, no SQL, no rule of its own about cards and parcels.
//
// To add a verb, give it a row in verbs, a word in docs/sandbox.md, and a line in a script of the tests.
package scenario
