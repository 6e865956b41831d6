package console

import (
	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/approval"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/scenario"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/staff"
	"github.com/firsttap/firsttap/internal/tenancy"
)

// The mistakes in a form that this door finds itself; the others have the names of their reasons. They travel in the address
// of the page that tells them, and hold nothing of what was typed.
const (
	mistakeReason = "reason_form"
	mistakeForm   = "action_form"
	mistakeAgain  = "password_again"

	mistakeBefore    = "sent_before"
	mistakeAddresses = "addresses_form"
	mistakeTime      = "time_form"
	mistakeSpan      = "span_form"
	mistakeRetire    = "retire_form"
	mistakeRange     = "range_form"
	mistakeSeed      = "seed_form"
)

// said is what a refusal is in words: what is wrong, and what to do.
var said = map[fault.Reason]string{
	staff.SignInRefused:       "Name, password or one-time code is not right, or this account is locked: after five wrong tries, for 15 minutes.",
	staff.SessionOver:         "Your session is over. Sign in again.",
	staff.NotAllowed:          "Your role does not have this. An administrator can give you another role.",
	staff.PasswordWeak:        "A password has 12 to 200 characters.",
	staff.PasswordWrong:       "That is not your present password.",
	staff.CodeWrong:           "That is not the code which the app shows for this secret. Look at the clock of the phone, and begin again.",
	staff.CodesOnAlready:      "One-time codes are on already.",
	staff.MemberUnknown:       "There is no such member.",
	FormForeign:               "This form did not come from a page of your session. Go back, load the page again, and send it once more.",
	httpd.RouteNotFound:       "There is no such page.",
	issuance.ProgramUnknown:   "There is no such programme, or you do not work for it.",
	batch.NotFound:            "There is no such batch in this programme.",
	batch.OrderInvalid:        "No row of it can become a card, or there is no such campaign.",
	batch.NothingFailed:       "That batch has not ended, or fewer of its rows failed than these.",
	issuance.KeyMismatch:      "This form was sent before with other rows. Begin a new order.",
	issuance.KeyInProgress:    "This form is being sent already. Look among the batches.",
	httpd.BodyTooLarge:        "That is more than one form takes: 8 MiB.",
	shipment.NotFound:         "There is no such shipment in this programme.",
	approval.Needed:           "The policy of this programme wants the approval of a second person for this. It was asked for, and waits under Approvals.",
	approval.NotFound:         "There is no such request in this programme.",
	approval.Own:              "Who asked does not decide. Somebody else must.",
	approval.Over:             "The request was decided or used before, or it ran out.",
	approval.Mismatch:         "The approval is for something else. Ask again.",
	card.NotFound:             "There is no such card in this programme.",
	card.NotPhysical:          "It is a virtual card: it has no plastic and no guard.",
	card.AlreadyActivated:     "The card has been activated; its guard is done.",
	card.CodeNotIssued:        "The card has no activation code yet.",
	card.IsCanceled:           "The card was canceled, or another took its place.",
	card.IsExpired:            "The card has expired.",
	card.AlreadyStopped:       "The card is stopped for good already.",
	card.AlreadyReplaced:      "The card has a successor already.",
	card.NotAllowed:           "The card is closed or expired, or nobody holds it yet.",
	card.BlockNotLiftable:     "This block cannot be lifted: the card is closed, lost or stolen, or was blocked for good.",
	customer.NotFound:         "There is no such customer in this programme.",
	issuance.EndpointNotFound: "There is no such webhook in this programme.",
	issuance.EndpointDisabled: "This webhook has ended; nothing is sent there any more.",
	issuance.DeliveryNotFound: "There is no such delivery to this webhook.",
	issuance.LiveProgram:      "This is a live programme: it has no sandbox.",
	issuance.SimulationState:  "The parcel does not take that step from where it is.",
	access.ClockInvalid:       "The clock moves forward, by a duration as in 30m, 12h or 7d, and not beyond what it can show.",
	scenario.Unknown:          "There is no such scenario.",
	scenario.SeedUsed:         "This seed was played here before. Choose another one.",
	customer.NotEligible:      "Its holder may not have a card now.",
	fault.ReasonUnavailable:   "The database cannot be reached now. Try again in a moment.",
	httpd.AddressBlocked:      "Too many refused sign-ins came from your address. Wait five minutes.",
	card.SuccessorOnWay:       "Another plastic of the card waits or is on its way.",
	card.LostInTransit:        "It was lost on its way, and shows its number to whoever finds it. Replace the card.",
	card.DesignNotFound:       "There is no such design in this programme.",
	card.DesignNotUsable:      "No plastic is made with this design now. Choose another one.",
	shipment.NotReturned:      "Its plastic did not come back. Choose another cause.",
	PlasticUnused:             "Nobody uses its plastic any more: it dies at once, and at no other time. Choose again.",
	staff.MemberInvalid:       "A name has 1 to 64 letters without accents, digits and . _ - @; the roles are those of the list.",
	staff.MemberTaken:         "Somebody has this name already. Choose another.",
	staff.LastAdmin:           "Nobody else would keep the users then. Make somebody else an administrator first.",
	NothingSealed:             "Nothing is sealed yet. The first checkpoint comes some seconds after the first row.",
	CheckRunning:              "A trail is being checked already. Try again in a moment.",
	NoSuchPolicy:              "There is no such policy.",
	access.PolicyInvalid:      "The policy does not take that value in this programme, and nothing was changed. What it takes stands below.",
	tenancy.PoliciesMoved:     "Somebody changed a policy since this page was shown. Look at the value again.",
	access.KeyUnknown:         "There is no such key in this programme.",
	access.KeyLimit:           "No further key of that sort may live: at most ten. Revoke one first.",
	access.KeyRevokedAlready:  "The key was revoked before, and takes no change.",
	access.KeyRequestInvalid:  "A key has a name of up to 100 characters, for the native API one scope at least, and an end, if any, that is to come.",
}

// mistakes are the words for what this door finds itself.
var mistakes = map[string]string{
	mistakeReason: "Say why, in 1 to 200 characters of plain text: it is kept with what you do.",
	mistakeForm:   "The form was not complete. Choose again.",
	mistakeRange:  "Give both times, the earlier one first, and which deliveries are meant.",
	mistakeSeed:   "A seed has 1 to 100 characters of plain text.",
	mistakeAgain:  "The two new passwords are not the same.",

	mistakeBefore:    "This form was sent before, and was done then. What it gave was shown that once.",
	mistakeAddresses: "Give addresses or ranges as 192.0.2.7 or 203.0.113.0/24, one a line, at most 50.",
	mistakeTime:      "Give a date with a time.",
	mistakeRetire:    "For an end on a date give a date that is to come, by the clock of the programme; for any other end leave the date empty.",
	mistakeSpan:      "Give two times, the earlier one first, or leave one or both out.",
}

// saidOf puts a reason into words; one without words is told as a fault of ours.
func saidOf(r fault.Reason) string {
	if text, ok := said[r]; ok {
		return text
	}
	switch r.Kind() {
	case fault.Internal, fault.Unavailable, fault.Throttled:
		return "Something broke, and nothing was changed. Try again in a moment."
	case fault.NotFound:
		return "There is no such thing."
	case fault.Invalid, fault.Conflict, fault.Refused, fault.Unauthenticated, fault.Forbidden:
	}
	return "It was refused: " + word(r.Name()) + "."
}

// saidByName is saidOf for the name in an address, which anybody can write: unknown ones are one text.
func saidByName(name string) string {
	if text, ok := mistakes[name]; ok {
		return text
	}
	for r, text := range said {
		if r.Name() == name {
			return text
		}
	}
	return "It was refused, and nothing was changed. The timeline below has the reason."
}

// actionWords are the actions of the console: activation is the holder's, and codes are read back by keys alone.
var actionWords = map[issuance.Action]struct{ title, what, idle string }{
	issuance.ToFreeze:        {"Freeze", "Declines every use until it is unfrozen.", "It is frozen already."},
	issuance.ToUnfreeze:      {"Unfreeze", "Lets the card be used again.", "It is not frozen."},
	issuance.ToBlock:         {"Block", "Blocks the card for the programme, until it is unblocked.", "It is blocked already."},
	issuance.ToUnblock:       {"Unblock", "Lifts the block.", "It is not blocked."},
	issuance.ToReportLost:    {"Report lost", "Ends the number for good. It cannot be undone.", "It is reported lost already."},
	issuance.ToReportStolen:  {"Report stolen", "Ends the number for good. It cannot be undone.", "It is reported stolen already."},
	issuance.ToReportDamaged: {"Report damaged", "Marks the plastic; the number may be used on.", "It is reported damaged already."},
	issuance.ToResetGuard:    {"Reset guard", "Gives the guard all its tries back and takes a lock away.", "The guard has nothing to give back."},
	issuance.ToReplace:       {"Replace", "Ends the number for good, and makes a successor with another number.", "It cannot be replaced now."},
	issuance.ToReissue:       {"Reissue", "Another plastic with the same number and PIN, and an activation code of its own.", "It cannot be reissued now."},
	issuance.ToRenew:         {"Renew", "Another plastic with the same number and PIN, an activation code of its own, and from its activation on another expiry and security code.", "It cannot be renewed now."},
}

var doneWords = map[string]string{
	"role":        "The role is changed.",
	"disabled":    "The user is disabled: every session is over.",
	"policy":      "The policy has this value now.",
	"key_changed": "The key is changed.",
	"key_revoked": "The key is revoked: nothing is let in with it any more.",
	"codes":       "One-time codes are on: the next sign-in asks for one.",
	"freeze":      "The card is frozen.",
	"unfreeze":    "The card is unfrozen.",
	"block":       "The card is blocked.",
	"unblock":     "The block is lifted.",
	"report_lost": "The card is reported lost.", "report_stolen": "The card is reported stolen.", "report_damaged": "The card is reported damaged.",
	"ordered":     "It is ordered. The cards are made now.",
	"retried":     "It is sent again now; the attempt stands here in a moment.",
	"replayed":    "They are sent again, the oldest first.",
	"pause":       "The webhook is paused: what comes waits.",
	"resume":      "The webhook goes on.",
	"test":        "A test event is on its way.",
	"clock":       "The clock is changed.",
	"walked":      "The parcel took the step.",
	"approved":    "It is approved: whoever asked may do it now, once, from the page of the card.",
	"refused":     "It is refused.",
	"reset_guard": "The guard has all its tries again.",
	"replace":     "The card has a successor.",
	"reissue":     "Another plastic with the same number is planned. What comes next stands with it.",
	"renew":       "A renewed plastic with the same number is planned. What comes next stands with it.",
}
