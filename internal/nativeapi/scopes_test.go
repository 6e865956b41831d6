package nativeapi_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/nativeapi"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/storetest"
)

// TestScopes_EveryOperation walks the document: every operation, with a key that has all scopes but the one that it needs, with
// the key of another programme, and with none. So no key of a sandbox touches what is live, nor the reverse.
func TestScopes_EveryOperation(t *testing.T) {
	t.Parallel()
	for name, kinds := range map[string][]storetest.Option{
		"a sandbox and another":             nil,
		"the key of a sandbox on live data": {storetest.WithLiveProgram()},
		"a live key on data of a sandbox":   {storetest.WithLiveForeign()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			walkScopes(newHouse(t, kinds...))
		})
	}
}

func walkScopes(h *house) {
	t := h.t
	v, _ := h.newCard()
	delivery := h.world.IDs.UUID().String()
	ids := map[string]string{ // by the first part of the path
		"cards": v.Card.ID.String(), "batches": h.world.NewBatch().ID.String(), "sandbox": h.world.Shipment.ID.String(), "shipments": v.Box.ID.String(),
		"customers": v.Card.Customer.String(), "accounts": v.Card.Account.String(),
		"keys": h.get("/v1/keys").want(200).text("items", "0", "id"), "designs": h.get("/v1/designs").want(200).text("items", "0", "id"),
	}
	unknown := map[string]string{"id": h.world.IDs.UUID().String(), "delivery_id": delivery}
	walked := 0
	for _, o := range nativeapi.Document.Operations() {
		if len(o.Scopes) == 0 {
			continue
		}
		walked++
		h.world.Clock.Advance(time.Minute) // the other programme has a rate
		id, ok := ids[strings.Split(o.Pattern, "/")[2]]
		if !ok {
			id = v.Card.ID.String()
		}
		if slices.Contains([]access.Scope{access.ProgramsRead, access.ProgramsWrite}, access.Scope(o.Scopes[0])) {
			h.ofInstallation(o.Method, o.Pattern, string(o.Example))
			continue
		}
		name, path := o.Method+" "+o.Pattern, fill(o.Pattern, map[string]string{"id": id, "delivery_id": delivery})
		h.do(o.Method, path, string(o.Example), "Authorization", "").refused(401, "api_key_required")
		without, revoke := h.briefKey(h.world.Program, slices.DeleteFunc(access.Scopes(), func(s access.Scope) bool { return string(s) == o.Scopes[0] })...)
		a := h.do(o.Method, path, string(o.Example), "Authorization", "Bearer "+without).refused(403, "scope_missing")
		revoke()
		if a.text("context", "scope") != o.Scopes[0] {
			t.Errorf("%s: %s", name, a.body)
		}
		if path == o.Pattern {
			continue // it names nothing
		}
		foreign := h.do(o.Method, path, string(o.Example), "Authorization", "Bearer "+h.foreign)
		none := h.do(o.Method, fill(o.Pattern, unknown), string(o.Example), "Authorization", "Bearer "+h.foreign)
		wanted := 404
		if h.world.Foreign.Kind == program.Live && strings.HasPrefix(path, "/v1/sandbox/") {
			wanted = 403 // nothing there is open to a live key
		}
		if foreign.status != wanted || foreign.status != none.status || foreign.body != none.body {
			t.Errorf("%s: %d %s with the key of another programme, %d %s for what does not exist", name, foreign.status, foreign.body, none.status, none.body)
		}
	}
	if walked < 10 {
		t.Errorf("%d operations walked", walked)
	}
	if st, err := h.service.Standing(t.Context(), h.world.Program.ID, v.Card.ID); err != nil || st.Card.Version != v.Card.Version {
		t.Errorf("the card was changed: %v", err)
	}
}

// ofInstallation tries an operation on programmes: no key of one has its scope, and none learns which programmes there are.
func (h *house) ofInstallation(method, pattern, body string) {
	h.t.Helper()
	path := fill(pattern, map[string]string{"id": h.world.Program.ID.String()})
	h.do(method, path, body, "Authorization", "").refused(401, "api_key_required")
	own := h.do(method, path, body).refused(403, "scope_missing")
	none := h.do(method, fill(pattern, map[string]string{"id": h.world.IDs.UUID().String()}), body)
	foreign := h.do(method, path, body, "Authorization", "Bearer "+h.foreign)
	if own.body != none.body || own.body != foreign.body {
		h.t.Errorf("%s %s: %s, %s, %s", method, path, own.body, none.body, foreign.body)
	}
}

func fill(pattern string, values map[string]string) string {
	for name, v := range values {
		pattern = strings.ReplaceAll(pattern, "{"+name+"}", v)
	}
	return pattern
}

func TestKeys_OfOtherDoorsDoNotOpenThisOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, authorization := range []string{"Bearer " + strings.Replace(h.key, "ftn_", "ftk_", 1), "Bearer " + h.key + "x", "Bearer ec_test_" + strings.Repeat("a", 64)} {
		h.get("/v1/cards", "Authorization", authorization).refused(401, "invalid_api_key")
	}
	h.get("/v1/cards", "Authorization", h.key).refused(401, "invalid_auth_header")
}
