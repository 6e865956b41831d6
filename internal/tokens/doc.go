// Package tokens holds the rules of the tokens that customers carry beside the programme's own: how a device
// gets one, how it is refreshed, activated and ended; how a programme exchanges its own token for a new one, and how it
// makes, limits and ends its API keys (keys.go).
//
// A customer has a private key, a refresh token, and for each device that came with it at most one oauth token.
// A connection or a refresh ends every oauth token of the customer and makes one. Under the policy
// debit.customer_auth external the programme vouches for its customers; under internal a new token is inactive
// until the customer has proved itself, with its password or with a code that the programme sends.
//
// Promises. Every command runs in the funnel of package issuance: tokens, count of wrong answers, audit row, events and
// answer commit together. Of two exchanges of one programme's token one wins. A programme keeps one API key at least,
// and no caller locks itself out. Wrong answers are counted with the customer, whatever was wrong; after five within
// fifteen minutes nothing is compared. A password is compared outside of the transaction. One-time codes are derived
// from the token that they are for, and kept nowhere.
//
// Refusals. No HTTP, no SQL, and no secret but in the answer that made it. Start with service.go; to add a way for a
// customer to prove itself, add it to [Proof].
package tokens
