package scenario

import (
	"embed"
	"slices"
	"strings"

	"github.com/firsttap/firsttap/internal/fault"
)

//go:embed scripts
var scripts embed.FS

// BuiltIn is a script that is always there. The first line of its text says what it shows.
type BuiltIn struct{ Name, Summary, Text string }

// List gives the built-in scripts by name.
func List() []BuiltIn {
	entries, err := scripts.ReadDir("scripts")
	if err != nil {
		panic("scenario: no scripts in the binary: " + err.Error())
	}
	var out []BuiltIn
	for _, e := range entries {
		text, err := scripts.ReadFile("scripts/" + e.Name())
		if err != nil {
			panic("scenario: a script is not in the binary: " + err.Error())
		}
		first, _, _ := strings.Cut(string(text), "\n")
		out = append(out, BuiltIn{strings.TrimSuffix(e.Name(), ".txt"), strings.TrimPrefix(first, "# "), string(text)})
	}
	return out
}

// Find gives a built-in script, or [Unknown].
func Find(name string) (BuiltIn, error) {
	list := List()
	if i := slices.IndexFunc(list, func(b BuiltIn) bool { return b.Name == name }); i >= 0 {
		return list[i], nil
	}
	return BuiltIn{}, fault.Refuse(Unknown)
}
