package config

import (
	"fmt"
	"strings"
)

// Help is the list of flags for `--help`, one setting in two lines.
func Help() string {
	var b strings.Builder
	b.WriteString("Settings (flag > environment > file > default):\n\n")
	fmt.Fprintf(&b, "  --%s path\n      JSON file of settings. Environment: FIRSTTAP_CONFIG.\n", configFlag)
	for _, s := range settings() {
		fmt.Fprintf(&b, "  %s %s\n      %s Default: %s. Environment: %s.\n", s.flag(), plain(s.form), plain(s.doc), plain(s.byDefault()), s.env())
	}
	return b.String()
}

func plain(s string) string { return strings.ReplaceAll(s, "`", "") }

// byDefault is the default as the docs show it.
func (s setting) byDefault() string {
	switch {
	case s.shown != "":
		return s.shown
	case s.fallback == "":
		return "none"
	default:
		return "`" + s.fallback + "`"
	}
}

// Reference is the page docs/configuration.md.
func Reference() string {
	var b strings.Builder
	b.WriteString(`# Configuration

Every setting has a default, so ` + "`firsttap serve`" + ` runs without any. A value can come from four places; the first that has
one wins:

1. a flag: ` + "`--log-level debug`" + ` or ` + "`--log-level=debug`" + `
2. the environment: ` + "`FIRSTTAP_LOG_LEVEL=debug`" + ` (an empty variable counts as not set)
3. the file that ` + "`--config`" + ` or ` + "`FIRSTTAP_CONFIG`" + ` names: ` + "`{\"log\": {\"level\": \"debug\"}}`" + `
4. the default

The file is one JSON object. A dot in a name is an object in an object; a list is a JSON array of strings, and in flags and
the environment its entries are joined by commas. A flag or member that is not known is an error. All problems are reported
at once, before anything is opened.

This page is made from the table of settings in ` + "`internal/config/settings.go`" + `; a test compares them.

`)
	for _, s := range settings() {
		fmt.Fprintf(&b, "## `%s`\n\n%s\n\n", s.name, s.doc)
		fmt.Fprintf(&b, "| value | default | flag | environment |\n|---|---|---|---|\n")
		fmt.Fprintf(&b, "| %s | %s | `%s` | `%s` |\n\n", s.form, s.byDefault(), s.flag(), s.env())
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// Effective is one setting with its value and where that came from.
type Effective struct {
	Name   string
	Value  string // never a secret
	Source string
}

// Effective lists every setting as it is in force, for `config print` and the record of the start.
func (c Config) Effective() []Effective {
	var list []Effective
	for _, s := range settings() {
		list = append(list, Effective{Name: s.name, Value: s.get(&c), Source: c.sources[s.name]})
	}
	return list
}
