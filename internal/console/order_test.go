package console_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/staff"
)

// place is where an order goes.
var place = []string{
	"first_names", "Ana", "last_names", "Torres", "street", "Av. Tulum", "exterior_number", "1", "neighborhood", "Centro", "city", "Cancún",
	"state", "Quintana Roo", "postal_code", "77500", "mobile", "9981234567", "country", "MX",
}

// hidden is the value of a hidden field of the page that is shown.
func (b *browser) hidden(name string) string {
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(b.text)
	if m == nil {
		b.t.Fatalf("%s has no field %s", b.path, name)
	}
	return m[1]
}

// upload sends a form with a file, as a browser does.
func (b *browser) upload(path, content string, fields ...string) {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i, fields := 0, append(fields, "form", b.hidden("form")); i < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			b.t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", "order.csv")
	if err == nil {
		_, err = part.Write([]byte(content))
	}
	if err != nil || w.Close() != nil {
		b.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "https://cards.example.com"+path, &body)
	r.RemoteAddr = "192.0.2.7:4711"
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Origin", "https://cards.example.com")
	r.Header.Set("Cookie", b.cookie)
	rec := httptest.NewRecorder()
	b.handler.ServeHTTP(rec, r)
	b.status, b.header, b.text, b.path = rec.Code, rec.Header(), rec.Body.String(), path
}

func TestConsole_ChecksAnOrderAndPlacesItOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.desk(staff.Operator)
	page := h.at("/batches/new")
	b.get(page)
	b.shows(200, "<h1>Order cards</h1>", `enctype="multipart/form-data"`)
	once := b.hidden("once")

	for rows, says := range map[string]string{
		"":                                     "Choose a file, or paste rows",
		"identifier":                           "There is no row",
		"identifier,colour\nA,red":             "There is no column &#34;colour&#34;",
		"identifier,identifier\nA,B":           "is there twice",
		"identifier,pin\nA,1234":               "PINs are not ordered here",
		"identifier,front_name\nA":             "Row 2 has 1 fields",
		"identifier,front_name\nA,\"B\nC,D":    "cannot be read",
		"identifier,front_name\nA,B\n,\nC,D":   "Row 3 is empty.",
		"identifier\nA\n\nC":                   "Row 3 is empty.",
		"identifier,qr\r\nA-1,\r\n,\r\n,\r\n":  "All 1 rows would become cards.",
		"identifier\nA-2\n\n\n":                "All 1 rows would become cards.",
		"identifier\nA\xff":                    "no text in UTF-8",
		"identifier\nC-1\nC-1\nC-2":            "Of 3 rows 1 would fail",
		"identifier;front_name\nD-1;ANA":       "All 1 rows would become cards.",
		"identifier\tfront_name\nD-1\tANA":     "All 1 rows would become cards.",
		"identifier,campaign\nE-1,no-campaign": "campaign unknown",
	} {
		b.get(page)
		if b.post(h.at("/batches/check"), "items", rows); !strings.Contains(b.text, says) {
			t.Errorf("%q: want %q in\n%s", rows, says, b.text)
		}
	}
	b.get(page)
	b.upload(h.at("/batches/check"), "\ufeffidentifier,front_name\nF-1,ANA\nF-2,"+strings.Repeat("x", 30)+"\n")
	b.shows(200, "Of 2 rows 1 would fail", "<th scope=\"row\">3</th><td>F-2</td>", "F-1,ANA")
	b.post(h.at("/batches/check"), "items", "identifier\nA", "campaign", "NOSUCH")
	b.shows(200, `role="alert"`)
	if all := h.batches(); len(all) != 1 {
		t.Fatalf("checking has ordered %d batches", len(all)-1)
	}

	rows := "identifier,front_name\nG-1,ANA\nG-2," + strings.Repeat("x", 30) + "\n"
	order := append([]string{"once", once, "items", rows, "reason", "for the branch"}, place...)
	without := func(name string) []string {
		i := slices.Index(order, name)
		return append(slices.Clone(order[:i+1]), append([]string{""}, order[i+2:]...)...)
	}
	for name, says := range map[string]string{"reason": "Say why", "city": "has another form: City.", "once": "was not complete", "items": "Choose a file"} {
		b.get(page)
		b.post(h.at("/batches/order"), without(name)...)
		b.shows(200, says, "Av. Tulum")
	}
	b.get(page)
	b.post(h.at("/batches/order"), order...)
	b.shows(200, "It is ordered", "Batch ", "Stop following")
	if b.header.Get("Refresh") == "" {
		t.Error("the page of a batch that is made is not loaded again")
	}
	ordered := b.path
	b.get(page)
	b.post(h.at("/batches/order"), order...)
	if b.path != ordered {
		t.Errorf("the same form leads to %s, and again to %s", ordered, b.path)
	}
	b.get(page)
	b.post(h.at("/batches/order"), append(slices.Clone(order), "items", "identifier\nG-9")...)
	b.shows(200, "was sent before with other rows")
	b.get(page)
	b.post(h.at("/batches/order"), append(slices.Clone(order), "once", b.hidden("once"), "items", "identifier\nX Y\n")...)
	b.shows(200, "No row of it can become a card")
	if all := h.batches(); len(all) != 2 || all[0].Requested != 2 || all[0].Failed != 1 {
		t.Errorf("ordered is %+v", all)
	}
	if notes := h.notes("batch.accept"); len(notes) != 1 || notes[0] != "for the branch" {
		t.Errorf("the trail of the order: %q", notes)
	}
	viewer := h.desk(staff.Viewer)
	viewer.get(page)
	viewer.shows(403, "Your role does not have this")
}

func (h *house) batches() []batch.Batch {
	h.t.Helper()
	all, err := h.rules.Batches(h.t.Context(), h.world.Program.ID, issuance.BatchFilter{}, issuance.Page{Limit: 9})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func TestConsole_OrdersFailedRowsAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.desk(staff.Operator)
	b.get(h.at("/batches/new"))
	b.post(h.at("/batches/order"), append([]string{"once", b.hidden("once"), "items", "identifier\nH-1\nH-1\nH-2\n", "reason", "branch"}, place...)...)
	made := h.batches()[0]
	page := h.at("/batches/" + string(made.Reference))
	b.get(page)
	b.shows(200, "Follow the progress")
	b.hides("Order the failed rows again")
	for done := false; !done; {
		step, err := h.rules.MakeBatchStep(context.WithoutCancel(t.Context()), h.world.Program.ID, made.ID, 10)
		if err != nil {
			t.Fatal(err)
		}
		done = step.Done
	}
	h.tally()
	b.get(page + "?watch")
	b.shows(200, "Order the failed rows again", "<dt>Activated</dt><dd>0</dd>")
	if b.header.Get("Refresh") != "" {
		t.Error("the page of a batch that has ended is loaded again")
	}
	h.world.Clock.Advance(time.Second)
	b.get(page + "/resubmit")
	b.shows(200, "H-1,,,,identifier_duplicated", string(made.Reference))
	b.hides("Where they go")
	b.post(h.at("/batches/check"), "once", b.hidden("once"), "again", string(made.Reference), "items", "identifier,reason\nH-3,x\n")
	b.shows(200, "All 1 rows would become cards.")
	b.post(h.at("/batches/order"), "once", b.hidden("once"), "again", string(made.Reference), "items", "identifier\nH-3\nH-4\n", "reason", "corrected")
	b.shows(200, "has not ended, or fewer of its rows failed")
	b.post(h.at("/batches/order"), "once", b.hidden("once"), "again", string(made.Reference), "items", "identifier\nH-3\n", "reason", "corrected")
	b.shows(200, "It is ordered")
	if again := h.batches()[0]; again.Location != made.Location || again.Requested != 1 {
		t.Errorf("ordered again is %+v", again)
	}
	for _, none := range []string{"x", strings.Repeat("0", 32)} {
		b.get(h.at("/batches/" + none + "/resubmit"))
		b.shows(404, "no such batch")
	}
	b.get(h.at("/batches/new"))
	b.post(h.at("/batches/check"), "again", "x", "items", "identifier\nA")
	b.shows(404, "no such batch")
}
