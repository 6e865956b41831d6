// Package e2e drives the built binary from outside: real processes, real HTTP on loopback, a real
// database (a file, or a server). It knows nothing of the inside but the tables that the kill test reads afterwards.
//
// The binary is built once a run. Each test has its own folder and its own port. To add a scenario, take
// newInstallation, start a server, and speak HTTP.
package e2e
