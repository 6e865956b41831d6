package client

import (
	"context"
	"time"
)

// Activate says how a card is activated: with the code of its mailer, or with identifier and batch for a customer, or with all of
// them where the programme wants that.
type Activate struct {
	Code            string `json:"code,omitempty"` // six digits
	Identifier      string `json:"identifier,omitempty"`
	ReferenceBatch  string `json:"reference_batch,omitempty"`
	CustomerID      string `json:"customer_id,omitempty"`
	AccountNumberID int64  `json:"account_number_id,omitempty"` // which of the customer's accounts the card spends
	PIN             string `json:"pin,omitempty"`               // four digits, beside identifier and batch
}

// ActivateItem is one of many. By the code the card must be named.
type ActivateItem struct {
	CardID string `json:"card_id,omitempty"`
	Activate
}

// Activated is the answer of an activation.
type Activated struct {
	CardID    string `json:"card_id"`
	Activated bool   `json:"activated"`
}

// Outcomes are the answers of many activations, in the order in which they were asked for.
type Outcomes struct {
	Items        []Outcome `json:"items"`
	Activated    int       `json:"activated"`
	NotActivated int       `json:"not_activated"`
}

// Outcome is the answer of one of many activations.
type Outcome struct {
	Index     int      `json:"index"`
	Status    int      `json:"status"` // what the item alone would answer
	CardID    string   `json:"card_id"`
	Activated bool     `json:"activated"`
	Replayed  bool     `json:"replayed"` // decided by an earlier call with the same key
	Problem   *Problem `json:"problem"`  // nil when it is activated
}

// Guard protects the activation of a card.
type Guard struct {
	Method      string    `json:"method"` // code or identifier_batch
	State       string    `json:"state"`
	TriesLeft   int       `json:"tries_left"` // wrong tries before the next lock
	LockedUntil time.Time `json:"locked_until"`
}

// Activation is the guard of a card with all its counts.
type Activation struct {
	Guard
	CardID            string    `json:"card_id"`
	ActivatedAt       time.Time `json:"activated_at"`
	TriesUsed         int       `json:"tries_used"` // in this window
	LifetimeTriesUsed int       `json:"lifetime_tries_used"`
	LifetimeTries     int       `json:"lifetime_tries"` // the wrong try that locks for good
	Locks             int       `json:"locks"`
	CodeIssuedAt      time.Time `json:"code_issued_at"`
	CodeVersion       int       `json:"code_version"`  // 0 before the first; a new code is one more
	CodeReadable      bool      `json:"code_readable"` // a sealed copy is kept
	CodeReads         int       `json:"code_reads"`    // how often the code was read back
}

// Eligibility says whether a card may be activated now.
type Eligibility struct {
	CardID    string     `json:"card_id"`
	Eligible  bool       `json:"eligible"` // only a wrong code can stand in the way
	Method    string     `json:"method"`
	Obstacles []Obstacle `json:"obstacles"` // in the order in which an activation meets them
	CheckedAt time.Time  `json:"checked_at"`
}

// Obstacle is one thing that stands in the way of an activation.
type Obstacle struct {
	Reason  Reason    `json:"reason"`
	Type    string    `json:"type"`
	Detail  string    `json:"detail"`
	Since   time.Time `json:"since"`
	FixedBy string    `json:"fixed_by"` // nobody, programme, operator, holder, bureau, courier, time
	Action  string    `json:"action"`
}

// Activate activates a card. A wrong code is a [*Problem] with the reason [CodeMismatch] and costs a try; a repeat under the same
// idempotency key does not.
func (c *Client) Activate(ctx context.Context, card string, how Activate, options ...CallOption) (out Activated, err error) {
	return out, c.send(ctx, post(at("cards", card, "activation"), how, options), &out)
}

// ActivateMany activates up to 1,000 cards. An error says that nobody knows which were: call again with the same idempotency key, which
// you therefore give. What was refused is in the outcomes.
func (c *Client) ActivateMany(ctx context.Context, key string, items []ActivateItem, options ...CallOption) (out Outcomes, err error) {
	body := map[string][]ActivateItem{"items": items}
	return out, c.send(ctx, post(at("activations"), body, append([]CallOption{IdempotencyKey(key)}, options...)), &out)
}

// Activation gives the guard of a card.
func (c *Client) Activation(ctx context.Context, card string) (out Activation, err error) {
	return out, c.send(ctx, get(at("cards", card, "activation"), nil), &out)
}

// Eligibility tells whether a card may be activated now, and everything that stands in the way. It costs no try.
func (c *Client) Eligibility(ctx context.Context, card string) (out Eligibility, err error) {
	return out, c.send(ctx, get(at("cards", card, "activation", "eligibility"), nil), &out)
}

// RecoveredCode is an activation code that was read back. It is a secret: show it to the holder, keep it nowhere.
type RecoveredCode struct {
	CardID      string `json:"card_id"`
	Code        string `json:"code"`
	CodeVersion int    `json:"code_version"`
	Renewed     bool   `json:"renewed"` // only hashes are kept, so this is a new code and the one before is dead
}

// RecoverCode gives the activation code of a card whose mailer is lost. The reason is kept in the audit trail. The call is never
// repeated by itself, because each is another recovery.
func (c *Client) RecoverCode(ctx context.Context, card, reason string, options ...CallOption) (out RecoveredCode, err error) {
	k := post(at("cards", card, "activation", "code", "recovery"), map[string]string{"reason": reason}, options)
	k.key, k.once = "", true
	return out, c.send(ctx, k, &out)
}

// Session sends the holder of a card to the activation page.
type Session struct {
	CardID     string `json:"card_id"`
	CustomerID string `json:"customer_id,omitempty"` // who will hold a card of a batch that nobody has yet
	ReturnURL  string `json:"return_url,omitempty"`  // https; where the page leads to at the end
	Language   string `json:"language,omitempty"`    // es or en
	PIN        string `json:"pin,omitempty"`         // none, optional, required: whether the holder chooses one in the same step
}

// SessionLink is where the holder's browser goes. It opens once.
type SessionLink struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// CreateActivationSession makes a link to the activation page, for a holder whom your own back end has authenticated.
func (c *Client) CreateActivationSession(ctx context.Context, s Session, options ...CallOption) (out SessionLink, err error) {
	return out, c.send(ctx, post(at("activation-sessions"), s, options), &out)
}

// MailerLink is what is printed as a QR on the mailer of a card. It is no secret, and the same for ever.
type MailerLink struct {
	CardID string `json:"card_id"`
	URL    string `json:"url"`
	QR     string `json:"qr_svg"` // an SVG
}

// MailerLink gives the QR of a card's mailer, where the programme has chosen a second factor for those who scan it.
func (c *Client) MailerLink(ctx context.Context, card string) (out MailerLink, err error) {
	return out, c.send(ctx, get(at("cards", card, "mailer-link"), nil), &out)
}

// ResetGuard gives a guard all its tries back. The reason is kept in the audit trail.
func (c *Client) ResetGuard(ctx context.Context, card, reason string, options ...CallOption) (out Guard, err error) {
	return out, c.send(ctx, post(at("cards", card, "activation", "guard", "reset"), map[string]string{"reason": reason}, options), &out)
}
