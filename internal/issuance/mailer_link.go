package issuance

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
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
	actionOpenByMailer = "card.open_by_mailer"

	// mailerActor is who comes by the QR of a mailer: whoever holds it, until the second factor was right.
	mailerActor = "mailer"

	// mailerMACSize is how much of the signature a reference carries: 128 bits, which nobody guesses.
	mailerMACSize = 16
)

// MailerReference is what the QR of a mailer carries: the card and its programme, signed. It is no secret and opens nothing by
// itself. It is the same for ever, because it is printed.
func (s *Service) MailerReference(p ident.ProgramID, id ident.CardID) string {
	named := append(append([]byte(nil), p.UUID[:]...), id.UUID[:]...)
	return base64.RawURLEncoding.EncodeToString(append(named, s.mailerMAC(named)...))
}

func (s *Service) mailerMAC(named []byte) []byte {
	return s.sealer.Hash(Bound{Purpose: PurposeMailerLink}, named)[:mailerMACSize]
}

// MailerLink is the reference of one card, where its programme has chosen a second factor. Refusals, in order: card.NotFound,
// card.NotPhysical, card.MailerLinkOff.
func (s *Service) MailerLink(ctx context.Context, p ident.ProgramID, id ident.CardID) (string, error) {
	now, err := s.Standing(ctx, p, id)
	switch {
	case err != nil:
		return "", err
	case now.Card.Type != card.Physical:
		return "", fault.Refuse(card.NotPhysical)
	case now.Policy.ActivationPage.SecondFactor == program.FactorOff:
		return "", fault.Refuse(card.MailerLinkOff)
	}
	return s.MailerReference(p, id), nil
}

// readMailer gives what a reference names, when we signed it.
func (s *Service) readMailer(reference string) (p ident.ProgramID, id ident.CardID, ok bool) {
	const half = len(p.UUID)
	raw, err := base64.RawURLEncoding.Strict().DecodeString(reference)
	if err != nil || len(raw) != 2*half+mailerMACSize || !s.sealer.SameHash(raw[2*half:], s.mailerMAC(raw[:2*half])) {
		return p, id, false
	}
	copy(p.UUID[:], raw)
	copy(id.UUID[:], raw[half:])
	return p, id, true
}

// Scanned is what the page of a QR shows before the second factor was right: what is asked for, or why nothing is.
type Scanned struct {
	Program program.Program
	Tries   int          // that are left
	Refusal *fault.Error // the guard is locked, or there is nothing to activate; nil: the second factor is asked for
	now     Standing
}

// ScannedMailer looks at the card of a QR and changes nothing. Refusal: card.SessionUnknown, for what we did not sign, for a
// card that is gone, and where the programme wants no QR.
func (s *Service) ScannedMailer(ctx context.Context, reference string) (Scanned, error) {
	p, id, ok := s.readMailer(reference)
	if !ok {
		return Scanned{}, fault.Refuse(card.SessionUnknown)
	}
	var out Scanned
	err := s.store.Read(ctx, func(tx ReadTx) error {
		read, found, err := s.standings(ctx, tx, p)
		if err != nil {
			return err
		}
		if !found || read.program.Suspended || read.program.Policy.ActivationPage.SecondFactor == program.FactorOff {
			return fault.Refuse(card.SessionUnknown)
		}
		v, found, err := tx.CardView(ctx, p, id)
		if err != nil {
			return err
		}
		if !found || v.Card.Deleted() {
			return fault.Refuse(card.SessionUnknown)
		}
		out = Scanned{Program: read.program}
		out.now, err = read.of(ctx, v)
		return err
	})
	if err != nil {
		return Scanned{}, err
	}
	out.Tries = out.now.Guard().Left(out.Program.Policy.Activation)
	out.Refusal = factorObstacle(out.now.facts())
	return out, nil
}

// OpenByMailer is a holder who scanned the QR and typed the second factor.
type OpenByMailer struct {
	Reference string
	Answer    redact.Text // four digits, or a date as YYYY-MM-DD; zero where the code of the mailer is all that is asked
	Language  card.Language
	Source    netip.Addr
	RequestID string
}

// OpenByMailer gives the cookie of a session, for a holder who knows the second factor. A wrong one costs the card a try, like a
// wrong code: else it could be guessed at for ever. Refusals, in order: card.SessionUnknown, [BreakerOpen], card.GuardLocked,
// card.GuardHardLocked, those of an activation where nothing can be counted any more, card.FactorUnknown, card.FactorWrong.
func (s *Service) OpenByMailer(ctx context.Context, cmd OpenByMailer) (redact.Text, error) {
	at, err := s.ScannedMailer(ctx, cmd.Reference)
	if err != nil {
		return redact.Text{}, err
	}
	caller := Caller{Program: at.Program.ID, Actor: mailerActor, Channel: audit.ChannelPage, Source: cmd.Source, RequestID: cmd.RequestID}
	holder := holderOf(at.now.Card)
	if err := s.checkFactor(ctx, caller, ActivationKey{Program: at.Program.ID, Card: at.now.Card.ID, Holder: holder}, cmd.Answer); err != nil {
		return redact.Text{}, err
	}
	return Run(ctx, s, Command{Caller: caller}, actionOpenSession, func(w *Work) (redact.Text, error) {
		v, err := loadActivatable(ctx, w, at.now.Card.ID)
		if err != nil {
			return redact.Text{}, err
		}
		w.Audit.Customer = holder
		cookie := s.sessionSecret()
		return cookie, w.Tx.InsertActivationSession(ctx, card.ActivationSession{
			Hash: s.sessionHash("link", s.sessionSecret()), CookieHash: s.sessionHash("cookie", cookie), // the link is given to nobody
			Program: w.Program.ID, Card: v.Card.ID, Customer: holder, Language: cmd.Language,
			PIN:       pinAtPage(card.PINChoice(w.Program.Policy.ActivationPage.PIN), w.Program.Policy.PIN, v.Card),
			CreatedAt: w.Now, OpenedAt: w.Now, ExpiresAt: w.Now.Add(sessionLives),
		})
	})
}

// checkFactor decides about the second factor as an activation decides about the code: with the same guard, in the same way of
// the store, so that tries which come at once are counted one after the other.
func (s *Service) checkFactor(ctx context.Context, caller Caller, key ActivationKey, answer redact.Text) error {
	var refusal error
	key.RealNow = s.now()
	err := s.store.Activate(ctx, key, func(st ActivationState) (ActivationChanges, error) {
		var changes ActivationChanges
		st, now := st.coming(), st.Program.Now(key.RealNow)
		d := decideFactor(st, answer, now)
		row := s.auditRow(caller, actionOpenByMailer, now)
		row.Card, row.Customer, row.Note = key.Card, key.Holder, triesNote(d)
		refusal = nil
		if d.refused() {
			refusal = d.Refusal
			for _, e := range s.countTries(&changes, d, st, now) {
				e.Program, e.At = st.Program, now
				changes.Messages = append(changes.Messages, s.messages(e)...)
			}
		}
		row.Outcome = outcomeOf(refusal)
		changes.Audit = append(changes.Audit, row)
		return changes, nil
	})
	if err != nil {
		return err
	}
	return refusal
}

// decideFactor compares the second factor last of all, and only where a wrong one is counted.
func decideFactor(st ActivationState, answer redact.Text, now time.Time) Decision {
	var d Decision
	policy := st.Program.Policy
	if b := policy.Activation.BreakerTries; b > 0 && st.Misses > b {
		d.Refusal = fault.Refuse(BreakerOpen)
		d.Refusal.RetryAfter = policy.Activation.BreakerWindow
		return d
	}
	if len(st.Candidates) != 1 || st.Candidates[0].View.Card.Deleted() {
		return d.refuse(card.SessionUnknown)
	}
	d.Chosen = st.Candidates[0].View
	f := facts{&d.Chosen, st.Holder, &policy, now}
	if d.Refusal = factorObstacle(f); d.Refusal != nil {
		return d
	}
	want, known := factorOf(st.Holder, policy.ActivationPage.SecondFactor)
	if !known {
		return d.refuse(card.FactorUnknown)
	}
	sent := answer.Bytes()
	defer clear(sent)
	if subtle.ConstantTimeCompare(sent, []byte(want)) == 1 {
		return d
	}
	d.Missed = true
	tried := d.Chosen.Plastic
	tried.Guard = tried.Guard.At(now).Wrong(now, policy.Activation)
	d.Tried = []card.Plastic{tried}
	return d.refuseWith(card.FactorWrong, attemptsOf(tried.Guard, policy.Activation))
}

// factorObstacle is why the second factor is not asked for: the guard is locked, or it does not count. Where it does, nothing of
// the card is told before the factor was right.
func factorObstacle(f facts) *fault.Error {
	guard := f.view.Plastic.Guard.At(f.now)
	if no := lockOf(guard, f.policy.Activation, f.now); no != nil || guard.State == card.Armed {
		return no
	}
	if no := first(append(lifeChecks[:len(lifeChecks):len(lifeChecks)], roadCheck), f); no != nil {
		return no
	}
	return fault.Refuse(card.CodeNotIssued)
}

// factorOf is what the holder must know; ok is false where the programme has never told us, or nobody holds the card yet.
func factorOf(holder *customer.Customer, factor program.SecondFactor) (want string, ok bool) {
	if holder == nil {
		return "", false
	}
	switch factor {
	case program.FactorOff:
		return "", false
	case program.FactorCode:
		return "", true
	case program.FactorDateOfBirth:
		return holder.DateOfBirth, holder.DateOfBirth != ""
	case program.FactorPhoneLast4:
		if n := len(holder.Phone); n > phoneDigits {
			return holder.Phone[n-phoneDigits:], true
		}
	}
	return "", false
}

// phoneDigits are the digits of a phone number that its owner is asked for.
const phoneDigits = 4
