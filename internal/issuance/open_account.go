package issuance

import (
	"context"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/redact"
)

const actionOpenAccount = "customer.open_account"

// OpenAccount adds a customer that the programme vouches for, with a wallet and tokens (debit contract §10.1).
type OpenAccount struct {
	Command
	Holder      NewHolder
	Profile     customer.Profile
	Password    redact.Text // its slow hash; zero when the customer has none
	Device      string      // that the tokens are tied to
	CreditCents int64       // line of the wallet, or of the composite parent
	Composite   bool        // a composite parent is asked for
}

// OpenedAccount is a new customer with everything that came with it. The secrets are here and nowhere else.
type OpenedAccount struct {
	Customer customer.Customer
	Profile  customer.Profile
	Wallet   account.Account
	Parent   *account.Account // nil when there is none
	Credit   int64            // line of the parent, or else of the wallet
	Secrets  CustomerSecrets

	credentials []access.Credential
}

// OpenAccount runs the command. All of it happens or nothing. Refusals: customer.Exists, customer.CampaignUnknown.
func (s *Service) OpenAccount(ctx context.Context, cmd OpenAccount) (OpenedAccount, error) {
	return RunDrawing(ctx, s, cmd.Command, actionOpenAccount, func(w *Work) (OpenedAccount, error) {
		claims := cmd.Holder.facts()
		taken, err := w.Tx.TakenFacts(ctx, w.Program.ID, claims)
		switch {
		case err != nil:
			return OpenedAccount{}, err
		case len(taken) > 0:
			return OpenedAccount{}, fault.RefuseWith(customer.Exists, taken)
		}
		if cmd.Profile.Campaign != "" {
			d, ok, err := w.Tx.DesignByCampaign(ctx, w.Program.ID, cmd.Profile.Campaign)
			if err != nil || !ok || !d.Active {
				return OpenedAccount{}, refuseOr(err, customer.CampaignUnknown)
			}
		}
		out := s.draftAccount(w, cmd)
		return out, s.writeAccount(ctx, w, cmd, out, claims)
	})
}

// draftAccount makes the customer and its accounts. A composite customer's line is its parent's.
func (s *Service) draftAccount(w *Work, cmd OpenAccount) OpenedAccount {
	out := OpenedAccount{Customer: s.newHolder(w.Program, cmd.Holder, w.Now), Profile: cmd.Profile, Credit: cmd.CreditCents}
	out.Customer.DateOfBirth, out.Customer.Campaign = cmd.Profile.DateOfBirth, cmd.Profile.Campaign
	out.Wallet = s.newWallet(w.Program, out.Customer, w.Now)
	if cmd.Composite || w.Program.Policy.Debit.Composite {
		parent := s.newWallet(w.Program, out.Customer, w.Now)
		parent.Kind, parent.Reference = account.CompositeParent, s.ids.Reference()
		out.Parent = &parent
	}
	device := cmd.Device
	if device == "" {
		device = s.ids.UUID().String() // the tokens are tied to a device that nobody has
	}
	secrets, credentials := s.mintTokens(w.Program, out.Customer, device, w.Now)
	out.Secrets, out.credentials = *secrets, credentials
	return out
}

func (s *Service) writeAccount(ctx context.Context, w *Work, cmd OpenAccount, out OpenedAccount, claims []Fact) error {
	c := out.Customer
	w.Audit.Customer, w.Audit.Note = c.ID, deviceNote(cmd.Device)
	w.Announce(event.Event{Name: event.CustomerCreated, Customer: &c})
	if err := w.Tx.InsertCustomer(ctx, c, claims); err != nil {
		return err
	}
	if err := w.Tx.SaveProfile(ctx, w.Program.ID, c.ID, cmd.Profile); err != nil {
		return err
	}
	if !cmd.Password.IsZero() {
		login := customer.Login{Program: w.Program.ID, Customer: c.ID, Password: cmd.Password}
		if err := w.Tx.SaveCustomerLogin(ctx, login); err != nil {
			return err
		}
	}
	for _, c := range out.credentials {
		if err := w.Tx.InsertCredential(ctx, c); err != nil {
			return err
		}
	}
	if out.Parent == nil {
		return s.openAccount(ctx, w, out.Wallet, cmd.CreditCents)
	}
	if err := s.openAccount(ctx, w, out.Wallet, 0); err != nil {
		return err
	}
	return s.openAccount(ctx, w, *out.Parent, cmd.CreditCents)
}

// HolderAccount is a customer as its account shows it.
type HolderAccount struct {
	Customer customer.Customer
	Profile  customer.Profile
	Wallet   account.Account // zero when there is none
}

// HolderAccount gives a customer by its number, or customer.NotFound.
func (s *Service) HolderAccount(ctx context.Context, p ident.ProgramID, number int64) (HolderAccount, error) {
	return Look(ctx, s, customer.NotFound, func(tx ReadTx) (HolderAccount, bool, error) {
		var out HolderAccount
		var ok bool
		var err error
		if out.Customer, ok, err = tx.CustomerByNumber(ctx, p, number); err != nil || !ok {
			return out, ok, err
		}
		if out.Profile, ok, err = tx.Profile(ctx, p, out.Customer.ID); err != nil {
			return out, false, err
		}
		if !ok {
			out.Profile.Level = customer.DefaultLevel
		}
		out.Wallet, _, err = tx.WalletOf(ctx, p, out.Customer.ID)
		return out, true, err
	})
}

// refuseOr hands a fault through, or refuses with the reason.
func refuseOr(err error, reason fault.Reason) error {
	if err != nil {
		return err
	}
	return fault.Refuse(reason)
}
