package debitapi

import (
	"net/http"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// deliveryNumbers are the numbers of a delivery (debit contract §6).
var deliveryNumbers = [...]shipment.Status{
	1: shipment.Placed, 2: shipment.InProduction, 3: shipment.ReadyToShip, 4: shipment.InTransit, 5: shipment.OutForDelivery,
	6: shipment.Delivered, 7: shipment.DeliveryFailed, 8: shipment.Exception, 9: shipment.Returned, 10: shipment.Canceled,
	11: shipment.Lost,
}

func deliveryNumber(s shipment.Status) int64 {
	for n, have := range deliveryNumbers {
		if n > 0 && have == s {
			return int64(n)
		}
	}
	return 0
}

// deliveryInfo is POST /debit/v1/delivery-info (debit contract §9.4). It changes nothing, so an idempotency key
// is checked and not kept.
func (d *Door) deliveryInfo(c *call) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	var f fields
	if !body.Get("card_type").Given() {
		f.add("card_type", required)
	}
	kind := f.cardType(body.Get("card_type"))
	q := issuance.ParcelOf{Program: c.id.Program.ID, Virtual: kind == card.Virtual}
	q.Card = f.number("card_id", body.Get("card_id"), cardPrefix)
	named := c.named(&f, body.Get("customer_id"), true)
	c.checkKey(&f)
	if err := f.refusal(); err != nil {
		return err
	}
	if err := c.checkRights(); err != nil {
		return err
	}
	if q.Who, err = c.who(named); err != nil {
		return err
	}
	parcel, err := d.o.Rules.Parcel(c.r.Context(), q)
	if err != nil {
		return err
	}
	return c.write(http.StatusOK, success(c.path, parcel.At, func(w *wirejson.Writer) { c.writeParcel(w, parcel) }))
}

func (c *call) writeParcel(w *wirejson.Writer, p issuance.Parcel) {
	box := p.Box
	w.Key("card_id").Int(p.Card.Number)
	w.Key("card_type").Int(typeNumber(p.Card.Type))
	w.Key("delivery_status").Int(deliveryNumber(box.Status))
	w.Key("delivery_status_text").String(string(box.Status))
	w.Key("provider").String(provider(box.Courier))
	w.Key("tracking_number").String(box.TrackingNumber)
	w.Key("tracking_url").String(box.TrackingURL)
	w.Key("delivery_type").String(string(p.Kind))
	w.Key("destination").BeginObject()
	c.writeDestination(w, p)
	w.EndObject()
	w.Key("estimated_delivery").Null() // no courier tells one
	w.Key("delivered_at").StringOrNull(c.stampDate(box.DeliveredAt))
	if c.sort != forAdmin {
		return
	}
	w.Key("shipment_id").String(box.ID.String())
	w.Key("scans").BeginArray()
	for _, scan := range p.Scans {
		w.BeginObject()
		w.Key("status").Int(deliveryNumber(scan.Status))
		w.Key("status_text").String(string(scan.Status))
		w.Key("at").String(stampS(scan.At))
		w.Key("recorded_at").String(stampS(scan.RecordedAt))
		w.EndObject()
	}
	w.EndArray()
}

// provider is the name of a courier: its own, or that of its sort.
func provider(c shipment.Courier) string {
	if c.Name != "" {
		return c.Name
	}
	return strings.ToLower(c.Type)
}

// writeDestination writes where a parcel goes; an admin sees the whole address.
func (c *call) writeDestination(w *wirejson.Writer, p issuance.Parcel) {
	whole := c.sort == forAdmin
	put := func(name, value string, always bool) {
		if whole || always {
			w.Key(name).String(value)
		}
	}
	if l := p.Location; l != nil {
		put("first_names", l.FirstNames, true)
		put("last_names", l.LastNames, false)
		put("street", l.Street, false)
		put("exterior_number", l.ExteriorNumber, false)
		put("interior_number", l.InteriorNumber, false)
		put("neighborhood", l.Neighborhood, false)
		put("city", l.City, true)
		put("state", l.State, true)
		put("postal_code", l.PostalCode, true)
		put("country", l.Country, false)
		put("mobile", l.Mobile, false)
		put("additional_notes", l.Notes, false)
		return
	}
	to, at := p.Box.Recipient, p.Box.Destination
	put("first_names", to.FirstName, true)
	put("last_names", to.LastName, false)
	put("street", at.Line1, false)
	put("neighborhood", at.Line2, false)
	put("city", at.City, true)
	put("state", at.Zone, true)
	put("postal_code", at.PostalCode, true)
	put("country", at.Country, false)
	put("mobile", to.PhoneNumber, false)
}

// stampDate is a date in the programme's zone, "" for no time.
func (c *call) stampDate(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(c.id.Program.Policy.Debit.TimeZone).Format(time.DateOnly)
}
