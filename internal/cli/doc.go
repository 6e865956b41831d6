// Package cli is the command line: it reads arguments, calls one thing, and prints the answer.
//
// Commands act on the database directly, beside a server that runs or without one; what they do takes
// effect there within two seconds. Those below firsttap api speak with a server that runs anywhere, through its native API and with a
// key that is never on the command line; with --json they print its answers as they came. Lists are tables for people, and JSON with --json. Nothing is ever asked
// on the terminal, so every command can be scripted.
//
// Promises. Exit codes: 0 it was done; 1 it was not (the reason is on standard error); 2 the command or a
// setting is wrong, and nothing was started. Wrong settings are reported all at once. A secret is printed once, by
// the command that made it, and by no other. Every change is audited under the name of the operator.
// Refusals. No rule stands here: access and issuance decide.
//
// Start with [Run] in run.go; with line and tell in api.go for what goes through the API. To add a command, give it a struct with a Run method in the file of its thing,
// and a field in the tree of commands.
package cli
