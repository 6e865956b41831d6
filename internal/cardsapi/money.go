package cardsapi

import (
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/ledger"
	"github.com/firsttap/firsttap/internal/spending"
	"github.com/firsttap/firsttap/internal/transaction"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// getBalance is contract §17.3.
func (d *Door) getBalance(c *call) error {
	id := ident.AccountID{UUID: c.id("id")}
	if err := c.checked(); err != nil {
		return err
	}
	b, err := d.spending.Balance(c.ctx(), c.programID(), id)
	if err != nil {
		return err
	}
	return write(c.w, ok(body(showBalance, b)))
}

// showBalance writes the balance of contract §17.3. Merchants that gave back more than they took leave a debt
// below zero.
func showBalance(w *wirejson.Writer, b ledger.Balance) {
	money := func(name string, cents int64) { w.Key(name).Number(transaction.Print(cents, b.Currency)) }
	w.BeginObject()
	w.Key("currency").String(b.Currency)
	money("totalAssetValue", b.Assets)
	money("totalLiabilities", b.Pending+b.Cleared)
	money("availableBalance", b.Available)
	w.Key("assets").BeginObject()
	w.Key("crypto").Null()
	money("fiat", b.Assets)
	w.Key("virtual").Null()
	w.EndObject()
	w.Key("liabilities").BeginObject()
	w.Key("cardDebt").BeginObject()
	money("pending", b.Pending)
	money("cleared", b.Cleared)
	money("total", b.Pending+b.Cleared)
	w.EndObject()
	w.Key("depositFees").Null()
	w.EndObject()
	w.EndObject()
}

// getAssets is contract §17.3: there are no assets but money.
func (d *Door) getAssets(c *call) error {
	id := ident.AccountID{UUID: c.id("id")}
	if err := c.checked(); err != nil {
		return err
	}
	if _, err := d.service.Account(c.ctx(), c.programID(), id); err != nil {
		return err
	}
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("items").BeginArray()
	w.EndArray()
	w.EndObject()
	return write(c.w, ok(w.Bytes()))
}

// mostDeposit is the largest deposit, in minor units.
const mostDeposit = 1_000_000_000 * 100

// simulateDeposit is contract §23.4.
func (d *Door) simulateDeposit(c *call) error {
	c.form()
	o := c.object()
	cmd := spending.Deposit{}
	cmd.Currency, _ = o.text("currency", required, 3, 3)
	switch decimals, known := transaction.Decimals(cmd.Currency); {
	case cmd.Currency == "":
	case !known, decimals != 2:
		o.bad("currency", "invalid_enum")
	}
	cmd.Cents = o.money("amount", required, accountMoney, mostDeposit, false)
	cmd.Sender, _ = o.text("senderName", optional, 1, 100)
	cmd.Reference, _ = o.text("reference", optional, 1, 255)
	if o.v.Get("accountId").Given() {
		cmd.Account.UUID = o.id("accountId")
	}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(v spending.Deposited) issuance.Answer { return ok(body(showDeposit, v)) }
	return perform(d, c, show, func(base issuance.Command) (spending.Deposited, error) {
		cmd.Command = base
		return d.spending.Deposit(c.ctx(), cmd)
	})
}

// showDeposit writes the deposit of contract §23.4.
func showDeposit(w *wirejson.Writer, v spending.Deposited) {
	w.BeginObject()
	w.Key("id").String(v.ID.String())
	w.Key("accountId").String(v.Account.String())
	w.Key("transactionId").String(v.Journal.String())
	w.Key("status").String("SETTLED")
	w.Key("amount").Number(transaction.Print(v.Cents, v.Currency))
	w.Key("currency").String(v.Currency)
	w.Key("originalAmount").Number(transaction.Print(v.Cents, v.Currency))
	w.Key("originalCurrency").String(v.Currency)
	w.Key("senderName").StringOrNull(v.Sender)
	w.Key("reference").StringOrNull(v.Reference)
	for _, name := range []string{"occurredAt", "createdAt", "updatedAt"} {
		w.Key(name)
		showTime(w, v.At)
	}
	w.EndObject()
}
