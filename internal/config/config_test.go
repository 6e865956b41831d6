package config

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite docs/configuration.md")

// sources is a world for Load: an environment and files.
type sources struct {
	env   map[string]string
	files map[string]string
}

func (s sources) getenv(name string) string { return s.env[name] }

func (s sources) readFile(path string) ([]byte, error) {
	if text, ok := s.files[path]; ok {
		return []byte(text), nil
	}
	return nil, fmt.Errorf("open %s: %w", path, fs.ErrNotExist)
}

func (s sources) load(args ...string) (Config, error) { return Load(args, s.getenv, s.readFile) }

// file is a world with one file of settings, c.json.
func file(text string) sources {
	return sources{env: map[string]string{"FIRSTTAP_CONFIG": "c.json"}, files: map[string]string{"c.json": text}}
}

func TestLoad_DefaultsServeAsTheyAre(t *testing.T) {
	t.Parallel()
	c, err := sources{}.load()
	if err != nil {
		t.Fatal(err)
	}
	for name, pair := range map[string][2]any{
		"listen":       {c.Listen, "127.0.0.1:8080"},
		"admin":        {c.AdminListen, "127.0.0.1:9090"},
		"public":       {c.PublicBase(), "http://127.0.0.1:8080"},
		"engine":       {c.Database.Engine, "sqlite"},
		"path":         {c.Database.Path, "firsttap-data/firsttap.db"},
		"keys":         {c.KeyPath(), "firsttap-data/keys.json"},
		"level":        {c.Log.Level, slog.LevelInfo},
		"format":       {c.Log.Format, "text"},
		"proxies":      {len(c.TrustedProxies), 0},
		"kind":         {c.HostKind, HostAny},
		"drain":        {c.DrainTimeout, 20 * time.Second},
		"request":      {c.RequestTimeout, 8 * time.Second},
		"in flight":    {c.MaxInFlight, 1024},
		"console":      {c.Console, true},
		"page logos":   {c.PageLogos, ""},
		"require":      {c.Debit.RequireHTTPS, true},
		"workers":      {c.Workers, true},
		"keep":         {c.KeepMessages, 30 * 24 * time.Hour},
		"cut-off":      {c.Bureau.CutOff, 16 * time.Hour},
		"zone":         {c.Bureau.Zone, time.UTC},
		"working days": {fmt.Sprint(c.Bureau.Weekdays), "[Monday Tuesday Wednesday Thursday Friday]"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s = %v, want %v", name, pair[0], pair[1])
		}
	}
}

func TestLoad_FlagWinsOverEnvironmentOverFileOverDefault(t *testing.T) {
	t.Parallel()
	s := file(`{"log": {"level": "warn"}}`)
	step := func(want slog.Level, source string, args ...string) {
		t.Helper()
		c, err := s.load(args...)
		if err != nil || c.Log.Level != want {
			t.Errorf("level %v (%v), want %v", c.Log.Level, err, want)
		}
		for _, e := range c.Effective() {
			if e.Name == "log.level" && e.Source != source {
				t.Errorf("source %q, want %q", e.Source, source)
			}
		}
	}
	step(slog.LevelWarn, "file c.json")
	s.env["FIRSTTAP_LOG_LEVEL"] = "error"
	step(slog.LevelError, "FIRSTTAP_LOG_LEVEL")
	step(slog.LevelDebug, "flag --log-level", "--log-level", "debug")
	step(slog.LevelDebug, "flag --log-level", "--log-level=debug")
	s.env["FIRSTTAP_LOG_LEVEL"] = ""
	step(slog.LevelWarn, "file c.json")
	s.files["d.json"] = `{}`
	step(slog.LevelInfo, "default", "--config", "d.json")
}

// Each setting can be given in each of the three ways, and comes out as it went in.
func TestLoad_EverySettingFromEverySource(t *testing.T) {
	t.Parallel()
	samples := map[string]struct{ text, json string }{
		"listen":                  {"[::]:0", `"[::]:0"`},
		"admin_listen":            {"[::1]:9999", `"[::1]:9999"`},
		"public_url":              {"https://cards.example.com/x", `"https://cards.example.com/x/"`},
		"tls.cert_file":           {"a.pem", `"a.pem"`},
		"tls.key_file":            {"a.key", `"a.key"`},
		"trusted_proxies":         {"10.0.0.0/8,192.0.2.7/32", `["10.0.0.0/8", "192.0.2.7"]`},
		"request_timeout":         {"5s", `"5000ms"`},
		"drain_timeout":           {"1m0s", `"60s"`},
		"max_in_flight":           {"7", `7`},
		"console":                 {"false", `false`},
		"debit.require_https":     {"false", `false`},
		"debit.logins_per_minute": {"3", `3`},
		"database":                {"sqlite:///var/lib/x.db", `"sqlite:///var/lib/x.db"`},
		"key_file":                {"k.json", `"k.json"`},
		"page_logos":              {"logos", `"logos"`},
		"audit.checkpoints":       {"checkpoints", `"checkpoints"`},
		"host_kind":               {"live", `"live"`},
		"log.level":               {"debug", `"debug"`},
		"log.format":              {"json", `"json"`},
		"workers":                 {"false", `false`},
		"webhooks.keep_days":      {"7", `7`},
		"bureau.cut_off":          {"09:30", `"09:30"`},
		"bureau.time_zone":        {"America/Mexico_City", `"America/Mexico_City"`},
		"bureau.working_days":     {"sun,sat", `["sat", "sun"]`},
	}
	pair := map[string]string{"tls.cert_file": "tls.key_file", "tls.key_file": "tls.cert_file"}
	for _, s := range settings() {
		sample, ok := samples[s.name]
		if !ok {
			t.Errorf("%s has no sample", s.name)
			continue
		}
		env := map[string]string{}
		if other := pair[s.name]; other != "" {
			env["FIRSTTAP_"+strings.ToUpper(strings.ReplaceAll(other, ".", "_"))] = "other"
		}
		withEnv := map[string]string{s.env(): sample.text}
		inFile := map[string]string{"FIRSTTAP_CONFIG": "c.json"}
		for k, v := range env {
			withEnv[k], inFile[k] = v, v
		}
		text := sample.json
		parts := strings.Split(s.name, ".")
		for i := len(parts) - 1; i >= 0; i-- {
			text = fmt.Sprintf(`{%q: %s}`, parts[i], text)
		}
		for source, load := range map[string]func() (Config, error){
			"flag":        func() (Config, error) { return sources{env: env}.load(s.flag() + "=" + sample.text) },
			"environment": func() (Config, error) { return sources{env: withEnv}.load() },
			"file":        func() (Config, error) { return sources{env: inFile, files: map[string]string{"c.json": text}}.load() },
		} {
			c, err := load()
			if err != nil {
				t.Errorf("%s from %s: %v", s.name, source, err)
				continue
			}
			if got := s.get(&c); got != sample.text {
				t.Errorf("%s from %s: %q, want %q", s.name, source, got, sample.text)
			}
		}
	}
}

func TestLoad_ReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	s := file(`{"listen": "nowhere", "log": {"colour": "red", "level": null}, "trusted_proxies": [1]}`)
	s.env["FIRSTTAP_MAX_IN_FLIGHT"] = "many"
	_, err := s.load("--request-timeout", "--host-kind", "test", "--unknown", "x", "stray", "--workers=maybe", "--webhooks-keep-days=2", "--tls-key-file", "k")
	var got Problems
	if !errors.As(err, &got) {
		t.Fatalf("%v", err)
	}
	want := Problems{
		{"request_timeout", "flag --request-timeout", "has no value"},
		{"--unknown", "command line", "there is no such flag"},
		{"arguments", "command line", "argument 6 is not a flag; write --name value"},
		{"log.colour", "file c.json", "there is no such setting"},
		{"log.level", "file c.json", "null is no value; leave the member out"},
		{"trusted_proxies", "file c.json", "must be a list of strings, one entry in each"},
		{"listen", "file c.json", "must be host:port, as in 127.0.0.1:8080"},
		{"max_in_flight", "FIRSTTAP_MAX_IN_FLIGHT", "must be a whole number from 1 to 100000"},
		{"host_kind", "flag --host-kind", "must be one of: any, sandbox, live"},
		{"workers", "flag --workers", "must be one of: true, false"},
		{"webhooks.keep_days", "flag --webhooks-keep-days", "must be a whole number from 3 to 3650"},
		{"tls.key_file", "flag --tls-key-file", "tls.cert_file and tls.key_file are needed together"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := strings.Count(got.Error(), "\n"); n != len(want) {
		t.Errorf("%d lines for %d problems", n, len(want))
	}
}

func TestLoad_RefusesValuesThatAreWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ flag, value string }{
		{"--listen", ""},
		{"--listen", "127.0.0.1"},
		{"--listen", "127.0.0.1:http"},
		{"--listen", "127.0.0.1:65536"},
		{"--listen", "127.0.0.1:080"},
		{"--listen", "http://x:80"},
		{"--listen", "127.0.0.1:9090"}, // the default of admin_listen
		{"--admin-listen", "0.0.0.0:9090"},
		{"--admin-listen", ":9090"},
		{"--admin-listen", "192.0.2.1:9090"},
		{"--admin-listen", "example.com:9090"},
		{"--public-url", "cards.example.com"},
		{"--public-url", "ftp://x"},
		{"--public-url", "https://u:p@x"},
		{"--public-url", "https://x?y"},
		{"--public-url", "https://x#y"},
		{"--public-url", "https://:80"},
		{"--trusted-proxies", "10.0.0.1/8"},
		{"--trusted-proxies", "::ffff:10.0.0.0/104"},
		{"--trusted-proxies", "proxy"},
		{"--trusted-proxies", "10.0.0.0/33"},
		{"--request-timeout", "8"},
		{"--request-timeout", "0s"},
		{"--request-timeout", "2h"},
		{"--drain-timeout", "-1s"},
		{"--max-in-flight", "0"},
		{"--max-in-flight", "1e3"},
		{"--debit-require-https", "yes"},
		{"--database", "firsttap.db"},
		{"--database", "sqlite://"},
		{"--database", "sqlite://dir/"},
		{"--database", "sqlite://x?mode=ro"},
		{"--database", "mysql://x/y"},
		{"--database", "postgres://"},
		{"--database", "postgres://u:canary@/db"},
		{"--database", "postgres://u:canary@host"},
		{"--database", "postgres://u:canary@host:x%/db"},
		{"--log-level", "INFO"},
		{"--log-format", "xml"},
		{"--bureau-cut-off", "24:00"},
		{"--bureau-cut-off", "9:00"},
		{"--bureau-time-zone", "Local"},
		{"--bureau-time-zone", ""},
		{"--bureau-time-zone", "Mexico" + "/Nowhere"},
		{"--bureau-working-days", ""},
		{"--bureau-working-days", "monday"},
		{"--config", "missing.json"},
	} {
		_, err := sources{}.load(c.flag + "=" + c.value)
		if err == nil {
			t.Errorf("%s=%s is accepted", c.flag, c.value)
			continue
		}
		if strings.Contains(err.Error(), "canary") {
			t.Errorf("a password is in the message: %v", err)
		}
	}
	if _, err := (sources{}).load("--log-level=info", "--log-level=warn"); err == nil {
		t.Error("a flag given twice is accepted")
	}
}

func TestLoad_TakesPostgresAndShowsNoPassword(t *testing.T) {
	t.Parallel()
	for _, u := range []string{
		"postgres://u:canary@db/firsttap",
		"postgresql://u:canary@a:5432,b:5433/firsttap?target_session_attrs=read-write",
		"postgres://u:canary@/firsttap?host=/run/postgresql",
	} {
		c, err := sources{env: map[string]string{"FIRSTTAP_DATABASE": u}}.load()
		if err != nil || c.Database.Engine != EnginePostgres || c.Database.URL.Reveal() != u || c.KeyPath() != "firsttap-data/keys.json" {
			t.Errorf("%s: %+v, keys in %s: %v", u, c.Database, c.KeyPath(), err)
		}
		if text := fmt.Sprintf("%+v %s %v", c, c.Database.shown(), c.Effective()); strings.Contains(text, "canary") {
			t.Errorf("a password is shown: %s", text)
		}
	}
}

func TestLoad_RefusesFilesOfAnotherForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                                      "must hold one JSON object",
		`[]`:                                    "must hold one JSON object",
		`{} {}`:                                 "after the JSON object",
		`{"listen": "127.0.0.1:1"`:              "not well-formed",
		`{"listen": }`:                          "not well-formed",
		`{"listen": "a:1", "listen": "b:1"}`:    "listen twice",
		`{"log": {"level": 1}, "log": {}}`:      "log twice",
		`{"log.level": "info"}`:                 "object in an object",
		`{"log": "info"}`:                       "no such setting",
		`{"listen": {"host": "x"}}`:             "no such setting",
		`{"config": "other.json"}`:              "no such setting",
		`{"bureau": {"working_days": ["a,b"]}}`: "one entry in each",
		`{"trusted_proxies": ["x" "y"]}`:        "not well-formed",
	} {
		_, err := file(text).load()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestConfig_MakesWhatIsNotSet(t *testing.T) {
	t.Parallel()
	c, err := sources{}.load("--database=sqlite:///data/x.db", "--listen=[::1]:8443", "--tls-cert-file=a", "--tls-key-file=b",
		"--workers", "--trusted-proxies=::ffff:10.0.0.1, 10.1.0.0/16")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.KeyPath(); got != "/data/keys.json" {
		t.Errorf("keys: %s", got)
	}
	if got := c.PublicBase(); got != "https://[::1]:8443" {
		t.Errorf("public: %s", got)
	}
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32"), netip.MustParsePrefix("10.1.0.0/16")}
	if len(c.TrustedProxies) != 2 || c.TrustedProxies[0] != want[0] || c.TrustedProxies[1] != want[1] {
		t.Errorf("proxies: %v", c.TrustedProxies)
	}
}

func TestSettings_AreAllDescribed(t *testing.T) {
	t.Parallel()
	help := Help()
	for _, s := range settings() {
		if s.doc == "" || s.form == "" || !strings.HasSuffix(s.doc, ".") {
			t.Errorf("%s has no doc, no form, or half a sentence", s.name)
		}
		if !strings.Contains(help, "  "+s.flag()+" ") || !strings.Contains(help, s.env()+".") {
			t.Errorf("%s is not in the help", s.name)
		}
	}
}

func TestReference_IsTheDocsPage(t *testing.T) {
	t.Parallel()
	const page = "../../docs/configuration.md"
	if *update {
		if err := os.WriteFile(page, []byte(Reference()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Reference(), string(have)); diff != "" {
		t.Errorf("docs/configuration.md has drifted; run go test ./internal/config -update\n%s", diff)
	}
}

func FuzzLoad_File(f *testing.F) {
	for _, text := range []string{`{}`, `{"log":{"level":"debug"}}`, `{"trusted_proxies":["10.0.0.0/8"]}`, `{"max_in_flight":1}`, `[`, `{"a":{"b":[[]]}}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := file(text).load()
		if err != nil {
			var ps Problems
			if !errors.As(err, &ps) || len(ps) == 0 {
				t.Fatalf("not a list of problems: %v", err)
			}
			return
		}
		// What was accepted is accepted again from flags, as it is printed.
		var args []string
		for _, e := range c.Effective() {
			if e.Value != "" {
				args = append(args, "--"+strings.NewReplacer(".", "-", "_", "-").Replace(e.Name)+"="+e.Value)
			}
		}
		again, err := sources{}.load(args...)
		if err != nil {
			t.Fatalf("%q: %v", args, err)
		}
		for i, e := range again.Effective() {
			if e.Value != c.Effective()[i].Value {
				t.Fatalf("%s: %q became %q", e.Name, c.Effective()[i].Value, e.Value)
			}
		}
	})
}
