// Package vault is the built-in vault of card numbers.
//
// Promises. A number is drawn uniformly below its BIN and ends in its check digit. It leaves this room sealed
// for one programme and one card, beside a keyed hash that it is found by: what the store keeps can neither be
// read nor tried without the keys. A CVV is kept nowhere: it is derived from the number and a series under the
// key of keyed hashes, which never changes its value; the next one always differs from the last.
//
// Refusals. It remembers nothing and knows no table: whether a number is taken the store says. It does not
// decide who may see a number.
package vault
