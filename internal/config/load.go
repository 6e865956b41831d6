package config

import (
	"fmt"
	"strings"
)

// Load makes a configuration from the arguments of a command (flags only), the environment, and the
// file that one of them names. getenv gives "" for what is not set, as [os.Getenv]; readFile reads a
// whole file, as [os.ReadFile]. The error, if any, is of type Problems and holds every problem.
func Load(args []string, getenv func(string) string, readFile func(string) ([]byte, error)) (Config, error) {
	l := loader{table: settings(), values: make(map[string]value)}
	l.defaults()
	flags := l.parseArgs(args)
	if path := l.filePath(flags, getenv); path != "" {
		l.file(path, readFile)
	}
	for _, s := range l.table {
		if v := getenv(s.env()); v != "" {
			l.values[s.name] = value{v, s.env()}
		}
	}
	for name, v := range flags {
		if name != configFlag {
			l.values[name] = v
		}
	}
	c := l.build()
	l.checkTogether(&c)
	if len(l.problems) > 0 {
		return Config{}, l.problems
	}
	return c, nil
}

// configFlag names the file of settings. It is no setting itself: a file cannot name another.
const configFlag = "config"

// value is a setting's text and where it came from.
type value struct {
	text, source string
}

type loader struct {
	table    []setting
	values   map[string]value // by setting
	problems Problems
}

func (l *loader) problem(setting, source, text string) {
	l.problems = append(l.problems, Problem{Setting: setting, Source: source, Text: text})
}

func (l *loader) defaults() {
	for _, s := range l.table {
		if s.fallback != "" {
			l.values[s.name] = value{s.fallback, "default"}
		}
	}
}

// parseArgs reads `--name value`, `--name=value`, and `--name` alone for a setting that is true or
// false.
func (l *loader) parseArgs(args []string) map[string]value {
	known := map[string]setting{"--" + configFlag: {name: configFlag}}
	for _, s := range l.table {
		known[s.flag()] = s
	}
	found := make(map[string]value)
	for i := 0; i < len(args); i++ {
		flag, text, hasText := strings.Cut(args[i], "=")
		s, ok := known[flag]
		source := "flag " + flag
		switch {
		case !strings.HasPrefix(flag, "--"):
			l.problem("arguments", "command line", fmt.Sprintf("argument %d is not a flag; write --name value", i+1))
			continue
		case !ok:
			l.problem(flag, "command line", "there is no such flag")
			if !hasText && i+1 < len(args) && !strings.HasPrefix(args[i+1], "--") {
				i++ // what follows is the value of the flag that is not known
			}
			continue
		case hasText:
		case s.isBool:
			text = "true"
		case i+1 == len(args) || strings.HasPrefix(args[i+1], "--"):
			l.problem(s.name, source, "has no value")
			continue
		default:
			i++
			text = args[i]
		}
		if _, twice := found[s.name]; twice {
			l.problem(s.name, source, "is given twice")
		}
		found[s.name] = value{text, source}
	}
	return found
}

func (l *loader) filePath(flags map[string]value, getenv func(string) string) string {
	if v, ok := flags[configFlag]; ok {
		return v.text
	}
	return getenv("FIRSTTAP_CONFIG")
}

func (l *loader) file(path string, readFile func(string) ([]byte, error)) {
	source := "file " + path
	data, err := readFile(path)
	if err != nil {
		l.problem(configFlag, source, "cannot be read: "+err.Error())
		return
	}
	members, err := flatten(data)
	if err != nil {
		l.problem(configFlag, source, err.Error())
		return
	}
	known := make(map[string]bool)
	for _, s := range l.table {
		known[s.name] = true
	}
	for _, m := range members {
		switch {
		case !known[m.name]:
			l.problem(m.name, source, "there is no such setting")
		case m.problem != "":
			l.problem(m.name, source, m.problem)
		default:
			l.values[m.name] = value{m.text, source}
		}
	}
}

// build parses every value. A setting without one keeps its zero value.
func (l *loader) build() Config {
	c := Config{sources: make(map[string]string)}
	for _, s := range l.table {
		v, ok := l.values[s.name]
		if !ok {
			c.sources[s.name] = "default"
			continue
		}
		c.sources[s.name] = v.source
		if err := s.set(&c, v.text); err != nil {
			l.problem(s.name, v.source, err.Error())
		}
	}
	return c
}

// checkTogether holds the rules that concern more than one setting, or this release.
func (l *loader) checkTogether(c *Config) {
	if (c.TLS.CertFile == "") != (c.TLS.KeyFile == "") {
		given := "tls.cert_file"
		if c.TLS.CertFile == "" {
			given = "tls.key_file"
		}
		l.problem(given, c.sources[given], "tls.cert_file and tls.key_file are needed together")
	}
	if c.Listen != "" && c.Listen == c.AdminListen && !strings.HasSuffix(c.Listen, ":0") {
		l.problem("admin_listen", c.sources["admin_listen"], "must differ from listen")
	}
}
