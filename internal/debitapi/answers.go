package debitapi

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/approval"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/spendpolicy"
	"github.com/firsttap/firsttap/internal/tokens"
	"github.com/firsttap/firsttap/internal/transaction"
	"github.com/firsttap/firsttap/internal/wallet"
	"github.com/firsttap/firsttap/internal/webhook"
)

// The reasons of this door itself.
var (
	bodyMalformed    = fault.New("debit_body_malformed", fault.Invalid)
	requestInvalid   = fault.New("debit_request_invalid", fault.Invalid) // Fields say what
	unsupportedMedia = fault.New("debit_unsupported_media_type", fault.Invalid)
	wrongCaller      = fault.New("debit_wrong_caller", fault.Forbidden)   // Detail: callers that the endpoint takes
	otherCustomer    = fault.New("debit_other_customer", fault.Forbidden) // a customer named another one
)

// doorReasons lists the reasons of this door.
func doorReasons() []fault.Reason {
	return []fault.Reason{bodyMalformed, requestInvalid, unsupportedMedia, wrongCaller, otherCustomer}
}

// The sentences that stand in several rows.
const (
	badParameters   = "Bad parameters request, please refer the documentation"
	unauthorized    = "Authorization failed"
	forbidden       = "Forbidden"
	conflict        = "Conflict"
	noCustomer      = "Customer cannot hold this card"
	exists          = "Customer already exists"
	notShipped      = "Card has not been shipped"
	canceled        = "Card has been canceled"
	stolen          = "Card was reported lost or stolen"
	noMatch         = "Activation code does not match"
	tooManyRequests = "Too many requests"
	careLine        = "Please contact the customer care"
)

// codeDatabase is the lowest code of faults.
const codeDatabase = 6000

// answer is what a reason is on the wire: one row of the contract's table (§5.2).
type answer struct {
	status   int
	code     int
	text     string // of codes from 5000 on
	sentence string // the first hint
	more     func(e *fault.Error) []string
}

func (a answer) hints(e *fault.Error) []string {
	if a.more == nil {
		return nil
	}
	return a.more(e)
}

// answerOf finds the row of a reason. One without a row would be a fault of ours.
func (d *Door) answerOf(e *fault.Error) answer {
	if a, ok := d.answers[e.Reason]; ok {
		return a
	}
	return serverError()
}

func refused(code int, sentence string, more ...string) answer {
	return answer{status: http.StatusBadRequest, code: code, sentence: sentence, more: fixed(more)}
}

// mirrored is a row whose code is 4000 and the HTTP status.
func mirrored(status int, sentence string, more ...string) answer {
	return answer{status: status, code: 4000 + status, sentence: sentence, more: fixed(more)}
}

// fixed gives the same hints to all. Inlined, it would be a copy of its code for each row.
//
//go:noinline
func fixed(hints []string) func(*fault.Error) []string {
	return func(*fault.Error) []string { return hints }
}

func (a answer) with(more func(e *fault.Error) []string) answer {
	a.more = more
	return a
}

func serverError() answer {
	return answer{status: http.StatusInternalServerError, code: 7000, text: "Server error", sentence: careLine}
}

func busy() answer {
	return answer{status: http.StatusServiceUnavailable, code: 7000, text: "Server error", sentence: "Please try again later"}
}

// answers is the table: every reason has exactly one row.
func answers() map[fault.Reason]answer {
	all := map[fault.Reason]answer{}
	for _, part := range []map[fault.Reason]answer{
		requestAnswers(), callerAnswers(), cardAnswers(), holderAnswers(), tokenAnswers(), walletAnswers(), faultAnswers(), foreignAnswers(),
	} {
		for reason, a := range part {
			all[reason] = a
		}
	}
	return all
}

// Answers are how this door tells each reason that it can meet.
func Answers() []httpd.Told {
	foreign := foreignAnswers()
	var all []httpd.Told
	for reason, a := range answers() {
		if _, strayed := foreign[reason]; !strayed {
			all = append(all, httpd.Told{Reason: reason, Status: a.status, Code: strconv.Itoa(a.code), Detail: a.sentence})
		}
	}
	return all
}

// requestAnswers are about the request itself, and about what it names.
func requestAnswers() map[fault.Reason]answer {
	bad := func(hints ...string) answer { return mirrored(http.StatusBadRequest, badParameters, hints...) }
	missing := func(sentence string) answer { return mirrored(http.StatusNotFound, sentence) }
	return map[fault.Reason]answer{
		requestInvalid:            bad().with(fieldHints),
		batch.OrderInvalid:        bad().with(fieldHints),
		bodyMalformed:             bad("body:malformed"),
		httpd.BodyInterrupted:     bad("body:malformed"),
		card.BatchMismatch:        bad("Mismatch in reference batch."),
		card.PINRequired:          bad("pin:required"),
		card.CodeRequired:         bad("activation_code:required"),
		customer.CampaignUnknown:  bad("campaign_id:unknown"),
		account.BalanceRequired:   bad("balance:required"),
		account.BalanceNotFound:   bad().with(fieldNamed("balance.id", "not_found")),
		card.DesignNotFound:       bad("campaign_id:unknown"),
		customer.Unnamed:          bad("customer_id:required"),
		account.OwnerMismatch:     bad("balance.id:not_found"),
		issuance.KeyRequired:      bad(headerKey + ":required"),
		webhook.InvalidURL:        bad().with(urlHint),
		card.NotFound:             missing("Card not found"),
		customer.NotFound:         missing("Customer not found"),
		batch.NotFound:            missing("Batch not found"),
		account.NotFound:          missing("Balance not found"),
		issuance.EndpointNotFound: missing("Webhook not found"),
		httpd.RouteNotFound:       missing("Endpoint not found"),
		httpd.MethodNotAllowed:    mirrored(http.StatusMethodNotAllowed, "Method not allowed"),
		issuance.KeyMismatch:      mirrored(http.StatusConflict, conflict, headerKey+":duplicated"),
		issuance.KeyInProgress:    mirrored(http.StatusConflict, conflict, headerKey+":in_progress"),
		batch.NotCancelable:       mirrored(http.StatusConflict, conflict),
		batch.NothingFailed:       mirrored(http.StatusConflict, conflict),
		httpd.BodyTooLarge:        mirrored(http.StatusRequestEntityTooLarge, "Request too large"),
		unsupportedMedia:          mirrored(http.StatusUnsupportedMediaType, "Unsupported media type"),
	}
}

// callerAnswers are about who asks, and how often.
func callerAnswers() map[fault.Reason]answer {
	noToken := func(hint string) answer { return mirrored(http.StatusUnauthorized, unauthorized, hint) }
	no := func(hints ...string) answer { return mirrored(http.StatusForbidden, forbidden, hints...) }
	tooMany := mirrored(http.StatusTooManyRequests, tooManyRequests)
	return map[fault.Reason]answer{
		access.EcommerceMissing:      noToken(headerEcommerce + ":required"),
		access.EcommerceInvalid:      noToken(headerEcommerce + ":invalid"),
		access.AddressNotAllowed:     noToken(headerEcommerce + ":not_allowed"),
		access.CustomerTokenMissing:  noToken(headerCustomer + ":required"),
		access.CustomerTokenInvalid:  noToken(headerCustomer + ":invalid"),
		access.CustomerTokenExpired:  noToken(headerCustomer + ":expired"),
		access.CustomerTokenInactive: noToken(headerCustomer + ":inactive"),
		access.BearerInvalid:         noToken(headerBearer + ":invalid"),
		access.BearerExpired:         noToken(headerBearer + ":expired"),
		access.KeyMissing:            noToken(headerEcommerce + ":required"),
		access.KeyHeaderInvalid:      noToken(headerEcommerce + ":invalid"),
		access.KeyInvalid:            noToken(headerEcommerce + ":invalid"),
		httpd.HTTPSRequired:          no("https:required"),
		wrongCaller:                  no().with(scopeHint),
		otherCustomer:                no().with(fieldNamed("customer_id", notAllowed)),
		issuance.ProgramSuspended:    no("program:inactive"),
		issuance.ProgramUnknown:      no("program:not_found"),
		issuance.LiveProgram:         no("program:not_allowed"),
		card.StopOfProgram:           no("scope:A"),
		card.NoNumberKept:            no("card_number:not_found"),
		card.PINViewTooOften:         tooMany,
		httpd.RateLimited:            tooMany,
		httpd.AddressBlocked:         tooMany,
		issuance.BreakerOpen:         tooMany,
	}
}

// cardAnswers are about the state of a card.
func cardAnswers() map[fault.Reason]answer {
	return map[fault.Reason]answer{
		card.NotPhysical:      refused(4430, "Card is not a physical card"),
		card.NotShipped:       refused(4431, notShipped),
		card.FailedDelivery:   refused(4431, notShipped),
		card.ExceptionOnWay:   refused(4431, notShipped),
		card.CameBack:         refused(4431, notShipped),
		card.IsCanceled:       refused(4432, canceled),
		card.IsSuperseded:     refused(4432, canceled),
		card.LostInTransit:    refused(4432, canceled),
		card.AlreadyActivated: refused(4433, "Card has already been activated"),
		card.IsExpired:        refused(4434, "Card has expired"),
		card.IsBlocked:        refused(4435, "Card is blocked"),
		card.ReportedLost:     refused(4436, stolen),
		card.ReportedStolen:   refused(4436, stolen),
		card.GuardLocked:      refused(4438, "Card activation is locked").with(retryHint),
		card.GuardHardLocked:  refused(4439, "Card activation is locked until an operator resets it"),
		card.CodeWrong:        refused(4440, noMatch, "activation_code:invalid"),
		card.CodeNotIssued:    refused(4440, noMatch, "activation_code:invalid"),
		card.CodeExpired:      refused(4440, noMatch, "activation_code:expired"),
		card.PINWeak:          refused(4441, "PIN was refused").with(fieldNamed("pin", "weak")),
		card.PINUnset:         refused(4442, "Card has no PIN"),
		card.PINViewOff:       withStatus(http.StatusForbidden, refused(4443, "PIN view is not enabled")),
		card.PINBlocked:       refused(4444, "PIN is blocked"),
		card.IsNotActive:      refused(4445, "Card is not active"),
		card.NotLinked:        refused(4446, "Card is not a linked card"),
		card.NoLinkedCard:     refused(4447, "Customer has no linked card"),
		card.AlreadyStopped:   withStatus(http.StatusConflict, refused(4448, "Card already stopped")),
		card.IsNotStopped:     refused(4449, "Card is not stopped"),
		card.StoppedForGood:   refused(4450, "Card is stopped permanently"),
		card.AlreadyRetired:   refused(4451, "Card has already been retired"),
		shipment.NotStarted:   refused(4452, "Delivery has not started"),
		shipment.NoCourier:    refused(4453, "Delivery provider is not available"),
	}
}

// holderAnswers are about the customer and the balance.
func holderAnswers() map[fault.Reason]answer {
	taken := mirrored(http.StatusConflict, exists)
	taken.code = 4455
	return map[fault.Reason]answer{
		customer.NotEligible:     refused(4437, noCustomer).with(ineligibleHint),
		customer.NotApproved:     refused(4437, noCustomer, "customer:inactive"),
		customer.Exists:          taken.with(takenHints),
		customer.PhoneTaken:      taken.with(fixed([]string{"mobile:duplicated"})),
		customer.ExternalIDTaken: taken.with(fixed([]string{"external_id:duplicated"})),
		// The one refusal with the status of a fault: the source document answers a customer's bad RFC so.
		customer.DataInvalid: serverError().with(dataHints),
		account.NotActive:    {status: http.StatusBadRequest, code: 5002, text: "Wallet is inactive", sentence: "Wallet is inactive"},
	}
}

// tokenAnswers are about sign-ins, and about the tokens of customers.
func tokenAnswers() map[fault.Reason]answer {
	told := func(status, code int, text, sentence string) answer {
		return answer{status: status, code: code, text: text, sentence: sentence, more: fixed(nil)}
	}
	const (
		incomplete = "Incomplete request data"
		over       = "Refresh token has expired"
		noData     = "extra_login_data is required"
		noDataNow  = "extra_login_data is required, token has expired"
	)
	no := mirrored(http.StatusUnauthorized, unauthorized)
	tooMany := mirrored(http.StatusTooManyRequests, tooManyRequests)
	return map[fault.Reason]answer{
		access.LoginRefused:    no,
		tokens.Refused:         no,
		tokens.TooManyWrong:    tooMany,
		tokens.TooManyRequests: tooMany,
		tokens.DeviceNotLinked: told(http.StatusBadRequest, 8000, "Device not linked to token_refresh", "Use /get-customer-connection-token"),
		tokens.DeviceLinked:    told(http.StatusBadRequest, 8001, "Device is linked to token_refresh", "Use /refresh-customer-token"),
		tokens.RefreshExpired:  told(http.StatusUnauthorized, 8002, over, over),
		tokens.Incomplete:      told(http.StatusBadRequest, 8003, incomplete, incomplete).with(fieldHints),
		tokens.DataMissing:     told(http.StatusBadRequest, 8004, noData, noData),
		tokens.DataMissingNow:  told(http.StatusBadRequest, 8005, noDataNow, noDataNow),
	}
}

// walletAnswers are about customers' money.
func walletAnswers() map[fault.Reason]answer {
	const (
		checks = "Validations for the request failed, please check the parameters and try again"
		few    = "Insufficient balance"
		month  = "Monthly transaction limit reached"
	)
	bad := func(code int, text, sentence string) answer {
		return answer{status: http.StatusBadRequest, code: code, text: text, sentence: sentence, more: fixed(nil)}
	}
	return map[fault.Reason]answer{
		wallet.Invalid:      bad(5000, "Validation Error", checks).with(func(e *fault.Error) []string { return []string{fmt.Sprint(e.Detail)} }),
		wallet.MonthlyLimit: bad(5001, month, month),
		wallet.Insufficient: bad(5003, few, few).with(func(e *fault.Error) []string {
			if e.Detail == wallet.ShortOfLine {
				return []string{"parent:available_credit"}
			}
			return nil
		}),
		wallet.Duplicate:        mirrored(http.StatusConflict, conflict, "externalTransactionId:duplicated"),
		wallet.MovementNotFound: mirrored(http.StatusNotFound, "Transaction not found"),
	}
}

// faultAnswers are not about the request at all.
func faultAnswers() map[fault.Reason]answer {
	return map[fault.Reason]answer{
		fault.ReasonInternal:    serverError(),
		fault.ReasonUnavailable: {status: http.StatusInternalServerError, code: codeDatabase, text: "Database error", sentence: careLine},
		httpd.Overloaded:        busy(),
		httpd.DeadlinePassed:    busy(),
		httpd.ClientGone:        busy(),
		shipment.BureauDown:     busy(),
	}
}

// foreignAnswers are reasons of the rules that no endpoint of this door gives. They have a row so that one
// that strays in is still told as what it is: a clash with how things stand.
func foreignAnswers() map[fault.Reason]answer {
	clash := mirrored(http.StatusConflict, conflict)
	rows := map[fault.Reason]answer{}
	for _, reason := range []fault.Reason{
		card.DesignNotUsable, card.DesignInvalid, card.CampaignTaken, card.TypeNotSupported, card.NotAllowed, card.BlockNotLiftable, card.NoProvisioning,
		card.CodeUnavailable, card.RevealForbidden, card.RevealTooOften, card.LinkUnknown, card.LinkOver, card.AlreadyReplaced, card.SuccessorOnWay,
		card.SessionUnknown, card.SessionOver, card.SessionUsed, card.SessionMixed,
		card.MailerLinkOff, card.FactorWrong, card.FactorUnknown, customer.ProfileIncomplete, customer.ApplicationClosed, customer.TooManyCardsToDelete,
		shipment.NotFound, shipment.MemberNotFound, shipment.NotEditable, shipment.AlreadySubmitted, shipment.Full,
		shipment.LastCard, shipment.CardInShipment, shipment.CardNotShippable, shipment.AllRejected,
		shipment.TooLate, shipment.StillFilled, shipment.NotReturned, shipment.Emptied, shipment.TooLarge, shipment.AddressInvalid,
		shipment.TrackingUnknown, shipment.TrackingTaken, shipment.CourierUnknown, shipment.WordUnknown,
		transaction.NotFound, transaction.NotPossible, transaction.BalanceTooSmall, transaction.ChallengeNotFound,
		transaction.ChallengeNotPending, spendpolicy.NotFound, spendpolicy.TypeNotSupported, spendpolicy.LimitReached,
		issuance.EndpointLimit, issuance.EndpointDisabled, issuance.EndpointMode, issuance.DeliveryNotFound, issuance.SimulationState,
		access.ScopeMissing, access.KeyUnknown, access.KeyLimit, access.KeyLastActive, access.CallerExcluded,
		access.ClockOfSandboxOnly, access.ClockInvalid, approval.NotFound, approval.Own, approval.Over, approval.Mismatch, approval.Needed,
	} {
		rows[reason] = clash
	}
	return rows
}

// withStatus is a row whose code is a refusal's and whose status is not.
func withStatus(status int, a answer) answer {
	a.status = status
	return a
}

// fieldNamed is a problem of the field that the detail names, or else of the usual one.
func fieldNamed(usual, problem string) func(*fault.Error) []string {
	return func(e *fault.Error) []string {
		if field, ok := e.Detail.(string); ok {
			return []string{field + ":" + problem}
		}
		return []string{usual + ":" + problem}
	}
}

func fieldHints(e *fault.Error) []string {
	hints := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		hints[i] = f.Path + ":" + f.Code
	}
	return hints
}

func scopeHint(e *fault.Error) []string { return []string{fmt.Sprintf("scope:%v", e.Detail)} }

func retryHint(e *fault.Error) []string {
	return []string{fmt.Sprintf("retry_after:%d", seconds(e.RetryAfter))}
}

func urlHint(e *fault.Error) []string {
	if p, ok := e.Detail.(webhook.Problem); ok && p == webhook.ProblemTooLong {
		return []string{"url:" + tooLong}
	}
	return []string{"url:" + invalid}
}

func ineligibleHint(e *fault.Error) []string {
	switch why, _ := e.Detail.(customer.Ineligibility); why {
	case customer.NotAllowed:
		return []string{"customer:not_allowed"}
	case customer.TooManyCards:
		return []string{"cards:too_many"}
	case customer.Inactive:
	}
	return []string{"customer:inactive"}
}

// takenHints name the facts of a new customer that belong to another one already.
func takenHints(e *fault.Error) []string {
	names := map[customer.Field]string{customer.FieldPhone: "mobile"}
	return namedHints(e, names, "duplicated")
}

func dataHints(e *fault.Error) []string { return namedHints(e, nil, invalid) }

func namedHints(e *fault.Error, names map[customer.Field]string, problem string) []string {
	found, _ := e.Detail.([]customer.Field)
	hints := make([]string, len(found))
	for i, f := range found {
		name := string(f)
		if other, ok := names[f]; ok {
			name = other
		}
		hints[i] = name + ":" + problem
	}
	return hints
}
