package contract

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// varies is what differs from one transcript to the next: times of the machine, ids of requests, and the random number of
// the card whose number the published document does not tell, with the length of its answer.
var varies = regexp.MustCompile(`(?m)^(Date|X-Request-Id|Content-Length): .*$|card_\d+(","customer_id":"85")`)

// TestTranscript makes the transcript of the published examples again, and compares it with the one that is kept.
func TestTranscript(t *testing.T) {
	t.Parallel()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile("../../docs/transcript.md")
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd := exec.CommandContext(t.Context(), "../transcript.sh", bin)
	cmd.Stderr = &stderr
	made, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	got, want := varies.ReplaceAllString(string(made), "$1$2"), varies.ReplaceAllString(string(kept), "$1$2")
	if got != want {
		t.Errorf("`make transcript` gives another one now:\n%s", made)
	}
	for _, sample := range []string{publishedSuccess, `"customer_id":"85","status":"activated"}}`, mismatched, "Card has already been activated", "rfc:invalid"} {
		if !strings.Contains(got, sample) {
			t.Errorf("not in the transcript: %s", sample)
		}
	}
}
