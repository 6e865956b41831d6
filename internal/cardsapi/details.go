package cardsapi

import (
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// detail renders the detail of an error; one of another type than the reason promises is null.
type detail = func(w *wirejson.Writer, e *fault.Error)

// detailOf is an object with one member, made from the detail.
func detailOf[T any](member string, show func(*wirejson.Writer, T)) detail {
	return typed(func(w *wirejson.Writer, v T) {
		w.BeginObject()
		w.Key(member)
		show(w, v)
		w.EndObject()
	})
}

// typed renders a detail of that type.
func typed[T any](show func(*wirejson.Writer, T)) detail {
	return func(w *wirejson.Writer, e *fault.Error) {
		v, ok := e.Detail.(T)
		if !ok {
			w.Null()
			return
		}
		show(w, v)
	}
}

func showText(w *wirejson.Writer, s string) { w.String(s) }

func showInt(w *wirejson.Writer, n int) { w.Int(int64(n)) }

func showTexts(w *wirejson.Writer, all []string) {
	w.BeginArray()
	for _, s := range all {
		w.String(s)
	}
	w.EndArray()
}

func showApplication(w *wirejson.Writer, s customer.ApplicationStatus) { w.String(string(s)) }

func showAccountStatus(w *wirejson.Writer, s account.Status) { w.String(accountStatus(s)) }

func showShipmentStatus(w *wirejson.Writer, s shipment.Status) { w.String(shipmentStatus(s)) }

func showType(w *wirejson.Writer, t card.Type) { w.String(cardType(t)) }

var showVersions = detailOf("accepted", showTexts)

// showProblems is the detail of a validation answer (contract §4.1).
func showProblems(w *wirejson.Writer, e *fault.Error) {
	g, _ := e.Detail.(group)
	w.BeginObject()
	w.Key("on").String(g.String())
	w.Key("errors").BeginArray()
	for _, f := range e.Fields {
		w.BeginObject()
		w.Key("path").String(f.Path)
		w.Key("message").String(f.Message)
		w.Key("code").String(f.Code)
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
}

// showBadURL is a URL that we do not deliver to, as a validation answer.
func showBadURL(w *wirejson.Writer, _ *fault.Error) {
	showProblems(w, &fault.Error{Detail: inBody, Fields: []fault.Field{{Path: "url", Code: "invalid_url", Message: messages["invalid_url"]}}})
}

// showCardID names the card of a shipment that was not found; elsewhere the detail is null.
var showCardID = detailOf("cardId", func(w *wirejson.Writer, id ident.CardID) { w.String(id.String()) })

// showAttempts is the detail of a wrong code; null when the programme does not show attempts.
var showAttempts = typed(func(w *wirejson.Writer, a card.Attempts) {
	if !a.Show {
		w.Null()
		return
	}
	w.BeginObject()
	w.Key("attemptsRemaining").Int(int64(a.Left))
	w.Key("lockedUntil")
	showTime(w, a.LockedUntil)
	w.EndObject()
})

// showLock is the detail of a locked guard.
var showLock = typed(func(w *wirejson.Writer, a card.Attempts) {
	w.BeginObject()
	w.Key("reason").String("TOO_MANY_ATTEMPTS")
	w.Key("attemptsRemaining")
	if a.Show {
		w.Int(int64(a.Left))
	} else {
		w.Null()
	}
	w.Key("lockedUntil")
	showTime(w, a.LockedUntil)
	w.EndObject()
})

var showOperation = typed(func(w *wirejson.Writer, s card.OperationState) {
	w.BeginObject()
	w.Key("status").String(cardStatus(s.Status))
	w.Key("reason").String(s.Cause)
	w.EndObject()
})

// showUnliftable names the block, in the shape that the card shows it in.
func showUnliftable(w *wirejson.Writer, e *fault.Error) {
	var c card.Card
	switch d := e.Detail.(type) {
	case card.Block:
		c.Block = d
	case card.CloseReason:
		c.ClosedReason = d
	}
	w.BeginObject()
	w.Key("blockReason")
	showBlockReason(w, c)
	w.EndObject()
}

func showMaxCards(w *wirejson.Writer, _ *fault.Error) {
	w.BeginObject()
	w.Key("max").Int(shipment.MaxCards)
	w.EndObject()
}

var showInShipment = typed(func(w *wirejson.Writer, d shipment.InShipment) {
	w.BeginObject()
	w.Key("cardId").String(d.Card.String())
	w.Key("shipmentId").String(d.Shipment.String())
	w.EndObject()
})

var showNotShippable = typed(func(w *wirejson.Writer, d shipment.NotShippable) {
	w.BeginObject()
	w.Key("cardId").String(d.Card.String())
	w.Key("reason").String(d.Cause)
	w.EndObject()
})

var showRejections = detailOf("rejections", func(w *wirejson.Writer, all []shipment.Rejection) {
	w.BeginArray()
	for _, r := range all {
		w.BeginObject()
		w.Key("memberId").String(r.Member.String())
		w.Key("cardId").String(r.Card.String())
		w.Key("reason").String(r.Cause)
		w.EndObject()
	}
	w.EndArray()
})

// showTime writes ISO 8601 in UTC with milliseconds, or null for no time.
func showTime(w *wirejson.Writer, t time.Time) {
	if t.IsZero() {
		w.Null()
		return
	}
	w.String(t.UTC().Format("2006-01-02T15:04:05.000Z"))
}

// showID writes an id, or null for none.
func showID(w *wirejson.Writer, id ident.UUID) {
	if id.IsZero() {
		w.Null()
		return
	}
	w.String(id.String())
}
