package cardsapi

import (
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// pageOf reads limit and cursor. A cursor is bound to programme, endpoint and filters (contract §4.2):
// with any other it is damaged.
func (d *Door) pageOf(c *call, filters ...string) (issuance.Page, func(issuance.Mark) string) {
	page := issuance.Page{Limit: c.pageSize() + 1} // one more tells whether there is a next page
	cursors := form.Cursors{
		Hash:  func(parts ...[]byte) []byte { return d.service.Fingerprint(c.programID(), parts...) },
		Route: c.route.Name, Asked: filters,
	}
	seal := func(m issuance.Mark) string { return cursors.Seal(m.CreatedAt, m.ID) }
	sent, given := c.param("cursor")
	if !given {
		return page, seal
	}
	at, id, ok := cursors.Open(sent)
	if !ok {
		c.bad(inQuery, "cursor", "invalid_cursor")
		return page, seal
	}
	page.After = issuance.Mark{CreatedAt: at, ID: id}
	return page, seal
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
