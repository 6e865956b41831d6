package contract

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func webhooks() []check {
	return []check{
		only(137, "the secret once, five active, REQUEST", hookEndpoints),
		only(138, "addresses that are not delivered to", hookTargets), // names that resolve so are tried in package webhook, with a resolver of its own
		only(139, "private when it is sent: no connection; a redirect is not followed", hookPrivate),
		only(140, "signatures, also at a retry after hours of clock", hookSignatures),
		only(141, "the timetable, the same id and bytes, 13 attempts; 204 and 299 acknowledge", hookTimetable),
		only(142, "a failing endpoint delays no other, nor itself", hookFailing),
		only(143, "rotation, with overlap and without", hookRotation),
		only(144, "disabled: nothing is delivered, nothing can be changed", hookDisabled),
		only(145, "what was answered with 2xx before a kill is told after it", hookKilled),
		only(146, "the data of an event is what GET shows", hookData),
	}
}

// hook registers a receiver, and gives its id and secret.
func (a api) hook(r *receiver) (id, secret string) {
	a.t.Helper()
	made := a.post("/webhooks", object{"name": "main", "url": r.url}).is(200)
	return made.text("id"), made.text("signingSecret")
}

// requests waits until n requests have come.
func (r *receiver) requests(n int) []delivery {
	r.t.Helper()
	eventually(r.t, strconv.Itoa(n)+" requests", func() bool { return len(r.all()) >= n })
	return r.all()
}

// signedBy tells which of the secrets signed, in the order of the signatures; the time of both headers must be one, and
// near that of the arrival.
func (d delivery) signedBy(t *testing.T, secrets ...string) (by []int) {
	t.Helper()
	stamp, rest, _ := strings.Cut(d.header.Get("X-Reap-Webhook-Signature"), ",")
	stamp = strings.TrimPrefix(stamp, "t=")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || stamp != d.header.Get("X-Reap-Webhook-Timestamp") || d.at.Sub(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		t.Errorf("signed at %q, the other header says %q, it came at %d", stamp, d.header.Get("X-Reap-Webhook-Timestamp"), d.at.Unix())
	}
	for signature := range strings.SplitSeq(rest, ",") {
		for i, secret := range secrets {
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write([]byte(stamp + "." + d.body))
			if signature == "v1="+hex.EncodeToString(mac.Sum(nil)) {
				by = append(by, i)
			}
		}
	}
	if n := strings.Count(rest, "v1="); n != len(by) {
		t.Errorf("%d signatures, and %d of them by the secrets", n, len(by))
	}
	return by
}

// announce makes something happen that has one event.
func (a api) announce() {
	a.t.Helper()
	a.post("/users/"+a.pendingUser()+"/application", object{}).is(200)
}

func hookEndpoints(t *testing.T, h *house) {
	a := h.program(t).cards()
	body := object{"name": "main", "url": "http://127.0.0.1:9999/hooks"}
	made := a.post("/webhooks", body).is(200).has("status", "ACTIVE", "mode", "NOTIFICATION", "lastUsedAt", nil)
	secret := made.text("signingSecret")
	a.get("/webhooks/"+made.text("id")).is(200).lacks(secret, "signingSecret")
	a.get("/webhooks").is(200).lacks(secret, "signingSecret")
	a.post("/webhooks", object{"name": "main", "url": "http://127.0.0.1:9999", "mode": "REQUEST"}).refused(400, "WEBHOOK_MODE_NOT_ALLOWED").has("error.detail.mode", "REQUEST")
	for range 4 {
		a.post("/webhooks", body).is(200)
	}
	a.post("/webhooks", body).refused(400, "WEBHOOK_LIMIT_REACHED").has("error.detail.max", 5)
	a.post("/webhooks/"+made.text("id")+"/disable", nil).is(200).has("status", "DISABLED")
	a.post("/webhooks/"+made.text("id")+"/disable", nil).is(200).has("status", "DISABLED")
	a.post("/webhooks", body).is(200)
}

func hookTargets(t *testing.T, h *house) {
	a := h.limited(t, "rate_limits.default=unlimited").cards()
	made := a.post("/webhooks", object{"name": "main", "url": "https://93.184.216.34/hooks"}).is(200).text("id")
	for _, url := range []string{
		"http://93.184.216.34", "https://ana:secret@93.184.216.34", "https://localhost", "https://127.0.0.1", "https://10.0.0.1", "https://192.168.1.1",
		"https://169.254.169.254/latest", "https://[::ffff:10.0.0.1]", "https://[::1]", "https://[fe80::1]", "https://printer.local", "https://printer",
		"https://93.184.216.34:22", "https://93.184.216.34/#part",
	} {
		a.post("/webhooks", object{"name": "x", "url": url}).invalid("body", "url invalid_url")
		a.patch("/webhooks/"+made, object{"url": url}).invalid("body", "url invalid_url")
	}
	long := "https://93.184.216.34/" + strings.Repeat("a", 501-len("https://93.184.216.34/"))
	a.post("/webhooks", object{"name": "x", "url": long}).invalid("body", "url too_long")
	a.post("/webhooks", object{"name": "x", "url": long[:500]}).is(200)
}

// failure waits until the one delivery of a webhook has failed, and gives its class.
func (a api) failure(hook string) (class string) {
	a.t.Helper()
	eventually(a.t, "an attempt has failed", func() bool {
		items := a.get("/webhooks/" + hook + "/deliveries").is(200).list("items")
		if len(items) != 1 || items[0]["lastFailure"] == nil {
			return false
		}
		class = items[0]["lastFailure"].(string)
		return true
	})
	return class
}

func hookPrivate(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	r := newReceiver(t, nil)
	hook, _ := a.hook(r)
	p.set("webhooks.allow_private_targets=false")
	a.announce()
	if class := a.failure(hook); class != "refused_target" || len(r.all()) != 0 {
		t.Errorf("%s, after %d requests", class, len(r.all()))
	}

	b := h.program(t).cards()
	inside := newReceiver(t, nil)
	outside := http.NewServeMux()
	outside.Handle("/", http.RedirectHandler(inside.url, http.StatusFound))
	hook = b.post("/webhooks", object{"name": "main", "url": serve(t, outside)}).is(200).text("id")
	b.announce()
	if class := b.failure(hook); class != "redirect" || len(inside.all()) != 0 {
		t.Errorf("%s, after %d requests", class, len(inside.all()))
	}
}

func hookSignatures(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	r := newReceiver(t, func(_ delivery, number int) int {
		if number == 1 {
			return http.StatusInternalServerError
		}
		return http.StatusNoContent
	})
	hook, secret := a.hook(r)
	a.announce()
	a.failure(hook)
	p.advance("5h")
	for _, d := range r.requests(2) {
		e := d.event(t)
		if by := d.signedBy(t, secret); len(by) != 1 || e["id"] != d.header.Get("X-Reap-Webhook-Id") || d.header.Get("Content-Type") != "application/json" {
			t.Errorf("signed by %v, %v", by, d.header)
		}
	}
}

func hookTimetable(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	statuses := []int{500, 302, 404, 410, 400, 503, 301, 429, 500, 500, 500, 500, 500}
	r := newReceiver(t, func(_ delivery, number int) int {
		if number == 2 {
			pause(11 * time.Second) // longer than an attempt may take
		}
		return statuses[min(number, len(statuses))-1]
	})
	hook, secret := a.hook(r)
	a.announce()
	waits := []string{"10s", "30s", "2m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "20h"}
	sent := ""
	for n, wait := range append(waits, "") {
		r.requests(n + 1)
		var shown reply
		eventually(t, "the end of attempt "+itoa(n+1), func() bool {
			if sent == "" {
				items := a.get("/webhooks/" + hook + "/deliveries").is(200).list("items")
				sent = items[0]["id"].(string)
			}
			shown = a.get("/webhooks/" + hook + "/deliveries/" + sent).is(200)
			return shown.number("attemptCount") == float64(n+1)
		})
		if wait == "" {
			shown.has("status", "EXHAUSTED", "nextAttemptAt", nil)
			break
		}
		want, _ := time.ParseDuration(wait)
		last, errLast := time.Parse(time.RFC3339, shown.text("lastAttemptAt"))
		next, errNext := time.Parse(time.RFC3339, shown.text("nextAttemptAt"))
		if got := next.Sub(last); errLast != nil || errNext != nil || got < want || got > want+15*time.Second {
			t.Errorf("after attempt %d the next is in %v, want %v", n+1, got, want)
		}
		p.advance(wait)
	}
	p.advance("480h")
	b := h.program(t).cards() // what it hears tells that the workers had time
	witness := b.listen()
	b.announce()
	witness.requests(1)
	all := r.all()
	if len(all) != 13 {
		t.Errorf("%d attempts", len(all))
	}
	for _, d := range all {
		if d.body != all[0].body || d.header.Get("X-Reap-Webhook-Id") != all[0].header.Get("X-Reap-Webhook-Id") || len(d.signedBy(t, secret)) != 1 {
			t.Errorf("another attempt sent %v %s", d.header, d.body)
		}
	}
	for _, status := range []int{204, 299} {
		c := h.program(t).cards()
		ok := newReceiver(t, func(delivery, int) int { return status })
		hook, _ := c.hook(ok)
		c.announce()
		eventually(t, "acknowledged", func() bool {
			items := c.get("/webhooks/" + hook + "/deliveries").is(200).list("items")
			return len(items) == 1 && items[0]["status"] == "DELIVERED"
		})
		if c.get("/webhooks/"+hook).is(200).at("lastUsedAt") == nil {
			t.Error("an acknowledged delivery is no use")
		}
	}
}

func hookFailing(t *testing.T, h *house) {
	a := h.program(t).cards()
	failing := newReceiver(t, func(delivery, int) int { return 500 })
	good := newReceiver(t, nil)
	a.hook(failing)
	a.hook(good)
	for range 3 {
		a.announce()
	}
	const kind = "USER_APPLICATION_STATUS_UPDATED"
	good.await(kind, 3)
	failing.await(kind, 3) // the clock of the programme does not wait 10 s for the second
}

func hookRotation(t *testing.T, h *house) {
	for overlap, want := range map[string]int{"0s": 1, "1h": 2} {
		p := h.program(t, "webhooks.rotation_overlap="+overlap)
		a := p.cards()
		r := newReceiver(t, func(_ delivery, number int) int {
			if number == 1 {
				return 500
			}
			return 204
		})
		hook, old := a.hook(r)
		a.announce()
		r.requests(1)
		rotated := a.post("/webhooks/"+hook+"/rotate-secret", nil).is(200).text("signingSecret")
		a.announce()
		p.advance("30s")
		all := r.requests(3)
		if by := all[0].signedBy(t, rotated, old); len(by) != 1 || by[0] != 1 {
			t.Errorf("before the rotation signed by %v", by)
		}
		for _, d := range all[1:] {
			if by := d.signedBy(t, rotated, old); len(by) != want || by[0] != 0 {
				t.Errorf("with an overlap of %s signed by %v", overlap, by)
			}
		}
	}
}

func hookDisabled(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	r := newReceiver(t, func(delivery, int) int { return 500 })
	hook, _ := a.hook(r)
	a.announce()
	a.failure(hook)
	came := len(r.all())
	path := "/webhooks/" + hook
	a.post(path+"/disable", nil).is(200)
	a.patch(path, object{"name": "x"}).refused(400, "WEBHOOK_DISABLED")
	a.post(path+"/rotate-secret", nil).refused(400, "WEBHOOK_DISABLED")
	p.advance("1h")
	witness := a.listen()
	a.announce()
	witness.requests(1)
	eventually(t, "what waited is dropped", func() bool {
		items := a.get(path + "/deliveries").is(200).list("items")
		return len(items) == 1 && items[0]["status"] == "DROPPED"
	})
	if n := len(r.all()); n != came {
		t.Errorf("%d requests more", n-came)
	}
}

func hookKilled(t *testing.T, h *house) {
	own := h.own(t)
	a := own.program(t).cards()
	r := a.listen()
	card := a.fresh()
	for n, act := range []string{"freeze", "unfreeze", "freeze"} {
		a.post("/cards/"+card+"/"+act, nil).is(200)
		own.restart(t)
		if e := r.await("CARD_STATUS_UPDATED", n+1)[n]; !equal(e["data"], a.get("/cards/"+card).is(200).json()) {
			t.Errorf("after %s an event tells %v", act, e)
		}
	}
}

func hookData(t *testing.T, h *house) {
	a := h.program(t).cards()
	r := a.listen()
	seen := map[string]int{}
	told := func(kind, path string) {
		t.Helper()
		seen[kind]++
		e := r.await(kind, seen[kind])[seen[kind]-1]
		if got := a.get(path).is(200).json(); !equal(e["data"], got) {
			t.Errorf("%s tells\n%v, and GET\n%v", kind, e["data"], got)
		}
	}
	user := a.pendingUser()
	a.post("/users/"+user+"/application", object{}).is(200)
	told("USER_APPLICATION_STATUS_UPDATED", "/users/"+user)
	a.decide(user, "APPROVED")
	told("USER_APPLICATION_STATUS_UPDATED", "/users/"+user)
	account := a.account(user)
	card := a.cardOf(holder{user, account}, "PHYSICAL")
	a.post("/cards/"+card+"/freeze", nil).is(200)
	told("CARD_STATUS_UPDATED", "/cards/"+card)
	a.post("/cards/"+card+"/unfreeze", nil).is(200)
	told("CARD_STATUS_UPDATED", "/cards/"+card)
	box := a.placed(card)
	told("CARD_SHIPMENT_STATUS_UPDATED", "/card-shipments/"+box)
	for _, scan := range []string{"IN_TRANSIT", "DELIVERED"} {
		a.scan(box, scan, "trackingNumber", "482")
		told("CARD_SHIPMENT_STATUS_UPDATED", "/card-shipments/"+box)
	}
	a.activate(card, a.code(card)).is(204)
	told("CARD_SHIPMENT_STATUS_UPDATED", "/card-shipments/"+box)
	told("CARD_STATUS_UPDATED", "/cards/"+card)
	deposit := a.post("/simulation/fiat-deposits", object{"amount": 100, "currency": "USD", "accountId": account}).is(200)
	if e := r.await("FIAT_DEPOSIT_CREATED", 1)[0]; !equal(e["data"], deposit.json()) {
		t.Errorf("the event tells %v, the answer %s", e["data"], deposit.body)
	}
	use := a.use("authorization", card, 10).is(200).text("id")
	told("CARD_TRANSACTION_CREATED", "/card-transactions/"+use)
	a.use("clearing", card, 9, "transactionId", use).is(200)
	told("CARD_TRANSACTION_UPDATED", "/card-transactions/"+use)
	a.put("/cards/"+card+"/3ds-challenge-method", object{"3dsChallengeMethod": "WEBHOOK"}).is(204)
	challenge := a.use("authorization-with-3ds", card, 5).is(200).text("id")
	told("CARD_3DS_CHALLENGE_CREATED", "/card-3ds-challenges/"+challenge)
	a.restrict(account)
	told("ACCOUNT_STATUS_UPDATED", "/accounts/"+account)
}
