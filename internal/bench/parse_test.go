package bench

import (
	"bufio"
	"strings"
	"testing"
	"time"
)

func TestReadAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		status     int
		body       string
		last, bad  bool
	}{
		{"with a length", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nX: y\r\n\r\nhello", 200, "hello", false, false},
		{"without a body", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", 204, "", true, false},
		{"in chunks", "HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n", 400, "abc0123456789", false, false},
		{"not HTTP", "SSH-2.0-OpenSSH_9.2p1\r\n", 0, "", true, true},
		{"no number", "HTTP/1.1 abc OK\r\n\r\n", 0, "", true, true},
		{"a length that is none", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 200, "", true, true},
		{"cut", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", 200, "hel\x00\x00", false, true},
		{"cut in the head", "HTTP/1.1 200 OK\r\nContent-", 200, "", true, true},
		{"chunks of nonsense", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 200, "", false, true},
	} {
		status, body, last, err := readAnswer(bufio.NewReader(strings.NewReader(c.text)))
		if (err != nil) != c.bad || status != c.status || string(body) != c.body || last != c.last {
			t.Errorf("%s: %d %q %t %v", c.name, status, body, last, err)
		}
	}
}

func TestRequest_GoesOverTheWire(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]request{
		"GET /cards/1 HTTP/1.1\r\nHost: bench\r\nA: b\r\n\r\n":                                                                   {method: "GET", path: "/cards/1", header: "A: b\r\n"},
		"POST /x HTTP/1.1\r\nHost: bench\r\nIdempotency-Key: k\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}": {method: "POST", path: "/x", key: "k", body: "{}"},
		"POST /x HTTP/1.1\r\nHost: bench\r\nContent-Length: 0\r\n\r\n":                                                           {method: "POST", path: "/x"},
	} {
		if got := string(r.appendTo(nil)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestParseProcessorTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"42 (a (b) c) S 1 42 42 0 -1 4194560 100 0 0 0 250 31 0 0 20 0 9 0 100": 2810 * time.Millisecond,
		"42 (short) S 1": 0,
		"":               0,
	} {
		if got := parseProcessorTime([]byte(text)); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestParseFlushes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"  1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16042 17": 16042,
		"1 2 3 4 5 6 7 8 9 10 11":                        0, // an old system
		"":                                               0,
	} {
		if got := parseFlushes(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestParseRate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{
		"latency average = 1.2 ms\ninitial connection time = 9 ms\ntps = 4608.25 (without initial connection time)\n": 4608.25,
		"tps = 99.0 (including connections establishing)\ntps = 101.5 (excluding connections establishing)\n":         101.5,
	} {
		if got, err := parseRate(text); err != nil || got != want {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
	if got, err := parseRate("number of transactions actually processed: 0\nnumber of failed transactions: 0 (NaN%)\n"); err != nil || got != 0 {
		t.Errorf("a window without a transaction: %v %v", got, err)
	}
	if _, err := parseRate("pgbench: error: no connection"); err == nil {
		t.Error("a text without a rate has one")
	}
}

func TestForLibpq_KeepsThePasswordApart(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][2]string{
		"postgres://ana:s3cret@db:5433/tap?pool_max_conns=9&sslmode=disable": {"postgres://ana@db:5433/tap?sslmode=disable", "s3cret"},
		"postgres://ana@db/tap?default_query_exec_mode=exec":                 {"postgres://ana@db/tap", ""},
		"postgres:///tap?host=%2Frun%2Fpg":                                   {"postgres:///tap?host=%2Frun%2Fpg", ""},
	} {
		target, password, err := forLibpq(address)
		if err != nil || target != want[0] || password != want[1] {
			t.Errorf("%s: %q %q %v", address, target, password, err)
		}
	}
	if _, _, err := forLibpq("postgres://ana:s3cret@db:port/tap"); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("%v", err)
	}
}
