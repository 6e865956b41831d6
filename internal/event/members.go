package event

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
)

// usualLength is room for a message about a card.
const usualLength = 512

// members writes the members of JSON objects one after the other. What says nothing is left out.
type members struct {
	buf []byte
}

// key begins a member. Names are plain words.
func (w *members) key(name string) {
	if w.buf[len(w.buf)-1] != '{' {
		w.buf = append(w.buf, ',')
	}
	w.buf = append(w.buf, '"')
	w.buf = append(w.buf, name...)
	w.buf = append(w.buf, `":`...)
}

func (w *members) text(name, s string) {
	if s == "" {
		return
	}
	w.key(name)
	if strings.ContainsFunc(s, needsEscape) {
		quoted, err := json.Marshal(s)
		if err != nil {
			panic("event: a text does not marshal: " + err.Error())
		}
		w.buf = append(w.buf, quoted...)
		return
	}
	w.buf = append(w.buf, '"')
	w.buf = append(w.buf, s...)
	w.buf = append(w.buf, '"')
}

// needsEscape leaves whatever is not plain ASCII to package json.
func needsEscape(r rune) bool {
	return r < ' ' || r > '~' || r == '"' || r == '\\' || r == '<' || r == '>' || r == '&'
}

func (w *members) number(name string, n int64) {
	if n != 0 {
		w.key(name)
		w.buf = strconv.AppendInt(w.buf, n, 10)
	}
}

// count writes 0 too: nil is none.
func (w *members) count(name string, n *int) {
	if n != nil {
		w.key(name)
		w.buf = strconv.AppendInt(w.buf, int64(*n), 10)
	}
}

func (w *members) id(name string, id *ident.UUID) {
	if id != nil {
		w.key(name)
		w.buf = append(w.buf, '"')
		w.buf = id.AppendText(w.buf)
		w.buf = append(w.buf, '"')
	}
}

func (w *members) moment(name string, at time.Time) {
	w.key(name)
	w.buf = at.UTC().AppendFormat(w.buf, `"2006-01-02T15:04:05.000Z"`)
}

func (w *members) object(name string, data *nativeData) {
	w.key(name)
	w.buf = append(w.buf, '{')
	data.write(w)
	w.buf = append(w.buf, '}')
}
