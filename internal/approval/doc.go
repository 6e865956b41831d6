// Package approval is the second pair of eyes: somebody asks for what can hurt, somebody else says yes or no, and a
// yes serves once, for exactly what was asked.
//
// Promises. Whoever asked does not decide. An approval is for one action on one digest of the request, so that another
// card, another list or another reason needs another one. It is decided once, and not after it ran out. A yes is used
// once; only a long work that has outcomes of its own may come again under it.
//
// Refusals. The package stores nothing, and knows no commands: which of them ask is the programme's policy, and package
// issuance's business.
//
// To add an action, name it here and ask for it in its command.
package approval
