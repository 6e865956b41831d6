package storetest

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/auditworker"
	"github.com/firsttap/firsttap/internal/bulkworker"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/outbox"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/staff"
)

// Store is one handle on one database, seen by each of its users.
type Store interface {
	Issuance() issuance.Store
	Access() access.Store
	Outbox() outbox.Queue
	Bulk() bulkworker.Queue
	AuditLog() auditworker.Log
	Staff() staff.Store
}

// Factory opens databases of the engine under test. What it opens it closes by t.Cleanup.
type Factory interface {
	// Open gives a fresh database with nothing in it.
	Open(t testing.TB) Store
	// Again gives another handle on the database behind a handle, as another process would have it.
	Again(t testing.TB, s Store) Store
}

// contract is one sentence of the contract, and how it is tried.
type contract struct {
	sentence string
	try      func(t *testing.T, f Factory)
}

// tier is sentences of one kind.
type tier struct {
	name  string
	cases [][]contract
}

// Run tries every sentence of the contract on an engine.
func Run(t *testing.T, f Factory) {
	t.Helper()
	try(t, f, []tier{
		{"rows", [][]contract{peopleRows, cardRows, batchRows, journalRows, accessRows, tokenRows, spendingRows, numberCases, revealLinkCases, activationSessionCases, approvalCases, findCases, staffCases, policyCases, lists}},
		{"rules", [][]contract{peopleRules, cardRules, shipmentRules, batchRules, journalRules, accessRules, tokenRules, keyRules, activationRules, pieceRules, outboxRules, deliveryRules, noticeRules, feedRules, bulkRules, spendingRules, ledgerRules, auditLogRules, funnelRules}},
		{"transactions", [][]contract{transactionRules, groupRules}},
		{"races", [][]contract{activationRaces, recoveries, reportRaces, successors, pieceRaces, guardRaces, decisionRaces, holderRaces, queueRaces, feedRaces, tokenRaces, keyRaces, spendingRaces, walletRaces, auditLogRaces}},
	})
}

// RunCore tries what another way to an engine could break that keeps the whole contract: values in both
// directions, the record of a key, transactions, and races.
func RunCore(t *testing.T, f Factory) {
	t.Helper()
	try(t, f, []tier{
		{"rows", [][]contract{journalRows, numberCases}},
		{"rules", [][]contract{journalRules, activationRules}},
		{"transactions", [][]contract{transactionRules, groupRules}},
		{"races", [][]contract{activationRaces, decisionRaces}},
	})
}

func try(t *testing.T, f Factory, tiers []tier) {
	t.Helper()
	for _, tier := range tiers {
		t.Run(tier.name, func(t *testing.T) {
			for _, cases := range tier.cases {
				for _, c := range cases {
					t.Run(c.sentence, func(t *testing.T) {
						t.Parallel()
						c.try(t, f)
					})
				}
			}
		})
	}
}

// same compares what was written with what came back. Times are compared as instants; a nil slice and an
// empty one differ, because "none" is told by nil.
func same(t testing.TB, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got, comparing); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

var comparing = cmp.Options{
	cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }),
	cmpopts.EquateComparable(netip.Prefix{}),
	cmp.Comparer(func(a, b redact.Text) bool { return a.Equal(b) }),
	cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Listeners" }, cmp.Comparer(sameListeners)),
}

// sameListeners compares who listens; a door that is not named listens as little as one that says false.
func sameListeners(a, b map[string]bool) bool {
	for _, door := range []string{"native", "cards", "debit"} {
		if a[door] != b[door] {
			return false
		}
	}
	return true
}

// must ends the case when err is not nil.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// isFault wants an error that rolls back and tells the caller nothing.
func isFault(t testing.TB, what string, err error) {
	t.Helper()
	if err == nil || fault.Of(err).Reason != fault.ReasonInternal {
		t.Errorf("%s: got %v, want a fault", what, err)
	}
}

// together runs n goroutines that start at once, and gives what each returned.
func together(n int, body func(i int) error) []error {
	results := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			results[i] = body(i)
		})
	}
	close(start)
	all.Wait()
	return results
}

// tally counts results by the name of their reason; "ok" is success.
func tally(results []error) map[string]int {
	counts := map[string]int{}
	for _, err := range results {
		switch e := fault.Of(err); {
		case e == nil:
			counts["ok"]++
		case e.Reason == fault.ReasonInternal:
			counts[err.Error()]++
		default:
			counts[e.Reason.Name()]++
		}
	}
	return counts
}
