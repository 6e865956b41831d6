package nativeapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/approval"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// maxBody is the largest request body.
const maxBody = 1 << 20

// The refusals of this door itself, before any rule.
var (
	MediaType     = fault.New("native_media_type_unsupported", fault.Invalid)
	BodyMalformed = fault.New("native_body_malformed", fault.Invalid)
	FormInvalid   = fault.New("native_form_invalid", fault.Invalid) // Fields say what
)

// Reasons lists the reasons that this package declares.
func Reasons() []fault.Reason {
	return []fault.Reason{MediaType, BodyMalformed, FormInvalid, NothingSealed}
}

// call is one request once it has a caller: what it sent, and what is wrong with it so far.
type call struct {
	w        http.ResponseWriter
	r        *http.Request
	route    *httpd.Route
	record   *httpd.Record
	identity access.Identity
	query    url.Values
	torn     bool           // the query has a part that cannot be read
	body     wirejson.Value // absent when none came or the route reads none
	key      string         // idempotency key; "" when none came
	behalf   string         // whom the caller acts for; "" when it does not say
	reason   string         // why, of commands that take no reason themselves; "" when none came
	wrong    []fault.Field
}

// handle makes a handler of a function on a call, with its body. Inlined, it and stream would be a copy of their code for each route.
//
//go:noinline
func handle(f func(c *call) error) httpd.HandlerFunc {
	return stream(func(c *call) error {
		if err := readBody(c); err != nil {
			return err
		}
		return f(c)
	})
}

// stream makes a handler of a function that reads the body itself.
//
//go:noinline
func stream(f func(c *call) error) httpd.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) error {
		c, ok := httpd.RecordOf(r.Context()).Call.(*call)
		if !ok {
			return fault.Wrap(errors.New("no call in the request"), "serve the native API")
		}
		return f(c)
	}
}

func (c *call) ctx() context.Context { return c.r.Context() }

func (c *call) programID() ident.ProgramID { return c.identity.Program.ID }

// readBody reads the media type and the JSON. A route without a body ignores whatever came.
func readBody(c *call) error {
	if c.route.MaxBody == 0 {
		return nil
	}
	body, err := io.ReadAll(c.r.Body)
	if err != nil {
		return err //nolint:wrapcheck // the body gives faults
	}
	if len(body) == 0 {
		return nil
	}
	if !form.IsJSON(c.r.Header.Values("Content-Type")) {
		return fault.Refuse(MediaType)
	}
	if c.body, err = wirejson.Parse(body, wirejson.Options{}); err != nil {
		return &fault.Error{Reason: BodyMalformed, Cause: err}
	}
	return nil
}

// caller is who asks, for audit rows.
func (c *call) caller() issuance.Caller {
	return issuance.Caller{
		Program: c.programID(), Credential: c.identity.Credential.ID, Actor: "key:" + c.identity.Credential.PublicID,
		Channel: audit.ChannelNative, Source: c.record.Address, RequestID: c.record.RequestID, OnBehalfOf: c.behalf, Reason: c.reason,
	}
}

// keyed is the idempotency key of a command: the request's own, or that of one item in it.
func keyed[T any](d *Door, c *call, key string, body wirejson.Value, show func(T) issuance.Answer) *issuance.Key {
	return keyedBy(d, c, key, body.AppendCanonical(nil), show)
}

// keyedBy is keyed for a body that equal requests have equal.
func keyedBy[T any](d *Door, c *call, key string, body []byte, show func(T) issuance.Answer) *issuance.Key {
	if key == "" {
		return nil
	}
	return &issuance.Key{
		Door: doorName, Value: key, Fingerprint: d.service.Fingerprint(c.programID(), c.route.Target(c.r), body),
		Record: func(result any, err error) (issuance.Answer, bool) {
			if err != nil {
				answer := problemOf(err)
				return answer, remembered(answer.Status) && !errors.Is(err, approval.Needed) // once approved it is run
			}
			value, _ := result.(T) // a command that gives nothing shows nothing
			return show(value), true
		},
	}
}

// perform runs a command and writes its answer. show renders the result; it is pure, and what it gives is
// what the idempotency key remembers.
func perform[T any](d *Door, c *call, show func(T) issuance.Answer, command func(issuance.Command) (T, error)) error {
	return performAs(c, keyed(d, c, c.key, c.body, show), show, command)
}

func performAs[T any](c *call, key *issuance.Key, show func(T) issuance.Answer, command func(issuance.Command) (T, error)) error {
	result, err := command(issuance.Command{Caller: c.caller(), Key: key})
	if err != nil {
		if again := new(issuance.Replayed); errors.As(err, &again) {
			c.w.Header().Set("Idempotent-Replayed", "true")
			return write(c.w, again.Answer)
		}
		return err
	}
	if err := c.identity.Program.Policy.Faults.FailAnswer(); err != nil {
		return err
	}
	return write(c.w, show(result))
}

// remembered reports whether a refusal of that status is kept under its key: one that the same request would meet
// again, and not one that tells to wait.
func remembered(status int) bool {
	return status < 500 && status != http.StatusUnauthorized && status != http.StatusTooManyRequests
}

// write sends an answer; what is no success is a problem.
func write(w http.ResponseWriter, a issuance.Answer) error {
	kind := "application/json"
	if a.Status >= http.StatusBadRequest {
		kind = "application/problem+json"
	}
	if len(a.Body) > 0 {
		w.Header().Set("Content-Type", kind)
	}
	w.WriteHeader(a.Status)
	if len(a.Body) == 0 {
		return nil
	}
	if _, err := w.Write(a.Body); err != nil {
		return fault.Wrap(err, "send the answer")
	}
	return nil
}

// ok is an answer of 200 with that body.
func ok(body []byte) issuance.Answer { return issuance.Answer{Status: http.StatusOK, Body: body} }
