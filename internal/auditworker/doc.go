// Package auditworker seals audit rows into the logs of package auditlog, behind the commands that wrote them.
//
// Twice a second it lets every log grow by the rows that were written since: each has its place then, and its hash
// is in the tree. A signed checkpoint of each log that grew goes into a folder outside the database. (What seals
// secrets is the keyring; nothing here does.)
//
// Promises. Any number of workers, in any number of processes, may seal one database: a log never forks,
// because places are given in one transaction that expects the size which the log had when it was read. A
// checkpoint is published only when the log still continues the one that was published before; otherwise
// the folder keeps the old one and the log of the server says that history was changed. Told to stop, the
// worker seals what waits before it returns.
//
// Refusals. It writes no audit rows and changes none. It knows no SQL: [Log] is what it asks of a store, and
// [Publisher] of the place for checkpoints, which is a [Folder].
package auditworker
