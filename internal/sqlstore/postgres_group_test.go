package sqlstore_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/pgtest"
	"github.com/firsttap/firsttap/internal/sqlstore"
	"github.com/firsttap/firsttap/internal/storetest"
)

// A group that fails is run again one by one, and every caller has his answer: nothing but the commits tells that none
// were shared.
func TestPostgres_ActivationsShareTheirCommits(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	for name, parameters := range map[string][]string{"prepared": nil, "in words": {"default_query_exec_mode=exec"}} {
		t.Run(name, func(t *testing.T) {
			db := openPostgres(t, cluster.URL(cluster.Database(t), parameters...)).DB
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			w := storetest.NewWorld(t, db)
			cards := mail(w, 200)
			rules := w.Service(db)
			before := db.Stats()
			var wg sync.WaitGroup
			errs := make([]error, len(cards))
			for i, c := range cards {
				wg.Go(func() {
					cmd := issuance.ActivateCard{Command: issuance.Command{Caller: w.Caller()}, Card: c.card, Code: c.code}
					if i%2 == 0 { // half of them leave the record of a key
						cmd.Key = &issuance.Key{Door: "cards", Value: fmt.Sprint("key-", i), Fingerprint: []byte("f"), Record: func(any, error) (issuance.Answer, bool) {
							return issuance.Answer{Status: 204}, true
						}}
					}
					errs[i] = rules.Activate(t.Context(), cmd)
				})
			}
			wg.Wait()
			for i, err := range errs {
				if err != nil {
					t.Errorf("card %d: %v", i, err)
				}
			}
			after := db.Stats()
			if commits := after.Commits - before.Commits; commits > int64(len(cards))/4 || after.Conflicts != before.Conflicts {
				t.Errorf("%d activations took %d commits, with %d conflicts", len(cards), commits, after.Conflicts-before.Conflicts)
			}
		})
	}
}

// A plan that was made while there were hardly any cards goes through all of a programme, and is kept.
func TestPostgres_APlanForFewCardsIsNotKeptForMany(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	cluster.Exec(t, "ALTER SYSTEM SET autovacuum = off")
	cluster.Exec(t, "SELECT pg_reload_conf()")
	db := openPostgres(t, cluster.URL(cluster.Database(t), "default_query_exec_mode=exec", "pool_max_conns=1")).DB
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	plan := sqlstore.KeepViewPlan(t, db)
	before := plan()
	mail(storetest.NewWorld(t, db), 2000)
	if got := plan(); strings.Contains(got, "cards_pkey") || got != before {
		t.Fatalf("the plan for no cards is not kept, so that nothing is shown:\n%s", got)
	}
	sqlstore.CountGrown(t, db)
	if got := plan(); !strings.Contains(got, "cards_pkey") {
		t.Errorf("a card is looked up so:\n%s", got)
	}
}
