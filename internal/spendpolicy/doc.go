// Package spendpolicy holds the rules that a programme sets for spending: today one type, the restriction of
// channels.
//
// A policy belongs to a card, to a customer with all their cards, or to the whole programme. Any policy that
// matches declines; a looser one never overrides a stricter one. A disabled policy matches nothing.
//
// Promises. [Policy.Blocks] is the one answer to whether a policy declines a use. [Chosen] names the policy
// that is told when several match, always the same one. Refusals. It knows no card and no balance. To add a
// type, add it to [Types] and give it its own config beside the channels.
package spendpolicy
