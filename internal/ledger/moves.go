package ledger

// Hold sets money aside for an authorisation.
func Hold(cents int64) Change { return Change{Spendable: -cents, Held: cents} }

// Release gives a hold back.
func Release(cents int64) Change { return Change{Spendable: cents, Held: -cents} }

// Collect pays a merchant: what was held for it is given back, and the amount goes out.
func Collect(held, cents int64) Change {
	return Change{Spendable: held - cents, Held: -held, Network: cents}
}

// GiveBack takes money from a merchant back.
func GiveBack(cents int64) Change { return Change{Spendable: cents, Network: -cents} }

// Deposit brings money in from outside.
func Deposit(cents int64) Change { return Change{Spendable: cents, Funding: -cents} }

// Grant gives an account a credit line, or takes some of it back when cents are below zero.
func Grant(cents int64) Change { return Change{Line: cents, Granted: -cents} }

// Pay moves own money to another account, and what the other gets; both are in one journal.
func Pay(cents int64) (from, to Change) { return Change{Spendable: -cents}, Change{Spendable: cents} }

// Lend moves a part of a parent's line to a child, or back when cents are below zero.
func Lend(cents int64) (parent, child Change) { return Change{Line: -cents}, Change{Line: cents} }
