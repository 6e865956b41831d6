// Package sqlstore keeps everything in a relational database: a file of SQLite, or a PostgreSQL server that
// several instances share. Both run the same SQL texts.
//
// It implements what others ask for: issuance.Store, access.Store, outbox.Queue, bulkworker.Queue,
// keyring.Vault and keyring.Sealed. [Open] gives a [DB]; its methods hand out these views.
//
// Promises. A write that returned is on the disk (WAL, synchronous=FULL, checked at open). Writes that
// arrive together share one commit: one that fails or panics takes only itself back. (Where one had written, the group
// is run again, each inside its own savepoint.) Every update is guarded by the version that was read; a conflict runs the body again and
// never comes out. Several processes may use one file. After an input or output error at commit nobody
// knows what is on the disk, so the store stops for good ([DB.Failed]) instead of guessing. A full disk is
// a passing fault. No driver text leaves this room except as the cause of a fault.
//
// On PostgreSQL every write is serializable and is run again when another was faster; activations that
// arrive together share two round trips and a commit, and questions of one statement share their round trips; a server that is away, slow or full is a passing
// fault. What a body writes last travels with the commit, so a guard that fails may be told there. A commit
// whose answer is lost is never told as success or refusal: with the record of an
// idempotency key it is run again, which finds the record; without one the caller is told to come again.
// A server that acknowledges before it has written is refused at open.
//
// Refusals. No business rule lives here, and no clock but the one it is handed. A body must not call
// Write of the same store: it may run on the only writer, or hold the only connection.
//
// How it is written. One SQL text a query, with $1 placeholders; what engines disagree about is a member
// of dialect. None is NULL for ids, times and blobs; texts and numbers are never NULL. Times are
// microseconds UTC. To change a table, add a migration with the next number to each folder under
// migrations, and never touch one that was released: they are checksummed.
package sqlstore
