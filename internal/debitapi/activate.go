package debitapi

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// The forms of the activation's payload (policy debit.activation_payload).
const (
	payloadStrict  = "strict"
	payloadNumeric = "numeric"
)

// activate is POST /debit/v1/activateCardForCustomer (debit contract §7).
func (d *Door) activate(c *call) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	var f fields
	cmd := c.readActivation(&f, body)
	c.checkKey(&f)
	if err := f.refusal(); err != nil {
		return err
	}
	if err := c.checkRights(); err != nil {
		return err
	}
	if err := c.fixHolder(&cmd); err != nil {
		return err
	}
	return perform(c, body.AppendCanonical(nil), cmd.New != nil, func(by issuance.Command) (issuance.Activation, error) {
		cmd.Command = by
		return d.o.Rules.ActivateForCustomer(c.r.Context(), cmd)
	}, c.activationPayload)
}

// readActivation reads the members of §7.1, in the order of its table.
func (c *call) readActivation(f *fields, body wirejson.Value) issuance.ActivateForCustomer {
	var cmd issuance.ActivateForCustomer
	named := body.Get("customer_id")
	cmd.Number = f.number("customer_id", named, "cust_")
	newcomer := !named.Given() && c.sort != forCustomer
	if newcomer && !body.Get("customer").Given() {
		f.add("customer_id", required)
	}
	cmd.Identifier = f.identifier(body.Get("card_identifier"))
	cmd.Reference = f.reference(body.Get("reference_batch"))
	cmd.PIN = f.pin("pin", body.Get("pin"))
	cmd.Device = f.device(body.Get("device_id"))
	if v := body.Get("balance"); v.Given() {
		if balance := f.object("balance", v); balance.Given() {
			cmd.Balance = f.number("balance.id", balance.Get("id"), "")
			if !balance.Get("id").Given() {
				f.add("balance.id", required)
			}
		}
	}
	if newcomer {
		cmd.New = f.newHolder(body.Get("customer"))
	}
	if c.id.Program.Policy.Debit.RequireActivationCode {
		cmd.Code = f.code(body.Get("activation_code"))
	}
	return cmd
}

// fixHolder lets a customer token say who the card is for; naming another customer is refused.
func (c *call) fixHolder(cmd *issuance.ActivateForCustomer) error {
	if c.sort != forCustomer {
		return nil
	}
	cmd.Holder = c.customer.Credential.Customer
	if cmd.Number == 0 {
		return nil
	}
	own, err := c.d.o.Rules.Customer(c.r.Context(), c.id.Program.ID, cmd.Holder)
	if err != nil {
		return err
	}
	if own.Number != cmd.Number {
		return fault.Refuse(otherCustomer)
	}
	cmd.Number = 0
	return nil
}

// identifier reads the label of a card; an integer counts as its digits.
func (f *fields) identifier(v wirejson.Value) string {
	if !v.Given() {
		f.add("card_identifier", required)
		return ""
	}
	s, ok := textOrDigits(v)
	if !ok || !batch.ValidIdentifier(s) {
		f.add("card_identifier", invalid)
		return ""
	}
	return s
}

// mostReference is how long a reference of a batch may be; whether it has the right form is the rule's
// business.
const mostReference = 64

func (f *fields) reference(v wirejson.Value) string {
	if !v.Given() {
		f.add("reference_batch", required)
		return ""
	}
	s, ok := v.String()
	switch {
	case !ok || s == "":
		f.add("reference_batch", invalid)
	case utf8.RuneCountInString(s) > mostReference:
		f.add("reference_batch", tooLong)
	}
	return s
}

// mostDevice is how long the name of a device may be.
const mostDevice = 255

func (f *fields) device(v wirejson.Value) string {
	if !v.Given() {
		return ""
	}
	s, ok := v.String()
	switch {
	case !ok || s == "" || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		f.add("device_id", invalid)
	case utf8.RuneCountInString(s) > mostDevice:
		f.add("device_id", tooLong)
	}
	return s
}

func (f *fields) code(v wirejson.Value) card.Code {
	if !v.Given() {
		return card.Code{}
	}
	s, _ := v.String()
	code, ok := card.ParseCode(s)
	if !ok {
		f.add("activation_code", invalid)
	}
	return code
}

// The longest members of a new customer.
const (
	mostName     = 100
	mostExternal = 255
	mostTaxID    = 64
)

// newHolder reads the object customer. Tax numbers are read in any form; whether they are valid is the
// rule's business, which answers it in its own way.
func (f *fields) newHolder(v wirejson.Value) *issuance.NewHolder {
	v = f.object("customer", v)
	if !v.Given() {
		return nil
	}
	at := func(name string) (string, wirejson.Value) { return "customer." + name, v.Get(name) }
	text := func(name string, low, high int) string {
		path, value := at(name)
		return f.text(path, value, low, high)
	}
	n := &issuance.NewHolder{
		FirstName: text("first_name", 1, mostName), LastName: text("last_name", 1, mostName),
		MiddleName: text("middle_name", 0, mostName), SecondLastName: text("second_last_name", 0, mostName),
	}
	if !v.Get("email").Given() && !v.Get("phone_number").Given() {
		f.add("customer.email", required)
	}
	if path, value := at("email"); value.Given() {
		n.Email = f.parsed(path, value, customer.ParseEmail)
	}
	if path, value := at("phone_number"); value.Given() {
		n.Phone = f.parsed(path, value, customer.ParsePhone)
	}
	path, value := at("gender")
	switch gender := f.number(path, value, ""); {
	case gender > genderBusiness:
		f.add(path, invalid)
	default:
		n.Gender = int(gender)
	}
	n.RFC = customer.NormalTaxID(text("rfc", 0, mostTaxID))
	n.CURP = customer.NormalTaxID(text("curp", 0, mostTaxID))
	n.ExternalID = text("external_id", 0, mostExternal)
	return n
}

// genderBusiness is the highest number of a gender.
const genderBusiness = 3

func (f *fields) parsed(path string, v wirejson.Value, parse func(string) (string, bool)) string {
	s, ok := v.String()
	if ok {
		s, ok = parse(strings.TrimSpace(s))
	}
	if !ok {
		f.add(path, invalid)
	}
	return s
}

// activationPayload gives the payload in the form that the programme chose (§7.5).
func (c *call) activationPayload(a issuance.Activation) payload {
	policy := c.id.Program.Policy
	return func(w *wirejson.Writer) {
		if policy.Debit.ActivationPayload == payloadNumeric {
			w.Key("card_id").Int(a.Card.Card.Number)
			w.Key("customer_id").Int(a.Customer.Number)
		} else {
			w.Key("card_id").String(fmt.Sprintf("card_%d", a.Card.Card.Number))
			w.Key("customer_id").String(fmt.Sprintf("%d", a.Customer.Number))
		}
		w.Key("status").String("activated")
		if policy.Debit.ActivationPayload != payloadStrict {
			w.Key("reference_card").String(string(a.Card.Card.Reference))
			w.Key("status_card").Int(cardNumber(a.Card, policy, a.Card.Plastic.ActivatedAt))
		}
		if s := a.NewCustomer; s != nil {
			w.Key("customer_private_key").String(s.PrivateKey.Reveal())
			w.Key("customer_refresh_token").String(s.RefreshToken.Reveal())
			if !s.OauthToken.IsZero() {
				w.Key("customer_oauth_token").String(s.OauthToken.Reveal())
			}
		}
	}
}
