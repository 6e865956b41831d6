package contract

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/secrettest"
)

func secrets() []check {
	return []check{
		only(99, "known secrets are in no log, metric, event, error, trail or database", canary),
		only(100, "no answer to an activation repeats the code", codeNeverRepeated),
		only(101, "a refusal by state has the same bytes for right and wrong codes", sameBytes),
	}
}

// canary has an installation of its own, so that its outputs hold little else. The test of that name in test/e2e goes through
// both doors and searches the files of both engines; this one looks from where a partner and an operator stand.
func canary(t *testing.T, h *house) {
	h = h.own(t)
	p := h.program(t)
	key := p.key()
	a := p.cardsWith(key)
	listener := a.listen()
	card, code := a.shipped()
	const pin = "102938475610"
	a.pin(card, pin).is(204)
	a.pin(card, pin+"1").refused(422, "VALIDATION_FAILED")
	link := a.link(card, object{"showCopyPanButton": true})
	number := cardPage.FindStringSubmatch(a.browser().get(link).is(200).body)
	if number == nil {
		t.Fatal("the page shows no card")
	}
	a.browser().get(link).over(410)
	a.activate(card, wrong(code, 0)).refused(400, "INVALID_ACTIVATION_CODE")
	a.activate(card, code).is(204)
	listener.await("CARD_STATUS_UPDATED", 1)

	out := map[string]string{"log": h.log(t), "trail": p.h.command(t, "audit", "tail", "--program", p.name, "--lines", "1000", "--json")}
	for _, d := range listener.all() {
		out["events"] += d.body
	}
	for _, n := range h.nodes {
		admin := api{t: t, base: func() string { return "http://" + n.admin }}
		out["metrics"] += admin.get("/metrics").is(200).body
	}
	if h.engine.cluster == nil {
		for _, file := range []string{sqliteFile, sqliteFile + "-wal"} {
			text, err := os.ReadFile(filepath.Join(h.dir, file))
			if err != nil {
				t.Fatal(err)
			}
			out["database"] += string(text)
		}
	}
	for name, secret := range map[string]string{
		"key": key, "code": code, "PIN": pin, "link": strings.TrimPrefix(link, "/reveal/"),
		"card number": strings.ReplaceAll(number[1], " ", ""), "printed card number": number[1],
	} {
		for where, text := range out {
			if len(text) < 100 {
				t.Errorf("the search reaches no %s", where)
			}
			if secrettest.Digits(text, secret) > 0 {
				t.Errorf("the %s is in the %s", name, where)
			}
		}
	}
}

func codeNeverRepeated(t *testing.T, h *house) {
	a := h.program(t).cards()
	try := func(card, code string, status int) {
		t.Helper()
		a.activate(card, code).is(status).lacks(code)
	}
	card := a.fresh()
	try(card, "731905", 400)
	box := a.placed(card)
	code := a.code(card)
	try(card, code, 400)
	a.scan(box, "IN_TRANSIT")
	a.post("/cards/"+card+"/block", nil).is(200)
	try(card, code, 400)
	a.post("/cards/"+card+"/unblock", nil).is(200)
	a.call("POST", "/cards/"+card+"/activate?code="+code, object{"activationCode": code}).refused(422, "VALIDATION_FAILED").lacks(code)
	a.activate(card, code+"7").refused(422, "VALIDATION_FAILED").lacks(code)
	for i := range 5 {
		try(card, wrong(code, i), 400)
	}
	try(card, code, 429)
	try(card, wrong(code, 9), 429)
	open, right := a.shipped()
	try(open, right, 204)
	try(open, right, 400)
	try(nobody, right, 404)
	try(a.cardOf(a.holder(), "VIRTUAL"), right, 400)
}

func sameBytes(t *testing.T, h *house) {
	a := h.program(t).cards()
	same := func(card, code string, status int) {
		t.Helper()
		right, bad := a.activate(card, code).is(status), a.activate(card, wrong(code, 3)).is(status)
		if right.body != bad.body {
			t.Errorf("the right code is told %s, a wrong one %s", right.body, bad.body)
		}
	}
	card := a.fresh()
	box := a.placed(card)
	code := a.code(card)
	same(card, code, 400) // not shipped
	a.scan(box, "DELIVERY_FAILED")
	same(card, code, 400)
	a.scan(box, "OUT_FOR_DELIVERY")
	a.post("/cards/"+card+"/block", nil).is(200)
	same(card, code, 400)
	a.post("/cards/"+card+"/unblock", nil).is(200)
	a.lock(card, code)
	same(card, code, 429)
	open, right := a.shipped()
	a.activate(open, right).is(204)
	same(open, right, 400)
	a.delete("/cards/" + open).is(204)
	same(open, right, 404)
}
