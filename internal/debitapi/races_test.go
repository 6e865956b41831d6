package debitapi_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

// atOnce sends n requests together and counts the codes of the answers; 0 is success.
func (h *house) atOnce(n int, sent func(i int) string) map[int]int {
	h.t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	codes := map[int]int{}
	for i := range n {
		all.Go(func() {
			code := h.activate(sent(i)).code()
			mu.Lock()
			defer mu.Unlock()
			codes[code]++
		})
	}
	all.Wait()
	return codes
}

// audited counts the audit rows with that action and outcome.
func (h *house) audited(want string) int {
	h.t.Helper()
	rows, err := h.auditTrail()
	h.must(err)
	n := 0
	for _, row := range rows {
		if row == want {
			n++
		}
	}
	return n
}

// auditTrail gives "action outcome" of every audit row.
func (h *house) auditTrail() (rows []string, err error) {
	err = h.db.Issuance().Read(h.t.Context(), func(tx issuance.ReadTx) error {
		all, err := tx.AuditTrail(h.t.Context(), h.program.ID, issuance.AuditFilter{}, issuance.Page{Limit: 10_000})
		for _, row := range all {
			rows = append(rows, row.Action+" "+row.Outcome)
		}
		return err
	})
	return rows, err
}

func TestActivate_HundredAtOnceActivateOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1"))
	codes := h.atOnce(100, func(int) string { return with("A1") })
	if codes[0] != 1 || codes[4433] != 99 {
		t.Errorf("codes %v", codes)
	}
	if n := h.audited("card.activate ok"); n != 1 {
		t.Errorf("%d activations in the audit trail", n)
	}
}

func TestActivate_TwentyWrongBatchesAtOnceCountFiveTries(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1"))
	codes := h.atOnce(20, func(i int) string {
		return strings.Replace(with("A1"), batchOne, fmt.Sprintf("%032x", i), 1)
	})
	if codes[4400] != 5 || codes[4438] != 15 {
		t.Errorf("codes %v", codes)
	}
	if g := h.card("A1").Plastic.Guard; g.LifetimeWrong != 5 || g.Locks != 1 {
		t.Errorf("guard %+v", g)
	}
}

func TestActivate_TwoCardsForOneNewCustomerAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1", "A2"))
	codes := h.atOnce(2, func(i int) string {
		return body(fmt.Sprintf(`"card_identifier":"A%d"`, i+1), `"reference_batch":"`+batchOne+`"`, anaRuiz)
	})
	if codes[0] != 1 || codes[4455] != 1 {
		t.Errorf("codes %v", codes)
	}
}

func TestActivate_Breaker(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1"))
	for i := range 101 {
		h.activate(with(fmt.Sprintf("guess-%d", i))).is(t, "a guess", 404, 4404, "")
	}
	a := h.activate(with("A1"))
	if a.is(t, "the breaker", 429, 4429, ""); a.header.Get("Retry-After") != "600" {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	h.pass(11 * time.Minute)
	h.activate(with("A1")).is(t, "after the window", 200, 0, "")
}

func TestRate_PerCredential(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("debit.rate_per_second", "50"), policy("debit.rate_burst", "100"))
	h.seed(people("A1"))
	for i := range 100 {
		if a := h.activate(`{}`); a.status != 400 {
			t.Fatalf("request %d: %s", i, a.body)
		}
	}
	a := h.activate(`{}`)
	if a.is(t, "the burst is used up", 429, 4429, ""); a.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	if a := h.do(http.MethodGet, hookPath, "", h.asAdmin()...); a.status != 200 {
		t.Errorf("another credential: %s", a.body)
	}
	h.clock.Advance(20 * time.Millisecond)
	h.activate(with("A1")).is(t, "one token later", 200, 0, "")
}

// Several workers on one batch, as after leases that passed too early: each item is made once.
func TestMakeBatch_ManyWorkersMakeNoCardTwice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const n = 300
	ref := h.order(bigOrder(1, n)).reference(t)
	var id ident.BatchID
	h.must(h.db.Issuance().Read(t.Context(), func(tx issuance.ReadTx) error {
		b, _, err := tx.Batch(t.Context(), h.program.ID, ident.Reference(ref))
		id = b.ID
		return err
	}))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for done := false; !done; {
				step, err := h.rules.MakeBatchStep(context.WithoutCancel(t.Context()), h.program.ID, id, 7)
				if err != nil {
					t.Error(err)
					return
				}
				done = step.Done
			}
		})
	}
	all.Wait()
	items, _ := h.items(ref, "status=2&limit=1000")
	seen := map[int64]bool{}
	for _, i := range items {
		seen[*i.Card] = true
	}
	if r := h.report(ref); len(seen) != n || r["numCreated"] != float64(n) || r["status"] != 4.0 {
		t.Errorf("%d cards of %d: %v", len(seen), n, r)
	}
}

func TestOrder_FiftyThousand(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a := h.order(bigOrder(1, 50_000))
	if ref := a.reference(t); !regexp.MustCompile(`"num_requested":50000}`).MatchString(a.body) {
		t.Errorf("%s: %s", ref, a.body)
	}
}

// A step that dies before its commit leaves nothing, and the next one goes on at the same item.
func TestMakeBatch_AStepThatDiesLeavesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ref := h.order(bigOrder(1, 20)).reference(t)
	c, _, err := h.db.Bulk().Claim(t.Context(), "test", h.clock.Now(), time.Minute)
	h.must(err)
	dead, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.rules.MakeBatchStep(dead, c.Program, c.Batch, 10); err == nil {
		t.Fatal("a dead step succeeded")
	}
	if r := h.report(ref); r["numCreated"] != 0.0 {
		t.Errorf("%v", r)
	}
	h.clock.Advance(2 * time.Minute)
	h.work(10)
	if r := h.report(ref); r["numCreated"] != 20.0 || r["status"] != 4.0 {
		t.Errorf("%v", r)
	}
}
