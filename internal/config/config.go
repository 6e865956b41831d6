package config

import (
	"log/slog"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/redact"
)

// Config is every setting, checked. Load is the only way to a good one.
type Config struct {
	Listen         string // host:port
	AdminListen    string // host:port on loopback
	PublicURL      string // without a trailing slash; see PublicBase
	Database       Database
	PageLogos      string // folder; "" is none
	KeyFile        string // path; "" means beside the database, see KeyPath
	Checkpoints    string // folder; "" means beside the key file, see CheckpointsPath
	Log            Log
	TrustedProxies []netip.Prefix
	HostKind       HostKind
	DrainTimeout   time.Duration
	RequestTimeout time.Duration
	MaxInFlight    int
	TLS            TLS
	Console        bool
	Debit          Debit
	Workers        bool
	KeepMessages   time.Duration // messages whose deliveries have ended
	Bureau         Bureau

	sources map[string]string // by setting: where the value came from
}

// Database says where the data is.
type Database struct {
	Engine string      // EngineSQLite or EnginePostgres
	Path   string      // of the file, for sqlite
	URL    redact.Text // as given; may hold a password
}

// The engines.
const (
	EngineSQLite   = "sqlite"
	EnginePostgres = "postgres"
)

// Log says what is logged and how.
type Log struct {
	Level  slog.Level
	Format string // text or json
}

// TLS names the certificate, or nothing.
type TLS struct {
	CertFile string
	KeyFile  string
}

// Debit holds what only the debit door needs.
type Debit struct {
	RequireHTTPS    bool
	LoginsPerMinute int // tries to sign in, of one e-mail and of one source address; 0 is unlimited
}

// Bureau is the working time of the manufacturer: an order submitted before the cut-off of a working
// day is in that day's production file.
type Bureau struct {
	CutOff   time.Duration // since midnight in Zone
	Zone     *time.Location
	Weekdays []time.Weekday // the working days, Sunday first
}

// HostKind limits which programmes this host serves.
type HostKind string

// The kinds of host.
const (
	HostAny     HostKind = "any"
	HostSandbox HostKind = "sandbox"
	HostLive    HostKind = "live"
)

// dataFolder is where data lies that nobody gave another place.
const dataFolder = "firsttap-data"

// KeyPath is the file of the keys: as set, else keys.json beside the database, or in the folder of data
// when the database is a server.
func (c Config) KeyPath() string {
	if c.KeyFile != "" {
		return c.KeyFile
	}
	folder := dataFolder
	if c.Database.Engine == EngineSQLite {
		folder = filepath.Dir(c.Database.Path)
	}
	return filepath.Join(folder, "keys.json")
}

// CheckpointsPath is the folder of the signed checkpoints of audit logs: as set, else beside the key file.
func (c Config) CheckpointsPath() string {
	if c.Checkpoints != "" {
		return c.Checkpoints
	}
	return filepath.Join(filepath.Dir(c.KeyPath()), "audit-checkpoints")
}

// PublicBase is the URL under which callers reach this host, without a trailing slash: as set, else
// made from the listen address.
func (c Config) PublicBase() string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	scheme := "http"
	if c.TLS.CertFile != "" {
		scheme = "https"
	}
	return (&url.URL{Scheme: scheme, Host: c.Listen}).String()
}

// Problem is one thing that is wrong, in plain words. It never holds the value of a secret.
type Problem struct {
	Setting string // dotted name, or the flag or member as written when it is unknown
	Source  string // "flag --listen", "FIRSTTAP_LISTEN", "file x.json", "default"
	Text    string
}

// Problems is every problem of a configuration, as one error.
type Problems []Problem //nolint:errname // a list of problems, and read as one

// Error lists the problems, one on a line.
func (ps Problems) Error() string {
	var b strings.Builder
	b.WriteString("the configuration has problems:")
	for _, p := range ps {
		b.WriteString("\n  " + p.Setting + " (" + p.Source + "): " + p.Text)
	}
	return b.String()
}
