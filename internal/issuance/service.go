package issuance

import (
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
)

// Purpose says what a sealed or hashed value is; a value of one purpose never passes for another.
type Purpose string

// The purposes of sealing and hashing.
const (
	PurposeCode        Purpose = "activation_code"
	PurposePIN         Purpose = "pin"
	PurposeWebhook     Purpose = "webhook_secret"
	PurposeAnswer      Purpose = "stored_answer"
	PurposeCredential  Purpose = "credential"
	PurposeFingerprint Purpose = "fingerprint"
	PurposeOrder       Purpose = "order_body"
	PurposeCardNumber  Purpose = "card_number"
	PurposeNumberIndex Purpose = "card_number_index" // of the whole installation
	PurposeCVV         Purpose = "cvv"
	PurposeLogin       Purpose = "login_key"
	PurposeOneTimeCode Purpose = "one_time_code"
	PurposeRevealLink  Purpose = "reveal_link" // of the whole installation

	PurposeActivationSession Purpose = "activation_session" // of the whole installation
	PurposeMailerLink        Purpose = "mailer_link"        // likewise
)

// Bound says to what a sealed or hashed value belongs. A sealed value that is moved elsewhere does not
// open.
type Bound struct {
	Purpose Purpose
	Program ident.ProgramID
	Subject string // id of the row that holds it
}

// Sealer keeps the keys. The rules hand it secrets and never see a key.
type Sealer interface {
	// Seal encrypts a secret for storage.
	Seal(to Bound, secret redact.Text) ([]byte, error)
	// Open decrypts what Seal gave for the same Bound.
	Open(to Bound, sealed []byte) (redact.Text, error)
	// Hash is a keyed hash of the parts: equal inputs give equal hashes, and without the key nothing can
	// be tried against one.
	Hash(to Bound, parts ...[]byte) []byte
	// SameHash compares two hashes in constant time.
	SameHash(a, b []byte) bool
}

// Vault draws card numbers and opens them. What it gives is kept by the rules' store, in the transaction of
// the card; the vault itself remembers nothing.
type Vault interface {
	// Draw draws a number for a card below a BIN, and tells its last four digits. The number may be taken:
	// the store says so.
	Draw(p ident.ProgramID, id ident.CardID, bin string) (e card.VaultEntry, last4 string, err error)
	// Open gives number and CVV in clear.
	Open(e card.VaultEntry) (card.Details, error)
	// NextCVV gives the entry with another CVV than it had.
	NextCVV(e card.VaultEntry) (card.VaultEntry, error)
	// Index is the keyed hash that a number is found by.
	Index(pan redact.Text) []byte
}

// Bureau is what the rules ask the manufacturer before they place a shipment. It answers from what it
// knows; it is called outside of any transaction.
type Bureau interface {
	// Check tells which members of a draft the bureau would refuse and why, keyed by member. An error is
	// shipment.BureauDown.
	Check(box card.Box) (refused map[ident.MemberID]string, err error)
	// Cutoff is when the production file closes that holds an order submitted at that time.
	Cutoff(at time.Time) time.Time
	// Printable reports whether a line can be printed on a mailer.
	Printable(line string) bool
	// Emboss gives a line in the characters that the bureau prints on the front of a card; "" when it can
	// print none of it. It does not cut.
	Emboss(line string) string
	// Serves reports whether parcels go to the country (ISO 3166-1 alpha-2), and with that courier.
	Serves(country, courier string) (countryOK, courierOK bool)
}

// Config is what a Service is made of.
type Config struct {
	Store      Store
	Sealer     Sealer
	Vault      Vault
	IDs        *ident.Source
	Now        func() time.Time // real time; each programme's clock is derived from it
	Announcers map[event.Door]event.Announcer
	Bureau     Bureau
	// Trail gives ids to what is written beside the things that a command makes: audit rows, misses and events, which are ordered by
	// them. nil is IDs.
	Trail *ident.Source
}

// Service is the use-cases, one method each. It is safe for concurrent use.
type Service struct {
	store      Store
	sealer     Sealer
	vault      Vault
	ids        *ident.Source
	trail      *ident.Source
	now        func() time.Time
	announcers map[event.Door]event.Announcer
	bureau     Bureau
	running    *runningKeys
	noted      *notedKeys
}

// New makes a Service. It starts nothing.
func New(c Config) *Service {
	if c.Trail == nil {
		c.Trail = c.IDs
	}
	return &Service{
		store: c.Store, sealer: c.Sealer, vault: c.Vault, ids: c.IDs, trail: c.Trail, now: c.Now,
		announcers: c.Announcers, bureau: c.Bureau, running: newRunningKeys(), noted: newNotedKeys(),
	}
}

// messages puts an event into the words of every door that speaks of it.
func (s *Service) messages(e event.Event) []event.Message {
	return event.Messages(e, s.announcers, s.trail.EventID)
}

func codeBound(p card.Plastic) Bound {
	return Bound{Purpose: PurposeCode, Program: p.Program, Subject: p.ID.String()}
}

func pinBound(c card.Card) Bound {
	return Bound{Purpose: PurposePIN, Program: c.Program, Subject: c.ID.String()}
}

func answerBound(p ident.ProgramID, door, key string) Bound {
	return Bound{Purpose: PurposeAnswer, Program: p, Subject: door + " " + key}
}

// rightCode makes the check that a decision calls last.
func (s *Service) rightCode(sent card.Code) CodeCheck {
	return func(p card.Plastic) bool {
		return s.sealer.SameHash(p.Guard.CodeHash, s.sealer.Hash(codeBound(p), sent.Bytes()))
	}
}

// newCode draws an activation code for a plastic, uniformly from 000000 to 999999, and gives the guard with it: a keyed
// hash to compare, and a sealed copy for recovery unless the programme wants none kept.
func (s *Service) newCode(p card.Plastic, policy program.ActivationCode, at time.Time) (card.Guard, card.Code, error) {
	code, ok := card.ParseCode(s.ids.Digits(card.CodeLength))
	if !ok {
		panic("issuance: six digits are no code")
	}
	var sealed []byte
	if policy.Storage == program.CodeRecoverable {
		var err error
		if sealed, err = s.sealer.Seal(codeBound(p), code.Text); err != nil {
			return card.Guard{}, card.Code{}, err
		}
	}
	return p.Guard.Recode(s.sealer.Hash(codeBound(p), code.Bytes()), sealed, at), code, nil
}

// issueCode gives a plastic its code, and arms its guard with all tries.
func (s *Service) issueCode(p card.Plastic, policy program.ActivationCode, at time.Time) (card.Plastic, error) {
	p.Guard = card.Guard{Method: card.ByCode, State: card.Armed, CodeVersion: p.Guard.CodeVersion}
	guard, code, err := s.newCode(p, policy, at)
	if err != nil {
		return card.Plastic{}, err
	}
	code.Wipe()
	p.Guard = guard
	return p, nil
}

// Fingerprint is the keyed hash of a request, for its idempotency key: a body may hold a code or a PIN, so
// a plain hash would give it away.
func (s *Service) Fingerprint(p ident.ProgramID, parts ...[]byte) []byte {
	return s.sealer.Hash(Bound{Purpose: PurposeFingerprint, Program: p}, parts...)
}

// LoginKey is the key that signs the tokens of the login. It is the same in every process and after every
// rotation of the keys that seal.
func (s *Service) LoginKey() redact.Text {
	return redact.TextFromBytes(s.sealer.Hash(Bound{Purpose: PurposeLogin}))
}

// KeyedHash is the keyed hash of the parts, for rule rooms beside this one.
func (s *Service) KeyedHash(to Bound, parts ...[]byte) []byte { return s.sealer.Hash(to, parts...) }

// SameHash compares two hashes in constant time.
func (s *Service) SameHash(a, b []byte) bool { return s.sealer.SameHash(a, b) }

// IDs is where rule rooms beside this one get identifiers and secrets from.
func (s *Service) IDs() *ident.Source { return s.ids }

// RealNow is real time, for rule rooms beside this one.
func (s *Service) RealNow() time.Time { return s.now() }
