// Package staff holds the rules of who works at the operator console: members of the staff with a password and perhaps a
// one-time code, their roles, and their sessions.
//
// Promises. A password is kept as its argon2id hash, the token of a session as a keyed hash; the secret of the one-time codes
// is not kept at all, but made from a random seed with a key that the database does not have. Five wrong tries in a row lock
// a member for a quarter of an hour, whoever tries from wherever. Every sign-in, good or refused, leaves an audit row in its
// own transaction; none holds what was typed. A refusal is one answer, whatever was wrong, and takes the same time.
//
// Refusals. No HTTP and no SQL. Roles say what may be asked for; whether it may be done with a card, issuance says.
//
// To give a role something new, add an [Ability] with its least role; the console's test of every page and role asks for it.
package staff
