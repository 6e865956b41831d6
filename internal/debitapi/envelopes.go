package debitapi

import (
	"time"

	"github.com/firsttap/firsttap/internal/wirejson"
)

// envelope is what stands around a payload, or around an error (debit contract §4).
type envelope uint8

// The envelopes.
const (
	envelopeA envelope = iota // everywhere, unless said otherwise
	envelopeB                 // accounts
	envelopeC                 // sign-ins
	envelopeD                 // tokens
)

// names are the members of an envelope.
func (e envelope) names() (result, problem string) {
	if e == envelopeB {
		return "rs", "err"
	}
	return "response", "err"
}

// success is the answer to a call that was done.
func (e envelope) success(path string, at time.Time, p payload) []byte {
	w := wirejson.NewWriter(nil)
	switch e {
	case envelopeA:
		return success(path, at, p)
	case envelopeC:
		return loginAnswer("Login success", p)
	case envelopeB, envelopeD:
	}
	result, problem := e.names()
	w.BeginObject()
	if e == envelopeB {
		w.Key(problem).Null()
	}
	w.Key(result).BeginObject()
	p(w)
	w.EndObject()
	if e == envelopeD {
		w.Key(problem).Null()
	}
	w.EndObject()
	return w.Bytes()
}

// failure is the answer to a call that was refused, or that failed.
func (e envelope) failure(path string, at time.Time, code int, text string, hints []string) []byte {
	w := wirejson.NewWriter(nil)
	switch e {
	case envelopeA:
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
	result, problem := e.names()
	w.BeginObject()
	if e == envelopeD {
		w.Key(result).Null()
	}
	w.Key(problem)
	writeProblem(w, code, text, hints)
	if e == envelopeB {
		w.Key(result).Null()
	}
	w.EndObject()
	return w.Bytes()
}
