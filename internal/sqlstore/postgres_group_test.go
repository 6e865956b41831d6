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

// A server that was never told how many cards there are may look one up by its programme, and go through all that it has.
func TestPostgres_ACardIsLookedUpByItsID(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	db := openPostgres(t, cluster.URL(cluster.Database(t), "default_query_exec_mode=exec")).DB
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("of an empty database:\n%s", sqlstore.ViewPlan(t, db, false))
	mail(storetest.NewWorld(t, db), 2000)
	if got := sqlstore.ViewPlan(t, db, true); !strings.Contains(got, "cards_pkey") {
		t.Errorf("a card is looked up so:\n%s", got)
	}
}
