package debitapi

import (
	"strconv"
	"strings"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// genderText is a gender in words.
func genderText(g int) string {
	switch g {
	case genderFemale:
		return "Female"
	case genderMale:
		return "Male"
	case genderBusiness:
		return "Business"
	}
	return ""
}

// customerStatus is the state of a customer in number and words.
func customerStatus(s customer.Status) (int64, string) {
	switch s {
	case customer.Suspended:
		return 2, "Suspended"
	case customer.Closed:
		return 3, "Closed"
	case customer.Active:
	}
	return 1, "Active"
}

// walletStatus is the state of a balance (debit contract §6).
func walletStatus(s account.Status) int64 {
	switch s {
	case account.Inactive:
		return 2
	case account.Closed:
		return 3
	case account.Active:
	}
	return 1
}

// mobileOf splits a phone into its country code and the rest, which is a number here.
func mobileOf(c customer.Customer, p customer.Profile) (code string, mobile int64) {
	code = p.MobileCode
	if code == "" && c.Phone != "" {
		code = defaultCountry
	}
	rest, ok := strings.CutPrefix(c.Phone, code)
	if !ok {
		code, rest = "", strings.TrimPrefix(c.Phone, "+")
	}
	mobile, _ = strconv.ParseInt(rest, 10, 64) // "" is none, and 0
	return code, mobile
}

// openedPayload is a new account: the members as published and in their order, then what is ours. This is the
// one place where its three secrets are told.
func openedPayload(p ident.ProgramID, got issuance.OpenedAccount) payload {
	c := got.Customer
	return func(w *wirejson.Writer) {
		code, mobile := mobileOf(c, got.Profile)
		w.Key("id").Int(c.Number)
		w.Key("ecommerce_id").Int(ecommerceID(p))
		w.Key("email").String(c.Email)
		w.Key("first_name").String(c.FirstName)
		w.Key("last_name").String(c.LastName)
		w.Key("gender").Int(int64(c.Gender))
		w.Key("gender_string").String(genderText(c.Gender))
		w.Key("mobile").Int(mobile)
		w.Key("mobile_country_code").String(code)
		w.Key("rfc").String(c.RFC)
		w.Key("ewallet_id").Int(got.Wallet.Number)
		w.Key("ewallet_status").Int(walletStatus(got.Wallet.Status))
		w.Key("oauth_token").String(got.Secrets.OauthToken.Reveal())
		w.Key("private_key").String(got.Secrets.PrivateKey.Reveal())
		w.Key("refresh_token").String(got.Secrets.RefreshToken.Reveal())
		for _, m := range detailsOf(c, got.Profile) {
			w.Key(m.name)
			m.write(w)
		}
		w.Key("composite_balance")
		if got.Parent == nil {
			w.Null()
			return
		}
		w.BeginObject()
		w.Key("parent").BeginObject()
		w.Key("id").String(string(got.Parent.Reference))
		w.Key("credit_line").Int(got.Credit)
		w.EndObject()
		w.EndObject()
	}
}

// member is a member of an answer: a text, a number or a truth.
type member struct {
	name  string
	value any
}

func (m member) write(w *wirejson.Writer) {
	switch v := m.value.(type) {
	case string:
		w.String(v)
	case int:
		w.Int(int64(v))
	case int64:
		w.Int(v)
	case bool:
		w.Bool(v)
	}
}

// detailsOf are the members of a new account beyond the first, as published: what is not known is "" or 0.
func detailsOf(c customer.Customer, p customer.Profile) []member {
	status, words := customerStatus(c.Status)
	business, person := "", 1
	if c.Kind == customer.Company {
		business, person = c.FullName(), 2
	}
	state, _ := strconv.ParseInt(p.State, 10, 32) // 0 when it was told in words
	return []member{
		{"account_level", p.Level},
		{"account_status", status},
		{"account_status_string", words},
		{"address", ""},
		{"address_document_back", ""},
		{"address_document_back_url", ""},
		{"address_document_front", ""},
		{"address_document_front_url", ""},
		{"address_document_type", 0},
		{"are_account_resources_of_user", false},
		{"business_name", business},
		{"business_purpose", ""},
		{"clabe", ""},
		{"city", p.City},
		{"colony", p.Colony},
		{"constitution_date", ""},
		{"correspondence_address", ""},
		{"country_of_birth", ""},
		{"curp", c.CURP},
		{"date_of_birth", p.DateOfBirth},
		{"exterior", p.Exterior},
		{"identification_document_back", ""},
		{"identification_document_back_url", ""},
		{"identification_document_front", ""},
		{"identification_document_front_url", ""},
		{"identification_document_type", 0},
		{"interior", p.Interior},
		{"is_business", c.Kind == customer.Company},
		{"middle_name", c.MiddleName},
		{"nationality_id", 0},
		{"occupation_id", 0},
		{"person_type", person},
		{"risk_level", 0},
		{"second_last_name", c.SecondLastName},
		{"selfie", ""},
		{"selfie_url", ""},
		{"society_type", 0},
		{"state_id", state},
		{"street", p.Street},
		{"telephone", p.Telephone},
		{"zipcode", p.Zipcode},
	}
}

// holderPayload is an account as it is read. It never holds a secret.
func holderPayload(got issuance.HolderAccount) payload {
	c, p := got.Customer, got.Profile
	return func(w *wirejson.Writer) {
		_, mobile := mobileOf(c, p)
		status, _ := customerStatus(c.Status)
		birth := p.DateOfBirth
		if birth == "" {
			birth = c.DateOfBirth
		}
		for _, m := range []member{
			{"id", c.Number},
			{"email", c.Email},
			{"first_name", c.FirstName},
			{"middle_name", c.MiddleName},
			{"last_name", c.LastName},
			{"second_last_name", c.SecondLastName},
			{"gender", c.Gender},
			{"mobile", mobile},
			{"rfc", c.RFC},
			{"curp", c.CURP},
			{"date_of_birth", birth},
			{"country_of_birth", ""},
			{"address", strings.TrimSpace(p.Street + " " + p.Exterior)},
			{"address_detail", strings.TrimSpace(p.Interior + " " + p.Colony)},
			{"city", p.City},
			{"state", p.State},
			{"zipcode", p.Zipcode},
			{"account_level", p.Level},
			{"occupation_id", 0},
			{"risk_level", 0},
			{"customer_status", status},
			{"ewallet_id", got.Wallet.Number},
		} {
			w.Key(m.name)
			m.write(w)
		}
	}
}
