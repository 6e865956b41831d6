package debitapi

import (
	"regexp"
	"strings"

	"github.com/biter777/countries"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

var (
	campaignForm = regexp.MustCompile(`^[A-Za-z0-9]{1,32}$`)
	mobileForm   = regexp.MustCompile(`^(?:[0-9]{10}|[1-9][0-9]{6,14})$`)
)

// homeCountry is where an order without a country goes.
const homeCountry = "MX"

// location reads delivery_location (debit contract §8.1), in the order of its table.
func (f *fields) location(v wirejson.Value) batch.Location {
	if !v.Given() {
		f.add("delivery_location", required)
		return batch.Location{}
	}
	if v = f.object("delivery_location", v); !v.Given() {
		return batch.Location{}
	}
	text := func(name string, low, high int) string {
		return f.text("delivery_location."+name, v.Get(name), low, high)
	}
	l := batch.Location{
		FirstNames: text("first_names", 1, 100), LastNames: text("last_names", 1, 100),
		Street: text("street", 1, 200), ExteriorNumber: text("exterior_number", 1, 30),
		Neighborhood: text("neighborhood", 1, 100), City: text("city", 1, 100), State: text("state", 1, 100),
		InteriorNumber: text("interior_number", 0, 30),
	}
	l.PostalCode = f.shaped("delivery_location.postal_code", v.Get("postal_code"), postalCode)
	l.Mobile = f.shaped("delivery_location.mobile", v.Get("mobile"), mobile)
	l.Notes = text("additional_notes", 0, 255)
	l.Country = homeCountry
	if value := v.Get("country"); value.Given() {
		l.Country = f.shaped("delivery_location.country", value, country)
	}
	return l
}

// shaped reads a required member that one function knows.
func (f *fields) shaped(path string, v wirejson.Value, read func(wirejson.Value) (string, bool)) string {
	if !v.Given() {
		f.add(path, required)
		return ""
	}
	s, ok := read(v)
	if !ok {
		f.add(path, invalid)
		return ""
	}
	return s
}

// postalCode reads four or five digits; a number has lost a leading zero.
func postalCode(v wirejson.Value) (string, bool) {
	s, ok := digitsOf(v)
	switch {
	case ok && len(s) == 5:
		return s, true
	case ok && len(s) == 4:
		return "0" + s, true
	}
	return "", false
}

// mobile reads ten digits, or an E.164 number without its plus.
func mobile(v wirejson.Value) (string, bool) {
	s, ok := digitsOf(v)
	return s, ok && mobileForm.MatchString(s)
}

// country reads an ISO 3166-1 alpha-2 code.
func country(v wirejson.Value) (string, bool) {
	s, ok := v.String()
	s = strings.ToUpper(s)
	return s, ok && len(s) == 2 && countries.ByName(s).Alpha2() == s
}

// campaign reads campaign_id of a whole order; "" when it is missing.
func (f *fields) campaign(v wirejson.Value) string {
	if !v.Given() {
		return ""
	}
	s, ok := v.String()
	if !ok || !campaignForm.MatchString(s) {
		f.add("campaign_id", invalid)
		return ""
	}
	return s
}

// readItem reads one item. What cannot be read fails the item, never the order; of several problems the
// first in the order of the table counts.
func readItem(v wirejson.Value) issuance.OrderItem {
	var item issuance.OrderItem
	fail := func(reason batch.ItemReason) {
		if item.Unreadable == "" {
			item.Unreadable = reason
		}
	}
	if id := v.Get("card_identifier"); id.Given() {
		s, ok := textOrDigits(id)
		if !ok {
			s = ""
		}
		item.Identifier = &s
	}
	text := func(name string, reason batch.ItemReason) string {
		value := v.Get(name)
		s, ok := value.String()
		if value.Given() && !ok {
			fail(reason)
		}
		return s
	}
	item.FrontName = text("front_name", batch.FrontNameInvalid)
	item.QR = text("qr", batch.QRInvalid)
	if pin := v.Get("pin"); pin.Given() {
		parsed, ok := parsePIN(pin)
		if !ok {
			fail(batch.PINInvalid)
		}
		item.PIN = parsed
	}
	if own := v.Get("campaign_id"); own.Given() {
		s, ok := own.String()
		if !ok || !campaignForm.MatchString(s) {
			fail(batch.CampaignUnknown)
		}
		item.Campaign = s
	}
	return item
}
