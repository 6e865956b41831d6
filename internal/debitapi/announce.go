package debitapi

import (
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// Announce puts events into the words of this door: a notice when a batch ended, and nothing else (debit
// contract §8.6). It is an [event.Announcer].
func Announce(e event.Event) []event.Draft {
	if (e.Name != event.BatchFinished && e.Name != event.BatchCanceled) || e.Batch == nil {
		return nil
	}
	body := noticeBody(*e.Batch, e.BatchCards)
	return []event.Draft{{
		Door: event.DebitDoor, Type: string(e.Name), ID: issuance.NoticeID(e.Batch.Reference),
		Body: func(ident.EventID) []byte { return body },
	}}
}

// noticeBody is the published body: four members, in this order; a fifth names the cards of a small batch
// where the programme wants that.
func noticeBody(b batch.Batch, cards []event.BatchCard) []byte {
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("referenceBatch").String(string(b.Reference))
	w.Key("status").Int(batchNumber(b.Status))
	w.Key("numCreated").Int(int64(b.Created))
	w.Key("numFailed").Int(int64(b.Failed))
	if cards != nil {
		w.Key("cards").BeginArray()
		for _, c := range cards {
			w.BeginObject()
			w.Key("card_identifier").String(c.Identifier)
			w.Key("card_id").Int(c.Number)
			w.Key("status").Int(freshNumber(c))
			w.EndObject()
		}
		w.EndArray()
	}
	w.EndObject()
	return w.Bytes()
}

// freshNumber is the state of a card that was just made.
func freshNumber(c event.BatchCard) int64 {
	if c.Ready {
		return cardReady
	}
	return cardOrdered
}

// sampleNotice is what a test of the webhook sends: a batch that made one card.
func sampleNotice() event.Draft {
	body := noticeBody(batch.Batch{Reference: issuance.SampleReference, Status: batch.Completed, Created: 1}, nil)
	return event.Draft{Door: event.DebitDoor, Type: string(event.BatchFinished), Body: func(ident.EventID) []byte { return body }}
}
