package nativeapi

import (
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// body renders one resource.
func body[T any](show func(*wirejson.Writer, T), v T) []byte {
	w := wirejson.NewWriter(nil)
	show(w, v)
	return w.Bytes()
}

func showID(w *wirejson.Writer, u ident.UUID) {
	if u.IsZero() {
		w.Null()
		return
	}
	w.String(u.String())
}

// showTime writes a time of the programme's clock, to the millisecond; null when there is none.
func showTime(w *wirejson.Writer, t time.Time) {
	if t.IsZero() {
		w.Null()
		return
	}
	w.String(t.UTC().Format("2006-01-02T15:04:05.000Z"))
}

// causeOf is the word of a detail that is one of a closed list; "" when it is another sort of detail.
func causeOf(detail any) string {
	switch d := detail.(type) {
	case customer.Ineligibility:
		return string(d)
	case customer.ApplicationStatus:
		return string(d)
	case account.Status:
		return string(d)
	case shipment.Status:
		return string(d)
	case batch.Status:
		return string(d)
	case card.CloseReason:
		return string(d)
	case card.Type:
		return string(d)
	case card.Stop:
		return string(d)
	case card.Block:
		return string(d.Type)
	}
	return ""
}

// showCard writes a card: the credential, the plastic that speaks for it, its parcel, its guard, and what may be done.
func showCard(w *wirejson.Writer, st issuance.Standing) {
	c := st.Card
	w.BeginObject()
	w.Key("id").String(c.ID.String())
	w.Key("number_id").Int(c.Number)
	w.Key("type").String(string(c.Type))
	w.Key("status").String(string(c.Status(st.At)))
	w.Key("stop").StringOrNull(string(st.Stop()))
	w.Key("frozen_by").StringOrNull(string(c.FrozenBy))
	w.Key("block")
	showBlock(w, c.Block)
	w.Key("reported_as").StringOrNull(string(c.ReportedAs))
	w.Key("closed_at")
	showTime(w, c.ClosedAt)
	w.Key("closed_reason").StringOrNull(string(c.ClosedReason))
	w.Key("holder_name").StringOrNull(c.HolderName)
	w.Key("last4").StringOrNull(c.Last4)
	w.Key("expires_at")
	showTime(w, c.ExpiresAt)
	w.Key("design_id")
	showID(w, c.Design.UUID)
	w.Key("customer_id")
	showID(w, c.Customer.UUID)
	w.Key("account_id")
	showID(w, c.Account.UUID)
	w.Key("reserved_for")
	showID(w, c.ReservedFor.UUID)
	w.Key("replaces")
	showID(w, c.Replaces.UUID)
	w.Key("replaced_by")
	showID(w, st.Successor.UUID)
	w.Key("plastic")
	showPlastic(w, st)
	w.Key("parcel")
	showParcel(w, st.Box)
	w.Key("next_plastic")
	showNext(w, st)
	w.Key("guard")
	showGuard(w, st)
	w.Key("allowed_actions").BeginArray()
	for _, a := range st.Allowed() {
		w.String(string(a))
	}
	w.EndArray()
	w.Key("created_at")
	showTime(w, c.CreatedAt)
	w.Key("updated_at")
	showTime(w, st.UpdatedAt())
	w.EndObject()
}

func showBlock(w *wirejson.Writer, b card.Block) {
	if b == (card.Block{}) {
		w.Null()
		return
	}
	w.BeginObject()
	w.Key("type").String(string(b.Type))
	w.Key("by").StringOrNull(string(b.By))
	w.Key("message").StringOrNull(b.Message)
	w.Key("liftable").Bool(b.Liftable)
	w.EndObject()
}

func showPlastic(w *wirejson.Writer, st issuance.Standing) {
	p := st.Plastic
	if p.ID.IsZero() {
		w.Null()
		return
	}
	w.BeginObject()
	w.Key("id").String(p.ID.String())
	w.Key("state").String(string(p.At(st.At).State))
	w.Key("void_reason").StringOrNull(string(p.VoidReason))
	w.Key("physical_status").StringOrNull(string(st.Physical()))
	w.Key("custody").StringOrNull(string(p.Custody))
	w.Key("custody_presumed").Bool(p.CustodyPresumed)
	w.Key("identifier").StringOrNull(p.Identifier)
	w.Key("batch_id")
	showID(w, p.Batch.UUID)
	w.Key("activated_at")
	showTime(w, p.ActivatedAt)
	w.Key("damaged_at")
	showTime(w, p.DamagedAt)
	w.Key("retires_at")
	showTime(w, p.RetiresAt)
	w.EndObject()
}

func showParcel(w *wirejson.Writer, s shipment.Shipment) {
	if s.ID.IsZero() {
		w.Null()
		return
	}
	w.BeginObject()
	w.Key("id").String(s.ID.String())
	w.Key("status").String(string(s.Status))
	w.Key("courier").StringOrNull(s.Courier.Type)
	w.Key("tracking_number").StringOrNull(s.TrackingNumber)
	w.Key("tracking_url").StringOrNull(s.TrackingURL)
	w.Key("submitted_at")
	showTime(w, s.SubmittedAt)
	w.Key("delivered_at")
	showTime(w, s.DeliveredAt)
	w.EndObject()
}

// showGuard writes what a holder may be told of the guard. A virtual card has none.
func showGuard(w *wirejson.Writer, st issuance.Standing) {
	if st.Plastic.ID.IsZero() {
		w.Null()
		return
	}
	w.BeginObject()
	showGuardState(w, st)
	w.EndObject()
}

func showGuardState(w *wirejson.Writer, st issuance.Standing) {
	g := st.Guard()
	w.Key("method").StringOrNull(string(g.Method))
	w.Key("state").StringOrNull(string(g.State))
	w.Key("tries_left").Int(int64(g.Left(st.Policy.Activation)))
	w.Key("locked_until")
	showTime(w, g.LockedUntil)
}
