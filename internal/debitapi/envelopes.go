package debitapi

import (
	"time"

	"github.com/firsttap/firsttap/internal/wirejson"
)

// envelope is what stands around a payload, or around an error (debit contract §4).
type envelope uint8

// The envelopes.
const (
	envelopeA    envelope = iota // everywhere, unless said otherwise
	envelopeB                    // accounts
	envelopeC                    // sign-ins
	envelopeD                    // tokens
	envelopeLine                 // composite balances: envelope A, with form E in a success too
)

// memberProblem holds the error of the envelopes B and D.
const memberProblem = "err"

// result is the member that holds the payload of the envelopes B and D.
func (e envelope) result() string {
	if e == envelopeB {
		return "rs"
	}
	return "response"
}

// success is the answer to a call that was done.
func (e envelope) success(path string, at time.Time, p payload) []byte {
	w := wirejson.NewWriter(nil)
	switch e {
	case envelopeA:
		return success(path, at, p)
	case envelopeLine:
		return lineSuccess(path, at, p)
	case envelopeC:
		return loginAnswer("Login success", p)
	case envelopeB, envelopeD:
	}
	w.BeginObject()
	if e == envelopeB {
		w.Key(memberProblem).Null()
	}
	w.Key(e.result()).BeginObject()
	p(w)
	w.EndObject()
	if e == envelopeD {
		w.Key(memberProblem).Null()
	}
	w.EndObject()
	return w.Bytes()
}

// failure is the answer to a call that was refused, or that failed.
func (e envelope) failure(path string, at time.Time, code int, text string, hints []string) []byte {
	w := wirejson.NewWriter(nil)
	switch e {
	case envelopeA, envelopeLine:
		return failure(path, at, code, text, hints)
	case envelopeC:
		w.BeginObject()
		w.Key("message").String("Login failed")
		w.Key("data").Null()
		w.Key("error")
		writeProblem(w, code, text, hints)
		w.EndObject()
		return w.Bytes()
	case envelopeB, envelopeD:
	}
	w.BeginObject()
	if e == envelopeD {
		w.Key(e.result()).Null()
	}
	w.Key(memberProblem)
	writeProblem(w, code, text, hints)
	if e == envelopeB {
		w.Key(e.result()).Null()
	}
	w.EndObject()
	return w.Bytes()
}
