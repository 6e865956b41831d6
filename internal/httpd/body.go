package httpd

import (
	"errors"
	"io"
	"net/http"
	"os"

	"github.com/firsttap/firsttap/internal/fault"
)

// body gives the errors of reading as faults: BodyTooLarge, BodyInterrupted, DeadlinePassed.
type body struct {
	io.ReadCloser
	limit int64
	begin func() // called before the first byte is read; nil from then on
}

// bound makes b the body of r, and refuse to be longer than limit. With limit 0 there is no body at all:
// the route ignores what came. w must be the writer of net/http itself, which then closes the
// connection instead of reading the rest.
func (b *body) bound(w http.ResponseWriter, r *http.Request, limit int64) {
	if limit == 0 || r.Body == nil {
		r.Body = http.NoBody
		r.ContentLength = 0
		return
	}
	b.ReadCloser, b.limit = http.MaxBytesReader(w, r.Body, limit), limit
	r.Body = b
}

func (b *body) Read(p []byte) (int, error) {
	if b.begin != nil {
		b.begin()
		b.begin = nil
	}
	n, err := b.ReadCloser.Read(p)
	if err == nil || errors.Is(err, io.EOF) {
		return n, err //nolint:wrapcheck // io.EOF is part of the contract of io.Reader
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return n, tooLargeError(b.limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, &fault.Error{Reason: DeadlinePassed, RetryAfter: retrySoon, Cause: err}
	default:
		return n, &fault.Error{Reason: BodyInterrupted, Cause: err}
	}
}

func tooLargeError(limit int64) error {
	return fault.RefuseWith(BodyTooLarge, BodyLimit{Bytes: limit})
}

// DeclaredTooLarge is BodyTooLarge when the caller announces a body that is longer than the route
// takes, else nil. A door calls it at the step of its contract; a body that announces no length, or a
// false one, meets the same refusal when it is read.
func DeclaredTooLarge(r *http.Request, route *Route) error {
	if route.MaxBody > 0 && r.ContentLength > route.MaxBody {
		return tooLargeError(route.MaxBody)
	}
	return nil
}
