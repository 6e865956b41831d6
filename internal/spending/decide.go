package spending

import (
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/spendpolicy"
	"github.com/firsttap/firsttap/internal/transaction"
)

// Use is everything that one authorisation is decided from.
type Use struct {
	issuance.CardUse
	Channel      transaction.Channel
	Wallet       string
	Cents        int64 // that are asked for
	Available    int64 // that the account can spend
	DigitalFirst bool
	Now          time.Time
}

// Verdict is the answer to a use. The zero Verdict approves.
type Verdict struct {
	Decline transaction.DeclineCode
	Policy  transaction.PolicyRef // of ChannelNotAllowed
}

// useRules are the rules of an authorisation in their order (cards contract §19.1): the first that matches
// declines.
var useRules = []struct {
	decline transaction.DeclineCode
	matches func(u Use) bool
}{
	{transaction.CardNotActive, Use.expired},
	{transaction.CardBlocked, Use.blocked},
	{transaction.CardFrozen, func(u Use) bool { return u.View.Card.FrozenBy != "" }},
	{transaction.NotAllowedForCard, func(u Use) bool { return u.cardPresent() && u.View.Card.Type == card.Virtual }},
	{transaction.CardNotActivated, func(u Use) bool { return u.cardPresent() && !u.View.Plastic.InUse(u.Now) }},
	{transaction.CardNotActivated, func(u Use) bool {
		return u.View.Card.Type == card.Physical && !u.View.Plastic.EverActivated() && !u.DigitalFirst
	}},
	{transaction.AccountNotActive, func(u Use) bool { return u.Account.Status != account.Active }},
	{transaction.ChannelNotAllowed, func(u Use) bool { _, blocked := spendpolicy.Chosen(u.Policies, u.Channel); return blocked }},
	{transaction.InsufficientBalance, func(u Use) bool { return u.Cents > 0 && u.Cents > u.Available }},
}

// DecideUse approves a use of a card, or says why not.
func DecideUse(u Use) Verdict {
	for _, rule := range useRules {
		if !rule.matches(u) {
			continue
		}
		v := Verdict{Decline: rule.decline}
		if policy, blocked := spendpolicy.Chosen(u.Policies, u.Channel); blocked && v.Decline == transaction.ChannelNotAllowed {
			v.Policy = policy.Reference()
		}
		return v
	}
	return Verdict{}
}

// cardPresent reports whether the plastic itself is used: a digital wallet stands for the number, not for
// the plastic.
func (u Use) cardPresent() bool {
	return u.Wallet == "" && (u.Channel == transaction.POS || u.Channel == transaction.ATM)
}

func (u Use) expired() bool {
	at := u.View.Card.ExpiresAt
	return !at.IsZero() && !u.Now.Before(at)
}

// blocked counts a card that was reported lost or stolen, whatever became of it.
func (u Use) blocked() bool {
	c := u.View.Card
	return !c.ClosedAt.IsZero() || c.ReportedAs != "" || c.Block != card.Block{}
}
