package contract

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

// standardBy tells which of the secrets signed a delivery by Standard Webhooks, in the order of the signatures.
func (d delivery) standardBy(t *testing.T, secrets ...string) (by []int) {
	t.Helper()
	for signature := range strings.FieldsSeq(d.header.Get("Webhook-Signature")) {
		for i, secret := range secrets {
			key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
			if err != nil {
				t.Fatalf("a secret of another form: %v", err)
			}
			mac := hmac.New(sha256.New, key)
			mac.Write([]byte(d.header.Get("Webhook-Id") + "." + d.header.Get("Webhook-Timestamp") + "." + d.body))
			if signature == "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
				by = append(by, i)
			}
		}
	}
	return by
}

func nativeWebhooks(t *testing.T, h *house) {
	p := h.program(t)
	a, n := p.cards(), p.native("all")
	r := newReceiver(t, func(_ delivery, number int) int { return map[bool]int{true: 503, false: 204}[number == 1] })
	made := n.post("/v1/webhooks", object{"name": "ledger", "url": r.url, "types": []any{"card.activated"}}).is(200)
	path, secret := "/v1/webhooks/"+made.text("id"), made.text("secret")

	card, code := a.shipped()
	n.post("/v1/cards/"+card+"/activation", object{"code": code}).is(200)
	first := r.requests(1)[0]
	if e := first.event(t); e["type"] != "card.activated" || e["data"].(map[string]any)["card_id"] != card {
		t.Errorf("it came: %s", first.body)
	}
	if by := first.standardBy(t, secret); len(by) != 1 {
		t.Errorf("signed by %v", by)
	}
	list := n.get(path + "/deliveries").is(200).list("items")
	if len(list) != 1 {
		t.Fatalf("%d deliveries, want the one event that was chosen", len(list))
	}
	one := path + "/deliveries/" + list[0]["id"].(string)
	eventually(t, "the first attempt is shown", func() bool { return n.get(one).is(200).at("attempt_count").(float64) == 1 })
	n.get(one).is(200).has("attempts.0.http_status", 503.0, "attempts.0.outcome", "status", "body.data.card_id", card)

	rotated := n.post(path+"/rotate-secret", object{}).is(200).text("secret")
	n.post(one+"/retry", object{}).is(200)
	second := r.requests(2)[1]
	if by := second.standardBy(t, rotated, secret); len(by) != 2 || second.body != first.body || second.header.Get("Webhook-Id") != first.header.Get("Webhook-Id") {
		t.Errorf("sent again: signed by %v, %s", by, second.body)
	}

	n.patch(path, object{"paused": true}).is(200).has("status", "paused")
	n.post(path+"/test", object{}).is(200)
	n.get(path+"/deliveries?status=pending").is(200).has("items.0.type", "webhook.test", "items.0.attempt_count", 0.0)
	n.patch(path, object{"paused": false}).is(200)
	if e := r.requests(3)[2].event(t); e["type"] != "webhook.test" {
		t.Errorf("after the pause came %v", e["type"])
	}
	n.delete(path).is(200).has("status", "ended")
	n.post(path+"/test", object{}).told(409, "endpoint_disabled")
	h.program(t).native("all").get(path).told(404, "endpoint_not_found")
}
