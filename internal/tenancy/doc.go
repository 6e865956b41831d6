// Package tenancy is what a programme says of itself, its policies and its keys, and what the installation does with programmes.
//
// It serves who has no command line: a key of the native API, or a member of the staff at the console. The acts of the operator,
// who has the keys of the installation, are in package access, with the rules that both obey: what a policy takes, and what a key
// may be. Designs are rules about cards, in package issuance.
//
// Promises. Every command runs through issuance.Run: idempotent, audited, all or nothing. Each change of policies is a version
// that says who changed what; a caller may name the version that it saw, and is refused when there is a newer one. No key gives
// more than it has: neither scopes, nor a key of the published APIs, which have none and may do all. A key neither ends
// itself nor locks its caller out. Who speaks for the installation sees the programmes of the kind that the host serves, and no others.
//
// Refusals. No HTTP and no SQL. A programme is never removed, and its kind never changes.
//
// To change a rule, start with the command's method: policies.go, keys.go, programs.go. A new policy is a row in package program.
package tenancy
