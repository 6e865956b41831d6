package spendpolicy

import (
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/transaction"
)

// Type is what a policy does, by its wire name of the cards API.
type Type string

// ChannelRestriction blocks channels.
const ChannelRestriction Type = "CHANNEL_RESTRICTION"

// MaxActive is how many policies of one scope may be active at a time.
const MaxActive = 100

// Types lists the types.
func Types() []Type { return []Type{ChannelRestriction} }

// ScopeType is what a policy covers, by its wire name of the cards API.
type ScopeType string

// The scopes, the narrowest first.
const (
	ForCard     ScopeType = "CARD"
	ForCustomer ScopeType = "USER"
	ForProgram  ScopeType = "PROJECT"
)

// ScopeTypes lists the scopes, the narrowest first.
func ScopeTypes() []ScopeType { return []ScopeType{ForCard, ForCustomer, ForProgram} }

// Scope is what a policy covers: a card, a customer or the programme, by its id.
type Scope struct {
	Type ScopeType
	ID   ident.UUID
}

// Policy is one rule of spending.
type Policy struct {
	ID        ident.PolicyID
	Program   ident.ProgramID
	Type      Type
	Name      string
	Disabled  bool
	Scope     Scope
	Channels  []transaction.Channel // that are blocked, without repeats, as they were sent
	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64
}

// Blocks reports whether the policy declines a use through the channel.
func (p Policy) Blocks(c transaction.Channel) bool {
	return !p.Disabled && p.Type == ChannelRestriction && slices.Contains(p.Channels, c)
}

// Reference is the policy as a declined transaction remembers it.
func (p Policy) Reference() transaction.PolicyRef {
	return transaction.PolicyRef{ID: p.ID, Type: string(p.Type), ScopeType: string(p.Scope.Type), Name: p.Name}
}

// Chosen is the policy that declines a use through the channel; false when none does. Of several it is the
// narrowest, then the oldest: that is the order in which stores give them.
func Chosen(inOrder []Policy, c transaction.Channel) (Policy, bool) {
	at := slices.IndexFunc(inOrder, func(p Policy) bool { return p.Blocks(c) })
	if at < 0 {
		return Policy{}, false
	}
	return inOrder[at], true
}

// Reasons of this room.
var (
	NotFound         = fault.New("policy_not_found", fault.NotFound)
	TypeNotSupported = fault.New("policy_type_not_supported", fault.Refused) // Detail: string, the type
	LimitReached     = fault.New("policy_limit", fault.Refused)              // Detail: int, the limit
)

// Reasons lists the reasons that this package declares.
func Reasons() []fault.Reason { return []fault.Reason{NotFound, TypeNotSupported, LimitReached} }
