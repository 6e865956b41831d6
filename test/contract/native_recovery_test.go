package contract

import (
	"sync"
	"testing"
)

// nativeRecovery loses a mailer, with a kept code and with a hash alone.
func nativeRecovery(t *testing.T, h *house) {
	p := h.program(t)
	card, code := p.cards().shipped()
	n, foreign := p.native("all"), h.program(t).native("all")
	path := "/v1/cards/" + card + "/activation"
	recovery, why := path+"/code/recovery", object{"reason": "the mailer is lost"}
	cursor := n.get("/v1/events").is(200).text("next_cursor")

	got := n.keyed("twice").post(recovery, why).is(200).has("code", code, "renewed", false, "code_version", 1.0)
	if kept := got.header.Get("Cache-Control"); kept != "no-store" {
		t.Errorf("Cache-Control: %q", kept)
	}
	n.keyed("twice").post(recovery, why).is(200).replayed(false)
	n.get(path).is(200).has("code_reads", 3.0) // shipped read it once
	n.post(recovery, object{}).told(422, "native_form_invalid").has("errors.0.path", "body.reason")
	p.native("activations:read,activations:write,guards:write").post(recovery, why).told(403, "scope_missing").has("context.scope", "codes:recover")
	foreign.post(recovery, why).told(404, "card_not_found")
	feed := n.get("/v1/events?wait=5&types=card.activation_code.read&cursor=" + cursor).is(200)
	if items := feed.list("items"); len(items) != 2 {
		t.Errorf("the feed tells %s", feed.body)
	}

	hashed := h.program(t, "activation_code.storage=hash_only")
	n = hashed.native("all")
	a := hashed.cards()
	card = a.fresh()
	a.scan(a.placed(card), "IN_TRANSIT")
	a.get("/cards/" + card + "/activation-code").is(403)
	path = "/v1/cards/" + card + "/activation"
	n.get(path).is(200).has("code_version", 1.0, "code_readable", false, "code_reads", 0.0)
	var all sync.WaitGroup
	answers := make([]reply, 8)
	for i := range answers {
		all.Go(func() { answers[i] = n.post(path+"/code/recovery", why) })
	}
	all.Wait()
	codes := map[any]string{}
	for _, r := range answers {
		if r.status == 200 {
			codes[r.at("code_version")] = r.text("code")
			continue
		}
		r.told(429, "activation_code_reveal_limit")
	}
	if len(codes) != 5 {
		t.Errorf("of eight who recover a code at once %d get a version of their own, want 5", len(codes))
	}
	if codes[2.0] != codes[6.0] {
		n.post(path, object{"code": codes[2.0]}).told(409, "code_mismatch")
	}
	n.post(path, object{"code": codes[6.0]}).is(200).has("activated", true)
}
