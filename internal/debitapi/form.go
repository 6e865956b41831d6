package debitapi

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"mime/multipart"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// formType is the media type of a form in parts, which one endpoint takes beside JSON.
const formType = "multipart/form-data"

// The limits of a form.
const (
	mostParts = 200
	mostPart  = 64 << 10 // of a text
)

// bytes reads the body. A form becomes the JSON object with the same names; its files are read and dropped, and
// leave their digests, so that the same form is the same request.
func (c *call) bytes() ([]byte, error) {
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != formType {
		return io.ReadAll(c.r.Body)
	}
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	parts := multipart.NewReader(c.r.Body, params["boundary"])
	for n := 0; ; n++ {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) && n > 0 {
			w.EndObject()
			return w.Bytes(), nil
		}
		if err != nil {
			return nil, formError(err)
		}
		if n == mostParts || part.FormName() == "" {
			return nil, fault.Refuse(bodyMalformed)
		}
		if err := copyPart(w, part); err != nil {
			return nil, err
		}
	}
}

// copyPart writes one part as a member.
func copyPart(w *wirejson.Writer, part *multipart.Part) error {
	if part.FileName() != "" {
		digest := sha256.New()
		if _, err := io.Copy(digest, part); err != nil {
			return formError(err)
		}
		w.Key("file " + part.FormName()).String(hex.EncodeToString(digest.Sum(nil)))
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(part, mostPart+1))
	switch {
	case err != nil:
		return formError(err)
	case len(text) > mostPart:
		return &fault.Error{Reason: requestInvalid, Fields: []fault.Field{{Path: knownName(part.FormName()), Code: tooLong}}}
	}
	w.Key(part.FormName()).String(string(text))
	return nil
}

// knownName is the name of a member that may be told again: one of ours, and nothing that a caller made up.
func knownName(sent string) string {
	for _, name := range accountMembers() {
		if name == sent {
			return sent
		}
	}
	return "body"
}

// formError tells what broke a form: the body itself, or its shape.
func formError(err error) error {
	if errors.Is(err, httpd.BodyTooLarge) || errors.Is(err, httpd.BodyInterrupted) || errors.Is(err, httpd.DeadlinePassed) {
		return err
	}
	return fault.Refuse(bodyMalformed)
}
