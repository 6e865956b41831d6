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
