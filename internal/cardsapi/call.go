package cardsapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/wirejson"
)

const sandbox = program.Sandbox

// maxBody is the largest request body (contract §1.1).
const maxBody = 1 << 20

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
	wrong    [4][]fault.Field
}

// handle makes a handler of a function on a call. Inlined, it would be a copy of its code for each route.
//
//go:noinline
func handle(f func(c *call) error) httpd.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) error {
		c, ok := httpd.RecordOf(r.Context()).Call.(*call)
		if !ok {
			return fault.Wrap(errors.New("no call in the request"), "serve the cards API")
		}
		return f(c)
	}
}

func (c *call) ctx() context.Context { return c.r.Context() }

func (c *call) program() program.Program { return c.identity.Program }

func (c *call) programID() ident.ProgramID { return c.identity.Program.ID }

// readBody is step 7: the media type and the JSON. A route without a body ignores whatever came.
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
	channel := audit.ChannelCards
	if c.route.Auth == authSandbox {
		channel = audit.ChannelSimulation
	}
	return issuance.Caller{
		Program: c.programID(), Credential: c.identity.Credential.ID, Actor: "key:" + c.identity.Credential.PublicID,
		Channel: channel, Source: c.record.Address, RequestID: c.record.RequestID,
	}
}

// fingerprint is what makes two requests the same: method, path with its ids in lower case and without a
// trailing slash, and the canonical body (contract §6.1).
func (c *call) fingerprint(s *issuance.Service) []byte {
	return s.Fingerprint(c.programID(), c.route.Target(c.r), c.body.AppendCanonical(nil))
}

// perform runs a command and writes its answer. show renders the result; it is pure, and what it gives is
// what the idempotency key remembers.
func perform[T any](d *Door, c *call, show func(T) issuance.Answer, command func(issuance.Command) (T, error)) error {
	cmd := issuance.Command{Caller: c.caller()}
	if c.key != "" {
		cmd.Key = &issuance.Key{
			Door: doorName, Value: c.key, Fingerprint: c.fingerprint(d.service),
			Record: func(result any, err error) (issuance.Answer, bool) {
				if err != nil {
					answer := answerOf(err)
					return answer, remembered(answer.Status)
				}
				value, _ := result.(T) // a command that gives nothing shows nothing
				return show(value), true
			},
		}
	}
	result, err := command(cmd)
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

// remembered reports whether a refusal of that status is kept under its key (contract §6.1).
func remembered(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict:
		return true
	}
	return false
}

// write sends an answer. One without a body has no content type either.
func write(w http.ResponseWriter, a issuance.Answer) error {
	if len(a.Body) > 0 {
		w.Header()["Content-Type"] = jsonType
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

// noContent is the answer 204, whatever the result is.
func noContent[T any](T) issuance.Answer { return issuance.Answer{Status: http.StatusNoContent} }

// eventDoor is this door among those that send webhooks.
const eventDoor = event.CardsDoor
