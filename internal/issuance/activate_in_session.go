package issuance

import (
	"context"
	"encoding/hex"
	"net/netip"
	"strings"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/redact"
)

// ActivateInSession is a holder who has typed what the card asks for, and perhaps a PIN.
type ActivateInSession struct {
	Cookie     redact.Text
	FormToken  string
	Code       card.Code
	Identifier string // of a card that is activated by identifier and batch
	Reference  string // likewise; of its batch
	PIN        card.PIN
	Source     netip.Addr
	RequestID  string
}

// ActivateInSession activates by the code of the mailer, or by identifier and batch, like every other door. A PIN that is
// easy to guess is always refused here, whatever the programme takes from its own back end: it is the holder who chooses.
// Refusals: card.SessionUnknown, card.SessionOver, card.SessionMixed, card.PINRequired, and those of [Service.Activate] or
// [Service.ActivateForCustomer].
func (s *Service) ActivateInSession(ctx context.Context, cmd ActivateInSession) error {
	found, _, err := s.byCookie(ctx, cmd.Cookie)
	if err != nil {
		return err
	}
	sent, err := hex.DecodeString(cmd.FormToken)
	if err != nil || !s.sealer.SameHash(sent, s.sessionHash("form", cmd.Cookie)) {
		return fault.Refuse(card.SessionMixed)
	}
	if found.PIN == card.NoPIN {
		cmd.PIN = card.PIN{}
	}
	now, err := s.Standing(ctx, found.Program, found.Card)
	if err != nil {
		return err
	}
	base := Command{Caller: sessionCaller(found, cmd.Source, cmd.RequestID)}
	if asked := now.Coming().Plastic; asked.Guard.Method == card.ByIdentifierBatch {
		return s.activateLabelled(ctx, cmd, base, found, asked.Identifier)
	}
	return s.Activate(ctx, ActivateCard{Command: base, Card: found.Card, Code: cmd.Code, PIN: cmd.PIN, OwnPIN: found.PIN})
}

// activateLabelled activates by identifier and batch. The session names the card, so only this one is looked at: a label that
// was read wrongly costs it a try, and never the card that has that label. Phones begin words with a capital letter.
func (s *Service) activateLabelled(ctx context.Context, cmd ActivateInSession, base Command, found card.ActivationSession, own string) error {
	if strings.EqualFold(cmd.Identifier, own) {
		cmd.Identifier = own
	}
	key := ActivationKey{Program: found.Program, Card: found.Card, Identifier: own, Holder: found.Customer}
	_, err := s.activateForCustomer(ctx, key, ActivateForCustomer{
		Command: base, Card: found.Card, Identifier: cmd.Identifier, Reference: cmd.Reference, Holder: found.Customer,
		Code: cmd.Code, PIN: cmd.PIN, OwnPIN: found.PIN,
	})
	return err
}
