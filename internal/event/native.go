package event

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
)

// nativeBody is the native envelope: thin, with ids and states only, so that nothing personal leaves.
type nativeBody struct {
	ID        string     `json:"id"`
	Type      string     `json:"type"`
	CreatedAt string     `json:"created_at"`
	Data      nativeData `json:"data"`
}

type nativeData struct {
	Card           string `json:"card_id,omitempty"`
	CardNumber     int64  `json:"card_number_id,omitempty"`
	CardStatus     string `json:"card_status,omitempty"`
	PlasticState   string `json:"plastic_state,omitempty"`
	GuardState     string `json:"guard_state,omitempty"`
	Customer       string `json:"customer_id,omitempty"`
	CustomerNumber int64  `json:"customer_number_id,omitempty"`
	Account        string `json:"account_id,omitempty"`
	AccountStatus  string `json:"account_status,omitempty"`
	Shipment       string `json:"shipment_id,omitempty"`
	ShipmentStatus string `json:"shipment_status,omitempty"`
	Batch          string `json:"reference_batch,omitempty"`
	BatchStatus    string `json:"batch_status,omitempty"`
	Created        *int   `json:"num_created,omitempty"`
	Failed         *int   `json:"num_failed,omitempty"`
	Transaction    string `json:"transaction_id,omitempty"`
	TransactionIs  string `json:"transaction_status,omitempty"`
	Challenge      string `json:"challenge_id,omitempty"`
	ChallengeIs    string `json:"challenge_status,omitempty"`
	Deposit        string `json:"deposit_id,omitempty"`
	Movement       int64  `json:"movement_number_id,omitempty"`
	Webhook        string `json:"webhook_id,omitempty"`
	Approval       string `json:"approval_id,omitempty"`
	ApprovalOf     string `json:"approval_action,omitempty"`
	ApprovalStatus string `json:"approval_status,omitempty"`
}

// Native puts an event into the native words.
func Native(e Event) Draft {
	return nativeDraft(string(e.Name), e.At, nativeDataOf(e))
}

func nativeDraft(kind string, at time.Time, data nativeData) Draft {
	return Draft{Door: NativeDoor, Type: kind, Body: func(id ident.EventID) []byte {
		b, err := json.Marshal(nativeBody{ID: string(id), Type: kind, CreatedAt: at.UTC().Format("2006-01-02T15:04:05.000Z"), Data: data})
		if err != nil {
			panic("event: a struct of strings and numbers does not marshal: " + err.Error())
		}
		return b
	}}
}

// SampleType is the type of what a test of a webhook sends. Nobody has to ask for it.
const SampleType = "webhook.test"

// NativeSample is what a test of a webhook sends: an event like others, of a type of its own.
func NativeSample(to ident.EndpointID, at time.Time) Draft {
	return nativeDraft(SampleType, at, nativeData{Webhook: to.String()})
}

func nativeDataOf(e Event) nativeData {
	var d nativeData
	if v := e.Card; v != nil {
		d.Card, d.CardNumber, d.CardStatus = v.Card.ID.String(), v.Card.Number, string(v.Card.Status(e.At))
		d.PlasticState, d.GuardState = string(v.Plastic.State), string(v.Plastic.Guard.State)
		d.Customer, d.Account = printID(v.Card.Customer.UUID), printID(v.Card.Account.UUID)
		d.Shipment, d.ShipmentStatus = printID(v.Box.ID.UUID), string(v.Box.Status)
	}
	if b := e.Box; b != nil {
		d.Shipment, d.ShipmentStatus = b.Shipment.ID.String(), string(b.Shipment.Status)
	}
	if c := e.Customer; c != nil {
		d.Customer, d.CustomerNumber = c.ID.String(), c.Number
	}
	if a := e.Account; a != nil {
		d.Account, d.AccountStatus, d.Movement = a.ID.String(), string(a.Status), e.Movement
	}
	if b := e.Batch; b != nil {
		d.Batch, d.BatchStatus, d.Created, d.Failed = string(b.Reference), string(b.Status), &b.Created, &b.Failed
	}
	if x := e.Transaction; x != nil {
		d.Transaction, d.TransactionIs, d.Card, d.Account = x.ID.String(), strings.ToLower(string(x.Status)), x.Card.String(), printID(x.Account.UUID)
	}
	if c := e.Challenge; c != nil {
		d.Challenge, d.ChallengeIs, d.Card = c.ID.String(), strings.ToLower(string(c.Status(e.At))), c.Card.String()
	}
	if a := e.Approval; a != nil {
		d.Approval, d.ApprovalOf, d.ApprovalStatus, d.Card = a.ID.String(), string(a.Action), string(a.Status(e.At)), printID(a.Card.UUID)
	}
	if x := e.Deposit; x != nil {
		d.Deposit, d.Account = x.ID.String(), x.Account.String()
	}
	return d
}

func printID(u ident.UUID) string {
	if u.IsZero() {
		return ""
	}
	return u.String()
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
