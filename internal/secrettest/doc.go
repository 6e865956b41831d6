// Package secrettest looks for secrets of a few digits in what the product gives out, for its tests.
//
// A PIN or an activation code has four to eight digits, and a log is full of digits: times, durations, sizes, ports,
// random ids. Whoever searches a log for "7391" as it stands finds it by luck once in some hundred runs, in
// "duration_us":47391. [Digits] counts only what a reader would take for the code itself.
//
// Promises. A code that is written anywhere as a value, quoted or not, or as a word of a sentence is found. Refusals.
// It is not for long secrets: those are searched for as they stand, since no luck makes one.
//
// To change it, add the text that misled it to its test, on the side where it belongs.
package secrettest
