package console

import (
	"net/http"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/staff"
)

// parcelLine is a shipment in a list.
type parcelLine struct{ ID, Status, Sort, Courier, Tracking, Ordered, Delivered string }

// parcelPage is a shipment with its scans and what lies in it.
type parcelPage struct {
	Facts []fact
	Batch string // reference, of a batch's box
	Scans []scanLine
	Cards []parcelCard
}

type scanLine struct{ At, Status, Recorded string }

type parcelCard struct{ ID, State, Rejected string }

func parcelLineOf(s shipment.Shipment) parcelLine {
	sort := "cards"
	if !s.Batch.IsZero() {
		sort = "batch"
	}
	return parcelLine{s.ID.String(), word(string(s.Status)), sort, s.Courier.Type, s.TrackingNumber, moment(s.SubmittedAt), moment(s.DeliveredAt)}
}

func (d *Door) listShipments(c *call) error {
	q := c.r.URL.Query()
	all, err := d.service.Shipments(c.r.Context(), c.program.ID, issuance.ShipmentFilter{Batches: true}, pageOf(q))
	if err != nil {
		return err
	}
	v := d.view(c, "shipments", "Shipments")
	for _, s := range all[:min(len(all), listRows)] {
		v.Parcels = append(v.Parcels, parcelLineOf(s.Shipment))
	}
	if len(all) > listRows {
		last := all[listRows-1]
		v.Older = older(q, last.CreatedAt, last.ID.UUID)
	}
	return d.write(c.w, http.StatusOK, v)
}

func (d *Door) showShipment(c *call) error {
	id, err := ident.ParseUUID(httpd.Param(c.r, "shipment"))
	if err != nil {
		return fault.Refuse(shipment.NotFound)
	}
	st, err := d.service.ShipmentStanding(c.r.Context(), c.program.ID, ident.ShipmentID{UUID: id})
	if err != nil {
		return err
	}
	v := d.view(c, "shipment", "Shipment")
	line, clear := parcelLineOf(st.Shipment), c.may(staff.SeePersons)
	to := st.Shipment.Recipient
	page := parcelPage{Facts: []fact{
		{"Id", line.ID},
		{"Status", line.Status},
		{"Courier", line.Courier},
		{"Tracking number", line.Tracking},
		{"Ordered", line.Ordered},
		{"Delivered", line.Delivered},
		{"To", veil(to.FirstName, clear) + " " + veil(to.LastName, clear)},
		{"E-mail", veilEmail(to.Email, clear)},
		{"Phone", veilEnd(to.PhoneNumber, clear)},
	}}
	if st.Batch != nil {
		page.Batch = string(st.Batch.Reference)
	}
	for _, s := range st.Scans {
		page.Scans = append(page.Scans, scanLine{moment(s.At), word(string(s.Status)), moment(s.RecordedAt)})
	}
	for _, p := range st.Packed {
		page.Cards = append(page.Cards, parcelCard{p.Member.Card.String(), word(string(p.Plastic.State)), p.Member.RejectionReason})
	}
	v.Parcel = &page
	return d.write(c.w, http.StatusOK, v)
}
