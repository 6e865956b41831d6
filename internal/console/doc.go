// Package console is the door of the staff: the operator console, under /console. It is for who answers the phone, and for who
// looks after programmes.
//
// Pages are rendered here, work without JavaScript and load nothing but their own stylesheet. A member signs in with a
// password, and with a one-time code where that is on; a cookie holds the session. Every page lies behind one table of routes,
// which names the ability that it needs.
//
// Promises. Every POST carries the token of its session's forms, comes from our own page, and is answered by a redirect, except
// for the search, a check of an order or of the trail, a scenario, and a secret that is shown once: what was typed there may name a
// person, or what is shown must be in no address. No name, e-mail or phone is shown in
// clear to who may not see persons. Whoever looks at a card, or acts on one, is in the audit trail with the reason that was given.
//
// Refusals. No SQL and no rule: who may sign in says staff, what may be done with a card says issuance; this room asks both, and
// puts the answers into words.
//
// To add a page, add its row to the table in routes.go and a template; the test of every page and role asks for a line there.
package console
