package event

import (
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
)

// nativeData is what the native envelope holds of an event: thin, with ids and states only, so that nothing personal
// leaves. What is nil, "" or 0 is left out.
type nativeData struct {
	Card           *ident.UUID
	CardNumber     int64
	CardStatus     string
	PlasticState   string
	GuardState     string
	Customer       *ident.UUID
	CustomerNumber int64
	Account        *ident.UUID
	AccountStatus  string
	Shipment       *ident.UUID
	ShipmentStatus string
	Batch          string
	BatchStatus    string
	Created        *int
	Failed         *int
	Transaction    *ident.UUID
	TransactionIs  string
	Challenge      *ident.UUID
	ChallengeIs    string
	Deposit        *ident.UUID
	Movement       int64
	Webhook        *ident.UUID
	Approval       *ident.UUID
	ApprovalOf     string
	ApprovalStatus string
}

// write puts the members in their order. Every command writes such a message, most of them where all others wait for it:
// so it is spelt out, and not left to package json.
func (d *nativeData) write(w *members) {
	w.id("card_id", d.Card)
	w.number("card_number_id", d.CardNumber)
	w.text("card_status", d.CardStatus)
	w.text("plastic_state", d.PlasticState)
	w.text("guard_state", d.GuardState)
	w.id("customer_id", d.Customer)
	w.number("customer_number_id", d.CustomerNumber)
	w.id("account_id", d.Account)
	w.text("account_status", d.AccountStatus)
	w.id("shipment_id", d.Shipment)
	w.text("shipment_status", d.ShipmentStatus)
	w.text("reference_batch", d.Batch)
	w.text("batch_status", d.BatchStatus)
	w.count("num_created", d.Created)
	w.count("num_failed", d.Failed)
	w.id("transaction_id", d.Transaction)
	w.text("transaction_status", d.TransactionIs)
	w.id("challenge_id", d.Challenge)
	w.text("challenge_status", d.ChallengeIs)
	w.id("deposit_id", d.Deposit)
	w.number("movement_number_id", d.Movement)
	w.id("webhook_id", d.Webhook)
	w.id("approval_id", d.Approval)
	w.text("approval_action", d.ApprovalOf)
	w.text("approval_status", d.ApprovalStatus)
}

// Native puts an event into the native words.
func Native(e Event) Draft {
	return nativeDraft(string(e.Name), e.At, nativeDataOf(e))
}

func nativeDraft(kind string, at time.Time, data nativeData) Draft {
	return Draft{Door: NativeDoor, Type: kind, Body: func(id ident.EventID) []byte {
		w := members{buf: make([]byte, 0, usualLength)}
		w.buf = append(w.buf, '{')
		w.text("id", string(id))
		w.text("type", kind)
		w.moment("created_at", at)
		w.object("data", &data)
		return append(w.buf, '}')
	}}
}

// SampleType is the type of what a test of a webhook sends. Nobody has to ask for it.
const SampleType = "webhook.test"

// NativeSample is what a test of a webhook sends: an event like others, of a type of its own.
func NativeSample(to ident.EndpointID, at time.Time) Draft {
	return nativeDraft(SampleType, at, nativeData{Webhook: &to.UUID})
}

func nativeDataOf(e Event) nativeData {
	var d nativeData
	if v := e.Card; v != nil {
		d.Card, d.CardNumber, d.CardStatus = &v.Card.ID.UUID, v.Card.Number, string(v.Card.Status(e.At))
		d.PlasticState, d.GuardState = string(v.Plastic.State), string(v.Plastic.Guard.State)
		d.Customer, d.Account = given(&v.Card.Customer.UUID), given(&v.Card.Account.UUID)
		d.Shipment, d.ShipmentStatus = given(&v.Box.ID.UUID), string(v.Box.Status)
	}
	if b := e.Box; b != nil {
		d.Shipment, d.ShipmentStatus = &b.Shipment.ID.UUID, string(b.Shipment.Status)
	}
	if c := e.Customer; c != nil {
		d.Customer, d.CustomerNumber = &c.ID.UUID, c.Number
	}
	if a := e.Account; a != nil {
		d.Account, d.AccountStatus, d.Movement = &a.ID.UUID, string(a.Status), e.Movement
	}
	if b := e.Batch; b != nil {
		d.Batch, d.BatchStatus, d.Created, d.Failed = string(b.Reference), string(b.Status), &b.Created, &b.Failed
	}
	if x := e.Transaction; x != nil {
		d.Transaction, d.TransactionIs, d.Card, d.Account = &x.ID.UUID, strings.ToLower(string(x.Status)), &x.Card.UUID, given(&x.Account.UUID)
	}
	if c := e.Challenge; c != nil {
		d.Challenge, d.ChallengeIs, d.Card = &c.ID.UUID, strings.ToLower(string(c.Status(e.At))), &c.Card.UUID
	}
	if a := e.Approval; a != nil {
		d.Approval, d.ApprovalOf, d.ApprovalStatus, d.Card = &a.ID.UUID, string(a.Action), string(a.Status(e.At)), given(&a.Card.UUID)
	}
	if x := e.Deposit; x != nil {
		d.Deposit, d.Account = &x.ID.UUID, &x.Account.UUID
	}
	return d
}

// given is nil for the id of nothing.
func given(u *ident.UUID) *ident.UUID {
	if u.IsZero() {
		return nil
	}
	return u
}

// Announcer is one door's words: the drafts that an event gives there, none when the door does not speak
// of it.
type Announcer func(e Event) []Draft

// NativeAnnouncer speaks of every event, in the native words.
func NativeAnnouncer(e Event) []Draft { return []Draft{Native(e)} }

// Messages mints the messages that an event gives through the announcers. A door that nobody listens to
// is not asked; the native words are always kept, because they are the programme's own record.
func Messages(e Event, announcers map[Door]Announcer, mint func() ident.EventID) []Message {
	var out []Message
	for _, door := range []Door{NativeDoor, CardsDoor, DebitDoor} {
		announce := announcers[door]
		if announce == nil || (door != NativeDoor && !e.Program.Listeners[string(door)]) {
			continue
		}
		for _, d := range announce(e) {
			id := d.ID
			if id == "" {
				id = mint()
			}
			out = append(out, Message{
				ID: id, Program: e.Program.ID, Door: d.Door, Type: d.Type, Body: d.Body(id), CreatedAt: e.At.Truncate(time.Microsecond),
				Awaited: e.Program.Listeners[string(door)],
			})
		}
	}
	return out
}
