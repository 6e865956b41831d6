package issuance

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"net/netip"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
)

const (
	actionCreateSession = "card.create_activation_session"
	actionOpenSession   = "card.open_activation_session"

	// sessionActor is who activates on the page: whoever the programme sent there.
	sessionActor = "activation session"

	// sessionLives is how long link and session live together, from the making of the link.
	sessionLives = 15 * time.Minute
	// sessionSecretSize is the random bytes in the token of a link, and in a cookie.
	sessionSecretSize = 32
)

// CreateActivationSession sends a holder to the activation page. The programme has made sure who the holder is.
type CreateActivationSession struct {
	Command
	Card      ident.CardID
	Customer  ident.CustomerID // who will hold a card of a batch that nobody has yet; zero where the card knows
	ReturnURL string           // an https URL, or ""
	Language  card.Language
	PIN       card.PINChoice
}

// NewActivationSession is a session with the token of its link, which nobody can be told again.
type NewActivationSession struct {
	Token     redact.Text
	ExpiresAt time.Time
}

// CreateActivationSession makes a link that opens once, and lives 15 minutes of the programme's clock. The card need not
// be ready: the page tells its holder why, and what to do. Refusals, in order: card.NotFound, card.NotPhysical,
// customer.NotFound, customer.NotEligible for a customer who is not the card's, customer.Unnamed.
func (s *Service) CreateActivationSession(ctx context.Context, cmd CreateActivationSession) (NewActivationSession, error) {
	return Run(ctx, s, cmd.Command, actionCreateSession, func(w *Work) (NewActivationSession, error) {
		v, err := loadActivatable(ctx, w, cmd.Card)
		if err != nil {
			return NewActivationSession{}, err
		}
		holder, err := holderAtPage(ctx, w, v.Card, cmd.Customer)
		if err != nil {
			return NewActivationSession{}, err
		}
		token := s.sessionSecret()
		made := card.ActivationSession{
			Hash: s.sessionHash("link", token), Program: w.Program.ID, Card: v.Card.ID, Customer: holder, ReturnURL: cmd.ReturnURL,
			Language: cmd.Language, PIN: cmd.PIN, CreatedAt: w.Now, ExpiresAt: w.Now.Add(sessionLives),
		}
		made.PIN = pinAtPage(cmd.PIN, w.Program.Policy.PIN, v.Card)
		return NewActivationSession{Token: token, ExpiresAt: made.ExpiresAt}, w.Tx.InsertActivationSession(ctx, made)
	})
}

// loadActivatable gives a card that a page may be about: one with a customer, or one of a batch that still waits for its own.
func loadActivatable(ctx context.Context, w *Work, id ident.CardID) (card.View, error) {
	v, ok, err := w.Tx.CardView(ctx, w.Program.ID, id)
	if err != nil {
		return v, err
	}
	if !ok || v.Card.Deleted() || v.Card.Customer.IsZero() && v.Coming().Plastic.Guard.Method != card.ByIdentifierBatch {
		return v, fault.Refuse(card.NotFound)
	}
	w.Audit.Card, w.Audit.Customer = v.Card.ID, v.Card.Customer
	if no := first([]check{isPhysical}, facts{view: &v}); no != nil {
		return v, no
	}
	return v, nil
}

// holderAtPage is who holds the card when it is activated: its own customer, or the one that was named.
func holderAtPage(ctx context.Context, w *Work, c card.Card, named ident.CustomerID) (ident.CustomerID, error) {
	own := holderOf(c)
	if named.IsZero() {
		if own.IsZero() {
			return own, fault.Refuse(customer.Unnamed)
		}
		return own, nil
	}
	if _, ok, err := w.Tx.Customer(ctx, w.Program.ID, named); err != nil || !ok {
		if err == nil {
			err = fault.Refuse(customer.NotFound)
		}
		return named, err
	}
	if !own.IsZero() && own != named {
		return named, fault.RefuseWith(customer.NotEligible, customer.NotAllowed)
	}
	w.Audit.Customer = named
	return named, nil
}

// pinAtPage is whether the holder chooses a PIN: as asked for, and always where the programme wants one and the card has none.
func pinAtPage(asked card.PINChoice, policy program.PIN, c card.Card) card.PINChoice {
	if asked == card.NoPIN && policy.RequiredAtActivation && c.PINSetAt.IsZero() {
		return card.RequiredPIN
	}
	return asked
}

func (s *Service) sessionSecret() redact.Text {
	return redact.NewText(base64.RawURLEncoding.EncodeToString(s.ids.Bytes(sessionSecretSize)))
}

// sessionHash is what a session is found by. A browser brings nothing that names a programme, so the hash is of the whole
// installation. What is made of a cookie for one use says nothing about another.
func (s *Service) sessionHash(use string, secret redact.Text) []byte {
	return s.sealer.Hash(Bound{Purpose: PurposeActivationSession, Subject: use}, secret.Bytes())
}

// formToken is what the form of a session carries: without it another site, or the page of another card in the same
// browser, could send a code in the name of this one.
func (s *Service) formToken(cookie redact.Text) string {
	return hex.EncodeToString(s.sessionHash("form", cookie))
}

// OpenActivationSession is a browser with a link, and with the cookie that it has from before, if any.
type OpenActivationSession struct {
	Token     redact.Text
	Cookie    redact.Text
	Source    netip.Addr
	RequestID string
}

// OpenedSession is what a browser goes on with. When the link was refused it has no cookie, but where there was a session
// the page can speak its language and lead back.
type OpenedSession struct {
	Session card.ActivationSession
	Program program.Program
	Cookie  redact.Text
}

// OpenActivationSession exchanges a link for a cookie. Of those who come at once one is served; the browser that was served
// may come again. Refusals: card.SessionUnknown, card.SessionOver, card.SessionUsed.
func (s *Service) OpenActivationSession(ctx context.Context, cmd OpenActivationSession) (OpenedSession, error) {
	hash := s.sessionHash("link", cmd.Token)
	find := func(ctx context.Context, tx ReadTx) (card.ActivationSession, bool, error) {
		return tx.ActivationSession(ctx, hash)
	}
	found, owner, err := s.session(ctx, find)
	out := OpenedSession{Session: found, Program: owner}
	if err != nil {
		return out, err
	}
	if !found.OpenedAt.IsZero() {
		if !s.sealer.SameHash(found.CookieHash, s.sessionHash("cookie", cmd.Cookie)) {
			return out, fault.Refuse(card.SessionUsed)
		}
		out.Cookie = cmd.Cookie
		return out, nil
	}
	caller := sessionCaller(found, cmd.Source, cmd.RequestID)
	out.Cookie, err = Run(ctx, s, Command{Caller: caller}, actionOpenSession, func(w *Work) (redact.Text, error) {
		w.Audit.Card = found.Card
		now, ok, err := w.Tx.ActivationSession(ctx, hash)
		switch {
		case err != nil:
			return redact.Text{}, err
		case !ok || now.Over(w.Now):
			return redact.Text{}, fault.Refuse(card.SessionOver)
		case !now.OpenedAt.IsZero():
			return redact.Text{}, fault.Refuse(card.SessionUsed)
		}
		cookie := s.sessionSecret()
		now.CookieHash, now.OpenedAt = s.sessionHash("cookie", cookie), w.Now
		return cookie, w.Tx.UpdateActivationSession(ctx, now)
	})
	return out, err
}

func sessionCaller(of card.ActivationSession, source netip.Addr, request string) Caller {
	return Caller{Program: of.Program, Actor: sessionActor, Channel: audit.ChannelPage, Source: source, RequestID: request}
}

// session reads a session that has not passed. One that is refused without a write cannot fill the trail.
func (s *Service) session(ctx context.Context, find func(context.Context, ReadTx) (card.ActivationSession, bool, error)) (found card.ActivationSession, owner program.Program, err error) {
	err = s.store.Read(ctx, func(tx ReadTx) error {
		var ok bool
		var err error
		if found, ok, err = find(ctx, tx); err != nil {
			return err
		}
		if !ok {
			return fault.Refuse(card.SessionUnknown)
		}
		if owner, ok, err = tx.Program(ctx, found.Program); err != nil {
			return err
		}
		if !ok || owner.Suspended || found.Over(owner.Now(s.now())) {
			return fault.Refuse(card.SessionOver)
		}
		return nil
	})
	return found, owner, err
}

// HolderSession is what the page of a session shows.
type HolderSession struct {
	Session     card.ActivationSession
	Program     program.Program
	FormToken   string
	Eligibility Eligibility
}

// Activated reports whether the card was activated since the holder was sent to the page.
func (h HolderSession) Activated() bool {
	at := h.Eligibility.Plastic.ActivatedAt
	return !at.IsZero() && !at.Before(h.Session.CreatedAt)
}

// HolderSession gives the session of a cookie, and how its card stands. Refusals: card.SessionUnknown, card.SessionOver
// (the session is there, so that the page can speak its language), card.NotFound likewise.
func (s *Service) HolderSession(ctx context.Context, cookie redact.Text) (HolderSession, error) {
	var out HolderSession
	var err error
	if out.Session, out.Program, err = s.byCookie(ctx, cookie); err != nil {
		return out, err
	}
	out.FormToken = s.formToken(cookie)
	out.Eligibility, err = s.Eligibility(ctx, out.Session.Program, out.Session.Card)
	return out, err
}

func (s *Service) byCookie(ctx context.Context, cookie redact.Text) (card.ActivationSession, program.Program, error) {
	if cookie.IsZero() {
		return card.ActivationSession{}, program.Program{}, fault.Refuse(card.SessionUnknown)
	}
	hash := s.sessionHash("cookie", cookie)
	return s.session(ctx, func(ctx context.Context, tx ReadTx) (card.ActivationSession, bool, error) {
		return tx.ActivationSessionOf(ctx, hash)
	})
}
