package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // so that a time zone is known on machines that have no list of them

	"github.com/firsttap/firsttap/internal/redact"
)

// The parsers of values. Their errors are shown to people and do not repeat the value.

func parseText(v string) (string, error) { return v, nil }

func parseAddress(v string) (string, error) {
	host, port, err := net.SplitHostPort(v)
	if err != nil {
		return "", errors.New("must be host:port, as in 127.0.0.1:8080")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		return "", errors.New("the port must be a number from 0 to 65535")
	}
	if strings.ContainsAny(host, " /@") {
		return "", errors.New("the host must be a name or an address")
	}
	return v, nil
}

func parseLoopback(v string) (string, error) {
	if _, err := parseAddress(v); err != nil {
		return "", err
	}
	host, _, _ := net.SplitHostPort(v)
	if addr, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !addr.Unmap().IsLoopback()) {
		return "", errors.New("must be a loopback address, as in 127.0.0.1:9090: health and metrics are for this machine only")
	}
	return v, nil
}

func parsePublicURL(v string) (string, error) {
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "", errors.New("must be a URL that starts with https:// or http:// and a host")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", errors.New("must have no user, query or fragment")
	}
	return strings.TrimRight(v, "/"), nil
}

func parsePrefixes(v string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, word := range words(v) {
		p, err := netip.ParsePrefix(word)
		if addr, addrErr := netip.ParseAddr(word); addrErr == nil {
			p, err = netip.PrefixFrom(addr.Unmap().WithZone(""), addr.Unmap().BitLen()), nil
		}
		if err != nil || p.Addr().Is4In6() {
			return nil, fmt.Errorf("entry %d is neither an address nor a range as in 10.0.0.0/8", len(list)+1)
		}
		if p != p.Masked() {
			return nil, fmt.Errorf("entry %d has bits set beyond its length; write %s", len(list)+1, p.Masked())
		}
		list = append(list, p)
	}
	return list, nil
}

// words cuts a list at commas and white space.
func words(v string) []string {
	return strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' })
}

func joined[T fmt.Stringer](list []T) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = v.String()
	}
	return strings.Join(parts, ",")
}

func parseDatabase(v string) (Database, error) {
	scheme, rest, ok := strings.Cut(v, "://")
	switch {
	case ok && scheme == "sqlite":
		if rest == "" || strings.ContainsAny(rest, "?#") || strings.HasSuffix(rest, "/") {
			return Database{}, errors.New("must name a file after sqlite://, without options")
		}
		return Database{Engine: EngineSQLite, Path: rest, URL: redact.NewText(v)}, nil
	case ok && (scheme == "postgres" || scheme == "postgresql"):
		u, err := url.Parse(v)
		if err != nil || (u.Host == "" && u.Query().Get("host") == "") || strings.Trim(u.Path, "/") == "" {
			return Database{}, errors.New("must be postgres://user@host/database")
		}
		return Database{Engine: EnginePostgres, URL: redact.NewText(v)}, nil
	default:
		return Database{}, errors.New("must start with sqlite:// or postgres://")
	}
}

// shown is the database without what may be secret.
func (d Database) shown() string {
	if d.Engine == EngineSQLite {
		return "sqlite://" + d.Path
	}
	return d.Engine + "://" + redact.Mask
}

func parseWord(v string, allowed ...string) (string, error) {
	if !slices.Contains(allowed, v) {
		return "", fmt.Errorf("must be one of: %s", strings.Join(allowed, ", "))
	}
	return v, nil
}

func parseLevel(v string) (slog.Level, error) {
	var level slog.Level
	if _, err := parseWord(v, "debug", "info", "warn", "error"); err != nil {
		return level, err
	}
	return level, level.UnmarshalText([]byte(v))
}

func parseBool(v string) (bool, error) {
	word, err := parseWord(v, "true", "false")
	return word == "true", err
}

func parseCount(v string) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 100_000 {
		return 0, errors.New("must be a whole number from 1 to 100000")
	}
	return n, nil
}

// parseAmount reads a limit that may be nothing.
func parseAmount(v string) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > 100_000 {
		return 0, errors.New("must be a whole number from 0 to 100000")
	}
	return n, nil
}

// parseDays reads how long something is kept: longer than any timetable of retries.
func parseDays(v string) (time.Duration, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 3 || n > 3650 {
		return 0, errors.New("must be a whole number from 3 to 3650")
	}
	return time.Duration(n) * 24 * time.Hour, nil
}

// durationField reads and prints a duration as people write it.
type durationField time.Duration

func (d *durationField) parse(v string) error {
	parsed, err := time.ParseDuration(v)
	if err != nil || parsed < time.Millisecond || parsed > time.Hour {
		return errors.New("must be a duration from 1ms to 1h, as in 8s or 1m30s")
	}
	*d = durationField(parsed)
	return nil
}

func (d *durationField) String() string { return time.Duration(*d).String() }

func parseTimeOfDay(v string) (time.Duration, error) {
	t, err := time.Parse("15:04", v)
	if err != nil || len(v) != len("15:04") {
		return 0, errors.New("must be a time of day, as in 16:00")
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

func timeOfDay(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
}

func parseZone(v string) (*time.Location, error) {
	zone, err := time.LoadLocation(v)
	if err != nil || v == "Local" || v == "" {
		return nil, errors.New("is not a known time zone; write UTC, or a name as in America/Mexico_City")
	}
	return zone, nil
}

func weekdayName(d time.Weekday) string { return strings.ToLower(d.String()[:3]) }

func parseWeekdays(v string) ([]time.Weekday, error) {
	var works [7]bool
	for _, word := range words(v) {
		known := false
		for d := range works {
			if weekdayName(time.Weekday(d)) == word {
				works[d], known = true, true
			}
		}
		if !known {
			return nil, errors.New("must be a list of days, each one of: sun, mon, tue, wed, thu, fri, sat")
		}
	}
	var list []time.Weekday
	for d, w := range works {
		if w {
			list = append(list, time.Weekday(d))
		}
	}
	if len(list) == 0 {
		return nil, errors.New("must name at least one day")
	}
	return list, nil
}

func weekdayNames(days []time.Weekday) string {
	names := make([]string, len(days))
	for i, d := range days {
		names[i] = weekdayName(d)
	}
	return strings.Join(names, ",")
}
