// Package pgtest gives tests a PostgreSQL of their own.
//
// [Start] makes a private cluster from the server's binaries that this machine has: its own data folder,
// reached by a Unix socket inside it, so that no port is taken and nobody else gets in. [Cluster.Database]
// makes a fresh database. When the test ends, the server is stopped and everything removed; when the test
// is killed, the server stops by itself (on Linux). [StartStandby] makes a second server that follows a
// first one, and [StartBouncer] puts a PgBouncer before it. A server can be crashed, shut, killed, paused and promoted.
//
// Promises. The server runs as it would in earnest: fsync is on. It works for root too: the server refuses
// to run as root, so it runs as the user postgres. Refusals. A test is never skipped: without binaries it
// fails and says what to install.
package pgtest
