package contract

import (
	"encoding/csv"
	"strings"
	"testing"
)

const nativeBatchesPath = "/v1/batches"

func nativeOrder(items ...any) object {
	return object{"delivery_location": object{
		"first_names": "Laura", "last_names": "Pérez", "street": "Reforma", "exterior_number": "1", "neighborhood": "Juárez", "city": "CDMX",
		"state": "CMX", "postal_code": "06600", "mobile": "5512345678", "country": "MX",
	}, "items": items}
}

// nativeBatches orders cards in bulk: a dry run, the order, its repeat, its items in pages and as CSV, and its card.
func nativeBatches(t *testing.T, h *house) {
	p := h.program(t)
	p.debit().stock(1) // the programme has a design
	n := p.native("all")
	order := nativeOrder(object{"identifier": "N-1"}, object{"identifier": "N-1"}, object{"identifier": "not valid"}, object{"front_name": "ACME"})
	n.with("Idempotency-Key", absent).post(nativeBatchesPath+"?dry_run=true", order).is(200).
		has("good", 2.0, "failed", 2.0, "items.0.reason", "identifier_duplicated", "items.1.reason", "identifier_invalid")
	n.with("Idempotency-Key", absent).post(nativeBatchesPath, order).told(422, "native_form_invalid").has("errors.0.path", "header.idempotency-key")
	first := n.keyed("order").post(nativeBatchesPath, order).is(201).has("requested", 4.0, "status", "accepted")
	if again := n.keyed("order").post(nativeBatchesPath, order).is(201).replayed(true); again.body != first.body {
		t.Errorf("a repeat answers %s, the first %s", again.body, first.body)
	}
	n.keyed("order").post(nativeBatchesPath, nativeOrder(object{})).told(409, "idempotency_mismatch")
	n.keyed("none").post(nativeBatchesPath, nativeOrder(object{"identifier": "not valid"})).told(422, "order_invalid").
		has("errors.0.path", "body.items[0].identifier")
	id := first.text("id")
	path := nativeBatchesPath + "/" + id
	var ended reply
	patiently(t, "the order ends", func() bool {
		ended = n.get(path).is(200)
		return ended.at("finished_at") != nil
	})
	ended.has("status", "completed_with_failures", "created", 2.0, "failed", 2.0)
	n.get(nativeBatchesPath+"?status=completed_with_failures").is(200).has("items.0.id", id, "next_cursor", nil)
	n.get(nativeBatchesPath+"?status=staging").told(422, "native_form_invalid")
	n.post(path+"/cancel", object{}).told(409, "batch_not_cancelable")

	page := n.get(path+"/items?limit=3").is(200).has("items.0.identifier", "N-1", "items.0.outcome", "created", "items.2.identifier", nil)
	n.get(path+"/items?limit=3&cursor="+page.text("next_cursor")).is(200).has("items.0.index", 3.0, "next_cursor", nil)
	rows, err := csv.NewReader(strings.NewReader(n.with("Accept", "text/csv").get(path + "/items?outcome=failed").is(200).body)).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][1] != "N-1" || rows[1][3] != "identifier_duplicated" || rows[2][3] != "identifier_invalid" {
		t.Errorf("the failed items as CSV: %v %v", rows, err)
	}
	made := page.text("items.0.card_id")
	n.get("/v1/cards/"+made).is(200).has("plastic.identifier", "N-1", "plastic.batch_id", id)

	file := n.with("Content-Type", "text/csv")
	file.keyed("again").post(path+"/resubmit", "index,identifier,front_name\n2,N-2,ACME\n").is(201).has("requested", 1.0, "delivery_location.last_names", "Pérez")
	file.keyed("more").post(path+"/resubmit", "identifier\nN-3\nN-4\nN-5\n").told(409, "batch_failed_less")
	file.post(nativeBatchesPath+"?dry_run=true", "identifier,pun\nN-3,1\n").told(422, "native_form_invalid").has("errors.0.path", "body.columns.pun")

	foreign, none := h.program(t).native("all").get(path).told(404, "batch_not_found"), n.get(nativeBatchesPath+"/"+nobody).is(404)
	if foreign.body != none.body {
		t.Errorf("an order of another programme answers %s, none %s", foreign.body, none.body)
	}
	p.native("batches:read").post(nativeBatchesPath, order).told(403, "scope_missing").has("context.scope", "batches:write")
}
