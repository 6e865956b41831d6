package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
)

// mailed are cards of the cards API that the kill test activates by their codes, and what the outside knows of
// them.
type mailed struct {
	api   caller
	cards []shipped

	mu    sync.Mutex
	asked map[int]bool
	told  map[int]bool
}

// mail prepares cards for a number of rounds.
func mail(t *testing.T, s *server, api caller, rounds int) *mailed {
	t.Helper()
	return &mailed{api: api, cards: shippedCards(t, s, api, 60*rounds), asked: map[int]bool{}, told: map[int]bool{}}
}

// met tells whether an activation was acknowledged.
func (m *mailed) met() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.told) > 0
}

// activateSome activates cards at random, some of them again, each time under a new key.
func (m *mailed) activateSome(ctx context.Context, s *server) {
	for ctx.Err() == nil {
		n := rand.IntN(len(m.cards))
		m.mu.Lock()
		m.asked[n] = true
		m.mu.Unlock()
		a, err := m.api.try(ctx, "POST", s.url+"/cards/"+m.cards[n].id+"/activate", map[string]any{"activationCode": m.cards[n].code},
			"Idempotency-Key", fmt.Sprintf("mailed-%d", rand.Int64()))
		if err == nil && a.status == 204 {
			m.mu.Lock()
			m.told[n] = true
			m.mu.Unlock()
		}
	}
}

// verify asks the server that runs at the end about every card, and gives how many were activated.
func (m *mailed) verify(t *testing.T, s *server) (activated int) {
	t.Helper()
	for n, c := range m.cards {
		physical := m.api.must(t, 200, "GET", s.url+"/cards/"+c.id, nil).json(t)["physicalCardStatus"]
		switch {
		case physical == "ACTIVATED" && !m.asked[n]:
			t.Errorf("card %s: activated, and nobody asked", c.id)
		case physical == "ACTIVATED":
			activated++
			a := m.api.must(t, 400, "POST", s.url+"/cards/"+c.id+"/activate", map[string]any{"activationCode": c.code})
			if detail, _ := a.json(t)["error"].(map[string]any)["detail"].(map[string]any); detail["reason"] != "ALREADY_ACTIVATED" {
				t.Errorf("card %s can be activated again: %s", c.id, a.body)
			}
		case m.told[n]:
			t.Errorf("card %s: the activation was acknowledged and is missing: %v", c.id, physical)
		case physical != "IN_TRANSIT":
			t.Errorf("card %s is neither as it was nor activated: %v", c.id, physical)
		}
	}
	return activated
}
