package cardsapi

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// cursorSize is a mark (creation in microseconds, id) and half of its keyed hash.
const (
	markSize   = 8 + 16
	cursorSize = markSize + 16
)

// pageOf reads limit and cursor. A cursor is bound to programme, endpoint and filters (contract §4.2):
// with any other it is damaged.
func (d *Door) pageOf(c *call, filters ...string) (issuance.Page, func(issuance.Mark) string) {
	page := issuance.Page{Limit: c.pageSize() + 1} // one more tells whether there is a next page
	seal := func(m issuance.Mark) string { return base64.RawURLEncoding.EncodeToString(d.cursor(c, m, filters)) }
	sent, given := c.param("cursor")
	if !given {
		return page, seal
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(sent)
	if err != nil || len(raw) != cursorSize {
		c.bad(inQuery, "cursor", "invalid_cursor")
		return page, seal
	}
	mark := issuance.Mark{
		CreatedAt: time.UnixMicro(int64(binary.BigEndian.Uint64(raw))).UTC(), //nolint:gosec // the inverse of cursor
		ID:        ident.UUID(raw[8:markSize]),
	}
	if subtle.ConstantTimeCompare(d.cursor(c, mark, filters), raw) != 1 {
		c.bad(inQuery, "cursor", "invalid_cursor")
		return page, seal
	}
	page.After = mark
	return page, seal
}

// cursor is a mark with its seal.
func (d *Door) cursor(c *call, m issuance.Mark, filters []string) []byte {
	raw := binary.BigEndian.AppendUint64(make([]byte, 0, cursorSize), uint64(m.CreatedAt.UnixMicro()))
	raw = append(raw, m.ID[:]...)
	parts := [][]byte{[]byte("cursor"), []byte(c.route.Name), raw}
	for _, f := range filters {
		parts = append(parts, []byte(f))
	}
	return append(raw, d.service.Fingerprint(c.programID(), parts...)[:cursorSize-markSize]...)
}

// showPage renders a page of at most limit items; one more was asked for.
func showPage[T any](all []T, page issuance.Page, seal func(issuance.Mark) string, mark func(T) issuance.Mark, show func(*wirejson.Writer, T)) []byte {
	next := ""
	if len(all) == page.Limit {
		all = all[:len(all)-1]
		next = seal(mark(all[len(all)-1]))
	}
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("items").BeginArray()
	for _, item := range all {
		show(w, item)
	}
	w.EndArray()
	w.Key("nextCursor").StringOrNull(next)
	w.EndObject()
	return w.Bytes()
}
