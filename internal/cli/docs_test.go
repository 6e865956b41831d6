package cli_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/cli"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/program"
)

var update = flag.Bool("update", false, "rewrite the pages that are made from tables")

// policiesPage is docs/policies.md, made from the table of policies.
func policiesPage() string {
	var b strings.Builder
	b.WriteString(`# Policies of a programme

A policy is a choice of one programme. An operator sets it with ` + "`firsttap program set <programme> <name>=<value>`" + `, or when
the programme is made; ` + "`<name>=`" + ` takes the default again. Running servers follow within two seconds. All wrong
values are reported at once, and nothing is changed then.

This page is made from the table in ` + "`internal/program`" + `; a test compares them.

| policy | default | takes | effect |
|---|---|---|---|
`)
	for _, s := range program.Settings() {
		def := "`" + s.Default + "`"
		if s.Default == "" {
			def = "none"
		}
		switch s.Name {
		case "vault.mode":
			def = fmt.Sprintf("live `%s`, sandbox `%s`", program.DefaultPolicy(program.Live).Vault.Mode, program.DefaultPolicy(program.Sandbox).Vault.Mode)
		case "vault.bin":
			def = fmt.Sprintf("live none, sandbox `%s`", program.TestBINs()[0])
		}
		if tier, ok := strings.CutPrefix(s.Name, "rate_limits."); ok {
			def = fmt.Sprintf("live `%s`, sandbox `%s`", windows(program.Live, tier), windows(program.Sandbox, tier))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.Name, def, s.Values, s.Effect)
	}
	return b.String()
}

func windows(kind program.Kind, tier string) string {
	w := program.DefaultPolicy(kind).RateLimits[tier]
	return fmt.Sprintf("%d/%d/%d", w.Second, w.Minute, w.Day)
}

func TestDocs_PoliciesAreThoseOfTheTable(t *testing.T) {
	t.Parallel()
	const path = "../../docs/policies.md"
	if *update {
		if err := os.WriteFile(path, []byte(policiesPage()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != policiesPage() {
		t.Error("docs/policies.md is not what the table says; run go test ./internal/cli -update")
	}
}

func TestDocs_EventsHasARowForEachName(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(page)) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "` |"); ok && strings.HasPrefix(line, "| `") && strings.Contains(name, ".") {
			rows++
		}
	}
	for _, name := range event.Names() {
		if !strings.Contains(string(page), "| `"+string(name)+"` |") {
			t.Errorf("docs/events.md has no row for %s", name)
		}
	}
	if rows != len(event.Names()) {
		t.Errorf("docs/events.md has %d rows for %d events", rows, len(event.Names()))
	}
}

// TestDocs_EveryCommandIsOnThePage holds the end of the page to the tree of commands.
func TestDocs_EveryCommandIsOnThePage(t *testing.T) {
	t.Parallel()
	const path, end = "../../docs/command-line.md", "## Every command\n"
	all, err := cli.CommandTable()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, _, found := strings.Cut(string(page), end)
	var b strings.Builder
	b.WriteString(head + end + "\n| command | what it does |\n|---|---|\n")
	for _, c := range all {
		fmt.Fprintf(&b, "| `%s` | %s |\n", c[0], c[1])
	}
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		page = []byte(b.String())
	}
	if !found || string(page) != b.String() {
		t.Error("docs/command-line.md does not end with the commands that there are; run go test ./internal/cli -run TestDocs -update")
	}
}
