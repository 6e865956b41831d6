package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestTakeOver_WorkOfADeadInstanceIsFinishedByAnother kills the instance that is in the middle of a batch and
// of a delivery. The other one takes both over when their leases have passed, and nothing is made twice.
func TestTakeOver_WorkOfADeadInstanceIsFinishedByAnother(t *testing.T) {
	t.Parallel()
	engines(t, takeOver)
}

func takeOver(t *testing.T, in *installation) {
	t.Helper()
	const size = 20_000
	attempts, hold := make(chan string, 100), make(chan struct{})
	var once sync.Once
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		attempts <- string(b)
		once.Do(func() { <-hold }) // the first attempt has no answer before its sender is dead
		w.WriteHeader(http.StatusOK)
	}))
	defer receiver.Close()
	in.command("program", "create", "two", "--policy", "debit.rate_per_second=0", "--policy", "webhooks.allow_private_targets=true")
	debit := debitCaller(in.key(t, "two", "--door", "debit", "--admin"))
	dies := in.start()
	debit.must(t, 200, "PUT", dies.url+"/debit/v1/webhook", map[string]any{"url": receiver.URL})
	order := func(s *server, name string, cards int) string {
		items := make([]any, cards)
		for i := range items {
			items[i] = map[string]any{"card_identifier": fmt.Sprintf("%s-%05d", name, i)}
		}
		a := debit.must(t, 200, "POST", s.url+"/debit/v1/bulkOrderCard", map[string]any{"delivery_location": location(), "batch": items}).json(t)
		return a["payload"].(map[string]any)["reference"].(string)
	}
	small := order(dies, "S", 1)
	if first := <-attempts; !strings.Contains(first, small) {
		t.Fatalf("the first attempt is about %s", first)
	}
	lives := in.start()
	large := order(dies, "L", size)
	look := in.open(t)
	mine := fmt.Sprintf("/%d/", dies.cmd.Process.Pid)
	for deadline := time.Now().Add(20 * time.Second); ; pause(5 * time.Millisecond) {
		owners := look.texts(`SELECT lease_owner, created FROM batches WHERE lease_owner IS NOT NULL AND created > 0 AND created < ` + fmt.Sprint(size))
		if len(owners) == 1 {
			for owner := range owners {
				if !strings.Contains(owner, mine) {
					t.Fatalf("the batch is with %s", owner)
				}
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nobody is seen in the middle of the batch")
		}
	}
	dies.kill()
	close(hold)
	before := look.number(`SELECT count(*) FROM plastics`)
	awaitBatch(t, lives, debit, large)
	for _, reference := range []string{small, large} {
		for deadline := time.Now().Add(time.Minute); ; pause(50 * time.Millisecond) {
			state := debit.must(t, 200, "GET", lives.url+"/debit/v1/bulkOrderCard/"+reference, nil).json(t)["payload"].(map[string]any)
			if state["notification"].(map[string]any)["status"] == "delivered" {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("batch %s is not announced: %v", reference, state)
			}
		}
	}
	for what, q := range map[string]string{
		"plastics":             fmt.Sprintf(`SELECT abs((SELECT count(*) FROM plastics) - %d)`, size+1),
		"cards":                fmt.Sprintf(`SELECT abs((SELECT count(*) FROM cards) - %d)`, size+1),
		"made for no item":     `SELECT count(*) FROM plastics WHERE card_id NOT IN (SELECT card_id FROM batch_items WHERE card_id IS NOT NULL)`,
		"identifiers twice":    `SELECT count(*) FROM (SELECT identifier FROM plastics GROUP BY identifier HAVING count(*) > 1) AS twice`,
		"deliveries not ended": `SELECT count(*) FROM deliveries WHERE state <> 'delivered'`,
	} {
		if n := look.number(q); n != 0 {
			t.Errorf("%s: off by %d", what, n)
		}
	}
	if n := len(attempts); n != 2 {
		t.Errorf("%d attempts after the death, want one for each batch", n)
	}
	t.Logf("killed after %d of %d cards; the other made the rest, and sent both announcements; doubled: 0", before, size)
}
