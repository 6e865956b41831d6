package batch_test

import (
	"testing"

	"github.com/firsttap/firsttap/internal/batch"
)

func TestBatch_EveryStateTimesEveryStep(t *testing.T) {
	t.Parallel()
	// requested 3; the outcomes decide what finishing gives.
	outcomes := []struct {
		created, failed int
		finish          batch.Status // "" when it may not finish
	}{{3, 0, batch.Completed}, {2, 1, batch.WithFailed}, {0, 3, batch.Failed}, {1, 1, ""}, {0, 0, ""}}
	for _, o := range outcomes {
		for _, from := range batch.Statuses() {
			for _, step := range batch.Steps() {
				b := batch.Batch{Status: from, Requested: 3, Created: o.created, Failed: o.failed}
				want, legal := from, false
				switch {
				case from == batch.Staging && step == batch.Accept:
					want, legal = batch.Accepted, true
				case from == batch.Accepted && step == batch.Take, from == batch.Processing && step == batch.Take:
					want, legal = batch.Processing, true
				case from == batch.Accepted && step == batch.Cancel:
					want, legal = batch.Canceled, true
				case from == batch.Processing && step == batch.Finish && o.finish != "":
					want, legal = o.finish, true
				}
				if got, ok := b.Move(step); got != want || ok != legal {
					t.Errorf("%s + %s with %d+%d of 3: %s (legal %v), want %s (legal %v)", from, step, o.created, o.failed, got, ok, want, legal)
				}
			}
		}
	}
}

func TestEmboss(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"LAURA PÉREZ": "LAURA PEREZ", "Ñandú & Cía.": "Nandu & Cia.", "O'Neil-Smith/2": "O'Neil-Smith/2", "": "",
	} {
		if got, ok := batch.Emboss(in); !ok || got != want {
			t.Errorf("%q: %q, %v", in, got, ok)
		}
	}
	for _, bad := range []string{"名前", "a\tb", "x_y", "a\x00"} {
		if _, ok := batch.Emboss(bad); ok {
			t.Errorf("%q can be printed", bad)
		}
	}
}

func FuzzValidIdentifier(f *testing.F) {
	f.Add("CARD-001")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if batch.ValidIdentifier(s) && (s == "" || len(s) > 64) {
			t.Fatalf("%q is no identifier", s)
		}
	})
}
