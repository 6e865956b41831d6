package contract

import "testing"

// debitChapters are the chapters of the test checklist of the debit API (§16 of its contract).
func debitChapters() []chapter {
	return []chapter{
		{"16.1 activation, success", debitSuccess()},
		{"16.2 activation, refusals", debitRefusals()},
		{"16.3 guard, concurrency, idempotency", debitGuard()},
		{"16.4 transport and authentication", debitTransport()},
		{"16.5 bulk", debitBulk()},
		{"16.6 other card endpoints", debitCards()},
		{"16.7 accounts and wallet", debitMoney()},
		{"16.8 tokens", debitTokens()},
	}
}

// TestDebitAPI tries the checklist of the debit API on both engines.
func TestDebitAPI(t *testing.T) { run(t, debitChapters()) }

// TestDebitAPI_EveryLineOfTheChecklist holds the list against the numbers of the contract.
func TestDebitAPI_EveryLineOfTheChecklist(t *testing.T) {
	t.Parallel()
	whole(t, debitChapters(), 109)
}
