// Package keyring seals secrets at rest and makes the keyed hashes that stand for them.
//
// Two layers. A key file on the machine holds key-encryption keys (KEKs). The database holds the
// data keys, each wrapped under a KEK: seal keys, of which the newest is used, and one MAC key. A
// copy of the database without the key file opens nothing.
//
// Promises. A sealed value opens only under the [Binding] that it was sealed with, and under the
// data key that it names: moved to another card, programme or purpose it fails. The MAC key is not
// a seal key, and it never changes, so a stored hash stays good; only its wrapping changes. Values
// sealed before a rotation open during it and after it. A rotation that was killed is finished by
// running it again. A process without the right KEK does not start. A key that is missing later is
// a passing fault ("try again"), never an answer that something did not match. Nothing in here
// prints a key.
//
// Refusals. It knows no table and no SQL: [Vault] and [Sealed] are what it asks of a store. It does
// not decide who may see a secret. It refuses a key file that others may read, and a purpose that
// seals is refused by [Keyring.MAC], as is the reverse. The key file needs an operating system with
// Unix modes and file locks.
//
// Who lives here: [KeyFile] (keyfile.go, disk.go), data keys and their wrapping (vault.go), the
// [Keyring] (keyring.go), values (seal.go), hashes (mac.go), rotation (rotate.go, reseal.go).
//
// To change it: the layouts of blobs, hashes and wrapped keys are pinned byte by byte in
// layout_test.go, because stored values depend on them. A new layout takes a new version byte, and
// the old one must still open. A new use takes a new [Purpose]; never reuse one. Whatever gets a
// new step in a rotation must survive rotate_test.go, which kills it before and after each call.
package keyring
