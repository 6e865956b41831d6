package housetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// vocabulary are the rooms that all others speak in. They import each other only downward.
var vocabulary = []string{
	"fault", "redact", "ident", "program", "customer", "account", "shipment", "card", "batch", "audit", "ledger",
	"transaction", "spendpolicy", "event", "approval",
}

// rooms is the plan of the house: which rooms each room may import. Arrows point to vocabulary.
var rooms = map[string][]string{
	// vocabulary
	"fault":       {},
	"redact":      {},
	"ident":       {},
	"approval":    {"fault", "ident"},
	"program":     {"fault", "redact", "ident", "approval"},
	"customer":    {"fault", "redact", "ident", "program"},
	"account":     {"fault", "redact", "ident", "program"},
	"shipment":    {"fault", "redact", "ident", "program", "customer"},
	"card":        {"fault", "redact", "ident", "program", "shipment"},
	"batch":       {"fault", "redact", "ident", "program", "shipment", "card", "customer"},
	"audit":       {"fault", "redact", "ident", "program"},
	"ledger":      {"fault", "redact", "ident", "program", "account"},
	"transaction": {"fault", "redact", "ident", "program"},
	"spendpolicy": {"fault", "redact", "ident", "program", "transaction"},
	"event":       vocabulary,

	// rules
	"access":   {"fault", "redact", "ident", "program", "shipment", "card", "audit", "customer"},
	"issuance": append([]string{"access"}, vocabulary...),
	"tokens":   append([]string{"access", "issuance"}, vocabulary...),
	"spending": append([]string{"issuance"}, vocabulary...),
	"wallet":   append([]string{"issuance"}, vocabulary...),
	"scenario": append([]string{"access", "issuance"}, vocabulary...),
	"tenancy":  append([]string{"access", "issuance"}, vocabulary...),
	"staff":    {"access", "fault", "redact", "ident", "program", "audit"},

	// workers
	"outbox":       append([]string{"issuance", "webhook"}, vocabulary...),
	"bulkworker":   append([]string{"issuance"}, vocabulary...),
	"auditworker":  {"fault", "ident", "audit", "auditlog"},
	"funnelworker": {"fault", "ident"},

	// adapters
	"keyring":    {"fault", "redact"},
	"auditlog":   {"fault", "redact", "ident", "program", "audit"},
	"webhook":    {"fault", "redact"},
	"bureau":     vocabulary,
	"vault":      append([]string{"issuance"}, vocabulary...),
	"pagecache":  {},
	"sqlstore":   append([]string{"pagecache", "issuance", "access", "staff", "outbox", "bulkworker", "auditlog", "auditworker", "keyring"}, vocabulary...),
	"pgtest":     {},
	"pgfault":    {"pgtest"},
	"history":    {},
	"secrettest": {},
	"storetest":  append([]string{"issuance", "access", "staff", "tokens", "tenancy", "spending", "wallet", "outbox", "bulkworker", "auditlog", "auditworker", "keyring", "bureau", "vault"}, vocabulary...),

	// doors: they never import each other, and know neither the store nor the keys
	"wirejson":    {},
	"form":        {"ident"},
	"httpd":       {"fault", "redact", "ident"},
	"openapitest": {"httpd"},
	"cardsapi":    append([]string{"issuance", "spending", "tokens", "access", "httpd", "wirejson", "form", "webhook"}, vocabulary...),
	"debitapi":    append([]string{"issuance", "access", "tokens", "wallet", "httpd", "wirejson", "webhook"}, vocabulary...),

	"docs":       {}, // the documents, embedded
	"docsite":    {"docs", "httpd", "fault"},
	"holderpage": append([]string{"issuance", "httpd"}, vocabulary...),
	"console":    append([]string{"issuance", "access", "staff", "scenario", "tenancy", "httpd", "form"}, vocabulary...),
	"nativeapi":  append([]string{"issuance", "access", "scenario", "tenancy", "httpd", "wirejson", "form", "webhook"}, vocabulary...),

	// the frame
	"config": {"fault", "redact"},
	"app": append([]string{
		"access", "issuance", "spending", "wallet", "tokens", "scenario", "tenancy", "staff", "console", "outbox", "bulkworker", "auditlog", "auditworker", "funnelworker", "keyring", "webhook", "sqlstore", "bureau", "vault",
		"wirejson", "httpd", "cardsapi", "debitapi", "nativeapi", "holderpage", "docsite", "config",
	}, vocabulary...),
	"bench":        {}, // drives the built binary from outside
	"cli":          append([]string{"app", "auditlog", "bench", "client", "webhook", "config", "access", "issuance", "scenario", "staff", "httpd"}, vocabulary...),
	"cmd/firsttap": {"cli"},

	// for those who integrate: the standard library alone, and a real server for their tests
	"client":          {},
	"client/cardtest": {"client", "app", "config", "access", "audit", "program"},

	"housetest":     {},
	"test/e2e":      {"secrettest"},                      // drives the built binary from outside
	"test/contract": {"pgtest", "pgfault", "secrettest"}, // the checklists of the published APIs, from outside
}

// dependencies says which rooms may use which module from outside. Where it names none, nobody may.
var dependencies = map[string][]string{
	"github.com/go-json-experiment/json":                       {"wirejson"},
	"github.com/prometheus/client_golang":                      {"httpd", "outbox", "bulkworker", "app"},
	"golang.org/x/time":                                        {"httpd", "outbox"},
	"golang.org/x/mod":                                         {"auditlog", "auditworker", "sqlstore", "storetest"}, // sumdb: the arithmetic of Merkle trees, signed notes
	"golang.org/x/crypto":                                      {"access"},
	"github.com/golang-jwt/jwt/v5":                             {"access"},
	"zombiezen.com/go/sqlite":                                  {"sqlstore", "pagecache", "test/contract"}, // the checks lock the file from outside
	"modernc.org/sqlite":                                       {"pagecache"},
	"modernc.org/libc":                                         {"pagecache"},
	"github.com/jackc/pgx/v5":                                  {"sqlstore", "pgtest", "pgfault"},
	"github.com/alecthomas/kong":                               {"cli"},
	"github.com/schollz/progressbar/v3":                        {"cli"},
	"github.com/HdrHistogram/hdrhistogram-go":                  {"bench"},
	"github.com/nyaruka/phonenumbers":                          {}, // only the tests of cardsapi, which hold its country codes to it
	"github.com/biter777/countries":                            {"cardsapi", "debitapi", "nativeapi"},
	"github.com/standard-webhooks/standard-webhooks/libraries": {"webhook"},
	"github.com/boombuler/barcode":                             {"nativeapi"}, // draws QRs
	"github.com/getkin/kin-openapi":                            {"openapitest"},
	"github.com/yuin/goldmark":                                 {"docsite"}, // renders the documents
	"go.yaml.in/yaml/v3":                                       {"docsite"}, // reads the OpenAPI documents in their order
	"github.com/oasdiff/yaml":                                  {"openapitest"},
	"github.com/santhosh-tekuri/jsonschema/v6":                 {"openapitest"},
	"github.com/mozillazg/go-unidecode":                        {"bureau"},
	"github.com/google/go-cmp":                                 {"storetest"},
	"github.com/chromedp/chromedp":                             {"test/e2e"}, // drives a real browser; not in the binary
	"github.com/chromedp/cdproto":                              {"test/e2e"}, // the words that it speaks
	"github.com/anishathalye/porcupine":                        {"history"},
	"pgregory.net/rapid":                                       {"storetest"},
}

// forbidden are packages of the standard library that a room must not touch: vocabulary and rules know no
// HTTP, no SQL, no files and no global logger.
var forbidden = []struct {
	std   string
	rooms []string
	why   string
}{
	{"net/http", pure, "vocabulary and rules know no HTTP"},
	{"database/sql", pure, "vocabulary and rules know no SQL"},
	{"os", pure, "vocabulary and rules read no files and no environment"},
	{"log", everywhere, "the logger is handed in, and it is log/slog"},
	{"math/rand", everywhere, "randomness is handed in"},
	{"math/rand/v2", everywhere, "randomness is handed in"},
	{"unsafe", besides("pagecache"), "nothing here needs it"},
}

var (
	pure       = append([]string{"access", "issuance", "tokens", "spending", "wallet", "scenario", "staff"}, vocabulary...)
	everywhere []string // nil stands for every room
)

// besides gives every room but one.
func besides(one string) (others []string) {
	for room := range rooms {
		if room != one {
			others = append(others, room)
		}
	}
	return others
}

func TestRooms_ImportOnlyWhatTheirRowAllows(t *testing.T) {
	t.Parallel()
	report(t, checkRooms(house(t).packages))
}

func TestRooms_NoRowAllowsACircle(t *testing.T) {
	t.Parallel()
	var visit func(room string, path []string)
	visit = func(room string, path []string) {
		if slices.Contains(path, room) {
			t.Fatalf("the plan allows a circle: %v → %s", path, room)
		}
		for _, next := range rooms[room] {
			if _, ok := rooms[next]; !ok {
				t.Errorf("%s may import %s, which has no row", room, next)
			}
			if next != room { // event's row is all of vocabulary, itself included
				visit(next, append(slices.Clone(path), room))
			}
		}
	}
	for room := range rooms {
		visit(room, nil)
	}
}

func checkRooms(packages []pkg) (broken []string) {
	for _, p := range packages {
		row, ok := rooms[p.room()]
		if !ok {
			broken = append(broken, fmt.Sprintf("%s has no row in the table of rooms", p.room()))
			continue
		}
		if !strings.HasPrefix(p.Doc, "Package ") && p.Name != "main" || p.Doc == "" {
			broken = append(broken, fmt.Sprintf("%s has no package comment that says what it is for", p.room()))
		}
		for _, path := range p.Imports {
			if why := refuseImport(p.room(), row, path); why != "" {
				broken = append(broken, fmt.Sprintf("%s imports %s: %s", p.room(), path, why))
			}
		}
	}
	return broken
}

// refuseImport says why the room must not import path, or nothing when it may.
func refuseImport(room string, row []string, path string) string {
	if ours, ok := strings.CutPrefix(path, module+"/"); ok {
		if !slices.Contains(row, roomOf(ours)) {
			return "its row does not allow that"
		}
		return ""
	}
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		for _, f := range forbidden {
			if f.std == path && (f.rooms == nil || slices.Contains(f.rooms, room)) {
				return f.why
			}
		}
		return ""
	}
	for dependency, users := range dependencies {
		if path == dependency || strings.HasPrefix(path, dependency+"/") {
			if !slices.Contains(users, room) {
				return "the table of dependencies gives it to other rooms"
			}
			return ""
		}
	}
	return "the table of dependencies does not have it"
}

func TestRooms_TheRuleSeesWhatBreaksIt(t *testing.T) {
	t.Parallel()
	good := pkg{ImportPath: module + "/internal/cardsapi", Name: "cardsapi", Doc: "Package cardsapi is."}
	with := func(p pkg, imports ...string) pkg { p.Imports = imports; return p }
	rule := pkg{ImportPath: module + "/internal/card", Name: "card", Doc: "Package card is."}
	if broken := checkRooms([]pkg{
		with(good, "net/http", module+"/internal/issuance", "github.com/biter777/countries"),
		with(rule, "errors", module+"/internal/fault"),
		{ImportPath: module + "/internal/pagecache", Name: "pagecache", Doc: "Package pagecache is.", Imports: []string{"unsafe"}},
	}); len(broken) != 0 {
		t.Errorf("good packages are refused: %v", broken)
	}
	for name, p := range map[string]pkg{
		"a door imports the other":   with(good, module+"/internal/debitapi"),
		"a door imports the store":   with(good, module+"/internal/sqlstore"),
		"a rule knows HTTP":          with(rule, "net/http"),
		"a rule reads files":         with(rule, "os"),
		"a rule uses a dependency":   with(rule, "github.com/alecthomas/kong"),
		"a new dependency":           with(good, "example.com/fast/json"),
		"the global logger":          with(good, "log"),
		"randomness of its own":      with(good, "math/rand/v2"),
		"numbers for memory":         with(good, "unsafe"),
		"a room without a row":       {ImportPath: module + "/internal/util", Name: "util", Doc: "Package util is."},
		"a room inside a room":       {ImportPath: module + "/internal/card/deck", Name: "deck", Doc: "Package deck is."},
		"a room without a comment":   {ImportPath: good.ImportPath, Name: "cardsapi"},
		"a package outside internal": {ImportPath: module + "/pkg", Name: "pkg", Doc: "Package pkg is."},
	} {
		if broken := checkRooms([]pkg{p}); len(broken) != 1 {
			t.Errorf("%s: %v, want one complaint", name, broken)
		}
	}
}
