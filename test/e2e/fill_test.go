package e2e

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/pgtest"
)

// TestFill_MakesCardsThatCanBeActivated fills both engines, looks at the plans, and activates a card that was
// made up.
func TestFill_MakesCardsThatCanBeActivated(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			in := newInstallation(t)
			if engine == "postgres" {
				cluster := pgtest.Start(t)
				in.url = cluster.URL(cluster.Database(t))
			}
			told := in.command("bench", "fill", "--cards=12345", "--active=20")
			var programs []struct{ Name string }
			if err := json.Unmarshal([]byte(in.command("program", "list", "--json")), &programs); err != nil || len(programs) != 1 {
				t.Fatalf("%v, %v", programs, err)
			}
			plans := in.command("bench", "plans") // fails when a query reads a whole table
			if !strings.HasPrefix(plans, "12345 cards\n") || !strings.Contains(plans, "plastics_identifier") {
				t.Errorf("the plans are\n%s", plans)
			}
			var issued struct{ Secret string }
			if err := json.Unmarshal([]byte(in.command("key", "create", "--program", programs[0].Name, "--door", "debit", "--json")), &issued); err != nil {
				t.Fatal(err)
			}
			debit, s := debitCaller(issued.Secret), in.start()
			newest := regexp.MustCompile(`newest batch is ([0-9a-f]{32}), its last card F000012344`).FindStringSubmatch(told)
			if newest == nil {
				t.Fatal(told)
			}
			debit.must(t, 200, "POST", s.url+"/debit/v1/activateCardForCustomer", activationOf("F000012344", newest[1], "first"))
			a, err := debit.try(t.Context(), "POST", s.url+"/debit/v1/activateCardForCustomer", activationOf("F000012300", newest[1], "second"))
			if err != nil || a.status == 200 {
				t.Errorf("a card that was activated: %v %d", err, a.status)
			}

			in.command("program", "create", "Real", "--kind=live")
			if out, err := in.try("bench", "fill", "--cards=10"); err == nil || !strings.Contains(out, "live") {
				t.Errorf("a live installation is filled: %v %s", err, out)
			}
		})
	}
}
