package cardsapi

import (
	"crypto/sha256"
	"strings"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/spending"
	"github.com/firsttap/firsttap/internal/transaction"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// showTransaction writes the Transaction of contract §19; which members it has depends on its status.
func showTransaction(w *wirejson.Writer, t transaction.Transaction) {
	w.BeginObject()
	w.Key("id").String(t.ID.String())
	w.Key("accountId")
	showID(w, t.Account.UUID)
	w.Key("cardId").String(t.Card.String())
	w.Key("status").String(string(t.Status))
	w.Key("channel").String(string(t.Channel))
	w.Key("digitalWallet").StringOrNull(t.Wallet)
	w.Key("originalCurrency").String(t.Original)
	w.Key("currency").String(t.Currency)
	switch t.Status {
	case transaction.Pending:
		showSums(w, t, [2]string{"authorized", "reversed"}, transaction.Authorization, transaction.Reversal)
		w.Key("conversionRate").Number(transaction.Rate(t.Rated(), t.Currency, t.Original))
	case transaction.Void:
		showSums(w, t, [2]string{"authorized", "reversed"}, transaction.Authorization, transaction.Reversal)
	case transaction.Cleared:
		showSums(w, t, [2]string{"cleared", "refunded"}, transaction.Clearing, transaction.Refund)
		w.Key("conversionRate").Number(transaction.Rate(t.Rated(), t.Currency, t.Original))
	case transaction.Declined:
		w.Key("originalAmount").Number(transaction.Print(t.Total(transaction.Decline).Original, t.Original))
		showDecline(w, t)
	}
	w.Key("merchant")
	showMerchant(w, t.Merchant)
	w.Key("fees")
	showFees(w, t.Currency)
	w.Key("events").BeginArray()
	for _, s := range t.Steps {
		showStep(w, t, s)
	}
	w.EndArray()
	w.Key("occurredAt")
	showTime(w, t.OccurredAt)
	w.Key("createdAt")
	showTime(w, t.CreatedAt)
	w.Key("updatedAt")
	showTime(w, t.UpdatedAt)
	w.EndObject()
}

// showSums writes originalAmount and amount: what came, what went back, and what is current.
func showSums(w *wirejson.Writer, t transaction.Transaction, names [2]string, came, went transaction.StepType) {
	in, out, current := t.Total(came), t.Total(went), t.Current()
	one := func(member, currency string, in, out, current int64) {
		w.Key(member).BeginObject()
		w.Key(names[0]).Number(transaction.Print(in, currency))
		w.Key(names[1]).Number(transaction.Print(out, currency))
		w.Key("current").Number(transaction.Print(current, currency))
		w.EndObject()
	}
	one("originalAmount", t.Original, in.Original, out.Original, current.Original)
	one("amount", t.Currency, in.Billed, out.Billed, current.Billed)
}

// declineTexts are what a cardholder may read, by code.
var declineTexts = map[transaction.DeclineCode]string{
	transaction.CardNotActive:          "The card has expired.",
	transaction.CardBlocked:            "The card is blocked.",
	transaction.CardFrozen:             "The card is frozen.",
	transaction.NotAllowedForCard:      "This card cannot be used in this way.",
	transaction.CardNotActivated:       "The card has not been activated.",
	transaction.AccountNotActive:       "The account is restricted.",
	transaction.ChannelNotAllowed:      "This way of paying is switched off for the card.",
	transaction.InsufficientBalance:    "The balance is too small.",
	transaction.IncorrectPIN:           "The PIN is not correct.",
	transaction.IncorrectCVV:           "The security code is not correct.",
	transaction.InvalidCardDetails:     "The card details are not correct.",
	transaction.ContactlessUnsupported: "The contactless payment could not be read.",
	transaction.TerminalError:          "The terminal could not complete the payment.",
}

func showDecline(w *wirejson.Writer, t transaction.Transaction) {
	w.Key("declineReason").BeginObject()
	w.Key("code").String(string(t.Decline))
	w.Key("message").String(declineTexts[t.Decline])
	w.EndObject()
	w.Key("policy")
	if t.Policy.ID.IsZero() {
		w.Null()
		return
	}
	w.BeginObject()
	w.Key("id").String(t.Policy.ID.String())
	w.Key("type").String(t.Policy.Type)
	w.Key("scopeType").String(t.Policy.ScopeType)
	w.Key("name").String(t.Policy.Name)
	w.EndObject()
}

func showMerchant(w *wirejson.Writer, m transaction.Merchant) {
	w.BeginObject()
	w.Key("id").String(merchantID(m).String())
	w.Key("cardAcceptorId").Null()
	w.Key("name").String(m.Name)
	w.Key("city").StringOrNull(m.City)
	w.Key("postCode").StringOrNull(m.PostCode)
	w.Key("state").StringOrNull(m.State)
	w.Key("country").StringOrNull(m.Country)
	w.Key("mccCode").StringOrNull(m.MCC)
	w.Key("mccCategory").StringOrNull(m.Category)
	w.EndObject()
}

// merchantID is made from what is known of a merchant, so that the same one has the same id (RFC 9562,
// version 8).
func merchantID(m transaction.Merchant) ident.UUID {
	sum := sha256.Sum256([]byte(strings.Join([]string{m.Name, m.City, m.PostCode, m.State, m.Country, m.MCC}, "\x00")))
	u := ident.UUID(sum[:16])
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80
	return u
}

// showFees writes that nothing is charged.
func showFees(w *wirejson.Writer, currency string) {
	w.BeginObject()
	w.Key("atm").Number(transaction.Print(0, currency))
	w.Key("fx").Number(transaction.Print(0, currency))
	w.EndObject()
}

func showStep(w *wirejson.Writer, t transaction.Transaction, s transaction.Step) {
	w.BeginObject()
	w.Key("id").String(s.ID.String())
	w.Key("type").String(string(s.Type))
	w.Key("originalAmount").Number(transaction.Print(s.Amount.Original, t.Original))
	w.Key("originalCurrency").String(t.Original)
	w.Key("amount").Number(transaction.Print(s.Amount.Billed, t.Currency))
	w.Key("fees")
	showFees(w, t.Currency)
	w.Key("occurredAt")
	showTime(w, s.At)
	w.Key("createdAt")
	showTime(w, s.CreatedAt)
	w.EndObject()
}

// showChallenge writes the Challenge of contract §18. Its amount is the one that the merchant asks for, as
// its holder saw it.
func showChallenge(w *wirejson.Writer, c spending.ChallengeAt) {
	w.BeginObject()
	w.Key("id").String(c.ID.String())
	w.Key("cardId").String(c.Card.String())
	w.Key("status").String(string(c.Status(c.At)))
	w.Key("merchant").BeginObject()
	w.Key("name").String(c.Merchant.Name)
	w.Key("countryCode").StringOrNull(c.Merchant.Country)
	w.EndObject()
	w.Key("transaction").BeginObject()
	w.Key("amount").String(transaction.Print(c.Amount.Original, c.Original))
	w.Key("currency").String(c.Original)
	w.Key("timestamp")
	showTime(w, c.CreatedAt)
	w.EndObject()
	w.Key("expiresAt")
	showTime(w, c.ExpiresAt)
	w.EndObject()
}

// showMoneyLeft is the detail of too small a balance.
var showMoneyLeft = detailOf("availableBalance", func(w *wirejson.Writer, m transaction.Money) {
	w.Number(transaction.Print(m.Minor, m.Currency))
})

var showChallengeStatus = detailOf("status", func(w *wirejson.Writer, s transaction.ChallengeStatus) { w.String(string(s)) })
