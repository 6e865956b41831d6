// Package pgfault breaks a PostgreSQL server and the way to it, for tests that want to see what is left.
//
// A [Line] is a proxy on loopback. It reads PostgreSQL's protocol, message by message, so that it can cut at
// a chosen moment ([Line.Arm]): before the server hears of a commit, in the middle of the message, after the
// commit and before its answer arrives, in the middle of that answer. It can also be slow, frozen, refuse
// connections, cut all of them, or leave those that exist in a black hole for good.
//
// A [Storm] strikes again and again with faults of the line and of the server (crash, restart, pause, ended
// sessions, cancelled statements, locked tables, no connection left), drawn from the randomness that it is
// handed, and counts what struck.
//
// Promises. What a Line passes it passes unchanged and in order. After [Line.Mend] new connections find all
// well. Refusals. It judges nothing: what must hold is said by the tests. It speaks no TLS: clients connect
// with sslmode=disable, as [Line.URL] says.
package pgfault
