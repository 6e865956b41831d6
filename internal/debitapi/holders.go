package debitapi

import (
	"bytes"
	"io"
	"net/http"
	"net/url"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// holderEndpoints are the calls about cards that a customer has (debit contract §9).
func holderEndpoints() []endpoint {
	const at = "/debit/v1/"
	post := func(path string, who callers, handle func(*Door, *call) error) endpoint {
		return endpoint{method: http.MethodPost, pattern: at + path, callers: who, key: httpd.Optional, maxBody: maxBody, handle: handle}
	}
	secret := func(e endpoint) endpoint { e.secret = true; return e }
	get := func(path string, handle func(*Door, *call) error) endpoint {
		return endpoint{method: http.MethodGet, pattern: at + path, callers: forCustomer | forAdmin | forReader, secret: true, handle: handle}
	}
	const own = forCustomer | forAdmin
	return []endpoint{
		secret(post("orderCard", own, (*Door).orderCard)),
		get("info", (*Door).info),
		get("infoForCustomer", (*Door).infoForCustomer),
		post("delivery-info", own|forReader, (*Door).deliveryInfo),
		post("stop", own, (*Door).stop),
		post("unstop", own, (*Door).unstop),
		post("retire-card", own, (*Door).retire),
		secret(post("change-pin", own, (*Door).changePIN)),
		secret(post("viewPinForCustomer", forCustomer, (*Door).viewPIN)),
		secret(post("create-linked-card", own, (*Door).createLinked)),
		secret(post("update-cvv-linked-card", own, (*Door).updateCVV)),
		secret(post("re-order-linked-card", own, (*Door).reorderLinked)),
		post("customer-program/assign-customer", forProgram|forAdmin, (*Door).assignCustomer),
	}
}

// bodyOrNone reads a body that may be empty.
func (c *call) bodyOrNone() (wirejson.Value, error) {
	raw, err := io.ReadAll(c.r.Body)
	if err != nil {
		return wirejson.Value{}, err
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		raw = []byte("{}")
	}
	v, err := wirejson.Parse(raw, bodyRules())
	if err != nil {
		return wirejson.Value{}, fault.Refuse(bodyMalformed)
	}
	return v, nil
}

// queried is a parameter of the query as a value of a body; an empty one is absent.
func queried(q url.Values, name string) wirejson.Value {
	s, _ := last(q, name)
	if s == "" {
		return wirejson.Value{}
	}
	v, err := wirejson.Parse(wirejson.AppendString(nil, s), wirejson.Options{})
	if err != nil {
		return wirejson.Value{}
	}
	return v
}

// either is a parameter of the query, or else a member of the body.
func either(q url.Values, body wirejson.Value, name string) wirejson.Value {
	if v := queried(q, name); v.Given() {
		return v
	}
	return body.Get(name)
}

// need reads a number that must be there.
func (f *fields) need(path string, v wirejson.Value, prefix string) int64 {
	if !v.Given() {
		f.add(path, required)
	}
	return f.number(path, v, prefix)
}

// The prefixes that ids may have.
const (
	customerPrefix = "cust_"
	cardPrefix     = "card_"
)

// named reads the customer that a call names. A customer's token says so itself; admin and reader must name one
// where the call is about a customer.
func (c *call) named(f *fields, v wirejson.Value, needed bool) int64 {
	if needed && c.sort&(forAdmin|forReader) != 0 && !v.Given() {
		f.add("customer_id", required)
	}
	return f.number("customer_id", v, customerPrefix)
}

// who gives the customer that a call is about, once the caller's rights are known. A customer's token fixes the
// customer; naming another one is refused.
func (c *call) who(named int64) (issuance.HolderRef, error) {
	if c.sort != forCustomer {
		return issuance.HolderRef{Named: named}, nil
	}
	own := c.customer.Credential.Customer
	if named != 0 {
		holder, err := c.d.o.Rules.Customer(c.r.Context(), c.id.Program.ID, own)
		if err != nil {
			return issuance.HolderRef{}, err
		}
		if holder.Number != named {
			return issuance.HolderRef{}, fault.Refuse(otherCustomer)
		}
	}
	return issuance.HolderRef{Holder: own}, nil
}

// aboutCard is a call about one card.
type aboutCard struct {
	body  wirejson.Value
	which issuance.HolderCard
	named int64
}

// readCard reads the body of a call about one card; more reads what the call has beside card and customer.
func (c *call) readCard(f *fields, more func(body wirejson.Value)) (aboutCard, error) {
	body, err := c.body()
	if err != nil {
		return aboutCard{}, err
	}
	out := aboutCard{body: body}
	out.which.Card = f.need("card_id", body.Get("card_id"), cardPrefix)
	out.named = c.named(f, body.Get("customer_id"), false)
	if more != nil {
		more(body)
	}
	c.checkKey(f)
	if err := f.refusal(); err != nil {
		return out, err
	}
	if err := c.checkRights(); err != nil {
		return out, err
	}
	who, err := c.who(out.named)
	out.which.Holder, out.which.Named = who.Holder, who.Named
	return out, err
}

// mostNote is how long a note may be.
const mostNote = 255

func (f *fields) note(v wirejson.Value) string { return f.text("note", v, 0, mostNote) }

// cardMessage is the payload of most calls about one card.
func (c *call) cardMessage(message string, at issuance.CardAt) payload {
	return func(w *wirejson.Writer) {
		w.Key("message").String(message)
		w.Key("card_id").Int(at.Card.Number)
		w.Key("status").Int(cardNumber(at.View, c.id.Program.Policy, at.At))
	}
}

// typeNumber is the number of a type of card (debit contract §6).
func typeNumber(t card.Type) int64 {
	if t == card.Virtual {
		return 2
	}
	return 1
}

// cardType reads a type of card, in any of its spellings; "" when it is missing.
func (f *fields) cardType(v wirejson.Value) card.Type {
	if !v.Given() {
		return ""
	}
	s, ok := textOrDigits(v)
	switch {
	case ok && (s == "1" || s == "physical"):
		return card.Physical
	case ok && (s == "2" || s == "virtual" || s == "linked"):
		return card.Virtual
	}
	f.add("card_type", invalid)
	return ""
}
