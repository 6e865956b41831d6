package ident

import (
	"encoding/hex"
	"errors"
)

// UUID is a 16-byte identifier, printed in lower case with dashes. The zero UUID is "none".
type UUID [16]byte

// ErrMalformed says that a text is not an identifier of the asked form. It never holds the text.
var ErrMalformed = errors.New("malformed identifier")

// IsZero reports whether the id is "none".
func (u UUID) IsZero() bool { return u == UUID{} }

// String prints the canonical form: 36 characters, lower case.
func (u UUID) String() string {
	var b [uuidLength]byte
	return string(u.AppendText(b[:0]))
}

// uuidLength is how long a UUID in its text form is.
const uuidLength = 36

// AppendText appends what String gives.
func (u UUID) AppendText(b []byte) []byte {
	b = hex.AppendEncode(b, u[0:4])
	b = append(b, '-')
	b = hex.AppendEncode(b, u[4:6])
	b = append(b, '-')
	b = hex.AppendEncode(b, u[6:8])
	b = append(b, '-')
	b = hex.AppendEncode(b, u[8:10])
	b = append(b, '-')
	return hex.AppendEncode(b, u[10:16])
}

// Bytes gives the 16 bytes, as stores keep them.
func (u UUID) Bytes() []byte { return append([]byte(nil), u[:]...) }

// ParseUUID reads the canonical form, hex digits in either case.
func ParseUUID(s string) (UUID, error) {
	var u UUID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return UUID{}, ErrMalformed
	}
	var flat [32]byte
	n := 0
	for i := range len(s) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			continue
		}
		flat[n] = s[i]
		n++
	}
	if _, err := hex.Decode(u[:], flat[:]); err != nil {
		return UUID{}, ErrMalformed
	}
	return u, nil
}

// UUIDFromBytes reads the 16 bytes of a store. Any other length gives the zero UUID and false.
func UUIDFromBytes(b []byte) (UUID, bool) {
	if len(b) != 16 {
		return UUID{}, false
	}
	return UUID(b), true
}

// ProgramID names a tenant. It and its siblings below are one type a thing: each embeds [UUID] and
// converts to another only on purpose.
type ProgramID struct{ UUID }

// CustomerID names a person or company that holds cards.
type CustomerID struct{ UUID }

// AccountID names a balance.
type AccountID struct{ UUID }

// DesignID names a card design, also called a campaign.
type DesignID struct{ UUID }

// CardID names a credential: the number.
type CardID struct{ UUID }

// PlasticID names one physical piece.
type PlasticID struct{ UUID }

// ShipmentID names a box.
type ShipmentID struct{ UUID }

// MemberID names one plastic's place in a box.
type MemberID struct{ UUID }

// BatchID names the result of one bulk order.
type BatchID struct{ UUID }

// ApprovalID names what somebody asked for and somebody else decides.
type ApprovalID struct{ UUID }

// EndpointID names where webhooks go.
type EndpointID struct{ UUID }

// DeliveryID names one event on its way to one endpoint.
type DeliveryID struct{ UUID }

// CredentialID names an API key or token.
type CredentialID struct{ UUID }

// UserID identifies a member of a programme's staff who signs in.
type UserID struct{ UUID }

// LoginID identifies a sign-in with all tokens that come from it.
type LoginID struct{ UUID }

// TransactionID names a use of a card.
type TransactionID struct{ UUID }

// ChallengeID names a 3-D Secure challenge.
type ChallengeID struct{ UUID }

// PolicyID names a spend policy.
type PolicyID struct{ UUID }

// DepositID names money that came in from outside.
type DepositID struct{ UUID }

// JournalID names one movement of money.
type JournalID struct{ UUID }
