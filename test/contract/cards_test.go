package contract

import "testing"

// cardsChapters are the chapters of the test checklist of the cards API (§26 of its contract).
func cardsChapters() []chapter {
	return []chapter{
		{"26.01 transport, authentication, version", transport()},
		{"26.02 pagination", pagination()},
		{"26.03 rate limits", rates()},
		{"26.04 idempotency", idempotency()},
		{"26.05 cards", cardsOfUsers()},
		{"26.06 activation, states", activationStates()},
		{"26.07 activation, guard", activationGuard()},
		{"26.08 activation, idempotency", activationKeys()},
		{"26.09 activation, races", activationRaces()},
		{"26.10 after activation", afterActivation()},
		{"26.11 secrets", secrets()},
		{"26.12 activation code", activationCodes()},
		{"26.13 shipments", shipments()},
		{"26.14 roll-up and scans", rollUp()},
		{"26.15 users, accounts, designs, 3-D Secure, policies", people()},
		{"26.16 webhooks", webhooks()},
		{"26.17 API keys, simulation", keysAndSimulation()},
	}
}

// TestCardsAPI tries the checklist of the cards API on both engines.
func TestCardsAPI(t *testing.T) { run(t, cardsChapters()) }

// TestCardsAPI_EveryLineOfTheChecklist holds the list against the numbers of the contract.
func TestCardsAPI_EveryLineOfTheChecklist(t *testing.T) {
	t.Parallel()
	whole(t, cardsChapters(), 152)
}
