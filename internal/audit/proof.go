package audit

// Proof is what a look at all rows found that a checkpoint signs.
type Proof struct {
	Rows   int64 // that are signed
	Proved int64 // from the first on
	First  int64 // the first bad row is this one, counted from 0 …
	Last   int64 // … or, where that cannot be known, one from First to Last
	Why    string
}

// Holds reports whether every row is as it was signed.
func (p Proof) Holds() bool { return p.Why == "" && p.Proved == p.Rows }
