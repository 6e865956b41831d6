package debitapi

import (
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/ledger"
	"github.com/firsttap/firsttap/internal/wallet"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// The limits of a movement.
const (
	mostAmount      = 999_999_999 // cents
	mostDescription = 2 << 10
)

// transfer is POST /wallet/v1/transfer (debit contract §11.2).
func (d *Door) transfer(c *call) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	var f fields
	cmd := wallet.Transfer{
		Source: f.need("sourceCustomerID", body.Get("sourceCustomerID"), customerPrefix),
		Target: f.need("targetID", body.Get("targetID"), customerPrefix),
	}
	if cmd.Target != 0 && cmd.Target == cmd.Source {
		f.add("targetID", invalid)
	}
	cmd.Cents = f.pesos("amount", body.Get("amount"))
	cmd.Description = f.description(body.Get("description"))
	c.checkKey(&f)
	if err := f.refusal(); err != nil {
		return err
	}
	if err := c.checkRights(); err != nil {
		return err
	}
	if err := c.onlyOwn(cmd.Source, "sourceCustomerID"); err != nil {
		return err
	}
	return c.move(body, func(by issuance.Command) (wallet.Moved, error) {
		cmd.Command = by
		return d.o.Wallet.Transfer(c.r.Context(), cmd)
	})
}

// onlyOwn refuses a customer who names another one; field is where.
func (c *call) onlyOwn(number int64, field string) error {
	if c.sort != forCustomer {
		return nil
	}
	own, err := c.d.o.Rules.Customer(c.r.Context(), c.id.Program.ID, c.customer.Credential.Customer)
	if err == nil && own.Number != number {
		err = fault.RefuseWith(otherCustomer, field)
	}
	return err
}

// topUp is POST /wallet/v1/topUp.
func (d *Door) topUp(c *call) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	var f fields
	cmd := wallet.TopUp{External: f.text("externalTransactionId", body.Get("externalTransactionId"), 1, mostMember)}
	cmd.Balance = f.need("balanceId", body.Get("balanceId"), "")
	cmd.Customer = f.need("sourceCustomerID", body.Get("sourceCustomerID"), customerPrefix)
	cmd.Cents = f.pesos("amount", body.Get("amount"))
	if f.number("transactionType", body.Get("transactionType"), "") > movementIn {
		f.add("transactionType", invalid)
	}
	c.checkKey(&f)
	if err := f.refusal(); err != nil {
		return err
	}
	if err := c.checkRights(); err != nil {
		return err
	}
	return c.move(body, func(by issuance.Command) (wallet.Moved, error) {
		cmd.Command = by
		return d.o.Wallet.TopUp(c.r.Context(), cmd)
	})
}

// move runs a movement. The answer's time is when the money moved, so that a repeat gets the same bytes.
func (c *call) move(body wirejson.Value, do func(by issuance.Command) (wallet.Moved, error)) error {
	return performAs(c, body.AppendCanonical(nil), false, func(by issuance.Command) (wallet.Moved, error) {
		out, err := do(by)
		if err == nil && out.Repeated {
			c.w.Header().Set(headerReplayed, "true")
		}
		return out, err
	}, func(out wallet.Moved) []byte {
		return success(c.path, out.At, func(w *wirejson.Writer) {
			w.Key("transactionId").String(strconv.FormatInt(out.Number, 10))
		})
	})
}

// pesos reads an amount above zero: a number or a text, with two decimals at most.
func (f *fields) pesos(path string, v wirejson.Value) int64 {
	if !v.Given() {
		f.add(path, required)
		return 0
	}
	s, ok := v.Number()
	if !ok {
		s, ok = v.String()
	}
	cents, good := parsePesos(s)
	if !ok || !good || cents < 1 || cents > mostAmount {
		f.add(path, invalid)
		return 0
	}
	return cents
}

// parsePesos reads digits with up to two decimals behind a dot. A third decimal is refused, a zero too.
func parsePesos(s string) (int64, bool) {
	whole, frac, dotted := strings.Cut(s, ".")
	if whole == "" || len(whole) > len("9999999") || !allDigits(whole) || !allDigits(frac) || len(frac) > 2 || (dotted && frac == "") {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+(frac + "00")[:2], 10, 64)
	return n, err == nil
}

// description reads an object that is kept as it came.
func (f *fields) description(v wirejson.Value) []byte {
	o := f.object("description", v)
	if !o.Given() {
		return nil
	}
	kept := o.AppendCanonical(nil)
	if len(kept) > mostDescription {
		f.add("description", tooLong)
	}
	return kept
}

// The types of a movement (debit contract §11.2).
const (
	movementIn   = 1
	movementSent = 2
	movementGot  = 3
	movementCard = 4
)

// movements is GET /transactions/{customer_id}.
func (d *Door) movements(c *call) error {
	q, empty, err := c.movementQuery()
	if err != nil {
		return err
	}
	if err := c.checkRights(); err != nil {
		return err
	}
	number, known := parsePathNumber(httpd.Param(c.r, "customer_id"), customerPrefix)
	if err := c.onlyOwn(number, "customer_id"); err != nil {
		return err
	}
	if !known {
		return fault.Refuse(customer.NotFound)
	}
	q.Program, q.Customer = c.id.Program.ID, number
	list, err := d.o.Wallet.Movements(c.r.Context(), q)
	if err != nil {
		return err
	}
	if empty {
		list = wallet.Movements{}
	}
	return c.read(func(w *wirejson.Writer) {
		w.Key("transactions").BeginArray()
		for _, m := range list.Page {
			writeMovement(w, m)
		}
		w.EndArray()
		w.Key("totalCount").Int(int64(list.Total))
	})
}

// movementQuery reads the query; empty when it asks for what there never is.
func (c *call) movementQuery() (q wallet.MovementQuery, empty bool, err error) {
	sent := c.r.URL.Query()
	var f fields
	q.Limit = f.within("limit", queried(sent, "limit"), 1, pageMost, pageDefault)
	q.Offset = f.within("offset", queried(sent, "offset"), 0, mostOffset, 0)
	q.From = f.day("from", queried(sent, "from"), c.id.Program.Policy.Debit.TimeZone)
	if q.To = f.day("to", queried(sent, "to"), c.id.Program.Policy.Debit.TimeZone); !q.To.IsZero() {
		q.To = q.To.AddDate(0, 0, 1)
	}
	q.Oldest = !f.truth("desc", queried(sent, "desc"), true)
	q.Number = f.number("transaction_id", queried(sent, "transaction_id"), "")
	empty = f.truth("only_installment_charges", queried(sent, "only_installment_charges"), false)
	return q, empty, f.refusal()
}

// mostOffset is how far into a list one may ask.
const mostOffset = 1_000_000_000

// within reads a number between two others; usual when it is missing.
func (f *fields) within(path string, v wirejson.Value, low, high, usual int64) int {
	if !v.Given() {
		return int(usual)
	}
	n, ok := parseNumber(v, "")
	if !ok || n < low || n > high {
		f.add(path, invalid)
		return int(usual)
	}
	return int(n)
}

// day reads a date as the midnight that it begins with; zero when it is missing.
func (f *fields) day(path string, v wirejson.Value, zone *time.Location) time.Time {
	if !v.Given() {
		return time.Time{}
	}
	s, _ := v.String()
	at, err := time.ParseInLocation(time.DateOnly, s, zone)
	if err != nil || at.Year() < 1970 || at.Year() > 2200 {
		f.add(path, invalid)
		return time.Time{}
	}
	return at
}

// truth reads a boolean of a query; usual when it is missing.
func (f *fields) truth(path string, v wirejson.Value, usual bool) bool {
	if !v.Given() {
		return usual
	}
	switch s, _ := v.String(); s {
	case "true", "1":
		return true
	case "false", "0":
		return false
	}
	f.add(path, invalid)
	return usual
}

// writeMovement writes one movement, member by member as the contract has them.
func writeMovement(w *wirejson.Writer, m issuance.Movement) {
	kind, text := movementType(m)
	cents, direction := m.Cents, "credit"
	if cents < 0 {
		cents, direction = -cents, "debit"
	}
	w.BeginObject()
	w.Key("amount").String(pesos(cents))
	w.Key("timestamp").String(stampS(m.Journal.At))
	w.Key("transactionType").Int(kind)
	w.Key("status").Int(1)
	w.Key("transactionId").Int(m.Journal.Number)
	w.Key("description").String(text)
	w.Key("merchantCategoryCode").BeginObject()
	w.Key("mcc").String(m.Merchant.MCC)
	w.Key("description").String(m.Merchant.Category)
	w.Key("categoryId").Int(0)
	w.Key("category").String(m.Merchant.Category)
	w.Key("subcategoryId").Int(0)
	w.Key("subcategory").String("")
	w.EndObject()
	w.Key("captureMode").String("")
	w.Key("MDESDigitizedWalletID").String("")
	w.Key("isSettled").Bool(true)
	w.Key("category").Int(0)
	w.Key("direction").String(direction)
	w.Key("balanceId").Int(m.Account)
	w.EndObject()
}

// movementType is the number of a movement's type, and what is said of it.
func movementType(m issuance.Movement) (int64, string) {
	switch m.Journal.Kind {
	case ledger.ToppedUp:
		return movementIn, "topUp"
	case ledger.Deposited:
		return movementIn, "deposit"
	case ledger.Transferred:
		text := "transfer"
		if kept := m.Journal.Memo.Description; len(kept) > 0 {
			text = string(kept)
		}
		if m.Cents < 0 {
			return movementSent, text
		}
		return movementGot, text
	case ledger.Opened, ledger.Lined, ledger.Authorized, ledger.Reversed, ledger.Cleared, ledger.Refunded:
	}
	return movementCard, m.Merchant.Name
}
