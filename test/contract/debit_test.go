package contract

import "testing"

// debitChapters are the chapters of the test checklist of the debit API (§16 of its contract).
func debitChapters() []chapter {
	return []chapter{
		{"16.1 activation, success", debitSuccess()},
		{"16.2 activation, refusals", debitRefusals()},
	}
}

// TestDebitAPI tries the checklist of the debit API on both engines.
func TestDebitAPI(t *testing.T) { run(t, debitChapters()) }

// TestDebitAPI_EveryLineOfTheChecklist holds the list against the numbers of the contract.
func TestDebitAPI_EveryLineOfTheChecklist(t *testing.T) {
	t.Parallel()
	whole(t, debitChapters(), 40)
}
