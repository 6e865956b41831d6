package form

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
)

// A cursor is a mark (creation in microseconds, id) and half of its keyed hash.
const (
	markSize   = 8 + 16
	cursorSize = markSize + 16
)

// Cursors seals the marks of one list: the route and the filters that it was asked with.
type Cursors struct {
	Hash  func(parts ...[]byte) []byte // keyed, and of one programme
	Route string
	Asked []string
}

// Seal makes the cursor that stands behind an item.
func (c Cursors) Seal(at time.Time, id ident.UUID) string {
	return base64.RawURLEncoding.EncodeToString(c.sealed(at, id))
}

// Open gives the mark of a cursor; ok is false when it was not made for this list.
func (c Cursors) Open(sent string) (at time.Time, id ident.UUID, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(sent)
	if err != nil || len(raw) != cursorSize {
		return time.Time{}, ident.UUID{}, false
	}
	at = time.UnixMicro(int64(binary.BigEndian.Uint64(raw))).UTC() //nolint:gosec // the inverse of sealed
	id = ident.UUID(raw[8:markSize])
	return at, id, subtle.ConstantTimeCompare(c.sealed(at, id), raw) == 1
}

func (c Cursors) sealed(at time.Time, id ident.UUID) []byte {
	raw := binary.BigEndian.AppendUint64(make([]byte, 0, cursorSize), uint64(at.UnixMicro()))
	raw = append(raw, id[:]...)
	parts := [][]byte{[]byte("cursor"), []byte(c.Route), raw}
	for _, f := range c.Asked {
		parts = append(parts, []byte(f))
	}
	return append(raw, c.Hash(parts...)[:cursorSize-markSize]...)
}
