package auditlog_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/firsttap/firsttap/internal/auditlog"
)

// TestVerify_TakesAnExportOfATime hides the rows outside of a time, and lets nothing pass that was signed otherwise.
func TestVerify_TakesAnExportOfATime(t *testing.T) {
	t.Parallel()
	rs := rows(9)
	page := auditlog.Page{Rows: rs, Tiles: []auditlog.Tile{{}}}
	for i, r := range rs {
		h := tlog.RecordHash(auditlog.Leaf(r))
		page.Places, page.Tiles[0].Hashes = append(page.Places, int64(i)), append(page.Tiles[0].Hashes, h[:]...)
	}
	list, err := verifier(t).Checkpoints([]byte(checkpointAt(t, rs, len(rs))))
	if err != nil {
		t.Fatal(err)
	}
	honest := page.AppendSpan(nil, rs[3].At, rs[6].At)
	if n := bytes.Count(honest, []byte(`"row":`)); n != 3 {
		t.Errorf("%d rows are whole, want 3:\n%s", n, honest)
	}
	proof, err := auditlog.Verify(bytes.NewReader(honest), list)
	if err != nil || proof.Size != 9 || proof.Hidden != 6 {
		t.Errorf("the honest one: %+v, %v", proof, err)
	}
	lines := strings.SplitAfter(string(honest), "\n")
	for name, wrong := range map[string]string{
		"a whole row is changed": strings.Replace(string(honest), "card.activate", "card.freeze__", 1),
		"a hidden row is gone":   strings.Join(append(append([]string{}, lines[:1]...), lines[2:]...), ""),
		"another hidden hash":    lines[1] + strings.Join(lines[1:], ""),
		"a hash of another row":  strings.Replace(string(honest), lines[0], strings.Replace(lines[1], `"n":1`, `"n":0`, 1), 1),
		"a damaged hidden line":  strings.Replace(string(honest), `"}`, `"`, 1),
	} {
		_, err := auditlog.Verify(strings.NewReader(wrong), list)
		if bad := new(auditlog.BadRowError); !errors.As(err, &bad) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
