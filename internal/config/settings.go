package config

import (
	"strconv"
	"strings"
	"time"
)

// setting is one row of the table: everything that is known of a setting, in one place.
type setting struct {
	name     string // dotted; flags, environment and file spell it by rule
	form     string // what a value looks like, for people
	fallback string // the default, as one would write it
	shown    string // the default in the docs, where it is made from something else
	doc      string // one or two sentences
	isBool   bool   // the flag may stand alone
	set      func(c *Config, value string) error
	get      func(c *Config) string
}

func (s setting) flag() string { return "--" + strings.NewReplacer(".", "-", "_", "-").Replace(s.name) }

func (s setting) env() string {
	return "FIRSTTAP_" + strings.ToUpper(strings.ReplaceAll(s.name, ".", "_"))
}

// settings is the table, in the order of the docs.
func settings() []setting {
	return append(append(listenerSettings(), dataSettings()...), workSettings()...)
}

func listenerSettings() []setting {
	return []setting{
		text("listen", "host:port", "127.0.0.1:8080", "Where the doors listen. Port 0 takes a free port.",
			func(c *Config) *string { return &c.Listen }, parseAddress),
		text("admin_listen", "host:port", "127.0.0.1:9090",
			"Where health and metrics listen: `/healthz`, `/readyz`, `/metrics`. Must be a loopback address.",
			func(c *Config) *string { return &c.AdminListen }, parseLoopback),
		{
			name: "public_url", form: "URL", shown: "made from `listen`",
			doc: "The URL under which callers reach this host, for links in answers.",
			set: func(c *Config, v string) (err error) { c.PublicURL, err = parsePublicURL(v); return err },
			get: func(c *Config) string { return c.PublicURL },
		},
		text("tls.cert_file", "path", "", "PEM file of the certificate chain. With it the doors speak HTTPS.",
			func(c *Config) *string { return &c.TLS.CertFile }, parseText),
		text("tls.key_file", "path", "", "PEM file of the certificate's key. Both or neither.",
			func(c *Config) *string { return &c.TLS.KeyFile }, parseText),
		{
			name: "trusted_proxies", form: "addresses or CIDR ranges", shown: "none",
			doc: "Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. Each must write both headers itself.",
			set: func(c *Config, v string) (err error) { c.TrustedProxies, err = parsePrefixes(v); return err },
			get: func(c *Config) string { return joined(c.TrustedProxies) },
		},
		duration("request_timeout", "8s", "Most time for an answer; after it the caller is told to try again, and nothing was changed.",
			func(c *Config) *durationField { return (*durationField)(&c.RequestTimeout) }),
		duration("drain_timeout", "20s", "Most time to finish requests in flight when the server is told to stop.",
			func(c *Config) *durationField { return (*durationField)(&c.DrainTimeout) }),
		{
			name: "max_in_flight", form: "number, 1 to 100000", fallback: "1024",
			doc: "Requests served at one time. Further ones are told at once to try again.",
			set: func(c *Config, v string) (err error) { c.MaxInFlight, err = parseCount(v); return err },
			get: func(c *Config) string { return strconv.Itoa(c.MaxInFlight) },
		},
		text("page_logos", "path", "", "Folder of the logos on the activation page: a PNG for each programme, with its id as the name, such as `019cc43c-….png`. Read at the start.",
			func(c *Config) *string { return &c.PageLogos }, parseText).showing("none"),
		truth("console", "true", "This host has the operator console, under `/console`.", func(c *Config) *bool { return &c.Console }),
		truth("debit.require_https", "true",
			"The debit API refuses plain HTTP, unless it came straight to a loopback listener or a trusted proxy had HTTPS.",
			func(c *Config) *bool { return &c.Debit.RequireHTTPS }),
		{
			name: "debit.logins_per_minute", form: "number, 0 to 100000", fallback: "10",
			doc: "Tries to sign in to the debit API in a minute, of one e-mail and of one source address. 0 is unlimited.",
			set: func(c *Config, v string) (err error) { c.Debit.LoginsPerMinute, err = parseAmount(v); return err },
			get: func(c *Config) string { return strconv.Itoa(c.Debit.LoginsPerMinute) },
		},
	}
}

func dataSettings() []setting {
	return []setting{
		{
			name: "database", form: "`sqlite://path` or `postgres://…`", fallback: "sqlite://" + dataFolder + "/firsttap.db",
			doc: "Where the data is: `sqlite://` and a path, relative or (with a third slash) absolute, or the URL of a PostgreSQL database as libpq writes it, with several hosts and `target_session_attrs` if need be. `pool_max_conns` in it is how many connections one instance uses at most (16), and `pooler=transaction` that a pooler stands before the server.",
			set: func(c *Config, v string) (err error) { c.Database, err = parseDatabase(v); return err },
			get: func(c *Config) string { return c.Database.shown() },
		},
		text("key_file", "path", "", "File of the keys that seal secrets. Keep a copy in another place than the database's.",
			func(c *Config) *string { return &c.KeyFile }, parseText).showing("`keys.json` beside the database; with PostgreSQL, in `firsttap-data`"),
		text("audit.checkpoints", "path", "", "Folder of the signed checkpoints of audit logs. Copy them to a place that this machine cannot write.",
			func(c *Config) *string { return &c.Checkpoints }, parseText).showing("`audit-checkpoints` beside the key file"),
		{
			name: "host_kind", form: "any, sandbox or live", fallback: "any",
			doc: "Which programmes this host serves. A key of the other kind is unknown here.",
			set: func(c *Config, v string) error {
				kind, err := parseWord(v, string(HostAny), string(HostSandbox), string(HostLive))
				c.HostKind = HostKind(kind)
				return err
			},
			get: func(c *Config) string { return string(c.HostKind) },
		},
		{
			name: "log.level", form: "debug, info, warn or error", fallback: "info",
			doc: "The least important records that are written.",
			set: func(c *Config, v string) (err error) { c.Log.Level, err = parseLevel(v); return err },
			get: func(c *Config) string { return strings.ToLower(c.Log.Level.String()) },
		},
		text("log.format", "text or json", "text", "The form of the log, which goes to standard error.",
			func(c *Config) *string { return &c.Log.Format },
			func(v string) (string, error) { return parseWord(v, "text", "json") }),
	}
}

func workSettings() []setting {
	return []setting{
		truth("workers", "true", "This process also works in the background: bulk orders, webhooks, reports.",
			func(c *Config) *bool { return &c.Workers }),
		{
			name: "webhooks.keep_days", form: "number of days, 3 to 3650", fallback: "30",
			doc: "How long events, their deliveries and each attempt stay, to be looked at and sent again. What still waits is never removed.",
			set: func(c *Config, v string) (err error) { c.KeepMessages, err = parseDays(v); return err },
			get: func(c *Config) string { return strconv.Itoa(int(c.KeepMessages / (24 * time.Hour))) },
		},
		{
			name: "bureau.cut_off", form: "time of day, HH:MM", fallback: "16:00",
			doc: "The hour at which the day's production file closes.",
			set: func(c *Config, v string) (err error) { c.Bureau.CutOff, err = parseTimeOfDay(v); return err },
			get: func(c *Config) string { return timeOfDay(c.Bureau.CutOff) },
		},
		{
			name: "bureau.time_zone", form: "name, as in `America/Mexico_City`", fallback: "UTC",
			doc: "The time zone of the cut-off and of the working days.",
			set: func(c *Config, v string) (err error) { c.Bureau.Zone, err = parseZone(v); return err },
			get: func(c *Config) string { return c.Bureau.Zone.String() },
		},
		{
			name: "bureau.working_days", form: "days of `sun mon tue wed thu fri sat`", fallback: "mon,tue,wed,thu,fri",
			doc: "The days on which production files close.",
			set: func(c *Config, v string) (err error) { c.Bureau.Weekdays, err = parseWeekdays(v); return err },
			get: func(c *Config) string { return weekdayNames(c.Bureau.Weekdays) },
		},
	}
}

// The constructors of the plain kinds of setting.

func text(name, form, fallback, doc string, field func(*Config) *string, parse func(string) (string, error)) setting {
	return setting{
		name: name, form: form, fallback: fallback, doc: doc,
		set: func(c *Config, v string) (err error) { *field(c), err = parse(v); return err },
		get: func(c *Config) string { return *field(c) },
	}
}

func truth(name, fallback, doc string, field func(*Config) *bool) setting {
	return setting{
		name: name, form: "true or false", fallback: fallback, doc: doc, isBool: true,
		set: func(c *Config, v string) (err error) { *field(c), err = parseBool(v); return err },
		get: func(c *Config) string { return strconv.FormatBool(*field(c)) },
	}
}

func duration(name, fallback, doc string, field func(*Config) *durationField) setting {
	return setting{
		name: name, form: "duration, as in `1m30s`, up to 1h", fallback: fallback, doc: doc,
		set: func(c *Config, v string) error { return field(c).parse(v) },
		get: func(c *Config) string { return field(c).String() },
	}
}

// showing gives a setting the words that stand for its default in the docs.
func (s setting) showing(words string) setting {
	s.shown = words
	return s
}
