// Package nativeapi is the door that speaks the native API under /v1: what neither published API has, over the same
// rules.
//
// A request passes route, key, rate, scope, media type and form, in this order; then a rule of package issuance decides.
// A handler reads its request into a command, hands it over, and shows the result: it decides nothing.
//
// Promises. Every error is one RFC 9457 problem, whose type is a page under /problems; its status follows from the
// kind of its reason. Every reason of the rules has its row in problems.go; a test walks them. Every member of a resource is always
// there. What belongs to another programme answers exactly like what does not exist. A key without the scope of a
// route is refused before anything is looked up.
//
// Refusals. No SQL, no keys, no rule of its own, and no code or PIN in any answer. What is not in routes.go does not
// exist.
//
// To add an endpoint, give it a row in routes.go with its scope, a handler beside its kin, and its part of
// openapi.yaml.
package nativeapi
