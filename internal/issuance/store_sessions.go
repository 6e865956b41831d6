package issuance

import (
	"context"

	"github.com/firsttap/firsttap/internal/card"
)

// ActivationSessionReader reads the sessions of the activation page.
type ActivationSessionReader interface {
	// ActivationSession finds a session by the keyed hash of its link's token, of whichever programme it is, passed or not.
	ActivationSession(ctx context.Context, hash []byte) (card.ActivationSession, bool, error)
	// ActivationSessionOf finds one that was opened, by the keyed hash of its cookie.
	ActivationSessionOf(ctx context.Context, cookie []byte) (card.ActivationSession, bool, error)
}

// ActivationSessionWriter keeps the sessions of the activation page.
type ActivationSessionWriter interface {
	InsertActivationSession(ctx context.Context, s card.ActivationSession) error
	// UpdateActivationSession writes that the session was opened: when, and the hash of its cookie.
	UpdateActivationSession(ctx context.Context, s card.ActivationSession) error
}
