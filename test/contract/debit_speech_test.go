package contract

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"regexp"
	"slices"
	"strings"
)

// as speaks for a customer, beside the token that is there already.
func (a api) as(who person) api { return a.with("Authorization-customer", who.token) }

// bearer speaks with the access token of a sign-in and with nothing else.
func (a api) bearer(token string) api {
	a.headers = nil
	return a.with("Authorization", "Bearer "+token)
}

// form posts multipart/form-data. Each of the fields is sent; a value that is no text is sent as JSON.
func (a api) form(path string, fields object) reply {
	a.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, v := range fields {
		text, ok := v.(string)
		if !ok {
			sent, err := json.Marshal(v)
			if err != nil {
				a.t.Fatal(err)
			}
			text = string(sent)
		}
		if err := w.WriteField(name, text); err != nil {
			a.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		a.t.Fatal(err)
	}
	return a.with("Content-Type", w.FormDataContentType()).post(path, body.String())
}

// The two forms of a time in envelope A (debit contract §4.1).
const (
	formS = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`
	formE = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}[+-]\d\d:\d\d`
)

var refusal = regexp.MustCompile(`^\{"text":"Error","timestamp":"` + formE + `","endpoint":"/[^"]*","error":\{"code":\d{4},("text":"[^"]+",)?"hints":\[.+\]\},"payload":\{\}\}$`)

// sentences are the fixed first hints of the codes; the others that share a code are told apart by their cases.
var sentences = map[int][]string{
	4400: {"Bad parameters request, please refer the documentation"},
	4401: {"Authorization failed"},
	4403: {"Forbidden"},
	4404: {"Card not found", "Customer not found", "Batch not found", "Transaction not found", "Endpoint not found", "Webhook not found"},
	4405: {"Method not allowed"},
	4409: {"Conflict"},
	4413: {"Request too large"},
	4415: {"Unsupported media type"},
	4429: {"Too many requests"},
	4430: {"Card is not a physical card"},
	4431: {"Card has not been shipped"},
	4432: {"Card has been canceled"},
	4433: {"Card has already been activated"},
	4434: {"Card has expired"},
	4435: {"Card is blocked"},
	4436: {"Card was reported lost or stolen"},
	4437: {"Customer cannot hold this card"},
	4438: {"Card activation is locked"},
	4439: {"Card activation is locked until an operator resets it"},
	4440: {"Activation code does not match"},
	4441: {"PIN was refused"},
	4442: {"Card has no PIN"},
	4443: {"PIN view is not enabled"},
	4444: {"PIN is blocked"},
	4445: {"Card is not active"},
	4446: {"Card is not a linked card"},
	4447: {"Customer has no linked card"},
	4448: {"Card already stopped"},
	4449: {"Card is not stopped"},
	4450: {"Card is stopped permanently"},
	4451: {"Card has already been retired"},
	4452: {"Delivery has not started"},
	4453: {"Delivery provider is not available"},
	4455: {"Customer already exists"},
	5000: {"Validations for the request failed, please check the parameters and try again"},
	5001: {"Monthly transaction limit reached"},
	5002: {"Wallet is inactive"},
	5003: {"Insufficient balance"},
	7000: {"Please contact the customer care", "Please try again later"},
	8000: {"Use /get-customer-connection-token"},
	8001: {"Use /refresh-customer-token"},
	8002: {"Refresh token has expired"},
	8003: {"Incomplete request data"},
	8004: {"extra_login_data is required"},
	8005: {"extra_login_data is required, token has expired"},
}

// fails wants a refusal of the debit API, in whichever envelope, with these hints behind the sentence of its code.
func (r reply) fails(status, code int, hints ...string) reply {
	r.t.Helper()
	r.is(status)
	if r.code() != code {
		r.t.Fatalf("%s: code %d, want %d: %s", r.call, r.code(), code, r.body)
	}
	got := r.hints()
	if len(got) == 0 || !slices.Contains(sentences[code], got[0]) {
		r.t.Fatalf("%s: no sentence of %d: %s", r.call, code, r.body)
	}
	if !slices.Equal(got[1:], hints) {
		r.t.Fatalf("%s: hints %q, want %q", r.call, got[1:], hints)
	}
	if strings.HasPrefix(r.body, `{"text"`) && !refusal.MatchString(r.body) {
		r.t.Fatalf("%s: not the envelope of a refusal: %s", r.call, r.body)
	}
	if _, ok := r.problem()["text"]; ok != (code >= 5000) {
		r.t.Fatalf("%s: a text beside %d: %v", r.call, code, ok)
	}
	return r
}

// problem is the error object of any envelope, or nil.
func (r reply) problem() object {
	r.t.Helper()
	all, _ := r.json().(object)
	for _, name := range []string{"error", "err"} {
		if e, ok := all[name].(object); ok && e["code"] != nil {
			return e
		}
	}
	return nil
}

// code is the code of a refusal, and 0 for a success.
func (r reply) code() int {
	r.t.Helper()
	n, _ := r.problem()["code"].(float64)
	return int(n)
}

func (r reply) hints() (all []string) {
	r.t.Helper()
	list, _ := r.problem()["hints"].([]any)
	for _, h := range list {
		s, _ := h.(string)
		all = append(all, s)
	}
	return all
}

// said is the first hint: what tells refusals of one code apart.
func (r reply) said(sentence string) reply {
	r.t.Helper()
	if got := r.hints(); len(got) == 0 || got[0] != sentence {
		r.t.Fatalf("%s: %q, want %q", r.call, got, sentence)
	}
	return r
}

// ok wants a success.
func (r reply) ok() reply {
	r.t.Helper()
	r.is(200)
	if r.code() != 0 {
		r.t.Fatalf("%s: an error with status 200: %s", r.call, r.body)
	}
	return r
}

// gives wants members of the payload of a success, as path, value, ….
func (r reply) gives(pairs ...any) reply {
	r.t.Helper()
	r.ok()
	for i := 0; i < len(pairs); i += 2 {
		r.has("payload."+pairs[i].(string), pairs[i+1])
	}
	return r
}

// exactly wants the whole body.
func (r reply) exactly(status int, body string) reply {
	r.t.Helper()
	if r.is(status); r.body != body {
		r.t.Fatalf("%s:\n got %s\nwant %s", r.call, r.body, body)
	}
	return r
}

// like wants the body, or what of it counts, to have a form.
func (r reply) like(pattern string) reply {
	r.t.Helper()
	if !regexp.MustCompile(pattern).MatchString(r.body) {
		r.t.Fatalf("%s: %d %s\nwant %s", r.call, r.status, r.body, pattern)
	}
	return r
}

var stamp = regexp.MustCompile(`"timestamp":"[^"]*"`)

// timeless is the body without its time.
func (r reply) timeless() string { return stamp.ReplaceAllString(r.body, "") }

// without is a body that lacks a member.
func without(body object, name string) object {
	all := also(body)
	delete(all, name)
	return all
}

// also is a body with more members, as name, value, …; it changes none of the body given.
func also(body object, more ...any) object {
	all := object{}
	for name, v := range body {
		all[name] = v
	}
	for i := 0; i < len(more); i += 2 {
		all[more[i].(string)] = more[i+1]
	}
	return all
}
