package debitapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// PasswordHasher makes slow hashes. [access.Passwords] do.
type PasswordHasher interface {
	Hash(ctx context.Context, password redact.Text) (redact.Text, error)
}

// accountEndpoints are the accounts of customers (debit contract §10).
func accountEndpoints() []endpoint {
	return []endpoint{
		{
			method: http.MethodPost, pattern: "/user/v1/account/create", callers: forProgram | forAdmin, key: httpd.Optional,
			maxBody: maxForm, secret: true, forms: true, envelope: envelopeB, handle: (*Door).createAccount,
		},
		{
			method: http.MethodGet, pattern: "/user/v1/account/{customer_id}", callers: forProgram | forCustomer | forAdmin | forReader,
			envelope: envelopeB, handle: (*Door).account,
		},
	}
}

// The genders of this API; a business is one of them.
const (
	genderFemale = 1
	genderMale   = 2
)

// mostMember is how long the members are that are only kept.
const mostMember = 255

// accountMembers are the names of everything that an account may be created with, in the order of the contract.
func accountMembers() []string {
	return []string{
		"gender", "first_name", "last_name", "middle_name", "second_last_name", "email", "mobile", "mobile_country_code", "rfc", "curp",
		"password", "device_id", "composite_balance", "credit_line", "campaign_id", "kyc_level", "zipcode", "street", "exterior",
		"interior", "colony", "city", "state_id", "telephone", "date_of_birth",
	}
}

// createAccount is POST /user/v1/account/create (debit contract §10.1).
func (d *Door) createAccount(c *call) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	f := accountForm{body: body}
	cmd := f.read(c)
	c.checkKey(&f.fields)
	if err := f.refusal(); err != nil {
		return err
	}
	if err := c.checkRights(); err != nil {
		return err
	}
	if !f.password.IsZero() {
		if cmd.Password, err = d.o.Hasher.Hash(c.r.Context(), f.password); err != nil {
			return fault.NotNow(err, "hash the password", time.Second)
		}
	}
	return perform(c, body.AppendCanonical(nil), true, func(by issuance.Command) (issuance.OpenedAccount, error) {
		cmd.Command = by
		return d.o.Rules.OpenAccount(c.r.Context(), cmd)
	}, func(got issuance.OpenedAccount) payload { return openedPayload(c.id.Program.ID, got) })
}

// accountForm reads the members of a new account, of a form or of JSON.
type accountForm struct {
	fields
	body     wirejson.Value
	password redact.Text
}

// get gives a member; an empty text of a form is a member that was not sent.
func (f *accountForm) get(name string) wirejson.Value {
	v := f.body.Get(name)
	if s, ok := v.String(); ok && strings.TrimSpace(s) == "" {
		return wirejson.Value{}
	}
	return v
}

func (f *accountForm) kept(name string, low, high int) string {
	v := f.get(name)
	if s, ok := textOrDigits(v); ok && v.Given() && v.Kind() == wirejson.Number {
		return s
	}
	return f.text(name, v, low, high)
}

func (f *accountForm) read(c *call) issuance.OpenAccount {
	var cmd issuance.OpenAccount
	h := &cmd.Holder
	gender := f.number("gender", f.get("gender"), "")
	switch {
	case !f.get("gender").Given():
		f.add("gender", required)
	case gender > genderBusiness:
		f.add("gender", invalid)
	}
	h.Gender = int(gender)
	business := gender == genderBusiness
	h.FirstName, h.LastName = f.kept("first_name", 1, mostName), f.kept("last_name", 1, mostName)
	h.MiddleName, h.SecondLastName = f.personal("middle_name", business), f.personal("second_last_name", business)
	h.Email, h.Phone, cmd.Profile.MobileCode = f.reach()
	h.RFC, h.CURP = f.taxIDs(business, c)
	f.password = f.optional("password")
	cmd.Device = f.device(f.get("device_id"))
	f.money(&cmd)
	cmd.Profile.Campaign = f.campaign()
	cmd.Profile.Level = customer.DefaultLevel
	if v := f.get("kyc_level"); v.Given() {
		level, ok := parseNumber(v, "")
		if !ok || level < 0 || level > 9 {
			f.add("kyc_level", invalid)
		}
		cmd.Profile.Level = int(level)
	}
	for _, m := range []struct {
		name string
		to   *string
	}{
		{"zipcode", &cmd.Profile.Zipcode},
		{"street", &cmd.Profile.Street},
		{"exterior", &cmd.Profile.Exterior},
		{"interior", &cmd.Profile.Interior},
		{"colony", &cmd.Profile.Colony},
		{"city", &cmd.Profile.City},
		{"state_id", &cmd.Profile.State},
		{"telephone", &cmd.Profile.Telephone},
		{"date_of_birth", &cmd.Profile.DateOfBirth},
	} {
		*m.to = f.kept(m.name, 0, mostMember)
	}
	return cmd
}

// personal reads a name that only a person has.
func (f *accountForm) personal(name string, business bool) string {
	if business && f.get(name).Given() {
		f.add(name, notAllowed)
		return ""
	}
	return f.kept(name, 0, mostName)
}

// defaultCountry is the country code of a mobile number that came without one.
const defaultCountry = "+52"

// reach reads how the customer is reached: by e-mail, by mobile, or both.
func (f *accountForm) reach() (email, phone, code string) {
	mail, mobile := f.get("email"), f.get("mobile")
	if !mail.Given() && !mobile.Given() {
		f.add("email", required)
	}
	if mail.Given() {
		email = f.parsed("email", mail, customer.ParseEmail)
	}
	if !mobile.Given() {
		return email, "", ""
	}
	code = defaultCountry
	if v := f.get("mobile_country_code"); v.Given() {
		sent, ok := textOrDigits(v)
		digits := strings.TrimPrefix(strings.TrimSpace(sent), "+")
		if !ok || !allDigits(digits) || len(digits) < 1 || len(digits) > 4 {
			f.add("mobile_country_code", invalid)
		}
		code = "+" + digits
	}
	digits, ok := digitsOf(mobile)
	if ok {
		phone, ok = customer.ParsePhone(code + digits)
	}
	if !ok {
		f.add("mobile", invalid)
	}
	return email, phone, code
}

// taxIDs reads RFC and CURP in their normal form (debit contract §10.2).
func (f *accountForm) taxIDs(business bool, c *call) (rfc, curp string) {
	policy := c.id.Program.Policy.Debit
	kind := customer.Person
	if business {
		kind = customer.Company
	}
	rfc = customer.NormalTaxID(f.kept("rfc", 0, mostTaxID))
	curp = customer.NormalTaxID(f.kept("curp", 0, mostTaxID))
	switch {
	case rfc != "" && !customer.ValidRFC(kind, rfc, policy.RFCCheckDigit):
		f.add("rfc", invalid)
	case rfc == "" && (business || (policy.RequireTaxID && curp == "")):
		f.add("rfc", required)
	}
	switch {
	case curp != "" && business:
		f.add("curp", notAllowed)
	case curp != "" && !customer.ValidCURP(curp):
		f.add("curp", invalid)
	}
	return rfc, curp
}

func (f *accountForm) optional(name string) redact.Text {
	if !f.get(name).Given() {
		return redact.Text{}
	}
	return f.secret(name, f.body.Get(name), 1, mostMember)
}

// mostCampaign is how long the name of a campaign may be.
const mostCampaign = 32

func (f *accountForm) campaign() string {
	v := f.get("campaign_id")
	if !v.Given() {
		return ""
	}
	s, ok := textOrDigits(v)
	if !ok || len(s) > mostCampaign {
		f.add("campaign_id", invalid)
	}
	return s
}

// money reads the line of the wallet, or the one of a composite parent in either of its forms.
func (f *accountForm) money(cmd *issuance.OpenAccount) {
	v := f.get("composite_balance")
	if !v.Given() {
		cmd.CreditCents = f.cents("credit_line", f.get("credit_line"))
		return
	}
	if s, isText := v.String(); isText { // as a form has it
		parsed, err := wirejson.Parse([]byte(s), bodyRules())
		if err != nil {
			f.add("composite_balance", malformed)
			return
		}
		v = parsed
	}
	if v.Kind() != wirejson.Object {
		f.add("composite_balance", invalid)
		return
	}
	cmd.Composite = true
	switch parent, source := v.Get("parent"), v.Get("source"); {
	case parent.Given():
		cmd.CreditCents = f.neededCents("composite_balance.parent.credit_line", parent.Get("credit_line"))
	case source.Given():
		cmd.CreditCents = f.neededCents("composite_balance.source.total_credit", source.Get("total_credit"))
	default:
		f.add("composite_balance.parent", required)
	}
}

func (f *fields) neededCents(path string, v wirejson.Value) int64 {
	if !v.Given() {
		f.add(path, required)
	}
	return f.cents(path, v)
}

// mostCents bounds a line: 99 999 999 999.99 pesos.
const mostCents = 9_999_999_999_999

func (f *fields) cents(path string, v wirejson.Value) int64 {
	if !v.Given() {
		return 0
	}
	n, ok := parseNumber(v, "")
	if !ok || n < 0 || n > mostCents {
		f.add(path, invalid)
		return 0
	}
	return n
}

// notServed is a published path that looks like a customer's: bank transfers (debit contract §10.3).
const notServed = "spei-clabe"

// account is GET /user/v1/account/{customer_id}.
func (d *Door) account(c *call) error {
	if err := c.checkRights(); err != nil {
		return err
	}
	number, ok := parsePathNumber(httpd.Param(c.r, "customer_id"), "cust_")
	if !ok && strings.EqualFold(httpd.Param(c.r, "customer_id"), notServed) {
		return fault.Refuse(httpd.RouteNotFound)
	}
	if c.sort == forCustomer {
		own, err := d.o.Rules.Customer(c.r.Context(), c.id.Program.ID, c.customer.Credential.Customer)
		if err != nil {
			return err
		}
		if !ok || number != own.Number {
			return fault.Refuse(otherCustomer)
		}
	}
	if !ok {
		return fault.Refuse(customer.NotFound)
	}
	got, err := d.o.Rules.HolderAccount(c.r.Context(), c.id.Program.ID, number)
	if err != nil {
		return err
	}
	return c.write(http.StatusOK, envelopeB.success(c.path, time.Time{}, holderPayload(got)))
}

// parsePathNumber reads a number of a path, with or without its prefix.
func parsePathNumber(s, prefix string) (int64, bool) {
	s = strings.TrimPrefix(s, prefix)
	if s == "" || len(s) > mostDigits || !allDigits(s) {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n > 0
}

// ecommerceID is the number by which this API's accounts name their programme: 31 bits of its id.
func ecommerceID(p ident.ProgramID) int64 {
	tail := p.UUID[len(p.UUID)-4:]
	return int64(tail[0]&0x7f)<<24 | int64(tail[1])<<16 | int64(tail[2])<<8 | int64(tail[3])
}
