// Package auditlog proves that nobody changed, removed or inserted rows of an audit trail.
//
// Each trail (one for each programme, and one of the installation itself) is a Merkle tree in the form of RFC
// 6962: golang.org/x/mod/sumdb/tlog has the arithmetic. A leaf is the canonical text of one row ([Leaf]). A
// [Checkpoint] says how many rows the trail has and what the root of its tree is, and is signed: the keyless
// who change a database cannot make one. [Grow] adds leaves, [Verify] proves an export.
//
// Promises. The leaf commits to every field of the row, and an independent tool can hash the bytes that
// stand in the export: docs/audit-log.md has the format. Verification reads the export once, in constant
// memory, and names the first bad row where it can be known: exactly when the row no longer fits its own
// hash or place, else between two checkpoints.
//
// Refusals. It knows no database, no file and no clock: the auditworker moves rows and checkpoints. It does
// not seal secrets; that is the keyring.
//
// To add a field to the row: add its member to [Leaf], in the order of names, left out while empty. So what
// was sealed before keeps its hash. Never change a member.
package auditlog
