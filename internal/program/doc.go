// Package program holds the tenant: a card programme with its kind, its clock and its policies.
//
// A programme is sandbox or live for ever. Its [Policy] is a closed list of typed settings with
// defaults; only what differs from the default is stored, so a better default reaches everybody who
// did not choose. A sandbox programme has its own [Clock], which can be set and advanced; a live
// programme has real time.
//
// Promises. A Policy that was parsed is valid. Setting a value names every problem in plain words.
// Refusals. It reads no clock and no storage. To add a policy, add a field and a row in settings();
// the test walks the rows, and docs/policies.md is written from them.
package program
