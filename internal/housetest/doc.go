// Package housetest holds the rules about the house itself, as tests.
//
// A rule that only people keep is lost in a year, so what can be told by a program stands here: which room
// may import which (rooms_test.go), which dependency and which part of the standard library a room may
// use, where time, randomness and contexts may come from (bans_test.go), how long functions and files may
// grow (lengths_test.go), and that the documents still fit the code (docs_test.go).
//
// Promises. Every rule is data that can be read as a page, and each is tried against small examples that
// break it, so that a rule which has gone blind fails too. A room that exists without a row fails; a row may
// wait for its room. Refusals. It judges no test files: tests may reach further than the code
// they test.
//
// To add a room, give it a row in rooms. To make an exception, add it to the table with the reason why;
// an exception that nothing needs any more fails.
package housetest
