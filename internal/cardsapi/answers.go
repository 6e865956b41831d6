package cardsapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

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
	"github.com/firsttap/firsttap/internal/transaction"
	"github.com/firsttap/firsttap/internal/webhook"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// wire is the answer of a reason (contract §5).
type wire struct {
	status  int
	code    string
	message string
	detail  func(w *wirejson.Writer, e *fault.Error) // nil: the detail is null
}

// body is the envelope of the answer to e.
func (a wire) body(e *fault.Error) []byte {
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("error").BeginObject()
	w.Key("code").String(a.code)
	w.Key("message").String(a.message)
	w.Key("detail")
	if a.detail == nil {
		w.Null()
	} else {
		a.detail(w, e)
	}
	w.EndObject()
	w.EndObject()
	return w.Bytes()
}

const (
	cannotActivate = "CARD_CANNOT_BE_ACTIVATED"
	internalError  = "INTERNAL_SERVER_ERROR"
)

// broken is the answer of a fault, and of a reason that this door cannot meet: one that only the other
// door's commands give.
var broken = wire{500, internalError, "Something went wrong on our side.", nil}

var busy = wire{503, "SERVICE_UNAVAILABLE", "The service is not available now. Try again later.", nil}

// answers is the whole table, from reason to wire answer.
func answers() map[fault.Reason]wire {
	all := map[fault.Reason]wire{}
	for _, part := range []map[fault.Reason]wire{commonAnswers(), activationAnswers(), cardAnswers(), shipmentAnswers(), peopleAnswers(), spendingAnswers()} {
		for reason, answer := range part {
			all[reason] = answer
		}
	}
	for _, reason := range append(batch.Reasons(),
		access.ScopeMissing, access.EcommerceMissing, access.EcommerceInvalid, access.CustomerTokenMissing, access.CustomerTokenInvalid,
		access.CustomerTokenExpired, access.CustomerTokenInactive, access.BearerInvalid, access.BearerExpired, access.LoginRefused, customer.Exists, customer.DataInvalid, customer.CampaignUnknown, account.BalanceRequired, account.BalanceNotFound,
		card.BatchMismatch, card.PINWeak, card.PINRequired, card.CodeRequired, issuance.BreakerOpen, issuance.KeyRequired,
		issuance.ProgramUnknown, access.ProgramUnknown, httpd.HTTPSRequired, card.DesignInvalid, card.CampaignTaken,
		card.AlreadyStopped, card.IsNotStopped, card.StoppedForGood, card.StopOfProgram, card.AlreadyReplaced, card.SuccessorOnWay, card.AlreadyRetired, card.IsNotActive,
		card.PINBlocked, card.PINUnset, card.PINViewOff, card.PINViewTooOften, card.NotLinked, card.NoLinkedCard,
		customer.Unnamed, shipment.NotStarted, shipment.NoCourier, shipment.TooLate, shipment.StillFilled, shipment.NotReturned, shipment.Emptied, shipment.TooLarge, shipment.AddressInvalid,
		shipment.TrackingUnknown, shipment.TrackingTaken, shipment.CourierUnknown, shipment.WordUnknown,
	) {
		all[reason] = broken
	}
	return all
}

func commonAnswers() map[fault.Reason]wire {
	rate := wire{429, "RATE_LIMIT_EXCEEDED", "Too many requests. Try again later.", nil}
	suspended := wire{403, "PROJECT_SUSPENDED", "The project is suspended.", nil}
	return map[fault.Reason]wire{
		approval.NotFound:         broken,
		approval.Own:              broken,
		approval.Over:             broken,
		approval.Mismatch:         broken,
		fault.ReasonInternal:      broken,
		fault.ReasonUnavailable:   busy,
		httpd.Overloaded:          busy,
		httpd.DeadlinePassed:      busy,
		httpd.ClientGone:          busy,
		httpd.RateLimited:         rate,
		httpd.AddressBlocked:      rate,
		httpd.RouteNotFound:       {404, "ROUTE_NOT_FOUND", "There is no such route.", nil},
		httpd.MethodNotAllowed:    {404, "ROUTE_NOT_FOUND", "There is no such route.", nil},
		httpd.BodyTooLarge:        {413, "PAYLOAD_TOO_LARGE", "The request body is too large.", nil},
		httpd.BodyInterrupted:     {400, "PARSE_ERROR", "The request body ended too soon.", nil},
		BodyMalformed:             {400, "PARSE_ERROR", "The request body is not acceptable JSON.", nil},
		MediaType:                 {415, "UNSUPPORTED_MEDIA_TYPE", "The request body must be JSON.", nil},
		VersionMissing:            {400, "API_VERSION_HEADER_MISSING", "The header Reap-Version is missing.", nil},
		VersionInvalid:            {400, "API_VERSION_INVALID", "The API version is not accepted.", showVersions},
		FormInvalid:               {422, "VALIDATION_FAILED", "The request is not valid.", showProblems},
		NoFunding:                 {403, "USER_FUNDING_NOT_ENABLED", "Users cannot fund accounts here.", nil},
		access.KeyMissing:         {401, "API_KEY_REQUIRED", "An API key is required.", nil},
		access.KeyHeaderInvalid:   {401, "INVALID_AUTH_HEADER", "The Authorization header must be: Bearer <API key>.", nil},
		access.KeyInvalid:         {401, "INVALID_API_KEY", "The API key is not valid.", nil},
		access.AddressNotAllowed:  {403, "API_KEY_IP_NOT_ALLOWED", "The API key may not be used from this address.", nil},
		access.KeyUnknown:         {404, "API_KEY_NOT_FOUND", "API key not found.", nil},
		access.KeyLimit:           {400, "API_KEY_LIMIT_REACHED", "There are too many active API keys.", nil},
		access.KeyLastActive:      {400, "API_KEY_LAST_ACTIVE", "The last active API key cannot be revoked.", nil},
		access.CallerExcluded:     {400, "API_KEY_ALLOWLIST_EXCLUDES_CALLER", "The allowlist of this API key must hold the address of the caller.", nil},
		access.ClockOfSandboxOnly: {403, "SIMULATION_NOT_AVAILABLE", "Simulation is for sandbox projects only.", nil},
		access.ClockInvalid:       {400, "SIMULATION_INVALID_STATE", "The clock cannot show that time.", nil},
		access.ProgramSuspended:   suspended,
		issuance.ProgramSuspended: suspended,
		issuance.KeyMismatch:      {400, "IDEMPOTENT_PARAMETER_MISMATCH", "The idempotency key was used with another request.", nil},
		issuance.KeyInProgress:    {409, "IDEMPOTENCY_REQUEST_IN_PROGRESS", "A request with this idempotency key is still running.", nil},
		issuance.EndpointNotFound: {404, "WEBHOOK_NOT_FOUND", "Webhook not found.", nil},
		issuance.EndpointDisabled: {400, "WEBHOOK_DISABLED", "The webhook is disabled.", nil},
		issuance.EndpointLimit:    {400, "WEBHOOK_LIMIT_REACHED", "There are too many active webhooks.", detailOf("max", showInt)},
		issuance.DeliveryNotFound: {404, "WEBHOOK_DELIVERY_NOT_FOUND", "There is no such delivery of this webhook.", nil},
		issuance.EndpointMode:     {400, "WEBHOOK_MODE_NOT_ALLOWED", "This webhook mode is not allowed.", detailOf("mode", showText)},
		webhook.InvalidURL:        {422, "VALIDATION_FAILED", "The request is not valid.", showBadURL},
		approval.Needed:           {409, "CARD_BLOCK_NOT_LIFTABLE", "Somebody else must approve this, through the native API.", nil},
		issuance.LiveProgram:      {403, "SIMULATION_NOT_AVAILABLE", "Simulation is for sandbox projects only.", nil},
		issuance.SimulationState:  {400, "SIMULATION_INVALID_STATE", "The target cannot take this change in its current state.", detailOf("reason", showText)},
	}
}

func activationAnswers() map[fault.Reason]wire {
	out := map[fault.Reason]wire{
		card.CodeWrong:       {400, "INVALID_ACTIVATION_CODE", "The activation code is not correct.", showAttempts},
		card.GuardLocked:     {429, "ACTIVATION_LOCKED", "Too many wrong codes. Try again later.", showLock},
		card.CodeUnavailable: {400, "ACTIVATION_CODE_NOT_AVAILABLE", "There is no activation code to read.", detailOf("reason", showText)},
		card.RevealForbidden: {403, "ACTIVATION_CODE_REVEAL_NOT_ENABLED", "The activation code may not be read.", detailOf("reason", showText)},
		card.RevealTooOften:  {429, "RATE_LIMIT_EXCEEDED", "The activation code of this card was read too often. Try again later.", nil},
	}
	for reason, name := range map[fault.Reason]string{
		card.NotPhysical: "NOT_PHYSICAL", card.AlreadyActivated: "ALREADY_ACTIVATED", card.IsCanceled: "CANCELED",
		card.IsSuperseded: "SUPERSEDED", card.IsExpired: "EXPIRED", card.IsBlocked: "BLOCKED", card.ReportedLost: "REPORTED_LOST",
		card.ReportedStolen: "REPORTED_STOLEN", card.NotShipped: "NOT_SHIPPED", card.FailedDelivery: "DELIVERY_FAILED",
		card.ExceptionOnWay: "DELIVERY_EXCEPTION", card.CameBack: "RETURNED", card.LostInTransit: "LOST_IN_TRANSIT",
		card.CodeNotIssued: "CODE_NOT_ISSUED", card.CodeExpired: "CODE_EXPIRED", card.GuardHardLocked: "ACTIVATION_LOCKED",
		customer.NotEligible: "USER_NOT_ELIGIBLE",
	} {
		out[reason] = wire{400, cannotActivate, "The card cannot be activated in its current state.", func(w *wirejson.Writer, _ *fault.Error) {
			w.BeginObject()
			w.Key("reason").String(name)
			w.EndObject()
		}}
	}
	return out
}

func cardAnswers() map[fault.Reason]wire {
	return map[fault.Reason]wire{
		card.NotFound:         {404, "CARD_NOT_FOUND", "Card not found.", showCardID},
		card.DesignNotFound:   {404, "CARD_DESIGN_NOT_FOUND", "Card design not found.", nil},
		card.DesignNotUsable:  {400, "CARD_DESIGN_NOT_USABLE", "The card design cannot be used.", detailOf("reason", showText)},
		card.TypeNotSupported: {400, "CARD_TYPE_NOT_SUPPORTED", "This type of card does not support the operation.", detailOf("type", showType)},
		card.NotAllowed:       {400, "CARD_OPERATION_NOT_ALLOWED", "The card does not allow this in its current state.", showOperation},
		card.LinkUnknown:      {404, "ROUTE_NOT_FOUND", "There is no such route.", nil}, // told by a page, not by an envelope
		card.LinkOver:         {410, "ROUTE_NOT_FOUND", "There is no such route.", nil}, // likewise
		card.SessionUnknown:   {404, "ROUTE_NOT_FOUND", "There is no such route.", nil}, // those of the activation page are told there
		card.SessionOver:      {410, "ROUTE_NOT_FOUND", "There is no such route.", nil},
		card.SessionUsed:      {410, "ROUTE_NOT_FOUND", "There is no such route.", nil},
		card.SessionMixed:     {410, "ROUTE_NOT_FOUND", "There is no such route.", nil},
		card.MailerLinkOff:    {403, "ROUTE_NOT_FOUND", "There is no such route.", nil},
		card.FactorWrong:      {410, "ROUTE_NOT_FOUND", "There is no such route.", nil},
		card.FactorUnknown:    {410, "ROUTE_NOT_FOUND", "There is no such route.", nil},
		card.NoNumberKept:     {403, "PAN_REVEAL_NOT_ENABLED", "No card number is kept here for this card.", nil},
		card.NoProvisioning:   {403, "PUSH_PROVISIONING_NOT_ENABLED", "Cards cannot be pushed into the wallets of phones here.", nil},
		card.BlockNotLiftable: {409, "CARD_BLOCK_NOT_LIFTABLE", "This block cannot be lifted.", showUnliftable},
	}
}

func shipmentAnswers() map[fault.Reason]wire {
	return map[fault.Reason]wire{
		shipment.NotFound:         {404, "CARD_SHIPMENT_NOT_FOUND", "Card shipment not found.", nil},
		shipment.MemberNotFound:   {404, "CARD_SHIPMENT_MEMBER_NOT_FOUND", "There is no such card in the shipment.", nil},
		shipment.NotEditable:      {400, "CARD_SHIPMENT_NOT_EDITABLE", "Only a draft can be changed.", detailOf("status", showShipmentStatus)},
		shipment.AlreadySubmitted: {400, "CARD_SHIPMENT_ALREADY_SUBMITTED", "The shipment was submitted before.", detailOf("status", showShipmentStatus)},
		shipment.Full:             {400, "CARD_SHIPMENT_FULL", "The shipment has no room for another card.", showMaxCards},
		shipment.LastCard:         {400, "CARD_SHIPMENT_LAST_CARD", "The last card cannot be removed. Delete the shipment instead.", nil},
		shipment.CardInShipment:   {400, "CARD_ALREADY_IN_SHIPMENT", "The card is in a shipment already.", showInShipment},
		shipment.CardNotShippable: {400, "CARD_NOT_SHIPPABLE", "The card cannot be shipped in its current state.", showNotShippable},
		shipment.AllRejected:      {400, "CARD_SHIPMENT_REJECTED", "Every card of the shipment was refused.", showRejections},
		shipment.BureauDown:       {503, "MANUFACTURER_UNAVAILABLE", "The manufacturer cannot be reached. Try again later.", nil},
	}
}

func spendingAnswers() map[fault.Reason]wire {
	return map[fault.Reason]wire{
		transaction.NotFound:            {404, "CARD_TRANSACTION_NOT_FOUND", "Card transaction not found.", nil},
		transaction.NotPossible:         {400, "SIMULATION_INVALID_STATE", "The transaction cannot take this change in its current state.", detailOf("reason", showText)},
		transaction.BalanceTooSmall:     {400, "INSUFFICIENT_BALANCE", "The available balance is too small.", showMoneyLeft},
		transaction.ChallengeNotFound:   {404, "CARD_3DS_CHALLENGE_NOT_FOUND", "3-D Secure challenge not found.", nil},
		transaction.ChallengeNotPending: {400, "CARD_3DS_CHALLENGE_NOT_PENDING", "The challenge takes no answer any more.", showChallengeStatus},
		spendpolicy.NotFound:            {404, "POLICY_NOT_FOUND", "Policy not found.", nil},
		spendpolicy.TypeNotSupported:    {400, "POLICY_TYPE_NOT_SUPPORTED", "Policies of this type are not supported.", detailOf("type", showText)},
		spendpolicy.LimitReached:        {400, "POLICY_LIMIT_REACHED", "There are too many active policies of this scope.", detailOf("max", showInt)},
	}
}

func peopleAnswers() map[fault.Reason]wire {
	return map[fault.Reason]wire{
		customer.NotFound:             {404, "USER_NOT_FOUND", "User not found.", nil},
		customer.PhoneTaken:           {409, "PHONE_NUMBER_ALREADY_IN_USE", "Another user has this phone number.", nil},
		customer.ExternalIDTaken:      {409, "EXTERNAL_ID_ALREADY_IN_USE", "Another user has this external id.", nil},
		customer.NotApproved:          {400, "USER_NOT_APPROVED", "The user is not approved.", detailOf("applicationStatus", showApplication)},
		customer.ProfileIncomplete:    {400, "USER_PROFILE_INCOMPLETE", "The user's profile is not complete.", detailOf("missing", showTexts)},
		customer.ApplicationClosed:    {400, "USER_APPLICATION_NOT_ALLOWED", "The application cannot be submitted in its current state.", detailOf("applicationStatus", showApplication)},
		customer.TooManyCardsToDelete: {400, "USER_HAS_TOO_MANY_CARDS", "The user has more cards than one call can delete. Delete some of them first.", detailOf("max", showInt)},
		account.NotFound:              {404, "ACCOUNT_NOT_FOUND", "Account not found.", nil},
		account.NotActive:             {400, "ACCOUNT_NOT_ACTIVE", "The account is not active.", detailOf("status", showAccountStatus)},
		account.OwnerMismatch:         {400, "ACCOUNT_OWNER_MISMATCH", "The account does not belong to the user.", nil},
	}
}

// Answers are how this door tells each reason that it can meet.
func Answers() []httpd.Told {
	var all []httpd.Told
	for reason, answer := range table {
		if answer.code != internalError || reason == fault.ReasonInternal {
			all = append(all, httpd.Told{Reason: reason, Status: answer.status, Code: answer.code, Detail: answer.message})
		}
	}
	return all
}

// table is the answers, made once; it is only read.
var table = answers()

// plain are the bodies of the answers that have no detail: always the same, and never changed.
var plain = func() map[fault.Reason][]byte {
	bodies := map[fault.Reason][]byte{}
	for reason, answer := range table {
		if answer.detail == nil {
			bodies[reason] = answer.body(nil)
		}
	}
	return bodies
}()

// answerOf renders an error as its wire answer. It is pure: the answer that is sent and the one that a key
// remembers are the same bytes.
func answerOf(err error) issuance.Answer {
	e := fault.Of(err)
	answer, known := table[e.Reason]
	if !known {
		answer = broken
	}
	body, known := plain[e.Reason]
	if !known {
		body = answer.body(e)
	}
	return issuance.Answer{Status: answer.status, Body: body}
}

// WriteError renders an error in the envelope of contract §5.1, with the headers that belong to it.
func (d *Door) WriteError(w http.ResponseWriter, _ *http.Request, err error) {
	e := fault.Of(err)
	answer := answerOf(err)
	h := w.Header()
	if answer.Status == http.StatusUnauthorized {
		h["Www-Authenticate"] = bearer
	}
	if allowed, ok := e.Detail.(httpd.Allowed); ok {
		h.Set("Allow", strings.Join(slices.Clone(allowed.Methods), ", "))
	}
	wait := e.RetryAfter
	if wait <= 0 && answer.Status == http.StatusServiceUnavailable {
		wait = time.Second
	}
	if wait > 0 {
		h.Set("Retry-After", strconv.FormatInt(wholeSeconds(wait), 10))
	}
	_ = write(w, answer) // nobody is left to tell
}

// Values of headers that every answer or refusal has, under the names that a header keeps: made once.
var (
	jsonType = []string{"application/json; charset=utf-8"}
	bearer   = []string{"Bearer"}
)

// wholeSeconds rounds up, to one at least.
func wholeSeconds(d time.Duration) int64 { return max(1, int64((d+time.Second-1)/time.Second)) }
