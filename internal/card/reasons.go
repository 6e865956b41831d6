package card

import (
	"time"

	"github.com/firsttap/firsttap/internal/fault"
)

// The reasons of this room: what may be wrong with a card when something is asked of it.
var (
	NotFound         = fault.New("card_not_found", fault.NotFound)
	DesignNotFound   = fault.New("design_not_found", fault.NotFound)
	DesignNotUsable  = fault.New("design_not_usable", fault.Refused) // Detail: string NO_DEFAULT, TYPE_NOT_SUPPORTED, INACTIVE
	DesignInvalid    = fault.New("design_invalid", fault.Invalid)    // Detail: []string, what is wrong
	CampaignTaken    = fault.New("campaign_taken", fault.Conflict)
	NotPhysical      = fault.New("not_physical", fault.Refused)
	AlreadyActivated = fault.New("already_activated", fault.Refused)
	IsCanceled       = fault.New("canceled", fault.Refused)
	IsSuperseded     = fault.New("superseded", fault.Refused)
	IsExpired        = fault.New("expired", fault.Refused)
	IsBlocked        = fault.New("blocked", fault.Refused)
	ReportedLost     = fault.New("reported_lost", fault.Refused)
	ReportedStolen   = fault.New("reported_stolen", fault.Refused)
	NotShipped       = fault.New("not_shipped", fault.Refused)
	FailedDelivery   = fault.New("delivery_failed", fault.Refused)
	ExceptionOnWay   = fault.New("delivery_exception", fault.Refused)
	CameBack         = fault.New("returned", fault.Refused)
	LostInTransit    = fault.New("lost_in_transit", fault.Refused)
	CodeNotIssued    = fault.New("code_not_issued", fault.Refused)
	CodeExpired      = fault.New("code_expired", fault.Refused)
	CodeWrong        = fault.New("code_mismatch", fault.Refused)       // Detail: Attempts
	GuardLocked      = fault.New("activation_locked", fault.Throttled) // Detail: Attempts
	GuardHardLocked  = fault.New("hard_locked", fault.Refused)
	BatchMismatch    = fault.New("batch_mismatch", fault.Refused)
	PINWeak          = fault.New("pin_weak", fault.Refused) // Detail: string, the field; none is pin
	PINRequired      = fault.New("pin_required", fault.Invalid)
	CodeRequired     = fault.New("activation_code_required", fault.Invalid)
	TypeNotSupported = fault.New("card_type_not_supported", fault.Refused)          // Detail: Type
	NotAllowed       = fault.New("card_operation_not_allowed", fault.Refused)       // Detail: OperationState
	BlockNotLiftable = fault.New("block_not_liftable", fault.Conflict)              // Detail: Block or CloseReason
	CodeUnavailable  = fault.New("activation_code_not_available", fault.Refused)    // Detail: string, cards contract §12
	RevealForbidden  = fault.New("activation_code_reveal_refused", fault.Forbidden) // Detail: string, cards contract §12
	RevealTooOften   = fault.New("activation_code_reveal_limit", fault.Throttled)
	NoNumberKept     = fault.New("card_number_not_kept", fault.Forbidden)
	LinkUnknown      = fault.New("reveal_link_unknown", fault.NotFound)
	LinkOver         = fault.New("reveal_link_over", fault.NotFound) // used, expired, or the card may not be shown any more
	SessionUnknown   = fault.New("activation_session_unknown", fault.NotFound)
	SessionOver      = fault.New("activation_session_over", fault.NotFound)
	SessionUsed      = fault.New("activation_session_used", fault.NotFound)  // another browser opened the link
	SessionMixed     = fault.New("activation_session_mixed", fault.Conflict) // the form belongs to another session
	MailerLinkOff    = fault.New("mailer_link_off", fault.Forbidden)
	FactorWrong      = fault.New("second_factor_wrong", fault.Refused)   // Detail: Attempts
	FactorUnknown    = fault.New("second_factor_unknown", fault.Refused) // nobody told us what it would be compared with
	NoProvisioning   = fault.New("push_provisioning_off", fault.Forbidden)
	AlreadyStopped   = fault.New("already_stopped", fault.Conflict)
	IsNotStopped     = fault.New("not_stopped", fault.Refused)
	StoppedForGood   = fault.New("stop_permanent", fault.Refused)
	StopOfProgram    = fault.New("stop_of_program", fault.Forbidden)   // the holder may not lift it
	AlreadyReplaced  = fault.New("already_replaced", fault.Conflict)   // Detail: ident.CardID, the successor
	SuccessorOnWay   = fault.New("successor_underway", fault.Conflict) // Detail: ident.PlasticID, which waits or is on its way
	AlreadyRetired   = fault.New("already_retired", fault.Refused)
	IsNotActive      = fault.New("not_active", fault.Refused)
	PINBlocked       = fault.New("pin_blocked", fault.Refused)
	PINUnset         = fault.New("pin_unset", fault.Refused)
	PINViewOff       = fault.New("pin_view_off", fault.Forbidden)
	PINViewTooOften  = fault.New("pin_view_limit", fault.Throttled)
	NotLinked        = fault.New("not_linked", fault.Refused)
	NoLinkedCard     = fault.New("no_linked_card", fault.Refused)
)

// Reasons lists the reasons that this package declares.
func Reasons() []fault.Reason {
	return []fault.Reason{
		NotFound, DesignNotFound, DesignNotUsable, DesignInvalid, CampaignTaken, NotPhysical, AlreadyActivated, IsCanceled, IsSuperseded, IsExpired,
		IsBlocked, ReportedLost, ReportedStolen, NotShipped, FailedDelivery, ExceptionOnWay, CameBack, LostInTransit,
		CodeNotIssued, CodeExpired, CodeWrong, GuardLocked, GuardHardLocked, BatchMismatch, PINWeak, PINRequired,
		CodeRequired, TypeNotSupported, NotAllowed, BlockNotLiftable, CodeUnavailable, RevealForbidden, RevealTooOften,
		NoNumberKept, LinkUnknown, LinkOver, SessionUnknown, SessionOver, SessionUsed, SessionMixed, NoProvisioning,
		AlreadyStopped, IsNotStopped, StoppedForGood, StopOfProgram, AlreadyReplaced, SuccessorOnWay, AlreadyRetired, IsNotActive, PINBlocked, PINUnset,
		PINViewOff, PINViewTooOften, NotLinked, NoLinkedCard, MailerLinkOff, FactorWrong, FactorUnknown,
	}
}

// Attempts is the detail of a wrong or locked try. Shown only when the programme's policy says so.
type Attempts struct {
	Show        bool      // policy activation.show_attempts
	Left        int       // tries before the next lock
	LockedUntil time.Time // zero when not locked, or locked for good
}

// OperationState is the detail of NotAllowed: what the card is, in the words of the contract.
type OperationState struct {
	Status Status
	Cause  string // BLOCKED, EXPIRED, CLOSED, CANCELED, NOT_ACTIVATED
}
