package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/client"
	"github.com/firsttap/firsttap/client/cardtest"
	"github.com/firsttap/firsttap/internal/cli"
)

// afar is an operator with a key of a server that runs somewhere.
type afar struct {
	desk
	stdin string
}

func newAfar(t *testing.T, server *cardtest.Server, scopes ...string) *afar {
	t.Helper()
	key := server.NativeKey // has all scopes
	if len(scopes) > 0 {
		key = server.Key(t, scopes...)
	}
	return &afar{desk: desk{t: t, env: map[string]string{"FIRSTTAP_SERVER": server.URL, "FIRSTTAP_API_KEY": key}}}
}

// api runs a command that must succeed.
func (a *afar) api(args ...string) string {
	a.t.Helper()
	out, errs, code := a.try(args...)
	if code != 0 {
		a.t.Fatalf("firsttap api %s: exit code %d\n%s", strings.Join(args, " "), code, errs)
	}
	return out
}

func (a *afar) try(args ...string) (stdout, stderr string, code int) {
	a.t.Helper()
	var out, errs bytes.Buffer
	code = cli.Run(a.t.Context(), cli.World{
		Args: append([]string{"api"}, args...), Stdin: strings.NewReader(a.stdin), Stdout: &out, Stderr: &errs,
		Getenv: func(name string) string { return a.env[name] }, ReadFile: os.ReadFile, Version: "v1.2.3",
	})
	return out.String(), errs.String(), code
}

// says runs a command that must print what matches.
func (a *afar) says(form string, args ...string) string {
	a.t.Helper()
	out := a.api(args...)
	if !regexp.MustCompile(form).MatchString(out) {
		a.t.Errorf("firsttap api %s prints\n%s\nwhich has no %s", strings.Join(args, " "), out, form)
	}
	return out
}

// no runs a command that must be refused, and say so.
func (a *afar) no(words string, args ...string) {
	a.t.Helper()
	if out, errs, code := a.try(args...); code == 0 || !strings.Contains(errs, words) || strings.Contains(errs, "firsttap: firsttap:") {
		a.t.Errorf("firsttap api %s: exit code %d, want a refusal with %q\n%s%s", strings.Join(args, " "), code, words, out, errs)
	}
}

// field runs a command with --json, and gives one member of the answer.
func (a *afar) field(name string, args ...string) string {
	a.t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(a.api(append(args, "--json")...)), &out); err != nil {
		a.t.Fatal(err)
	}
	s, _ := out[name].(string)
	return s
}

func (a *afar) file(name, content string) string {
	a.t.Helper()
	path := filepath.Join(a.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

func TestAPI_CardsFromTheParcelToTheirEnd(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	a := newAfar(t, server)
	card, early := server.Mailer(t), server.Ordered(t)
	a.says(`(?s)CARD +TYPE.*`+card.ID+` +physical +open`, "card", "list")
	a.says(`(?s)tries left +5.*may +activate`, "card", "show", card.ID)
	a.says(`It may be activated now, by code`, "card", "eligibility", card.ID)
	a.says(`not_shipped`, "card", "eligibility", early.ID)

	wrong := "000000"
	if card.Code == wrong {
		wrong = "000001"
	}
	a.stdin = wrong + "\n"
	a.no("(409 code_mismatch)", "card", "activate", card.ID)
	a.says(`(?s)tries left +4.*tries used +1 now`, "card", "guard", card.ID)
	a.says(`tries left +5`, "card", "reset-guard", card.ID, "--reason", "she has it now")
	a.no("mailer_link_off", "card", "mailer-link", card.ID, "--svg")
	if out := a.api("card", "recover-code", card.ID, "--reason", "no letter"); strings.TrimSpace(out) != card.Code {
		t.Error("another code was recovered")
	}
	a.says(`/activation.*\nIt opens once`, "card", "link", card.ID)
	a.stdin = ""
	a.says(`The card is activated`, "card", "activate", card.ID, "--code", a.file("code", card.Code+"\n"))
	a.says(`The card is frozen`, "card", "freeze", card.ID)
	a.says(`The card is open`, "card", "unfreeze", card.ID)
	a.says(`The card is blocked`, "card", "block", card.ID, "--message", "a call")
	a.says(`The card is open`, "card", "unblock", card.ID)
	a.says(`its plastic`, "card", "report", card.ID, "lost", "--reason", "in a taxi")
	a.says(`reported so before`, "card", "report", card.ID, "lost", "--reason", "in a taxi")
	next := a.field("card_id", "card", "replace", card.ID, "--for", "lost", "--reason", "in a taxi")
	a.says(`replaces +`+card.ID, "card", "show", next)
	other := server.Mailer(t)
	a.api("card", "activate", other.ID, "--code", a.file("code", other.Code))
	a.says(`(?s)new plastic +\S+\nwhich is +planned.*and dies +now`, "card", "reissue", other.ID, "--for", "damaged", "--reason", "bent", "--retire", "now")
	a.says(`next plastic|plastic +planned`, "card", "show", other.ID)
	third := server.Mailer(t)
	a.api("card", "activate", third.ID, "--code", a.file("code", third.Code))
	a.says(`and dies +on_activation`, "card", "renew", third.ID, "--reason", "it ends soon")
	a.no("404 card_not_found", "card", "show", "019b8d62-7a80-7a3e-b27b-b26e362d9657")
}

func TestAPI_BulkOrdersFromFiles(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	a := newAfar(t, server)
	to := a.file("to.json", `{"first_names":"Laura","last_names":"Pérez","street":"Reforma","exterior_number":"1","neighborhood":"Juárez","city":"CDMX",
"state":"CMX","postal_code":"06600","mobile":"5512345678","country":"MX"}`)
	cards := a.file("cards.csv", "identifier,front_name\nA-1,ANA\nA-2,BEN\nno good,EVA\n")
	a.says(`(?s)2 of 3 cards would be made.*no good|2 of 3 cards would be made.*identifier_invalid`, "batch", "order", cards, "--to", to, "--dry-run")
	id := a.field("id", "batch", "order", cards, "--to", to, "--once", "monday")
	if again := a.field("id", "batch", "order", cards, "--to", to, "--once", "monday"); again != id {
		t.Errorf("the same order again is %s, not %s", again, id)
	}
	a.says(`(?s)status +completed_with_failures.*made +2`, "batch", "wait", id)
	a.says(id+` +[0-9a-f]{32} +completed_with_failures +3 +2 +1`, "batch", "list")
	a.says(`2 +\S.* +failed +identifier_invalid`, "batch", "items", id, "--outcome", "failed")
	table := a.says(`^index,identifier,outcome`, "batch", "items", id, "--csv", "--outcome", "failed")
	fixed := a.file("fixed.csv", strings.Replace(table, "2,,failed", "2,A-3,failed", 1))
	a.says(`(?s)status +completed\n.*made +1`, "batch", "resubmit", id, fixed, "--wait")
	a.no("409 batch_not_cancelable", "batch", "cancel", id)
	a.no(`has a column "colour"`, "batch", "resubmit", id, a.file("bad.csv", "colour\nred\n"))

	reference := a.field("reference_batch", "batch", "show", id)
	holder := server.Ordered(t).Customer
	many := a.file("many.csv", "identifier,reference_batch,customer_id\nA-1,"+reference+","+holder+"\nA-9,"+reference+","+holder+"\n")
	out, _, code := a.try("card", "activate-many", many)
	if code != 1 || !strings.Contains(out, "1 of 2 cards are activated") || !regexp.MustCompile(`3 +- +card_not_found`).MatchString(out) {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

func TestAPI_ParcelsPeopleAndTime(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	a := newAfar(t, server)
	one := server.Ordered(t)
	elsewhere := a.file("to.json", `{"line1":"Calle 2","city":"Puebla","postal_code":"72000","country":"MX"}`)
	a.says(one.Shipment+` +cards +placed`, "shipment", "list", "--status", "placed")
	a.says(`to +Calle 2 72000 Puebla MX`, "shipment", "redirect", one.Shipment, "--to", elsewhere, "--reason", "she moved")
	a.says(`was placed and is in_production`, "sandbox", "step", one.Shipment)
	a.says(`is in_transit`, "sandbox", "step", one.Shipment, "in_transit", "--tracking", "JD1")
	a.says(`is returned`, "shipment", "scan", "DHL", "JD1", "returned")
	a.says(`(?s)returned.*CARD +PLASTIC.*HAPPENED +SCAN`, "shipment", "show", one.Shipment)
	again := a.field("id", "shipment", "reship", one.Shipment, "--reason", "she is back")
	a.says(`status +ready_to_ship`, "shipment", "show", again)
	a.api("sandbox", "step", again, "returned")
	a.says(`destroyed`, "shipment", "destroy", again, "--reason", "mouldy")
	a.says(`status +canceled`, "shipment", "cancel", server.Ordered(t).Shipment, "--reason", "a mistake")

	made := a.field("id", "customer", "add", "--email", "eva@example.com", "--phone", "+525512340000", "--external-id", "E-1")
	a.says(made+` +E-1`, "customer", "list", "--external-id", "E-1")
	a.says(`email +eva@example.com`, "customer", "show", made)
	a.says(one.ID, "customer", "cards", one.Customer)
	a.says(`1000\.00 USD`, "account", "list", "--owner", one.Customer)
	a.says(`available +1000\.00 USD`, "account", "show", one.Account)
	a.says(one.Customer, "account", "open", one.Customer, "--reason", "a second purse")

	a.says(`2027-03-06T17:40:00Z \(frozen\)`, "sandbox", "clock", "freeze", "2027-03-06T17:40:00Z")
	a.says(`2027-03-06T17:55:00Z`, "sandbox", "clock", "advance", "15m")
	a.says(`2028-01-01T00:00:0`, "sandbox", "clock", "set", "2028-01-01T00:00:00Z")
	a.says(`\(moved\)`, "sandbox", "clock", "show")
	a.says(`\(real\)`, "sandbox", "clock", "follow")
	a.says(`guess_until_locked`, "sandbox", "scenarios")
	a.says(`expect ana plastic activated`, "sandbox", "run", "returned_then_reshipped")
	a.no("409 scenario_seed_used", "sandbox", "run", "returned_then_reshipped")
	a.no("did not come to what it expects", "sandbox", "run", a.file("mine.txt", "card ana\nactivate ana\n"))
}

func TestAPI_WebhooksTrailAndApprovals(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t, cardtest.WithPolicy("approvals.actions", "guard_reset"), cardtest.WithPolicy("webhooks.allow_private_targets", "true"))
	a := newAfar(t, server)
	chief := newAfar(t, server, "approvals:read", "approvals:write")
	card := server.Mailer(t)
	out, errs, code := a.try("card", "reset-guard", card.ID, "--reason", "she called")
	asked := regexp.MustCompile(`firsttap api approval approve (\S+)`).FindStringSubmatch(errs)
	if code != 1 || asked == nil {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	chief.says(asked[1]+` +guard_reset +pending +`+card.ID, "approval", "list")
	chief.says(`status +approved`, "approval", "approve", asked[1], "--note", "fine")
	a.says(`tries left +5`, "card", "reset-guard", card.ID, "--reason", "she called", "--approval", asked[1])
	a.says(`status +used`, "approval", "show", asked[1])
	_, errs, _ = a.try("card", "reset-guard", card.ID, "--reason", "again")
	chief.says(`status +refused`, "approval", "refuse", regexp.MustCompile(`approval approve (\S+)`).FindStringSubmatch(errs)[1], "--note", "no")

	hook := a.field("id", "webhook", "create", "http://127.0.0.1:1029/hooks", "--name", "main")
	a.says(`whsec_`, "webhook", "rotate", hook)
	a.says(`status +paused`, "webhook", "pause", hook)
	a.says(`is on its way`, "webhook", "test", hook)
	delivery := regexp.MustCompile(`(\S+) +\S+ +webhook.test +pending`).FindStringSubmatch(a.api("webhook", "deliveries", hook))
	if delivery == nil {
		t.Fatal("the sample is no delivery")
	}
	a.says(`type +webhook.test`, "webhook", "delivery", hook, delivery[1])
	a.says(`status +active`, "webhook", "resume", hook)
	a.says(`delivery +`+delivery[1], "webhook", "retry", hook, delivery[1])
	a.says(`deliveries are due now`, "webhook", "replay", hook, "--from", "2020-01-01T00:00:00Z", "--to", time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "--status", "pending")
	a.says(`name +other`, "webhook", "update", hook, "--name", "other")
	a.says(`status +active`, "webhook", "show", hook)
	a.says(`status +ended`, "webhook", "end", hook)
	a.says(hook+` +other +ended`, "webhook", "list")

	a.says(`shipment\.placed`, "events", "-n", "100")
	a.says(`card\.reset_guard`, "audit", "list", "--card", card.ID)
	if signed := a.field("checkpoint", "audit", "checkpoint"); !strings.Contains(a.api("audit", "checkpoint"), strings.SplitN(signed, "\n", 2)[0]) {
		t.Error("no checkpoint is printed")
	}
	export := filepath.Join(t.TempDir(), "trail")
	told := a.says(`Exported \d+ rows`, "audit", "export", "--out", export)
	key := regexp.MustCompile(`--key (\S+)`).FindStringSubmatch(told)[1]
	if proof := a.do("audit", "verify", "--export", export, "--checkpoint", export+".checkpoint", "--key", key); !strings.Contains(proof, "Proved") {
		t.Errorf("%s", proof)
	}
	a.says(`plastic +requested +\S+ +`, "lifecycle")
}

func TestAPI_JSONIsTheAnswerOfTheAPI(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	a := newAfar(t, server, "cards:read", "audit:read")
	card := server.Mailer(t)
	var one map[string]json.RawMessage
	if err := json.Unmarshal([]byte(a.api("card", "show", card.ID, "--json")), &one); err != nil || string(one["replaced_by"]) != "null" {
		t.Errorf("%v, replaced_by is %s, not null as the API has it", err, one["replaced_by"])
	}
	var page struct{ Items []json.RawMessage }
	if err := json.Unmarshal([]byte(a.api("audit", "list", "-n", "2", "--json")), &page); err != nil || len(page.Items) != 2 {
		t.Errorf("%v, %d rows", err, len(page.Items))
	}
	newest, oldest := a.api("audit", "list", "-n", "1", "--json"), a.api("audit", "list", "-n", "1", "--json", "--oldest")
	if newest == oldest {
		t.Errorf("the trail begins at one end: %s", newest)
	}
	if _, errs, _ := a.try("audit", "list", "-n", "2"); !strings.Contains(errs, "There are more") {
		t.Errorf("%q", errs)
	}
	out, _, code := a.try("card", "freeze", card.ID, "--json")
	if code != 1 || !strings.Contains(out, `"reason":"scope_missing"`) {
		t.Errorf("a refusal: exit code %d\n%s", code, out)
	}
}

func TestAPI_KeysComeFromTheEnvironmentOrAFile(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	a := newAfar(t, server)
	key := a.env["FIRSTTAP_API_KEY"]
	delete(a.env, "FIRSTTAP_API_KEY")
	a.no("there is no key", "card", "list")
	a.api("card", "list", "--api-key-file", a.file("key", key+"\n"))
	a.env["FIRSTTAP_API_KEY"] = "ftn_sandbox_wrong"
	a.no("401 invalid_api_key", "card", "list")
	a.no("like https://host", "card", "list", "--server", "localhost")
	a.no("connection refused", "card", "show", "019b8d62-7a80-712b-9f89-22616e65fbea", "--server", "http://127.0.0.1:1")
}

// TestAPI_HasACommandForEverythingThatTheClientDoes holds the tree to the client: a method without a command fails.
func TestAPI_HasACommandForEverythingThatTheClientDoes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("api*.go")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	other := []string{
		"Follow",      // firsttap listen
		"OrderBatch",  // orders come from files
		"OldestFirst", // --oldest of the lists
	}
	api := reflect.TypeFor[*client.Client]()
	for i := range api.NumMethod() {
		if name := api.Method(i).Name; !slices.Contains(other, name) && !strings.Contains(source.String(), ".api."+name+"(") &&
			!strings.Contains(source.String(), ".of(l.api)."+name+"(") {
			t.Errorf("no command calls %s of the client", name)
		}
	}
}
