package nativeapi

import (
	"maps"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/approval"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/scenario"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/spendpolicy"
	"github.com/firsttap/firsttap/internal/tenancy"
	"github.com/firsttap/firsttap/internal/transaction"
)

// rows is the whole table: every reason has one.
var rows = joined(requestRows, callerRows, activationRows, cardRows, peopleRows, parcelRows, spendingRows, scenarioRows, tenancyRows)

func joined(parts ...map[fault.Reason]row) map[fault.Reason]row {
	all := map[fault.Reason]row{}
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}

const (
	successor   = "Nothing opens this card again. Order a new one."
	waitForRoad = "Wait for the courier's next scan, or have the parcel sent again."
)

var requestRows = map[fault.Reason]row{
	fault.ReasonInternal:      {detail: "Something went wrong on our side."},
	fault.ReasonUnavailable:   {detail: "The service is not available now."},
	httpd.Overloaded:          {detail: "There are too many requests at once."},
	httpd.DeadlinePassed:      {detail: "The answer took too long; it may have taken effect.", action: "Try again with the same idempotency key: what took effect is answered again."},
	httpd.ClientGone:          {detail: "The caller went away."},
	httpd.RateLimited:         {detail: "The programme has used up its rate."},
	httpd.AddressBlocked:      {detail: "Too many wrong keys came from this address."},
	httpd.RouteNotFound:       {detail: "There is no such path.", action: "Look into /openapi/native.yaml."},
	httpd.MethodNotAllowed:    {detail: "The path does not have this method.", action: "Use one of those in the header Allow.", status: 405},
	httpd.HTTPSRequired:       {detail: "Plain HTTP is not taken.", action: "Use HTTPS."},
	httpd.BodyTooLarge:        {detail: "The body is too large.", status: 413},
	httpd.BodyInterrupted:     {detail: "The body ended too soon.", action: "Send it again.", status: 400},
	BodyMalformed:             {detail: "The body is not acceptable JSON.", status: 400},
	MediaType:                 {detail: "The body must be JSON.", action: "Send Content-Type: application/json.", status: 415},
	FormInvalid:               {detail: "The request is not valid; errors says where.", action: "Correct what errors names."},
	approval.Needed:           {detail: "Somebody else must approve this first; context names the approval that waits.", action: "Have it approved, and send the same request again with its id as Approval-Id."},
	approval.NotFound:         {detail: "There is no such approval."},
	approval.Own:              {detail: "Who asked for an approval does not decide it.", action: "Have somebody with another key decide."},
	approval.Over:             {detail: "The approval was decided or used before, or ran out; context says which.", action: "Look at its status. For another approval, send the request again without Approval-Id."},
	approval.Mismatch:         {detail: "The approval is for another request.", action: "Send exactly what was approved, or ask again without Approval-Id."},
	NothingSealed:             {detail: "No checkpoint signs so many rows.", action: "Ask again in a second, or for fewer rows: new rows are sealed behind the commands."},
	issuance.KeyMismatch:      {detail: "The idempotency key was used with another request.", action: "Use a new key for a new request, and the same key only to repeat one."},
	issuance.KeyInProgress:    {detail: "A request with this idempotency key is still running.", action: "Ask again after Retry-After, with the same key."},
	issuance.KeyRequired:      {detail: "This needs an idempotency key.", action: "Send Idempotency-Key."},
	issuance.EndpointNotFound: {detail: "There is no such webhook."},
	issuance.EndpointDisabled: {detail: "The webhook has ended.", action: "Make a new one."},
	issuance.EndpointLimit:    {detail: "There are too many active webhooks."},
	issuance.EndpointMode:     {detail: "This sort of webhook is not allowed."},
	issuance.DeliveryNotFound: {detail: "There is no such delivery."},
	issuance.LiveProgram:      {detail: "Only a sandbox programme can do this."},
	issuance.SimulationState:  {detail: "The target cannot take this change in its state."},
}

var callerRows = map[fault.Reason]row{
	access.KeyMissing:            {detail: "There is no key in the request."},
	access.KeyHeaderInvalid:      {detail: "The header Authorization must be: Bearer and the key."},
	access.KeyInvalid:            {detail: "The key is unknown, revoked, expired, or of another API."},
	access.ScopeMissing:          {detail: "The key has not the scope that this needs.", action: "Use a key that has the scope in context."},
	access.AddressNotAllowed:     {detail: "The key may not be used from this address.", action: "Call from an address on the key's allowlist."},
	access.ProgramSuspended:      {detail: "The programme is suspended."},
	access.ProgramUnknown:        {detail: "There is no such programme."},
	access.KeyUnknown:            {detail: "There is no such key."},
	access.KeyLimit:              {detail: "There are too many active keys.", action: "Revoke one that is not used any more."},
	access.KeyLastActive:         {detail: "The last active key cannot be revoked."},
	access.CallerExcluded:        {detail: "The allowlist would lock the caller out."},
	access.ClockOfSandboxOnly:    {detail: "Only a sandbox programme has a clock of its own; a live one has real time.", action: "Use a key of a sandbox programme."},
	access.ClockInvalid:          {detail: "The clock was not changed.", action: "Correct what cause says."},
	access.EcommerceMissing:      {detail: "There is no programme token in the request."},
	access.EcommerceInvalid:      {detail: "The programme token is not good."},
	access.CustomerTokenMissing:  {detail: "There is no customer token in the request."},
	access.CustomerTokenInvalid:  {detail: "The customer token is not good."},
	access.CustomerTokenExpired:  {detail: "The customer token has expired."},
	access.CustomerTokenInactive: {detail: "The customer token waits for its activation."},
	access.BearerInvalid:         {detail: "The sign-in is not good."},
	access.BearerExpired:         {detail: "The sign-in has expired."},
	access.LoginRefused:          {detail: "E-mail or password is wrong."},
}

var tenancyRows = map[fault.Reason]row{
	tenancy.PoliciesMoved:     {detail: "The policies were changed since; context has the version now.", action: "Read them again, and send the change with that version.", status: 412},
	tenancy.ScopeExceeded:     {detail: "A key gives no more than it has.", action: "Leave out the scope in context, or use a key that has it. Keys of the published APIs may do all: they need every scope."},
	tenancy.KeyOwn:            {detail: "A key does not end itself.", action: "Rotate it, or use another key."},
	tenancy.NeedsProgram:      {detail: "A key of the installation belongs to no programme.", action: "Use a key of the programme."},
	access.PolicyInvalid:      {detail: "The policies cannot be so; errors says why.", action: "Correct what errors names: GET /v1/policies says what each takes."},
	access.KeyRequestInvalid:  {detail: "Such a key cannot be; errors says why.", action: "Correct what errors names."},
	access.KeyRevokedAlready:  {detail: "The key was revoked before.", action: "Issue another one."},
	access.ProgramNameInvalid: {detail: "A name has 1 to 100 characters that print."},
	access.ProgramNameTaken:   {detail: "Another programme has this name.", action: "Choose another one."},
	access.ProgramKindInvalid: {detail: "This host serves no programmes of that kind.", action: "Call the host that does."},
}

var activationRows = map[fault.Reason]row{
	card.NotPhysical:      {detail: "The card has no plastic.", action: "A virtual card needs no activation."},
	card.AlreadyActivated: {detail: "The card is activated already.", action: "Nothing is left to do. A repeat with the first idempotency key is answered again."},
	card.IsCanceled:       {detail: "The card or its plastic was canceled.", action: successor},
	card.IsSuperseded:     {detail: "Another card took the place of this one.", action: "Activate its successor."},
	card.IsExpired:        {detail: "The card has expired.", action: "Renew it: its next plastic has another expiry. A card that nobody holds is ordered anew."},
	card.ReportedLost:     {detail: "The card was reported lost.", action: successor},
	card.ReportedStolen:   {detail: "The card was reported stolen.", action: successor},
	card.IsBlocked:        {detail: "The card is blocked.", action: "Lift the block, if it is liftable, and try again."},
	card.NotShipped:       {detail: "The plastic has not left the bureau.", action: "Wait until the shipment is in transit."},
	card.FailedDelivery:   {detail: "The delivery failed.", action: waitForRoad},
	card.ExceptionOnWay:   {detail: "The parcel met an exception on its way.", action: waitForRoad},
	card.CameBack:         {detail: "The parcel came back.", action: "Have the card sent again."},
	card.LostInTransit:    {detail: "The parcel is lost.", action: successor},
	card.CodeNotIssued:    {detail: "There is no activation code yet.", action: "A code is made when the shipment is submitted."},
	card.CodeExpired:      {detail: "The activation code has expired.", action: "Reissue the card: its next plastic has a code of its own. Where codes are kept as hashes, recovery makes a new one."},
	card.CodeWrong:        {detail: "The activation code is not right.", action: "Ask the holder to read the mailer again. A wrong code costs a try."},
	card.GuardLocked:      {detail: "Too many wrong tries: the guard is locked for a while."},
	card.GuardHardLocked:  {detail: "Too many wrong tries: the guard is locked for good.", action: "Find out who tried, then reset the guard with a reason."},
	card.BatchMismatch:    {detail: "Identifier and batch do not belong together.", action: "Read both from the order. A mismatch costs a try."},
	card.CodeRequired:     {detail: "The programme wants the activation code too.", action: "Send code beside identifier and batch."},
	card.PINWeak:          {detail: "The PIN is too easy to guess.", action: "Choose another PIN."},
	card.PINRequired:      {detail: "The programme wants a PIN at activation.", action: "Send a PIN."},
	card.CodeUnavailable:  {detail: "There is no activation code to read."},
	card.RevealForbidden:  {detail: "The activation code may not be read."},
	card.RevealTooOften:   {detail: "The activation code of this card was read too often, or the key has read too many."},
	issuance.BreakerOpen:  {detail: "The programme has more wrong tries than its breaker allows.", action: "Find out who is guessing. It opens again by itself."},
}

var cardRows = map[fault.Reason]row{
	card.NotFound:         {detail: "There is no such card."},
	card.DesignNotFound:   {detail: "There is no such design."},
	card.DesignNotUsable:  {detail: "The design cannot be used for this card.", action: "Choose another design."},
	card.DesignInvalid:    {detail: "The design is not valid."},
	card.CampaignTaken:    {detail: "Another design has this campaign."},
	card.TypeNotSupported: {detail: "This type of card does not do that."},
	card.NotAllowed:       {detail: "The card does not allow this in its state.", action: "See allowed_actions of the card."},
	card.BlockNotLiftable: {detail: "This block cannot be lifted.", action: successor},
	card.NoNumberKept:     {detail: "No card number is kept here for this card."},
	card.LinkUnknown:      {detail: "There is no such link."},
	card.LinkOver:         {detail: "The link was used or is over."},
	card.SessionUnknown:   {detail: "There is no such activation session."},
	card.SessionOver:      {detail: "The activation session is over.", action: "Make another one."},
	card.SessionUsed:      {detail: "The link was opened in another browser.", action: "Make another session."},
	card.SessionMixed:     {detail: "The form belongs to another activation session."},
	card.MailerLinkOff:    {detail: "The programme has chosen no second factor, so its mailers have no QR.", action: "Set the policy activation_page.second_factor."},
	card.FactorWrong:      {detail: "The second factor of the activation page is wrong."},
	card.FactorUnknown:    {detail: "The customer has not what the second factor would be compared with.", action: "Tell the customer's phone or date of birth."},
	card.NoProvisioning:   {detail: "Cards cannot be pushed into the wallets of phones here."},
	card.AlreadyStopped:   {detail: "The card is stopped already."},
	card.IsNotStopped:     {detail: "The card is not stopped."},
	card.StoppedForGood:   {detail: "This stop cannot be lifted.", action: successor},
	card.StopOfProgram:    {detail: "Only the programme lifts this stop."},
	card.AlreadyReplaced:  {detail: "The card has a successor that lives.", action: "Go on with the card in context, or close it first."},
	card.SuccessorOnWay:   {detail: "Another plastic of the card waits or is on its way.", action: "Go on with the plastic in context, or end it first."},
	card.AlreadyRetired:   {detail: "The card is closed already."},
	card.IsNotActive:      {detail: "The card is not activated."},
	card.PINBlocked:       {detail: "The PIN is blocked."},
	card.PINUnset:         {detail: "The card has no PIN."},
	card.PINViewOff:       {detail: "PINs are not shown here."},
	card.PINViewTooOften:  {detail: "The PIN was shown too often."},
	card.NotLinked:        {detail: "The card is not a linked card."},
	card.NoLinkedCard:     {detail: "The customer has no linked card."},
}

var peopleRows = map[fault.Reason]row{
	customer.NotFound:             {detail: "There is no such customer."},
	customer.Unnamed:              {detail: "The card has a customer, who must be named.", action: "Send the customer."},
	customer.NotEligible:          {detail: "The customer may not hold this card.", action: "See cause: approve the customer, or choose another one."},
	customer.PhoneTaken:           {detail: "Another customer has this phone number."},
	customer.ExternalIDTaken:      {detail: "Another customer has this external id."},
	customer.Exists:               {detail: "Another customer has these facts.", action: "Name that customer instead of a new one."},
	customer.DataInvalid:          {detail: "A tax number of the customer is not valid."},
	customer.NotApproved:          {detail: "The customer is not approved."},
	customer.ProfileIncomplete:    {detail: "The customer's profile is not complete."},
	customer.CampaignUnknown:      {detail: "There is no such campaign."},
	customer.ApplicationClosed:    {detail: "The application takes no change in its state."},
	customer.TooManyCardsToDelete: {detail: "The customer has more cards than one call can end.", action: "Close some of them first."},
	account.NotFound:              {detail: "There is no such account."},
	account.NotActive:             {detail: "The account is not active."},
	account.OwnerMismatch:         {detail: "The account does not belong to the customer."},
	account.BalanceRequired:       {detail: "The customer has several accounts, and one must be named.", action: "Send the number of the account."},
	account.BalanceNotFound:       {detail: "There is no such account of the customer."},
}

var parcelRows = map[fault.Reason]row{
	shipment.NotFound:         {detail: "There is no such shipment."},
	shipment.MemberNotFound:   {detail: "There is no such card in the shipment."},
	shipment.NotEditable:      {detail: "Only a draft can be changed."},
	shipment.AlreadySubmitted: {detail: "The shipment was submitted before."},
	shipment.Full:             {detail: "The shipment has no room for another card."},
	shipment.LastCard:         {detail: "The last card cannot be taken out.", action: "Delete the shipment."},
	shipment.CardInShipment:   {detail: "The card is in a shipment already."},
	shipment.CardNotShippable: {detail: "The card cannot be shipped in its state."},
	shipment.AllRejected:      {detail: "Every card of the shipment was refused."},
	shipment.BureauDown:       {detail: "The bureau cannot be reached."},
	shipment.NotStarted:       {detail: "The delivery has not started."},
	shipment.NoCourier:        {detail: "There is no courier."},
	shipment.TooLate:          {detail: "The bureau has begun, or the shipment has ended.", action: "See allowed_actions of the shipment."},
	shipment.StillFilled:      {detail: "The cards of its bulk order are still being made.", action: "Wait until the order has ended."},
	shipment.NotReturned: {
		detail: "The shipment has not come back.",
		action: "A failed delivery goes on with its courier's next scan, or comes back. Cards of a lost parcel are reported lost, and replaced.",
	},
	shipment.Emptied:         {detail: "Nothing of that sort lies in the shipment any more.", action: "Look where its cards are now."},
	shipment.TooLarge:        {detail: "More cards came back in this shipment than one call can handle.", action: "Report its cards one by one."},
	shipment.TrackingTaken:   {detail: "Another parcel of this courier is under way with this tracking number.", action: "Check the number, and which shipment it belongs to."},
	shipment.TrackingUnknown: {detail: "No shipment of this courier has this tracking number.", action: "Send shipment_id with the first report of a parcel."},
	shipment.CourierUnknown:  {detail: "There is no such courier.", action: "Use DHL, FEDEX, POSTAL or SF_EXPRESS."},
	shipment.WordUnknown:     {detail: "Nobody explained this word of the courier.", action: "Explain it in the programme's policy couriers.scans, and send the report again."},
	shipment.AddressInvalid:  {detail: "Parcels cannot go to this address; errors says why."},
	batch.NotFound:           {detail: "There is no such batch."},
	batch.OrderInvalid:       {detail: "The order is not valid; errors says where."},
	batch.NotCancelable:      {detail: "The batch is made already."},
	batch.NothingFailed:      {detail: "The batch has not ended, or fewer of its items failed.", action: "Wait until it has ended, and send only what failed."},
}

var spendingRows = map[fault.Reason]row{
	transaction.NotFound:            {detail: "There is no such transaction."},
	transaction.NotPossible:         {detail: "The transaction cannot take this change."},
	transaction.BalanceTooSmall:     {detail: "The available balance is too small."},
	transaction.ChallengeNotFound:   {detail: "There is no such challenge."},
	transaction.ChallengeNotPending: {detail: "The challenge takes no answer any more."},
	spendpolicy.NotFound:            {detail: "There is no such policy."},
	spendpolicy.TypeNotSupported:    {detail: "Policies of this type are not supported."},
	spendpolicy.LimitReached:        {detail: "There are too many active policies of this scope."},
}

var scenarioRows = map[fault.Reason]row{
	scenario.Invalid:  {detail: "The script is not valid; errors says which lines.", action: "Correct the lines that errors names; docs/sandbox.md has the verbs."},
	scenario.Unknown:  {detail: "There is no such scenario.", action: "Look into /v1/sandbox/scenarios."},
	scenario.SeedUsed: {detail: "This script was played with this seed in the programme before.", action: "Choose another seed."},
}
