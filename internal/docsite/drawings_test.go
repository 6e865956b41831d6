package docsite

import (
	"strings"
	"testing"
)

func TestDocuments_LeaveOutDrawingsAndKeepCode(t *testing.T) {
	t.Parallel()
	source := "# A\n\n```mermaid\nstateDiagram-v2\n  a --> b: go\n```\n\n```sh\nfirsttap serve\n```\n\n| from | to |\n|---|---|\n| a | b |\n"
	p, err := renderDocument("a.md", []byte(source), map[string]string{"a.md": "/docs/a"})
	if err != nil {
		t.Fatal(err)
	}
	if body := string(p.Body); strings.Contains(body, "stateDiagram") || !strings.Contains(body, "firsttap serve") || !strings.Contains(body, "<td>a</td>") {
		t.Errorf("%s", body)
	}
}
