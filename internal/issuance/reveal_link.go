package issuance

import (
	"context"
	"encoding/base64"
	"net/netip"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
)

const actionLink = "card.create_reveal_link"

// A link lives so long, and its token has so many random bytes (cards contract §10.9).
const (
	linkLives     = 5 * time.Minute
	linkTokenSize = 32
)

// CreateRevealLink asks for a page that shows a card once.
type CreateRevealLink struct {
	Command
	Card       ident.CardID
	Stylesheet string // an https URL, or ""
	CopyButton bool
}

// NewRevealLink is a link with its token, which nobody can be told again.
type NewRevealLink struct {
	Token     redact.Text
	ExpiresAt time.Time
}

// CreateRevealLink makes a link that opens once within five minutes of the programme's clock. A frozen card may be
// shown. Refusals, in order: card.NotFound, card.NotAllowed, card.NoNumberKept.
func (s *Service) CreateRevealLink(ctx context.Context, cmd CreateRevealLink) (NewRevealLink, error) {
	return Run(ctx, s, cmd.Command, actionLink, func(w *Work) (NewRevealLink, error) {
		v, err := loadCard(ctx, w, cmd.Card)
		if err != nil {
			return NewRevealLink{}, err
		}
		if no := decideReveal(v, w.Program.Policy, w.Now); no != nil {
			return NewRevealLink{}, no
		}
		if _, err := loadEntry(ctx, w, v.Card.ID); err != nil {
			return NewRevealLink{}, err
		}
		token := redact.NewText(base64.RawURLEncoding.EncodeToString(s.ids.Bytes(linkTokenSize)))
		l := card.RevealLink{
			Hash: s.linkHash(token), Program: w.Program.ID, Card: v.Card.ID, Stylesheet: cmd.Stylesheet, CopyButton: cmd.CopyButton,
			CreatedAt: w.Now, ExpiresAt: w.Now.Add(linkLives),
		}
		return NewRevealLink{Token: token, ExpiresAt: l.ExpiresAt}, w.Tx.InsertRevealLink(ctx, l)
	})
}

// decideReveal refuses to show a card that nobody could pay with online.
func decideReveal(v card.View, p program.Policy, now time.Time) error {
	if no := decideUsable(v.Card, now); no != nil {
		return no
	}
	if v.Card.Type == card.Physical && !v.Plastic.EverActivated() && !p.DigitalFirst {
		return fault.RefuseWith(card.NotAllowed, card.OperationState{Status: v.Card.Status(now), Cause: "NOT_ACTIVATED"})
	}
	return nil
}

// linkHash is what a link is found by. The browser that opens it brings nothing that names a programme, so the hash
// is of the whole installation.
func (s *Service) linkHash(token redact.Text) []byte {
	return s.sealer.Hash(Bound{Purpose: PurposeRevealLink}, token.Bytes())
}

// OpenRevealLink is a browser with a link.
type OpenRevealLink struct {
	Token     redact.Text
	Source    netip.Addr
	RequestID string
}

// RevealedPage is what the page of a link shows, and how.
type RevealedPage struct {
	Revealed
	Stylesheet string
	CopyButton bool
	Frames     string // who may show it in a frame, as Content-Security-Policy writes it
}

// OpenRevealLink uses a link up and gives what its page shows. It is the token alone that speaks: who opens the page is
// not known. Of those who come at once one is served. Refusals: card.LinkUnknown, card.LinkOver.
func (s *Service) OpenRevealLink(ctx context.Context, cmd OpenRevealLink) (RevealedPage, error) {
	hash := s.linkHash(cmd.Token)
	of, err := s.livingLink(ctx, hash)
	if err != nil {
		return RevealedPage{}, err
	}
	caller := Caller{Program: of, Actor: "reveal link", Channel: audit.ChannelCards, Source: cmd.Source, RequestID: cmd.RequestID}
	return Run(ctx, s, Command{Caller: caller}, actionReveal, func(w *Work) (RevealedPage, error) {
		l, ok, err := w.Tx.RevealLink(ctx, hash)
		switch {
		case err != nil:
			return RevealedPage{}, err
		case !ok:
			return RevealedPage{}, fault.Refuse(card.LinkUnknown)
		}
		w.Audit.Card = l.Card
		v, e, err := s.shownBy(ctx, w, l)
		if fault.IsRefusal(err) { // whatever became of the card, whoever has the link is told that it is over
			return RevealedPage{}, fault.Refuse(card.LinkOver)
		}
		if err != nil {
			return RevealedPage{}, err
		}
		l.UsedAt = w.Now
		if err := w.Tx.UpdateRevealLink(ctx, l); err != nil {
			return RevealedPage{}, err
		}
		w.Announce(event.Event{Name: event.CardRevealed, Card: &v})
		shown, err := s.open(w, v.Card, e)
		return RevealedPage{Revealed: shown, Stylesheet: l.Stylesheet, CopyButton: l.CopyButton, Frames: w.Program.Policy.FrameAncestors}, err
	})
}

// livingLink gives the programme of a link. One that is over is refused without a write: else whoever has an old link
// could fill the trail.
func (s *Service) livingLink(ctx context.Context, hash []byte) (ident.ProgramID, error) {
	var of ident.ProgramID
	err := s.store.Read(ctx, func(tx ReadTx) error {
		l, ok, err := tx.RevealLink(ctx, hash)
		if err != nil {
			return err
		}
		if !ok {
			return fault.Refuse(card.LinkUnknown)
		}
		owner, ok, err := tx.Program(ctx, l.Program)
		if err != nil {
			return err
		}
		if !ok || owner.Suspended || l.Over(owner.Now(s.now())) {
			return fault.Refuse(card.LinkOver)
		}
		of = l.Program
		return nil
	})
	return of, err
}

// shownBy loads the card of a link and its number, or refuses.
func (s *Service) shownBy(ctx context.Context, w *Work, l card.RevealLink) (card.View, card.VaultEntry, error) {
	if w.Program.Suspended || l.Over(w.Now) {
		return card.View{}, card.VaultEntry{}, fault.Refuse(card.LinkOver)
	}
	v, err := loadCard(ctx, w, l.Card)
	if err != nil {
		return card.View{}, card.VaultEntry{}, err
	}
	if no := decideReveal(v, w.Program.Policy, w.Now); no != nil {
		return card.View{}, card.VaultEntry{}, no
	}
	e, err := loadEntry(ctx, w, v.Card.ID)
	return v, e, err
}
