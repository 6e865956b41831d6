package cli_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestCompletion_OffersWhatMayComeNext(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, c := range []struct {
		typed []string
		want  string // all of them, or what is among them after …
	}{
		{[]string{"ba"}, "backup batch"},
		{[]string{"api", "card", "re"}, "reset-guard recover-code report replace reissue renew"},
		{[]string{"api", "card", ""}, "… show activate-many"},
		{[]string{"api", "--json", "card", "une"}, ""},
		{[]string{"api", "card", "show", "--js"}, "--json"},
		{[]string{"api", "card", "show", "--server", ""}, ""}, // a value that nobody knows
		{[]string{"api", "card", "replace", "x", "--for", "s"}, "stolen"},
		{[]string{"api", "card", "report", ""}, ""},
		{[]string{"api", "card", "report", "x", ""}, "lost stolen damaged"},
		{[]string{"batch", "scan", "--courier", "DHL", "ref", "de"}, "delivered delivery_failed"},
		{[]string{"completion", ""}, "bash zsh fish"},
		{nil, "… serve api listen"},
	} {
		out := strings.Fields(d.do(append([]string{"completion", "words", "--"}, c.typed...)...))
		want, some := strings.CutPrefix(c.want, "… ")
		if got := strings.Join(out, " "); !some && got != want {
			t.Errorf("after %q come %q, want %q", c.typed, got, want)
		}
		for _, word := range strings.Fields(want) {
			if !strings.Contains(" "+strings.Join(out, " ")+" ", " "+word+" ") {
				t.Errorf("after %q come %q, without %s", c.typed, out, word)
			}
		}
	}
}

// TestCompletion_TheScriptsWorkInTheirShells asks each shell that is here, with the program as users have it.
func TestCompletion_TheScriptsWorkInTheirShells(t *testing.T) {
	t.Parallel()
	program := binary(t)
	path := "PATH=" + filepath.Dir(program) + ":/usr/local/bin:/usr/bin:/bin"
	for shell, ask := range map[string]string{
		"bash": `source <(firsttap completion bash); COMP_WORDS=(firsttap api card rep); COMP_CWORD=3; _firsttap firsttap rep card; echo "${COMPREPLY[*]}"`,
		"zsh": `autoload -Uz compinit; compinit -D -u; source <(firsttap completion zsh)
compadd() { print -r -- "${(P@)2}" }; words=(firsttap api card rep); CURRENT=4; _firsttap`,
		"fish": `firsttap completion fish | source; complete -C "firsttap api card rep"`,
	} {
		at, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("no %s here", shell)
			continue
		}
		c := exec.CommandContext(t.Context(), at, "-c", ask)
		c.Env = []string{path, "HOME=" + t.TempDir()}
		out, err := c.CombinedOutput()
		if err != nil || strings.Join(strings.Fields(string(out)), " ") != "report replace" {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
}
