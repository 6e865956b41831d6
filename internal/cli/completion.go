package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCommand struct {
	Bash  completionScript `cmd:"" help:"For bash: put source <(firsttap completion bash) into ~/.bashrc."`
	Zsh   completionScript `cmd:"" help:"For zsh: put source <(firsttap completion zsh) into ~/.zshrc, after compinit."`
	Fish  completionScript `cmd:"" help:"For fish: firsttap completion fish > ~/.config/fish/completions/firsttap.fish."`
	Words completionWords  `cmd:"" hidden:"" help:"What the scripts ask: the words that may come next."`
}

// scriptsOf are what shells run. Each asks the program itself what may come next, so that they never grow old; where it has no
// answer they offer files.
var scriptsOf = map[string]string{
	"bash": `_firsttap() {
	local IFS=$'\n'
	COMPREPLY=($(compgen -W "$("$1" completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _firsttap firsttap
`,
	"zsh": `#compdef firsttap
_firsttap() {
	local -a next
	next=("${(@f)$("$words[1]" completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	if [[ -n $next[1] ]]; then compadd -a next; else _files; fi
}
compdef _firsttap firsttap
`,
	"fish": `function __firsttap_words
	firsttap completion words -- (commandline -opc)[2..-1] "$(commandline -ct)" 2>/dev/null
end
complete -c firsttap -n 'count (__firsttap_words) >/dev/null' -f -a '(__firsttap_words)'
`,
}

type completionScript struct{}

// Run prints the script of the shell that the command is named after.
func (completionScript) Run(w World, chosen *kong.Context) error {
	_, err := fmt.Fprint(w.Stdout, scriptsOf[chosen.Selected().Name])
	return err
}

type completionWords struct {
	Typed []string `arg:"" optional:"" help:"What was typed after the name of the program; the last word is the one to complete."`
}

// Run prints what may come next, a word on each line.
func (c completionWords) Run(w World, chosen *kong.Context) error {
	for _, word := range nextWords(chosen.Model.Node, c.Typed) {
		if _, err := fmt.Fprintln(w.Stdout, word); err != nil {
			return err
		}
	}
	return nil
}

// nextWords gives the words that may stand in the place of the last one.
func nextWords(at *kong.Node, typed []string) []string {
	last := ""
	if n := len(typed); n > 0 {
		last, typed = typed[n-1], typed[:n-1]
	}
	given := 0           // arguments of the command
	var waits *kong.Flag // the flag whose value comes next
	for _, word := range typed {
		child := childOf(at, word)
		switch {
		case waits != nil:
			waits = nil
		case strings.HasPrefix(word, "-"):
			waits = flagOf(at, word)
		case child != nil:
			at = child
		default:
			given++
		}
	}
	var out []string
	switch {
	case waits != nil:
		out = waits.EnumSlice()
	case strings.HasPrefix(last, "-"):
		out = flagNames(at)
	case len(at.Children) > 0:
		for _, c := range at.Children {
			if !c.Hidden {
				out = append(out, c.Name)
			}
		}
	case given < len(at.Positional):
		out = at.Positional[given].EnumSlice()
	}
	return slices.DeleteFunc(out, func(word string) bool { return !strings.HasPrefix(word, last) })
}

func childOf(at *kong.Node, name string) *kong.Node {
	if i := slices.IndexFunc(at.Children, func(c *kong.Node) bool { return c.Name == name }); i >= 0 {
		return at.Children[i]
	}
	return nil
}

// flagOf is the flag that a word names and whose value is the next word; nil when it has its value already, or needs none.
func flagOf(at *kong.Node, word string) *kong.Flag {
	if strings.Contains(word, "=") {
		return nil
	}
	for _, group := range at.AllFlags(false) {
		for _, f := range group {
			if (word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short)) && !f.IsBool() {
				return f
			}
		}
	}
	return nil
}

func flagNames(at *kong.Node) []string {
	var out []string
	for _, group := range at.AllFlags(true) {
		for _, f := range group {
			out = append(out, "--"+f.Name)
		}
	}
	return out
}
