package nativeapi

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// told are columns that a file of items has when it comes from here. They may come back with the corrected rows, and
// say nothing.
var told = []string{"index", "outcome", "reason", "card_id", "number_id", "card_status", "activation_url"}

// recordLimit bounds what one record of a file may take.
type recordLimit struct {
	source io.Reader
	left   int
}

func (l *recordLimit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fault.RefuseWith(httpd.BodyTooLarge, httpd.BodyLimit{Bytes: mostElement})
	}
	n, err := l.source.Read(p)
	l.left -= n
	return n, err //nolint:wrapcheck // the body gives faults
}

// readCSV takes in a file: a line with the names of the columns, then an item in each. An empty field is one that was
// not given.
func (u *upload) readCSV(r io.Reader) error {
	limit := &recordLimit{source: r, left: mostElement}
	file := csv.NewReader(limit)
	file.ReuseRecord, file.FieldsPerRecord = true, -1
	head, err := file.Read()
	if err != nil {
		return u.csvError("body.columns", err)
	}
	columns := slices.Clone(head)
	columns[0] = strings.TrimPrefix(columns[0], "\ufeff") // spreadsheets begin a file so
	for i, name := range columns {
		switch {
		case slices.Contains(columns[:i], name):
			u.c.bad("body.columns."+clip(name), form.Duplicate)
		case !slices.Contains(itemMembers, name) && !slices.Contains(told, name):
			u.c.bad("body.columns."+clip(name), "unknown")
		}
	}
	if err := u.c.checked(); err != nil {
		return err
	}
	for i := 0; len(u.c.wrong) < mostProblems; i++ {
		limit.left = mostElement
		row, err := file.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		at := fmt.Sprintf("body.items[%d]", i)
		if err != nil {
			if err = u.csvError(at, err); err != nil {
				return err
			}
			continue
		}
		if len(row) != len(columns) || !valid(row) {
			u.c.bad(at, form.InvalidFormat)
			u.count++
			continue
		}
		if err := u.item(i, itemOf(columns, row)); err != nil {
			return err
		}
	}
	return nil
}

// csvError notes a record that is none; what broke the body itself goes on.
func (u *upload) csvError(at string, err error) error {
	if broken := new(csv.ParseError); errors.As(err, &broken) || errors.Is(err, io.EOF) {
		u.c.bad(at, form.InvalidFormat)
		u.count++ // something came
		return nil
	}
	return err
}

func valid(row []string) bool {
	return !slices.ContainsFunc(row, func(s string) bool { return !utf8.ValidString(s) })
}

// itemOf is the item of a record as JSON: files and JSON go one way from here.
func itemOf(columns, row []string) wirejson.Value {
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	for i, name := range columns {
		if row[i] != "" && slices.Contains(itemMembers, name) {
			w.Key(name).String(row[i])
		}
	}
	w.EndObject()
	v, _ := wirejson.Parse(w.Bytes(), wirejson.Options{}) // we wrote it
	return v
}

// readForm takes in a form of two parts: order, which is JSON, and items, which is a file.
func (u *upload) readForm() error {
	parts, err := u.c.r.MultipartReader()
	if err != nil {
		return &fault.Error{Reason: BodyMalformed, Cause: err}
	}
	for _, want := range []string{"order", "items"} {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF), err == nil && part.FormName() != want:
			u.c.bad("body."+want, "required")
			return u.c.checked()
		case err != nil:
			return formError(err)
		case want == "items":
			return formError(u.readCSV(part))
		}
		if err := u.headPart(part); err != nil {
			return err
		}
	}
	return nil
}

func (u *upload) headPart(part *multipart.Part) error {
	text, err := io.ReadAll(io.LimitReader(part, mostElement))
	if err != nil {
		return formError(err)
	}
	v, err := wirejson.Parse(text, wirejson.Options{RequireObject: true})
	if err != nil {
		return &fault.Error{Reason: BodyMalformed, Cause: err}
	}
	u.head(v)
	return nil
}

// formError tells a form that is none from a body that broke.
func formError(err error) error {
	if fe := new(fault.Error); err == nil || errors.As(err, &fe) {
		return err
	}
	return &fault.Error{Reason: BodyMalformed, Cause: err}
}
