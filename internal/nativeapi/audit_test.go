package nativeapi_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/auditlog"
)

func TestAudit_KeepsForWhomAndWhy(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v, code := h.newCard()
	card := "/v1/cards/" + v.Card.ID.String()
	for _, x := range []struct{ method, path, body, action, note string }{
		{"POST", card + "/freeze", `{"reason":"She called"}`, "card.freeze", "She called"},
		{"POST", card + "/unfreeze", `{"reason":"She called again"}`, "card.unfreeze", "She called again"},
		{"POST", card + "/block", `{"message":"Under review","reason":"An odd purchase"}`, "card.block", "An odd purchase"},
		{"POST", card + "/unblock", `{"reason":"All is well"}`, "card.unblock", "All is well"},
		{"POST", "/v1/activations", `{"items":[{"card_id":"` + v.Card.ID.String() + `","code":"` + code.Reveal() + `"}],"reason":"The fair"}`, "card.activate", "The fair"},
		{"PATCH", "/v1/policies", `{"policies":{"activation.tries":4},"reason":"The review"}`, "program.set_policy", "The review"},
	} {
		h.do(x.method, x.path, x.body, "On-Behalf-Of", " agent 7 ", "Idempotency-Key", x.action)
		row := h.get("/v1/audit?action=" + x.action).want(200)
		if row.text("items", "0", "outcome") != "ok" || row.text("items", "0", "on_behalf_of") != "agent 7" || !strings.HasSuffix(row.text("items", "0", "note"), x.note) {
			t.Errorf("%s: %s", x.action, row.body)
		}
	}
	if a := h.get("/v1/audit?on_behalf_of=agent+7&action=card.freeze").want(200); a.raw("items", "0") == "" || a.raw("items", "1") != "" {
		t.Errorf("%s", a.body)
	}
	if a := h.get("/v1/audit?on_behalf_of=agent").want(200); a.raw("items", "0") != "" {
		t.Errorf("%s", a.body)
	}
	if a := h.get("/v1/policies/versions").want(200); a.text("items", "0", "on_behalf_of") != "agent 7" {
		t.Errorf("%s", a.body)
	}
	h.post(card+"/freeze", `{}`).want(200)
	if a := h.get("/v1/audit?action=card.freeze").want(200); a.raw("items", "1") == "" || !strings.Contains(a.body, `"on_behalf_of":null`) {
		t.Errorf("%s", a.body)
	}
	for sent, problem := range map[string]string{strings.Repeat("a", 101): "too_long", " ": "too_short", "a\tb": "invalid_format"} {
		h.post(card+"/freeze", `{}`, "On-Behalf-Of", sent).wrong("header.on-behalf-of " + problem)
	}
}

func TestAudit_IsListedByWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v, code := h.newCard()
	second, _ := h.newCard()
	card := "/v1/cards/" + v.Card.ID.String()
	h.post(card+"/activation", `{"code":"`+other(code)+`"}`).refused(409, "code_mismatch")
	h.world.Clock.Advance(time.Second)
	h.post(card+"/activation/guard/reset", `{"reason":"She called"}`).want(200)
	h.post("/v1/cards/"+second.Card.ID.String()+"/freeze", "{}").want(200)

	list := func(query string) (rows []string) {
		t.Helper()
		a := h.get("/v1/audit?" + query).want(200)
		for i := 0; a.raw("items", strconv.Itoa(i)) != ""; i++ {
			rows = append(rows, a.text("items", strconv.Itoa(i), "action")+" "+a.text("items", strconv.Itoa(i), "outcome"))
		}
		return rows
	}
	for query, want := range map[string]string{
		"card_id=" + v.Card.ID.String():                            "card.reset_guard ok, card.activate code_mismatch",
		"outcome=code_mismatch":                                    "card.activate code_mismatch",
		"action=card.freeze&limit=1":                               "card.freeze ok",
		"action=card.freeze&card_id=" + v.Card.ID.String():         "",
		"from=2000-01-01T00:00:00Z&to=2000-01-02T00:00:00Z":        "",
		"from=2000-01-01T00:00:00Z&action=card.reset_guard&actor=": "",
	} {
		if strings.HasSuffix(query, "actor=") {
			h.get("/v1/audit?" + query).wrong("query.actor too_short")
			continue
		}
		if got := strings.Join(list(query), ", "); got != want {
			t.Errorf("%s gives %q, want %q", query, got, want)
		}
	}
	row := h.get("/v1/audit?action=card.reset_guard").want(200)
	if row.text("items", "0", "note") != "She called" || row.text("items", "0", "channel") != "native" || row.text("items", "0", "card_id") != v.Card.ID.String() ||
		!strings.HasPrefix(row.text("items", "0", "actor"), "key:") {
		t.Errorf("%s", row.body)
	}
	page := h.get("/v1/audit?limit=1").want(200)
	next := h.get("/v1/audit?limit=1&cursor=" + page.text("next_cursor")).want(200)
	if page.text("items", "0", "id") == next.text("items", "0", "id") || next.text("items", "0", "id") == "" {
		t.Errorf("%s, then %s", page.body, next.body)
	}
	h.get("/v1/audit?from=yesterday&card_id=7").wrong("query.card_id invalid_format", "query.from invalid_format")
	if foreign := h.get("/v1/audit", "Authorization", "Bearer "+h.foreign).want(200); strings.Contains(foreign.body, v.Card.ID.String()) {
		t.Errorf("another programme sees %s", foreign.body)
	}
}

func TestAudit_IsProvedByExportAndCheckpoint(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.get("/v1/audit/checkpoint").refused(404, "audit_checkpoint_not_found")
	h.get("/v1/audit/export").refused(404, "audit_checkpoint_not_found")
	v, _ := h.newCard()
	card := "/v1/cards/" + v.Card.ID.String()
	for _, act := range []string{"/freeze", "/unfreeze", "/freeze"} {
		h.post(card+act, "{}").want(200)
	}
	if err := h.sealer.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	signed := h.get("/v1/audit/checkpoint").want(200)
	rows := signed.raw("rows")
	export := h.get("/v1/audit/export?rows=" + rows).want(200)
	if kind := export.header.Get("Content-Type"); kind != "application/x-ndjson" {
		t.Errorf("an export of type %q", kind)
	}
	verifier, err := auditlog.NewVerifier(signed.text("key"))
	if err != nil {
		t.Fatal(err)
	}
	checkpoints, err := verifier.Checkpoints([]byte(signed.text("checkpoint")))
	if err != nil {
		t.Fatal(err)
	}
	proof, err := auditlog.Verify(strings.NewReader(export.body), checkpoints)
	if err != nil || strconv.FormatInt(proof.Size, 10) != rows || strings.Count(export.body, "\n") != int(proof.Size) {
		t.Errorf("%+v, %v", proof, err)
	}
	tampered := strings.Replace(export.body, "card.freeze", "card.thawed", 1)
	if _, err := auditlog.Verify(strings.NewReader(tampered), checkpoints); err == nil {
		t.Error("a changed row was proved")
	}
	if all := h.get("/v1/audit/export").want(200); all.body != export.body {
		t.Error("without a number, other rows come")
	}
	h.get("/v1/audit/export?rows=1000000").refused(404, "audit_checkpoint_not_found")
	h.get("/v1/audit/export?rows=0").wrong("query.rows too_small")
	foreign := h.get("/v1/audit/checkpoint", "Authorization", "Bearer "+h.foreign).want(200)
	if foreign.text("checkpoint") == signed.text("checkpoint") {
		t.Error("another programme has the same log")
	}
}
