package app_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/issuance"
)

const lifecycleFile = "../../docs/guides/lifecycle.md"

// machineTexts says what each machine is about.
var machineTexts = map[string]string{
	"card": "The number: may it be used now? It is computed from facts; the first that matches, in this order, is the state. `closed` is for ever. " +
		"At a terminal a card works when it is `open` and its plastic is activated.",
	"plastic": "One physical piece. When it was activated is written once and never changes. A card may have several in its life: one that is " +
		"activated is `retired` when another takes its place, at once, with that one's activation, or on a date of the programme's clock; one that never was is `void`.",
	"shipment": "A box on its way. Reports of couriers may come late, twice and in any order: the same reports give the same state. A report that moves nothing is recorded.",
	"guard":    "What protects the activation. A wrong code costs a try, and nothing else does.",
	"batch":    "A bulk order. When it has ended, each of its items has exactly one outcome.",
}

// lifecyclePage is docs/guides/lifecycle.md, drawn from the machines that the commands ask.
func lifecyclePage() string {
	var b strings.Builder
	b.WriteString(`# States

Five small machines say where a card is. Each arrow is what the function that the commands call answers; a test compares this page with it, and
` + "`GET /v1/lifecycle`" + ` serves the same. What may be done with one card now is in its ` + "`allowed_actions`" + `.
`)
	for _, m := range issuance.Lifecycle() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", strings.ToUpper(m.Name[:1])+m.Name[1:], machineTexts[m.Name])
		if m.Computed {
			fmt.Fprintf(&b, "\n1. `%s`\n", strings.Join(m.States, "`\n1. `"))
			continue
		}
		b.WriteString("\n```mermaid\nstateDiagram-v2\n")
		for _, t := range m.Transitions {
			if t.From != t.To {
				fmt.Fprintf(&b, "  %s --> %s: %s\n", t.From, t.To, strings.ReplaceAll(t.Trigger, ":", " "))
			}
		}
		b.WriteString("```\n\n| from | what happens | to |\n|---|---|---|\n")
		for _, t := range m.Transitions {
			fmt.Fprintf(&b, "| `%s` | %s | `%s` |\n", t.From, strings.ReplaceAll(t.Trigger, ":", ": "), t.To)
		}
	}
	return b.String()
}

func TestDocs_TheStatesAreDrawnFromTheCode(t *testing.T) {
	t.Parallel()
	want := lifecyclePage()
	if *update {
		if err := os.WriteFile(lifecycleFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(lifecycleFile)
	if err != nil || string(got) != want {
		t.Errorf("docs/guides/lifecycle.md is not what the code does (%v): go test ./internal/app -run TestDocs -update", err)
	}
	for _, m := range issuance.Lifecycle() {
		if machineTexts[m.Name] == "" {
			t.Errorf("nothing is said of the machine %s", m.Name)
		}
	}
}
