package auditlog

import (
	"bytes"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/firsttap/firsttap/internal/audit"
)

// maxLine bounds one line of an export.
const maxLine = 1 << 20

// Page is adjacent rows of a log as a store has them. What was removed there is not in it.
type Page struct {
	Rows   []audit.Row
	Places []int64 // of each row
	Tiles  []Tile  // of level 0, around the rows
}

// Append adds the lines of a page to an export.
func (p Page) Append(b []byte) []byte {
	for i, r := range p.Rows {
		b = AppendLine(b, p.Places[i], p.sealedAs(p.Places[i]), Leaf(r))
	}
	return b
}

// AppendSpan adds the lines of a page: whole ones of rows from one time to before another, and only the hashes of the others. A
// zero time is no bound.
func (p Page) AppendSpan(b []byte, since, until time.Time) []byte {
	for i, r := range p.Rows {
		if r.At.Before(since) || !until.IsZero() && !r.At.Before(until) {
			b = AppendHash(b, p.Places[i], p.sealedAs(p.Places[i]))
			continue
		}
		b = AppendLine(b, p.Places[i], p.sealedAs(p.Places[i]), Leaf(r))
	}
	return b
}

// sealedAs is the hash with which row n was sealed. One that is gone is told as zeros, which fit no row.
func (p Page) sealedAs(n int64) (h tlog.Hash) {
	at := int(n&(1<<TileHeight-1)) * tlog.HashSize
	for _, t := range p.Tiles {
		if t.N == n>>TileHeight && at+tlog.HashSize <= len(t.Hashes) {
			copy(h[:], t.Hashes[at:])
		}
	}
	return h
}

// AppendLine adds the line of a row to an export: its place, the hash that was sealed, and the row's leaf,
// byte by byte as it is hashed.
func AppendLine(b []byte, n int64, sealed tlog.Hash, leaf []byte) []byte {
	b = strconv.AppendInt(append(b, `{"n":`...), n, 10)
	b = append(append(b, `,"hash":"`...), sealed.String()...)
	b = append(append(b, `","row":`...), leaf...)
	return append(b, '}', '\n')
}

// AppendHash adds the line of a row of which nothing but the hash is told: the rows around it can be proved all the same.
func AppendHash(b []byte, n int64, sealed tlog.Hash) []byte {
	b = strconv.AppendInt(append(b, `{"n":`...), n, 10)
	b = append(append(b, `,"hash":"`...), sealed.String()...)
	return append(b, '"', '}', '\n')
}

// line is one line of an export, without a look at what the row says.
type line struct {
	n    int64
	hash tlog.Hash
	leaf []byte // nil: only the hash is told
}

// parseLine reads a line. There is one right way to write it.
func parseLine(b []byte) (l line, ok bool) {
	rest, ok := bytes.CutPrefix(b, []byte(`{"n":`))
	if !ok {
		return l, false
	}
	number, rest, ok := bytes.Cut(rest, []byte(`,"hash":"`))
	if !ok {
		return l, false
	}
	hash, rest, whole := bytes.Cut(rest, []byte(`","row":`))
	if whole {
		l.leaf, ok = bytes.CutSuffix(rest, []byte("}\n"))
	} else {
		hash, ok = bytes.CutSuffix(hash, []byte("\"}\n"))
	}
	if !ok {
		return l, false
	}
	var err error
	if l.n, err = strconv.ParseInt(string(number), 10, 64); err != nil || strconv.FormatInt(l.n, 10) != string(number) {
		return l, false
	}
	l.hash, err = tlog.ParseHash(string(hash))
	return l, err == nil && l.hash.String() == string(hash)
}
