package wirejson

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Writer writes one JSON value piece by piece, in the order of the calls, without white space and without
// HTML escaping:
//
//	w := wirejson.NewWriter(nil)
//	w.BeginObject()
//	w.Key("id").String(id)
//	w.Key("items").BeginArray()
//	…
//	w.EndArray()
//	w.EndObject()
//	return w.Bytes()
//
// It puts the commas. It does not check that a key stands before each member or that brackets close:
// the goldens of a door show that at once.
type Writer struct {
	buf   []byte
	start int
}

// usualLength is room for most answers and messages: a buffer that begins with nothing is copied at every few members.
const usualLength = 512

// NewWriter makes a Writer that appends to buf, which may be nil.
func NewWriter(buf []byte) *Writer {
	if buf == nil {
		buf = make([]byte, 0, usualLength)
	}
	return &Writer{buf: buf, start: len(buf)}
}

// Bytes gives the buffer with all that was written. It stays the Writer's until the Writer is
// let go.
func (w *Writer) Bytes() []byte { return w.buf }

// BeginObject opens an object.
func (w *Writer) BeginObject() { w.comma(); w.buf = append(w.buf, '{') }

// EndObject closes the object that was opened last.
func (w *Writer) EndObject() { w.buf = append(w.buf, '}') }

// BeginArray opens an array.
func (w *Writer) BeginArray() { w.comma(); w.buf = append(w.buf, '[') }

// EndArray closes the array that was opened last.
func (w *Writer) EndArray() { w.buf = append(w.buf, ']') }

// Key writes the name of the next member and gives w again, so that the value can follow on the same
// line. Doors do so in a thousand places: inlined, it and comma would be 0.2 MB of the program, and no faster.
//
//go:noinline
func (w *Writer) Key(name string) *Writer {
	w.String(name)
	w.buf = append(w.buf, ':')
	return w
}

// String writes a string. Bytes that are no UTF-8 become U+FFFD, so the output is always valid.
func (w *Writer) String(text string) {
	w.comma()
	w.buf = AppendString(w.buf, text)
}

// StringOrNull writes a string, and null when it is empty.
func (w *Writer) StringOrNull(text string) {
	if text == "" {
		w.Null()
		return
	}
	w.String(text)
}

// Int writes an integer.
func (w *Writer) Int(n int64) { w.comma(); w.buf = strconv.AppendInt(w.buf, n, 10) }

// Bool writes true or false.
func (w *Writer) Bool(b bool) { w.comma(); w.buf = strconv.AppendBool(w.buf, b) }

// Null writes null.
func (w *Writer) Null() { w.comma(); w.buf = append(w.buf, "null"...) }

// Number writes a number from its literal, such as 12.50, to the letter. A literal that JSON does not know
// is a mistake of the program, and panics.
func (w *Writer) Number(literal string) {
	raw := jsontext.Value(literal)
	if raw.Kind() != jsontext.KindNumber || !raw.IsValid() {
		panic("wirejson: Number was given something that is no number")
	}
	w.comma()
	w.buf = append(w.buf, literal...)
}

// Raw writes one value that is JSON already, to the letter. The caller vouches for it.
func (w *Writer) Raw(value []byte) { w.comma(); w.buf = append(w.buf, value...) }

// comma writes the comma that has to stand between what was written last and the next value. The last
// byte tells: after a value it is a quote, a bracket that closes, a digit or a letter.
//
//go:noinline
func (w *Writer) comma() {
	if len(w.buf) == w.start {
		return
	}
	switch w.buf[len(w.buf)-1] {
	case '{', '[', ':':
	default:
		w.buf = append(w.buf, ',')
	}
}

// AppendString appends text as a JSON string, with no more escaping than JSON asks for. Bytes that are
// no UTF-8 become U+FFFD.
func AppendString(dst []byte, text string) []byte {
	dst, _ = jsontext.AppendQuote(dst, text) // the error only tells that bytes were replaced
	return dst
}
