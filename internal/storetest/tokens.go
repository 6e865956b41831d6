package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/tokens"
)

// NewUser adds a user of the programme who may sign in.
func (w *World) NewUser(change ...func(*access.User)) access.User {
	w.t.Helper()
	at := w.next()
	id := w.IDs.Base62(9)
	u := access.User{
		ID: ident.UserID{UUID: w.IDs.UUID()}, Program: w.Program.ID, PublicID: "au_" + id, Email: id + "@Example.com", Role: access.RoleReader,
		CreatedAt: at, UpdatedAt: at, Version: 1,
	}
	apply(&u, change)
	w.Admin(func(ctx context.Context, tx access.Tx) error { return tx.InsertUser(ctx, u) })
	return u
}

// NewLogin adds a sign-in of a user.
func (w *World) NewLogin(u access.User) access.Login {
	w.t.Helper()
	at := w.next()
	l := access.Login{
		ID: ident.LoginID{UUID: w.IDs.UUID()}, Program: w.Program.ID, User: u.ID, Generation: 1, CreatedAt: at, ExpiresAt: at.Add(time.Hour), Version: 1,
	}
	w.Admin(func(ctx context.Context, tx access.Tx) error { return tx.InsertLogin(ctx, l) })
	return l
}

var tokenRows = []contract{
	{"a user comes back with every field, full or sparse, from every reader", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		full := w.NewUser(func(u *access.User) {
			u.Password, u.InviteHash, u.InviteUntil, u.DisabledAt = redact.NewText("$argon2id$"), w.IDs.Bytes(32), w.next(), w.next()
		})
		sparse := w.NewUser()
		for _, u := range []access.User{filled(t, full), sparse} {
			w.readsUser(t, u)
			u.Role, u.Password, u.DisabledAt, u.UpdatedAt = access.RoleAdmin, redact.NewText("another"), w.next(), w.next()
			u.InviteHash, u.InviteUntil = w.IDs.Bytes(32), w.next()
			w.Admin(func(ctx context.Context, tx access.Tx) error { return tx.UpdateUser(ctx, u) })
			u.Version++
			w.readsUser(t, u)
		}
		w.lookAtAccess(func(ctx context.Context, tx access.ReadTx) error {
			list, err := tx.Users(ctx, w.Program.ID)
			if len(list) != 2 || list[0].ID != full.ID {
				t.Errorf("%d users, oldest first", len(list))
			}
			return err
		})
	}},
	{"a sign-in comes back with every field, its user and its programme", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		u := w.NewUser()
		l := w.NewLogin(u)
		w.readsLogin(t, l, u)
		l.Generation, l.ExpiresAt, l.EndedAt = 7, w.next(), w.next()
		w.Admin(func(ctx context.Context, tx access.Tx) error { return tx.UpdateLogin(ctx, l) })
		l.Version++
		w.readsLogin(t, filled(t, l), u)
	}},
	{"what a customer proves itself with comes back", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		l := customer.Login{Program: w.Program.ID, Customer: w.Customer.ID, Password: redact.NewText("hash"), Wrong: 3, WrongSince: w.next()}
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.SaveCustomerLogin(ctx, l) })
		l.Version = 1
		w.readsCustomerLogin(t, filled(t, l))
		l.Password, l.Wrong, l.WrongSince = redact.Text{}, 0, time.Time{}
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.SaveCustomerLogin(ctx, l) })
		l.Version++
		w.readsCustomerLogin(t, l)
	}},
	{"what was told of a customer comes back, and is replaced", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		full := filled(t, customer.Profile{
			Level: 3, Campaign: "MAIN", MobileCode: "+52", Zipcode: "05349", Street: "Av. «Uno»", Exterior: "1", Interior: "2", Colony: "Centro",
			City: "Cancún", State: "23", Telephone: "998", DateOfBirth: "1983-11-11",
		})
		for _, want := range []customer.Profile{full, {Level: 1}} {
			w.Write(func(ctx context.Context, tx issuance.Tx) error {
				return tx.SaveProfile(ctx, w.Program.ID, w.Customer.ID, want)
			})
			w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
				got, err := found(tx.Profile(ctx, w.Program.ID, w.Customer.ID))
				same(t, "Profile", want, got)
				if _, there, err := tx.Profile(ctx, w.Foreign.ID, w.Customer.ID); there || err != nil {
					t.Errorf("another programme reads it: %v", err)
				}
				return err
			})
		}
	}},
	{"the wallet of a customer is its oldest", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		owner := w.NewCustomer()
		w.NewAccount(owner, func(a *account.Account) { a.Kind = account.CompositeParent })
		first := w.NewAccount(owner)
		w.NewAccount(owner)
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			got, err := found(tx.WalletOf(ctx, w.Program.ID, owner.ID))
			must(t, err)
			same(t, "WalletOf", first, got)
			_, there, err := tx.WalletOf(ctx, w.Program.ID, w.Customer.Company)
			if there {
				t.Error("a wallet of nobody")
			}
			return err
		})
	}},
	{"a credential changes its state, from the state that was read", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		c := w.NewCredential(func(c *access.Credential) {
			c.Kind, c.Customer, c.Status = access.CustomerOauth, w.Customer.ID, access.Inactive
		})
		c.Status, c.Tries, c.ExpiresAt, c.RevokedAt = access.Revoked, 4, w.next(), w.next()
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.ChangeCredential(ctx, c, access.Inactive) })
		w.readsCredential(t, c)
	}},
}

func (w *World) readsUser(t *testing.T, want access.User) {
	t.Helper()
	w.lookAtAccess(func(ctx context.Context, tx access.ReadTx) error {
		got, err := found(tx.UserByEmail(ctx, customer.EmailKey(want.Email)))
		must(t, err)
		same(t, "UserByEmail", want, got)
		got, err = found(tx.UserByPublicID(ctx, want.PublicID))
		must(t, err)
		same(t, "UserByPublicID", want, got)
		if want.InviteHash != nil {
			got, err = found(tx.UserByInvite(ctx, want.InviteHash))
			must(t, err)
			same(t, "UserByInvite", want, got)
		}
		return nil
	})
}

func (w *World) readsLogin(t *testing.T, want access.Login, user access.User) {
	t.Helper()
	got, u, p, there, err := w.Store.Access().LoginOf(t.Context(), want.ID)
	if err != nil || !there {
		t.Fatalf("LoginOf: found %v, %v", there, err)
	}
	same(t, "LoginOf", want, got)
	same(t, "its user", user, u)
	same(t, "its programme", w.Program, p)
	w.lookAtAccess(func(ctx context.Context, tx access.ReadTx) error {
		got, err := found(tx.Login(ctx, want.ID))
		same(t, "Login", want, got)
		return err
	})
}

func (w *World) readsCustomerLogin(t *testing.T, want customer.Login) {
	t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		got, err := found(tx.CustomerLogin(ctx, want.Program, want.Customer))
		same(t, "CustomerLogin", want, got)
		return err
	})
}

var tokenRules = []contract{
	{"no two users share an e-mail, in whatever letters, nor a public id", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		u := w.NewUser(func(u *access.User) { u.Email = "olga@example.com" })
		for _, change := range []func(*access.User){
			func(o *access.User) { o.Email = "OLGA@example.com" },
			func(o *access.User) { o.PublicID = u.PublicID },
		} {
			other := u
			other.ID, other.PublicID, other.Email, other.Program = ident.UserID{UUID: w.IDs.UUID()}, "au_other", "other@example.com", w.Foreign.ID
			change(&other)
			if err := w.Store.Access().Write(t.Context(), func(tx access.Tx) error { return tx.InsertUser(t.Context(), other) }); err == nil {
				t.Error("two users are one")
			}
		}
	}},
	{"tokens are found in their own programme, and those that live are listed oldest first", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		mine := func(kind access.Kind, change ...func(*access.Credential)) access.Credential {
			return w.NewCredential(append([]func(*access.Credential){func(c *access.Credential) { c.Kind, c.Customer = kind, w.Customer.ID }}, change...)...)
		}
		private := mine(access.CustomerPrivate)
		refresh := mine(access.CustomerRefresh)
		older := mine(access.CustomerOauth, func(c *access.Credential) { c.Parent, c.Device, c.Status = refresh.ID, "d1", access.Revoked })
		newer := mine(access.CustomerOauth, func(c *access.Credential) { c.Parent, c.Device, c.ExpiresAt = refresh.ID, "d1", c.CreatedAt })
		mine(access.CustomerOauth, func(c *access.Credential) { c.Parent, c.Device, c.Status = refresh.ID, "d2", access.Revoked })
		w.NewCredential()
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			got, err := found(tx.CredentialWith(ctx, w.Program.ID, older.Hash))
			must(t, err)
			same(t, "CredentialWith", older, got)
			if _, there, err := tx.CredentialWith(ctx, w.Foreign.ID, older.Hash); there || err != nil {
				t.Errorf("another programme finds it: %v", err)
			}
			list, err := tx.CustomerCredentials(ctx, w.Program.ID, w.Customer.ID)
			must(t, err)
			same(t, "CustomerCredentials", []access.Credential{private, refresh, newer}, list)
			got, err = found(tx.DeviceToken(ctx, refresh.ID, "d1"))
			same(t, "DeviceToken", newer, got)
			return err
		})
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.DropDeviceTokens(ctx, refresh.ID, "d1") })
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			_, one, errOne := tx.DeviceToken(ctx, refresh.ID, "d1")
			_, two, errTwo := tx.DeviceToken(ctx, refresh.ID, "d2")
			if one || !two || errOne != nil || errTwo != nil {
				t.Errorf("after the drop: d1 %v, d2 %v, %v, %v", one, two, errOne, errTwo)
			}
			return nil
		})
	}},
}

// gate is the rules of tokens and sign-ins over a handle.
func (w *World) gate(on Store) (*tokens.Service, *access.Logins) {
	rules, passwords := w.Service(on), access.NewPasswords(w.IDs)
	forget := func(func(access.Credential) bool) {}
	return tokens.New(tokens.Config{Rules: rules, Passwords: passwords, Limits: noLimits{}, Forget: forget}),
		access.NewLogins(access.LoginsConfig{
			Store: on.Access(), Hasher: rules, Signer: rules, Passwords: passwords, IDs: w.IDs, Now: w.Clock.Now, Forget: forget,
		})
}

type noLimits struct{}

func (noLimits) TakeOf(ident.CustomerID, int) (time.Duration, bool) {
	return 0, true
}

var tokenRaces = []contract{
	{"of many who refresh one sign-in one wins, and then nobody has it", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []Store{w.Store, f.Again(t, w.Store)}
		_, logins := w.gate(w.Store)
		invite := redact.NewText("inv_1")
		w.NewUser(func(u *access.User) {
			u.Email, u.InviteHash, u.InviteUntil = "olga@example.com", w.Service(w.Store).HashCredential(invite), w.Clock.Now().Add(time.Hour)
		})
		ctx := t.Context()
		must(t, logins.SetPassword(ctx, access.Visitor{}, invite.Reveal(), redact.NewText("a long password")))
		pair, err := logins.SignIn(ctx, access.Visitor{}, "olga@example.com", redact.NewText("a long password"))
		must(t, err)
		results := together(crowd, func(i int) error {
			_, logins := w.gate(handles[i%2])
			_, err := logins.Refresh(ctx, access.Visitor{}, pair.Refresh.Reveal())
			return err
		})
		if got := tally(results); got["ok"] != 1 || got[access.LoginRefused.Name()] != crowd-1 {
			t.Errorf("%v", got)
		}
	}},
	{"of many exchanges of one programme's token one wins", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []Store{w.Store, f.Again(t, w.Store)}
		used := w.NewCredential()
		w.next()
		results := together(crowd, func(i int) error {
			service, _ := w.gate(handles[i%2])
			_, err := service.Exchange(t.Context(), issuance.Command{Caller: w.Caller()}, used)
			return err
		})
		if got := tally(results); got["ok"] != 1 || got[access.EcommerceInvalid.Name()] != crowd-1 {
			t.Errorf("%v", got)
		}
		w.lookAtAccess(func(ctx context.Context, tx access.ReadTx) error {
			list, err := tx.Credentials(ctx, w.Program.ID, access.Ecommerce)
			if len(list) != 2 || list[0].Status != access.Revoked || list[1].Status != access.Active {
				t.Errorf("%d tokens are left", len(list))
			}
			return err
		})
	}},
	{"many devices that refresh at once leave one token that lives", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []Store{w.Store, f.Again(t, w.Store)}
		secret, refresh := w.Service(w.Store).MintToken(access.Credential{
			Program: w.Program.ID, Customer: w.Customer.ID, Kind: access.CustomerRefresh, Device: "d",
		}, w.Now(), time.Hour)
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertCredential(ctx, refresh) })
		for _, err := range together(crowd, func(i int) error {
			service, _ := w.gate(handles[i%2])
			_, err := service.Refresh(t.Context(), tokens.Refresh{
				Command: issuance.Command{Caller: w.Caller()}, Device: "d", Refresh: secret, LoginData: true,
			})
			return err
		}) {
			must(t, err)
		}
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			list, err := tx.CustomerCredentials(ctx, w.Program.ID, w.Customer.ID)
			if len(list) != 2 {
				t.Errorf("%d credentials live, want the refresh token and one more", len(list))
			}
			return err
		})
	}},
	{"wrong answers that come together are each counted, up to the limit", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []Store{w.Store, f.Again(t, w.Store)}
		results := together(crowd, func(i int) error {
			service, _ := w.gate(handles[i%2])
			_, err := service.Connect(t.Context(), tokens.Connect{
				Command: issuance.Command{Caller: w.Caller()}, Device: "d", Number: w.Customer.Number, Private: redact.NewText("sk_wrong"), LoginData: true,
			})
			return err
		})
		got := tally(results)
		if got[tokens.Refused.Name()] != customer.WrongAnswers || got[tokens.TooManyWrong.Name()] != crowd-customer.WrongAnswers {
			t.Errorf("%v", got)
		}
		if fault.Of(results[0]).Reason == fault.ReasonInternal {
			t.Error(results[0])
		}
	}},
}
