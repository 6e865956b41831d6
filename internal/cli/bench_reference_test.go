package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestProgramReferences_RunWithAFolderAndSeconds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := filepath.Join(dir, "reference")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"+`case "$1" in
tells) echo "$@" > "$2/told"; echo 1234.5;;
talks) echo many;;
*) echo "no such disk" >&2; exit 3;;
esac
`), 0o700); err != nil {
		t.Fatal(err)
	}
	all := programReferences([]string{"C=" + script + " tells", "words=" + script + " talks", "none=" + script + " fails"}, dir)
	rate, err := all[0].Measure(t.Context(), 250*time.Millisecond)
	told, _ := os.ReadFile(filepath.Join(dir, "told"))
	if rate != 1234.5 || err != nil || all[0].Name != "C" || string(told) != "tells "+dir+" 0.25\n" {
		t.Errorf("%s gives %v, %v, and was told %q", all[0].Name, rate, err, told)
	}
	for i, want := range map[int]string{1: "words prints no number", 2: "none: exit status 3: no such disk"} {
		if _, err := all[i].Measure(t.Context(), time.Second); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", all[i].Name, err, want)
		}
	}
}
