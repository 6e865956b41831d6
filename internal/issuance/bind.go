package issuance

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/ledger"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
)

func isNumberTaken(err error) bool { return errors.Is(err, ErrNumberTaken) }

// bind drafts everything that an activation for a customer writes: the customer and its wallet when they
// are new, the binding, the account, the PIN.
func (s *Service) bind(st ActivationState, cmd ActivateForCustomer, d Decision, now time.Time) (*draft, error) {
	out := draft{view: d.Chosen, cardChanged: true, device: cmd.Device}
	if st.Holder != nil {
		out.holder = *st.Holder
	}
	if cmd.New != nil {
		out.created, out.claims = true, cmd.New.facts()
		out.holder = s.newHolder(st.Program, *cmd.New, now)
		out.secrets, out.credentials = s.mintTokens(st.Program, out.holder, cmd.Device, now)
	}
	if d.NewWallet {
		wallet := s.newWallet(st.Program, out.holder, now)
		out.accounts, d.Account = append(out.accounts, wallet), wallet.ID
		out.journals = s.beginning(st.Program, wallet, 0, now)
	}
	out.view.Card.Customer, out.view.Card.Account = out.holder.ID, d.Account
	if out.view.Card.HolderName == "" {
		out.view.Card.HolderName = embossedName(s.bureau, out.holder)
	}
	if !cmd.PIN.IsZero() {
		if err := s.setPIN(&out.view.Card, cmd.PIN, st.Program, now); err != nil {
			return nil, err
		}
		out.pinSet = true
	} else {
		forgetOrderedPIN(&out.view.Card)
	}
	return &out, nil
}

// newHolder is a customer that the programme vouches for: its application counts as approved.
func (s *Service) newHolder(p program.Program, n NewHolder, now time.Time) customer.Customer {
	return customer.Customer{
		ID: ident.CustomerID{UUID: s.ids.UUID()}, Program: p.ID,
		Number: s.ids.Number(ident.MinCustomerNumber, MaxNumber(p)), ExternalID: n.ExternalID,
		Kind: n.kind(), Status: customer.Active, Application: customer.Approved,
		Email: n.Email, Phone: n.Phone, FirstName: n.FirstName, MiddleName: n.MiddleName,
		LastName: n.LastName, SecondLastName: n.SecondLastName, Gender: n.Gender, RFC: n.RFC, CURP: n.CURP,
		CreatedAt: now, UpdatedAt: now,
	}
}

// newWallet is a customer's plain account. What it begins with is [Service.beginning].
func (s *Service) newWallet(p program.Program, c customer.Customer, now time.Time) account.Account {
	a := account.Account{
		ID: ident.AccountID{UUID: s.ids.UUID()}, Program: p.ID, Kind: account.Wallet, OwnerKind: account.OwnerUser,
		Number: s.ids.Number(ident.MinCustomerNumber, MaxNumber(p)), Owner: c.ID, Status: account.Active,
		Currency: "MXN", CreatedAt: now, UpdatedAt: now,
	}
	if c.Kind == customer.Company {
		a.OwnerKind = account.OwnerCompany
	}
	return a
}

// beginning is what an account begins with: none, or one movement. A sandbox wallet has the policy's balance; a
// line is granted by the programme.
func (s *Service) beginning(p program.Program, a account.Account, lineCents int64, now time.Time) []ledger.Journal {
	change := ledger.Grant(lineCents)
	if p.Kind == program.Sandbox && a.Kind == account.Wallet {
		own := ledger.Deposit(p.Policy.InitialBalanceCents)
		change.Spendable, change.Funding = own.Spendable, own.Funding
	}
	if change == (ledger.Change{}) {
		return nil
	}
	return []ledger.Journal{{
		ID: ident.JournalID{UUID: s.ids.UUID()}, Program: p.ID, Kind: ledger.Opened, At: now,
		Entries: []ledger.Entry{ledger.Position{Account: a.ID}.Move(change)},
	}}
}

// openAccount adds an account with what it begins with.
func (s *Service) openAccount(ctx context.Context, w *Work, a account.Account, lineCents int64) error {
	if err := w.Tx.InsertAccount(ctx, a); err != nil {
		return err
	}
	for _, j := range s.beginning(w.Program, a, lineCents, w.Now) {
		if err := w.Tx.Post(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// mintTokens makes the credentials of a new customer: private key and refresh token, and, when a device
// was named, an oauth token tied to it.
func (s *Service) mintTokens(p program.Program, c customer.Customer, device string, now time.Time) (*CustomerSecrets, []access.Credential) {
	out := &CustomerSecrets{}
	var private, refresh, oauth access.Credential
	out.PrivateKey, private = s.MintToken(access.Credential{Program: p.ID, Customer: c.ID, Kind: access.CustomerPrivate}, now, 0)
	out.RefreshToken, refresh = s.MintToken(access.Credential{
		Program: p.ID, Customer: c.ID, Kind: access.CustomerRefresh, Device: device,
	}, now, p.Policy.Debit.RefreshTokenTTL)
	all := []access.Credential{private, refresh}
	if device != "" {
		out.OauthToken, oauth = s.MintToken(access.Credential{
			Program: p.ID, Customer: c.ID, Kind: access.CustomerOauth, Device: device, Parent: refresh.ID,
		}, now, p.Policy.Debit.CustomerTokenTTL)
		all = append(all, oauth)
	}
	return out, all
}

// MintToken draws the secret of a customer's new credential, and fills in everything that is not set. A lifetime
// of zero is for ever.
func (s *Service) MintToken(c access.Credential, now time.Time, lifetime time.Duration) (redact.Text, access.Credential) {
	prefix := ""
	if c.Kind == access.CustomerPrivate {
		prefix = "sk_"
	}
	secret := redact.NewText(prefix + hex.EncodeToString(s.ids.Bytes(32)))
	c.ID, c.PublicID, c.Hash, c.CreatedAt = ident.CredentialID{UUID: s.ids.UUID()}, "ct_"+s.ids.Base62(12), s.HashCredential(secret), now
	if c.Status == "" {
		c.Status = access.Active
	}
	if lifetime > 0 {
		c.ExpiresAt = now.Add(lifetime)
	}
	return secret, c
}

// HashCredential is the keyed hash under which a credential is stored and found. It does not depend on
// the programme: a key is looked up before its programme is known.
func (s *Service) HashCredential(secret redact.Text) []byte {
	return s.sealer.Hash(Bound{Purpose: PurposeCredential}, secret.Bytes())
}

// MaxNumber is the highest public number that the programme hands out.
func MaxNumber(p program.Program) int64 {
	if p.Policy.Debit.IDBits == 53 {
		return ident.MaxNumber53
	}
	return ident.MaxNumber31
}
