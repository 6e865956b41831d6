// Package openapitest holds a door to its OpenAPI document, in the tests of the door: [Document.Differ] compares the document
// with the door's table of routes, [Document.Examples] tries every example on its schema, [Document.Answer] tries every real
// answer of a test run, and [Document.Unseen] tells which answers no test has seen.
//
// The document is the truth for integrators, and is written by hand; these checks are what keeps it true. A schema of the
// document with properties is closed while it is tested: a member that the document does not have is a difference. Outside
// of the tests callers must expect new members.
package openapitest
