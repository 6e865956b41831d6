package app

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/keyring"
	"github.com/firsttap/firsttap/internal/redact"
)

// openTimeout bounds how long the opening of a value waits for a key that another process has just made.
const openTimeout = 2 * time.Second

// sealer is the keyring as the rules see it: it translates purposes, and knows no key either.
type sealer struct{ keys *keyring.Keyring }

var _ issuance.Sealer = sealer{}

// sealPurpose and hashPurpose give the keyring's purpose for each of the rules'. One that is not listed has
// the empty purpose, which the keyring refuses.
func sealPurpose(p issuance.Purpose) keyring.Purpose {
	switch p {
	case issuance.PurposeCode:
		return keyring.ActivationCode
	case issuance.PurposePIN:
		return keyring.PIN
	case issuance.PurposeWebhook:
		return keyring.WebhookSecret
	case issuance.PurposeAnswer:
		return keyring.StoredAnswer
	case issuance.PurposeCredential:
		return keyring.CredentialSecret
	case issuance.PurposeCardNumber:
		return keyring.CardNumber
	default:
		return ""
	}
}

func hashPurpose(p issuance.Purpose) keyring.Purpose {
	switch p {
	case issuance.PurposeCode:
		return keyring.CodeHash
	case issuance.PurposeCredential:
		return keyring.CredentialHash
	case issuance.PurposeFingerprint:
		return keyring.Fingerprint
	case issuance.PurposeOrder:
		return keyring.BodyHash
	case issuance.PurposeNumberIndex:
		return keyring.NumberIndex
	case issuance.PurposeCVV:
		return keyring.CVV
	case issuance.PurposeLogin:
		return keyring.LoginKey
	case issuance.PurposeOneTimeCode:
		return keyring.OneTimeCode
	case issuance.PurposeRevealLink:
		return keyring.RevealLink
	case issuance.PurposeActivationSession:
		return keyring.ActivationSession
	case issuance.PurposeMailerLink:
		return keyring.MailerLink
	case issuance.PurposePIN:
		return keyring.PINHash
	default:
		return ""
	}
}

func binding(to issuance.Bound, p keyring.Purpose) keyring.Binding {
	return keyring.Binding{Purpose: p, Program: programText(to.Program), Subject: to.Subject}
}

func programText(p ident.ProgramID) string {
	if p.IsZero() {
		return ""
	}
	return p.String()
}

func (s sealer) Seal(to issuance.Bound, secret redact.Text) ([]byte, error) {
	return s.keys.Seal(binding(to, sealPurpose(to.Purpose)), secret)
}

func (s sealer) Open(to issuance.Bound, sealed []byte) (redact.Text, error) {
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	return s.keys.Open(ctx, binding(to, sealPurpose(to.Purpose)), sealed)
}

func (s sealer) Hash(to issuance.Bound, parts ...[]byte) []byte {
	return s.keys.MAC(binding(to, hashPurpose(to.Purpose)), parts...)
}

func (s sealer) SameHash(a, b []byte) bool { return keyring.MACEqual(a, b) }
