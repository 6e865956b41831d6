// Package bench measures a whole installation from outside: it starts the server as a process of its own, sends
// it requests over HTTP as partners do, and counts what comes back.
//
// Promises. Requests of a load leave at their intended time, whether earlier ones were answered or not, and a
// latency counts from that time; so a server that stalls is seen to stall. Everything happens in a sandbox
// programme of its own, and an installation that holds a live programme is refused.
//
// The load of a run comes from a process of its own, over connections that cost less than what they measure, and
// what the machine can do without the server is measured between the windows: every figure is a ratio. After each of its
// windows the server may finish what it put off, so that no window pays for another; what that took is told beside it.
//
// Refusals. It knows no rule and no table, and speaks to nothing but what it started.
package bench
