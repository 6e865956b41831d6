package cardsapi

import (
	"context"
	"slices"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/spending"
	"github.com/firsttap/firsttap/internal/transaction"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// Amounts of an account (contract §23.3).
const (
	mostCents    = 1_000_000 * 100
	accountMoney = "USD" // has the decimals that every account has
)

func transactionAnswer(t transaction.Transaction) issuance.Answer {
	return ok(body(showTransaction, t))
}

// getTransaction is contract §19.
func (d *Door) getTransaction(c *call) error {
	id := ident.TransactionID{UUID: c.id("id")}
	if err := c.checked(); err != nil {
		return err
	}
	t, err := d.spending.Transaction(c.ctx(), c.programID(), id)
	if err != nil {
		return err
	}
	return write(c.w, transactionAnswer(t))
}

// use is what a simulated use of a card says (contract §23.3).
type use struct {
	card        ident.CardID
	transaction ident.TransactionID
	ask         spending.Ask
}

// transactionMember says what the member transactionId is to a kind.
type transactionMember int

const (
	noTransaction transactionMember = iota
	anyTransaction
	needsTransaction
)

// readUse reads the fields that all kinds have; zero says that an amount of nothing is taken.
func (o object) readUse(named transactionMember, zero bool) use {
	u := use{card: ident.CardID{UUID: o.id("cardId")}}
	switch {
	case named == needsTransaction, named == anyTransaction && o.v.Get("transactionId").Given():
		u.transaction.UUID = o.id("transactionId")
	}
	u.ask.Cents = o.money("amount", required, accountMoney, mostCents, zero && u.transaction.IsZero())
	u.ask.OriginalCurrency, u.ask.Original = o.original(u.ask.Cents == 0)
	if u.ask.Channel = transaction.Channel(o.choice("channel", optional, namesOf(transaction.Channels())...)); u.ask.Channel == "" {
		u.ask.Channel = transaction.Ecommerce
	}
	u.ask.Wallet, _ = o.text("digitalWallet", optional, 1, 50)
	u.ask.Merchant = o.merchant()
	return u
}

// original reads what the merchant asked for: amount and currency, both or none.
func (o object) original(zero bool) (currency string, minor int64) {
	hasAmount, hasCurrency := o.v.Get("originalAmount").Given(), o.v.Get("originalCurrency").Given()
	if !hasAmount && !hasCurrency {
		return "", 0
	}
	currency, _ = o.text("originalCurrency", required, 3, 3)
	if _, known := transaction.Decimals(currency); currency != "" && !known {
		o.bad("originalCurrency", "invalid_format")
		currency = ""
	}
	if currency == "" {
		o.member("originalAmount", required, wirejson.Number)
		return "", 0
	}
	return currency, o.money("originalAmount", required, currency, transaction.MaxOriginal, zero)
}

// money reads an amount in major units into minor ones.
func (o object) money(name string, n need, currency string, most int64, zero bool) int64 {
	v, given := o.member(name, n, wirejson.Number)
	if !given {
		return 0
	}
	literal, _ := v.Number()
	minor, problem := transaction.ParseAmount(literal, currency, most)
	switch {
	case problem == transaction.TooLarge:
		o.bad(name, "too_big")
	case problem == transaction.IsNegative, problem == transaction.NoProblem && minor == 0 && !zero:
		o.bad(name, "too_small")
	case problem != transaction.NoProblem:
		o.bad(name, "invalid_format")
	}
	return minor
}

func namesOf[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// testMerchant is who asks when nobody is named.
var testMerchant = transaction.Merchant{
	Name: "Firsttap Test Shop", City: "Ciudad de Mexico", PostCode: "06600", State: "CMX", Country: "MX", MCC: "5411", Category: "Grocery stores",
}

// merchant reads who asks. One that is given without a name has that of the test merchant; its other
// members are not known when they are not given.
func (o object) merchant() transaction.Merchant {
	m, given := o.child("merchant", optional)
	if !given {
		return testMerchant
	}
	var out transaction.Merchant
	for _, field := range []struct {
		name string
		to   *string
	}{{"name", &out.Name}, {"city", &out.City}, {"postCode", &out.PostCode}, {"state", &out.State}, {"mccCategory", &out.Category}} {
		*field.to, _ = m.text(field.name, optional, 1, 100)
	}
	if out.Name == "" {
		out.Name = testMerchant.Name
	}
	out.Country = m.country("country", optional)
	if code, given := m.text("mccCode", optional, 4, 4); given {
		if !isDigits(code) {
			m.bad("mccCode", "invalid_format")
		}
		out.MCC = code
	}
	return out
}

func isDigits(s string) bool {
	return !slices.ContainsFunc([]byte(s), func(b byte) bool { return b < '0' || b > '9' })
}

// simulateAuthorization is contract §23.3.
func (d *Door) simulateAuthorization(c *call) error {
	c.form()
	u := c.object().readUse(anyTransaction, true)
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, transactionAnswer, func(base issuance.Command) (transaction.Transaction, error) {
		return d.spending.Authorize(c.ctx(), spending.Authorize{Command: base, Card: u.card, Transaction: u.transaction, Ask: u.ask})
	})
}

func (d *Door) simulateClearing(c *call) error {
	u := c.object().readUse(anyTransaction, false)
	return d.settle(c, u, "", d.spending.Clear)
}

func (d *Door) simulateReversal(c *call) error {
	u := c.object().readUse(needsTransaction, false)
	return d.settle(c, u, "", d.spending.Reverse)
}

func (d *Door) simulateRefund(c *call) error {
	u := c.object().readUse(anyTransaction, false)
	return d.settle(c, u, "", d.spending.Refund)
}

func (d *Door) simulateDecline(c *call) error {
	o := c.object()
	u := o.readUse(anyTransaction, false)
	code := transaction.DeclineCode(o.choice("declineReason", optional, namesOf(transaction.DeclineCodes())...))
	if code == "" {
		code = transaction.InsufficientBalance
	}
	return d.settle(c, u, code, d.spending.Decline)
}

type settler func(context.Context, spending.Settle) (transaction.Transaction, error)

// settle is a kind that no rule of ours declines.
func (d *Door) settle(c *call, u use, code transaction.DeclineCode, command settler) error {
	c.form()
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, transactionAnswer, func(base issuance.Command) (transaction.Transaction, error) {
		return command(c.ctx(), spending.Settle{Command: base, Card: u.card, Transaction: u.transaction, Decline: code, Ask: u.ask})
	})
}
