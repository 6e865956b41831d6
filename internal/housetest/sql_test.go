package housetest

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// unportable is what no SQL of ours may use: databases that speak PostgreSQL's protocol and scale out have it
// not, or mean something else by it.
var unportable = []struct {
	word *regexp.Regexp
	why  string
}{
	{regexp.MustCompile(`(?i)\b(LISTEN|UNLISTEN|NOTIFY)\s+\w|\bpg_notify\b`), "workers ask; nobody is notified by the database"},
	{regexp.MustCompile(`(?i)\bpg_(try_)?advisory_`), "rows are locked, or leased with a fence"},
	{regexp.MustCompile(`(?i)\b(BIG|SMALL)?SERIAL\b|\bnextval\b|\bCREATE\s+SEQUENCE\b|\bGENERATED\s+(ALWAYS|BY\s+DEFAULT)\s+AS\s+IDENTITY\b|\bAUTOINCREMENT\b`), "ids are made by us"},
}

func checkPortable(where, text string) (broken []string) {
	for _, u := range unportable {
		if found := u.word.FindString(text); found != "" {
			broken = append(broken, fmt.Sprintf("%s has %q: %s", where, found, u.why))
		}
	}
	return broken
}

func TestSQL_IsPortable(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, s := range house(t).sources {
		if s.room != "sqlstore" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			seen++
			report(t, checkPortable(fmt.Sprintf("%s:%d", s.path, s.set.Position(n.Pos()).Line), text))
			return true
		})
	}
	migrations, err := filepath.Glob("../sqlstore/migrations/*/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range migrations {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		report(t, checkPortable(path, string(text)))
	}
	if seen < 100 || len(migrations) < 2 {
		t.Errorf("only %d texts and %d migrations were read", seen, len(migrations))
	}
}

func TestPortable_TheRuleSeesWhatBreaksIt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"SELECT id FROM messages WHERE fanned = 0 FOR UPDATE SKIP LOCKED": 0,
		"LISTEN changes": 1, "SELECT pg_notify('a', 'b')": 1, "SELECT pg_try_advisory_lock(1)": 1,
		"CREATE TABLE a (id BIGSERIAL)": 1, "SELECT nextval('s')": 1, "id INTEGER PRIMARY KEY AUTOINCREMENT": 1,
		"runs every write serializable": 0,
	} {
		if got := checkPortable("here", text); len(got) != want {
			t.Errorf("%s: %s", text, strings.Join(got, ", "))
		}
	}
}
