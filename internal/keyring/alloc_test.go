//go:build !race

package keyring_test

import "testing"

// The limits are of the hot path of an activation: one hash to compare, one seal or open. The race
// detector empties pools on purpose, so under it the counts would tell nothing.
func TestHotPath_AllocatesOnlyItsResult(t *testing.T) {
	k := newMachine(t).start(t)
	ctx, code, blob := t.Context(), []byte("048213"), mustSeal(t, k, codeOfPlastic, "048213")
	for name, run := range map[string]func(){
		"SealBytes": func() { _, _ = k.SealBytes(codeOfPlastic, code) },
		"OpenBytes": func() { _, _ = k.OpenBytes(ctx, codeOfPlastic, blob) },
		"MAC":       func() { k.MAC(hashOfPlastic, code) },
	} {
		if got := testing.AllocsPerRun(500, run); got > 1 {
			t.Errorf("%s: %v allocations, want 1", name, got)
		}
	}
}
