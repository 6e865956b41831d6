package contract

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// nativeAudit reads the trail, and proves it with the command line from what the API gave alone.
func nativeAudit(t *testing.T, h *house) {
	p := h.program(t)
	card, _ := p.cards().shipped()
	n := p.native("all")
	n.with("On-Behalf-Of", "agent 7").post("/v1/cards/"+card+"/freeze", object{"reason": "She called"}).is(200).has("status", "frozen")
	rows := n.get("/v1/audit?action=card.freeze&card_id=" + card).is(200).list("items")
	if len(rows) != 1 || rows[0]["outcome"] != "ok" || rows[0]["channel"] != "native" || rows[0]["on_behalf_of"] != "agent 7" || rows[0]["note"] != "She called" {
		t.Fatalf("%v", rows)
	}
	want := len(n.get("/v1/audit?limit=100").is(200).list("items"))
	var signed reply
	eventually(t, "the rows are sealed", func() bool {
		signed = n.get("/v1/audit/checkpoint")
		return signed.status == 200 && int(signed.number("rows")) >= want
	})
	export := n.get("/v1/audit/export?rows=" + strconv.Itoa(int(signed.number("rows")))).is(200)
	folder := t.TempDir()
	file, checkpoint := filepath.Join(folder, "trail"), filepath.Join(folder, "trail.checkpoint")
	verify := func(content string) (string, error) {
		for name, text := range map[string]string{file: content, checkpoint: signed.text("checkpoint")} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return h.try(t, "audit", "verify", "--export", file, "--checkpoint", checkpoint, "--key", signed.text("key"))
	}
	if said, err := verify(export.body); err != nil || !strings.HasPrefix(said, "Proved: the "+strconv.Itoa(int(signed.number("rows")))+" rows") {
		t.Errorf("%s, %v", said, err)
	}
	if said, err := verify(strings.Replace(export.body, "card.freeze", "card.thawed", 1)); err == nil {
		t.Errorf("a changed row was proved: %s", said)
	}
	if said, err := verify(strings.Replace(export.body, "agent 7", "agent 8", 1)); err == nil {
		t.Errorf("a row that names another was proved: %s", said)
	}
	if said, err := verify(strings.Replace(export.body, `"on_behalf_of":"agent 7",`, "", 1)); err == nil {
		t.Errorf("a row that names nobody was proved: %s", said)
	}
	p.native("cards:read").get("/v1/audit").told(403, "scope_missing").has("context.scope", "audit:read")
	if rows := h.program(t).native("all").get("/v1/audit?card_id=" + card).is(200).list("items"); len(rows) != 0 {
		t.Errorf("another programme sees %v", rows)
	}
}
