package console_test

import (
	"context"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/console"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/staff"
)

func TestConsole_SignsInAndOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	made := h.hire("olga", staff.Admin, ident.ProgramID{})
	b := &browser{house: h}
	b.get(console.Path)
	b.shows(200, "<h1>Sign in</h1>", `autocomplete="current-password"`)
	b.hides(`role="alert"`)
	b.signIn("olga", "not the password", "")
	b.shows(200, `role="alert"`, "is not right")
	b.signIn("Olga", made.Password.Reveal(), "")
	b.shows(200, "Programmes", h.world.Program.Name, "olga")
	b.get(console.Path + "/sign-in")
	b.shows(200, "Programmes")
	b.get(h.at(""))
	b.shows(200, "Find a card", `role="search"`)
	b.post(console.Path + "/sign-out")
	b.shows(200, "<h1>Sign in</h1>")
	b.get(h.at(""))
	b.shows(200, "<h1>Sign in</h1>")
	if strings.Contains(h.log.String(), made.Password.Reveal()) || strings.Contains(h.log.String(), strings.TrimPrefix(b.cookie, "firsttap_console=")+"x") {
		t.Error("the log has a secret")
	}
	for range 22 {
		b.signIn("olga", "guess", "")
	}
	b.shows(429, "Wait five minutes")
}

func TestConsole_ASessionEndsIdle(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.desk(staff.Viewer)
	h.world.Clock.Advance(29 * time.Minute)
	b.get(h.at(""))
	b.shows(200, "Find a card")
	h.world.Clock.Advance(30 * time.Minute)
	b.get(h.at(""))
	b.shows(200, "<h1>Sign in</h1>")
}

func TestConsole_ChangesThePasswordAndTurnsCodesOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	made := h.hire("olga", staff.Viewer, h.world.Program.ID)
	b := &browser{house: h}
	b.signIn("olga", made.Password.Reveal(), "")
	b.get(console.Path + "/account")
	b.post(console.Path+"/account/password", "old", made.Password.Reveal(), "new", "correct horse 1", "again", "correct horse 2")
	b.shows(200, "are not the same")
	b.post(console.Path+"/account/password", "old", "wrong", "new", "correct horse 1", "again", "correct horse 1")
	b.shows(200, "not your present password")
	h.world.Clock.Advance(time.Second)
	b.post(console.Path+"/account/password", "old", made.Password.Reveal(), "new", "correct horse 1", "again", "correct horse 1")
	b.shows(200, "<h1>Sign in</h1>")
	b.signIn("olga", "correct horse 1", "")
	b.get(console.Path + "/account")
	b.post(console.Path + "/account/codes")
	b.shows(200, "otpauth://totp/Firsttap:olga?secret=")
	b.post(console.Path+"/account/codes/on", "code", "12345x")
	b.shows(200, "Look at the clock of the phone")
}

func TestConsole_FindsACardAndShowsIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	b := h.desk(staff.Operator)
	b.post(h.at("/find"), "text", w.Card.Card.ID.String())
	b.shows(200, "Card •••• "+w.Card.Card.Last4, "<h2>Plastic</h2>", "<h2>Parcel</h2>", "<h2>Guard</h2>", "What happened", "card.view", w.Customer.LastName)
	b.post(h.at("/find"), "text", string(w.Batch.Reference))
	b.shows(200, "/batches/"+string(w.Batch.Reference))
	b.post(h.at("/find"), "text", "<script>nobody")
	b.shows(200, "No card is found", "&lt;script&gt;nobody")
	olga := w.NewCustomer(func(c *customer.Customer) { c.Email, c.Phone = "olga@example.com", "+525512345678" })
	hers, _ := w.NewShippedCard(olga, w.NewAccount(olga))
	b.get(h.at("/cards/" + hers.Card.ID.String()))
	b.shows(200, "olga@example.com", "&#43;525512345678", "Laura Pérez")
	b.post(h.at("/find"), "text", "perez "+hers.Card.Last4)
	b.shows(200, hers.Card.ID.String())
	for range 30 {
		w.NewCustomer(func(c *customer.Customer) { c.LastName = "Zavala" })
	}
	b.post(h.at("/find"), "text", "zavala")
	b.shows(200, "<h2>Customers</h2>", "There are more.")
	b.hides("<h2>Cards</h2>")
	viewer := h.desk(staff.Viewer)
	viewer.post(h.at("/find"), "text", "olga@EXAMPLE.com")
	viewer.shows(200, "Card •••• ", "Your role does not have this.", "o•••@e•••", "•••5678", "L••• P•••")
	viewer.hides("olga@", "+5255", "Pérez", hers.Card.HolderName)
	viewer.get(h.at("/cards/" + w.IDs.UUID().String()))
	viewer.shows(404, "no such card")
	viewer.get(h.at("/cards/x"))
	viewer.shows(404, "no such card")
	viewer.get(console.Path + "/p/" + w.Foreign.ID.String() + "/cards/" + w.Card.Card.ID.String())
	viewer.shows(404, "no such programme")
}

func TestConsole_ActsOnACardWithAReason(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	b := h.desk(staff.Approver)
	card := h.at("/cards/" + w.Card.Card.ID.String())
	do := func(action, reason string, fields ...string) {
		t.Helper()
		w.Clock.Advance(time.Second)
		b.get(card)
		b.post(card+"/"+action, append([]string{"reason", reason}, fields...)...)
	}
	do("freeze", " ")
	b.shows(200, "Say why")
	do("freeze", strings.Repeat("x", 201))
	b.shows(200, "Say why")
	for _, hidden := range []string{"a\x00b", "a\x1bb", "a\nb", "a\u202eb", "a\xffb"} {
		do("freeze", hidden)
		b.shows(200, "Say why")
	}
	do("dance", "for fun")
	b.shows(200, "was not complete")
	do("replace", "no cause")
	b.shows(200, "was not complete")
	for _, step := range []struct{ action, says string }{
		{"freeze", "The card is frozen."},
		{"unfreeze", "The card is unfrozen."},
		{"block", "The card is blocked."},
		{"unblock", "The block is lifted."},
		{"reset_guard", "all its tries again"},
		{"report_damaged", "reported damaged"},
		{"report_lost", "reported lost"},
	} {
		do(step.action, "because of "+step.action)
		b.shows(200, step.says, "because of "+step.action)
	}
	do("report_stolen", "no, stolen")
	b.shows(200, "stopped for good already")
	do("replace", "a new one", "for", string(issuance.ReplaceLost))
	b.shows(200, "The card has a successor.", "Successor")
	rows, err := h.rules.AuditTrail(t.Context(), w.Program.ID, issuance.AuditFilter{Card: w.Card.Card.ID, Action: "card.freeze", Outcome: "ok"}, issuance.Page{Limit: 9})
	if err != nil || len(rows) != 1 || rows[0].Note != "because of freeze" || rows[0].Channel != "console" || !strings.HasPrefix(rows[0].Actor, "operator:approver") || rows[0].Source != "192.0.2.7" {
		t.Errorf("the trail of the freeze: %+v, %v", rows, err)
	}
}

// TestConsole_EachRoleHasItsPagesAndActions walks all that the console takes, as each role.
func TestConsole_EachRoleHasItsPagesAndActions(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	card := h.at("/cards/" + w.Card.Card.ID.String())
	hook, sent := h.hook()
	at := h.at("/webhooks/native/" + hook.ID.String())
	all := map[string]staff.Role{ // the least role of each
		"GET " + h.at("/batches/new"): staff.Operator, "POST " + h.at("/batches/check"): staff.Operator, "POST " + h.at("/batches/order"): staff.Operator,
		"GET " + h.at("/batches/"+string(w.Batch.Reference)+"/resubmit"): staff.Operator,
		"GET " + h.at("/customers"):                                      staff.Viewer, "GET " + h.at("/customers/"+w.Customer.ID.String()): staff.Viewer,
		"GET " + h.at("/webhooks"): staff.Viewer, "GET " + at: staff.Viewer, "GET " + at + "/deliveries/" + sent.ID.String(): staff.Viewer,
		"POST " + at + "/deliveries/" + sent.ID.String() + "/retry": staff.Operator, "POST " + at + "/replay": staff.Operator, "POST " + at + "/pause": staff.Operator,
		"GET " + h.at("/sandbox"): staff.Viewer, "POST " + h.at("/sandbox/clock"): staff.Operator, "POST " + h.at("/sandbox/walk"): staff.Operator,
		"POST " + h.at("/sandbox/scenario"): staff.Operator,
		"GET " + console.Path:               staff.Viewer, "GET " + console.Path + "/account": staff.Viewer, "POST " + console.Path + "/account/password": staff.Viewer,
		"POST " + console.Path + "/account/codes": staff.Viewer, "POST " + console.Path + "/account/codes/on": staff.Viewer,
		"GET " + h.at(""): staff.Viewer, "GET " + h.at("/overview"): staff.Viewer, "POST " + h.at("/find"): staff.Viewer, "GET " + card: staff.Viewer,
		"POST " + card + "/reset_guard": staff.Approver, "GET " + h.at("/batches"): staff.Viewer, "GET " + h.at("/audit"): staff.Viewer,
		"GET " + h.at("/approvals"): staff.Viewer, "POST " + h.at("/approvals/"+w.IDs.UUID().String()+"/approve"): staff.Approver,
		"POST " + h.at("/approvals/"+w.IDs.UUID().String()+"/refuse"): staff.Approver,
		"GET " + h.at("/shipments"):                                   staff.Viewer, "GET " + h.at("/shipments/"+w.Shipment.ID.String()): staff.Viewer,
		"GET " + h.at("/batches/"+string(w.Batch.Reference)): staff.Viewer, "GET " + h.at("/batches/"+string(w.Batch.Reference)+"/items.csv"): staff.Viewer,
	}
	for _, a := range issuance.Actions() {
		if a != issuance.ToResetGuard {
			all["POST "+card+"/"+string(a)] = staff.Operator
		}
	}
	for at, role := range staff.Roles() {
		b := h.desk(role)
		for route, least := range all {
			method, path, _ := strings.Cut(route, " ")
			b.get(console.Path + "/account")
			if method == "GET" {
				b.get(path)
			} else {
				b.post(path) // without a reason nothing is done, but who may not is told so first
			}
			if may := at >= rankOf(least); (b.status == 403) == may || may && b.status != 200 {
				t.Errorf("%s as %s answers %d, want it from %s on", route, role, b.status, least)
			}
		}
		b.get(console.Path + "/account") // the page before may have no form
		b.post(console.Path + "/sign-out")
		b.shows(200, "<h1>Sign in</h1>")
	}
}

func rankOf(r staff.Role) int {
	for i, role := range staff.Roles() {
		if role == r {
			return i
		}
	}
	return -1
}

func TestConsole_ListsBatchesAndTheirItems(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	b := h.desk(staff.Viewer)
	b.get(h.at("/batches"))
	b.shows(200, "/batches/"+string(w.Batch.Reference), "<progress")
	page := h.at("/batches/" + string(w.Batch.Reference))
	b.get(page)
	b.shows(200, "Batch "+string(w.Batch.Reference), "Only what failed")
	b.get(page + "?failed&from=x")
	b.shows(200, "No such items", "All items")
	b.get(page + "/items.csv")
	b.shows(200, "index,identifier,outcome,reason,card_id\n")
	if b.header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.HasPrefix(b.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the CSV comes as %s, %s", b.header.Get("Content-Type"), b.header.Get("Content-Disposition"))
	}
	for _, none := range []string{"/batches/x", "/batches/" + strings.Repeat("0", 32), "/batches/x/items.csv"} {
		b.get(h.at(none))
		b.shows(404, "no such batch")
	}
}

func TestConsole_ListsShipmentsAndTheirScans(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	w.Write(func(ctx context.Context, tx issuance.Tx) error {
		_, err := tx.InsertScan(ctx, w.Shipment.ID, shipment.Scan{Key: "1", Status: shipment.OutForDelivery, At: w.Now(), RecordedAt: w.Now()})
		return err
	})
	b := h.desk(staff.Viewer)
	b.get(h.at("/shipments"))
	b.shows(200, "/shipments/"+w.Shipment.ID.String(), "in transit")
	b.get(h.at("/shipments/" + w.Shipment.ID.String()))
	b.shows(200, "<strong>out for delivery</strong>", w.Shipment.Courier.Type)
	for _, none := range []string{"x", w.IDs.UUID().String()} {
		b.get(h.at("/shipments/" + none))
		b.shows(404, "no such shipment")
	}
}

// TestConsole_LooksThroughTheTrailByParts: somebody who did nothing is looked for in the newest rows alone, until asked to go on.
func TestConsole_LooksThroughTheTrailByParts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	b := h.desk(staff.Operator)
	row := audit.Row{Program: w.Program.ID, At: w.Clock.Now(), Actor: "key:early", Channel: "cards", Action: "code.read", Outcome: audit.OK}
	rows := make([]audit.Row, 10_010) // ten more than one page looks through
	for i := range rows {
		rows[i] = row
		rows[i].ID, rows[i].At = w.IDs.UUID(), row.At.Add(time.Duration(i)*time.Microsecond)
		if i > 0 {
			rows[i].Actor = "key:later"
		}
	}
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertAudit(ctx, rows...) })
	b.get(h.at("/audit?actor=key:early"))
	b.shows(200, "Older rows were not looked through yet.")
	next := regexp.MustCompile(`href="(\?[^"]+)">Older rows`).FindStringSubmatch(b.text)
	if next == nil || strings.Contains(b.text, "<tr><th scope=\"row\">") {
		t.Fatalf("the first page leads to %v", next)
	}
	b.get(h.at("/audit" + html.UnescapeString(next[1])))
	if found := strings.Count(b.text, "<tr><th scope=\"row\">"); found != 1 || strings.Contains(b.text, "looked through yet") {
		t.Errorf("the second page has %d rows", found)
	}
}

func TestConsole_ListsTheTrailByPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	b := h.desk(staff.Operator)
	for range 60 {
		w.Clock.Advance(time.Second)
		b.get(h.at("/cards/" + w.Card.Card.ID.String()))
	}
	b.get(h.at("/audit?action=card.view"))
	first := strings.Count(b.text, "<tr><th scope=\"row\">")
	next := regexp.MustCompile(`href="(\?[^"]+)">Older rows`).FindStringSubmatch(b.text)
	if first != 50 || next == nil {
		t.Fatalf("the first page has %d rows, and leads to %v", first, next)
	}
	b.get(h.at("/audit" + html.UnescapeString(next[1])))
	if rest := strings.Count(b.text, "<tr><th scope=\"row\">"); rest != 10 || strings.Contains(b.text, "Older rows") {
		t.Errorf("the second page has %d rows", rest)
	}
	b.get(h.at("/audit?action=staff.sign_in&outcome=ok"))
	b.shows(200, "operator:operator.")
	b.get(h.at("/audit?card=" + w.Card.Card.ID.String() + "&actor=nobody"))
	b.shows(200, "No such row.")
	b.get(h.at("/audit?card=x"))
	b.shows(200, "no id of a card")
}

func TestConsole_TakesAFormOnlyFromItsOwnPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.desk(staff.Operator)
	path := h.at("/cards/" + h.world.Card.Card.ID.String() + "/freeze")
	other := h.desk(staff.Operator)
	for name, form := range map[string]url.Values{
		"no token": {"reason": {"x"}}, "another one": {"reason": {"x"}, "form": {strings.Repeat("0", 64)}},
	} {
		b.send("POST", path, form)
		b.shows(403, "did not come from a page")
		if h.world.View(h.world.Card.Card.ID).Card.FrozenBy != "" {
			t.Errorf("%s: the card is frozen", name)
		}
	}
	b.text = other.text // the form of another session
	b.post(path, "reason", "x")
	b.shows(403, "did not come from a page")
	b.get(h.at(""))
	b.send("POST", path, url.Values{"reason": {"x"}}, "Origin", "https://evil.example.com")
	b.shows(403, "did not come from a page")
	b.send("POST", console.Path+"/sign-in", url.Values{"name": {"x"}}, "Sec-Fetch-Site", "cross-site")
	b.shows(403, "did not come from a page")
}

func TestConsole_HasAStrictPolicyAndNothingOfOthers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.desk(staff.Admin)
	b.get(h.at("/cards/" + h.world.Card.Card.ID.String()))
	if csp := b.header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; style-src 'self'; form-action 'self'") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("the policy is %s", csp)
	}
	b.hides("<script", "style=", "http://")
	b.shows(200, `href="/ops/console/console.css"`)
	b.get(console.Path + "/console.css")
	b.shows(200, ":focus-visible")
}

func TestConsole_ShowsTheNextPlasticBesideTheOneInUse(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	v, code := w.NewShippedCard(w.Customer, w.Account)
	by := issuance.Command{Caller: w.Caller()}
	rules := w.Service(w.Store)
	if err := rules.Activate(t.Context(), issuance.ActivateCard{Command: by, Card: v.Card.ID, Code: code}); err != nil {
		t.Fatal(err)
	}
	b := h.desk(staff.Operator)
	path := h.at("/cards/" + v.Card.ID.String())
	b.get(path)
	b.shows(200, "<h2>Plastic</h2>")
	b.hides("<h2>Next plastic</h2>")
	if _, err := rules.ReissueCard(t.Context(), issuance.ReissueCard{Command: by, Card: v.Card.ID, For: issuance.ReissueDamaged, Reason: "bent"}); err != nil {
		t.Fatal(err)
	}
	b.get(path)
	b.shows(200, "<h2>Plastic</h2>", "activated", "<h2>Next plastic</h2>", "planned", "on activation")
}
