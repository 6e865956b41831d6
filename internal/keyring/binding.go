package keyring

import "encoding/binary"

// Purpose says what a secret is for. A value sealed or hashed for one purpose is worthless for
// another. The text is part of what is sealed: it is never changed and never reused.
type Purpose string

// The purposes of sealed values: [Keyring.Seal], [Keyring.Open] and their kin take these.
const (
	ActivationCode   Purpose = "activation_code"   // the code on the mailer; Subject is the plastic
	PIN              Purpose = "pin"               // a PIN on its way to its verifier; Subject is the card
	StagedPIN        Purpose = "staged_pin"        // a PIN that waits for its activation; Subject is the card
	WebhookSecret    Purpose = "webhook_secret"    // the signing secret of an endpoint; Subject is the endpoint
	CredentialSecret Purpose = "credential_secret" // an API key kept to be shown again; Subject is the credential
	StoredAnswer     Purpose = "stored_answer"     // the first answer to an idempotency key; Subject is its row
	CardNumber       Purpose = "card_number"       // the number of a card; Subject is the card
)

// The purposes of keyed hashes: [Keyring.MAC] takes these.
const (
	CodeHash       Purpose = "code_hash"         // compares an activation code; Subject is the plastic
	CredentialHash Purpose = "credential_hash"   // looks an API key up; Subject is its public part
	Fingerprint    Purpose = "fingerprint"       // tells whether a repeated request is the same
	BodyHash       Purpose = "body_hash"         // names a body without keeping it
	NumberIndex    Purpose = "card_number_index" // finds a card number; of the whole installation
	CVV            Purpose = "cvv"               // what a CVV is derived from; Subject is the card
	LoginKey       Purpose = "login_key"         // signs the tokens of the login; it has no Subject
	OneTimeCode    Purpose = "one_time_code"     // a code that a customer types; Subject is the token that it is for
	RevealLink     Purpose = "reveal_link"       // finds the link of a page that shows a card; of the whole installation
	// ActivationSession finds the activation page of a holder; of the whole installation, Subject is what the secret is used for.
	ActivationSession Purpose = "activation_session"
	MailerLink        Purpose = "mailer_link"    // signs what the QR of a mailer says; of the whole installation
	PINHash           Purpose = "pin_hash"       // compares a PIN; Subject is the card
	CheckpointKey     Purpose = "checkpoint_key" // signs checkpoints of audit logs; of the whole installation
)

func (p Purpose) seals() bool {
	switch p {
	case ActivationCode, PIN, StagedPIN, WebhookSecret, CredentialSecret, StoredAnswer, CardNumber:
		return true
	case CodeHash, CredentialHash, Fingerprint, BodyHash, NumberIndex, CVV, LoginKey, OneTimeCode, RevealLink, ActivationSession, MailerLink, PINHash, CheckpointKey:
	}
	return false
}

func (p Purpose) hashes() bool {
	switch p {
	case CodeHash, CredentialHash, Fingerprint, BodyHash, NumberIndex, CVV, LoginKey, OneTimeCode, RevealLink, ActivationSession, MailerLink, PINHash, CheckpointKey:
		return true
	case ActivationCode, PIN, StagedPIN, WebhookSecret, CredentialSecret, StoredAnswer, CardNumber:
	}
	return false
}

// Binding is the place that a sealed value or a hash belongs to. All three parts are authenticated:
// with any of them changed, the value does not open and the hash is another one.
type Binding struct {
	Purpose Purpose
	Program string // programme id; empty for what belongs to the whole installation
	Subject string // id of the thing that owns the secret, as its Purpose says
}

// appendTo adds the binding to an authenticated text, so that no two bindings give the same bytes.
func (b Binding) appendTo(dst []byte) []byte {
	dst = appendField(dst, string(b.Purpose))
	dst = appendField(dst, b.Program)
	return appendField(dst, b.Subject)
}

// appendField adds the length of s as 8 bytes, big endian, and s.
func appendField(dst []byte, s string) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(len(s)))
	return append(dst, s...)
}
