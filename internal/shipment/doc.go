// Package shipment holds the box: one to many plastics with a destination, a courier and scans.
//
// A shipment is a draft until it is submitted; then the bureau makes its plastics and a courier carries
// it. Couriers skip states and report late, twice and out of order, so the courier's part of the state
// is never moved by hand: it is what follows from all scans in the order in which they happened
// ([Settle]). The same set of scans gives the same state in any order of arrival.
//
// Promises. delivered, canceled, returned and lost are ends; nothing moves a shipment out of them.
// Refusals. It does not know which plastics lie in the box; the rules that need both are in issuance.
// To add a state, give it a place in [Settle] and in the tables of its test.
package shipment
