package storetest

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
)

var accessRows = []contract{
	{"a programme comes back with its policy, its clock and every field", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t), WithPolicy("activation.tries", "3"), WithPolicy("shipping.countries", "MX,US"))
		p := w.Program
		if p.Policy.Activation.Tries != 3 || len(p.Policy.ShippingCountries) != 2 || p.Policy.Activation.LifetimeTries != 15 {
			t.Errorf("the policy is not the defaults with what was chosen: %+v", p.Policy.Activation)
		}
		w.readsProgram(t, p, map[string]string{"activation.tries": "3", "shipping.countries": "MX,US"})

		overrides := map[string]string{"pin.weak": "reject"}
		p.Name, p.Suspended, p.Clock = "renamed «1»", true, program.Clock{}.Advance(1500*time.Millisecond)
		p.UpdatedAt = w.next()
		var err error
		p.Policy, err = program.ParsePolicy(p.Kind, overrides)
		must(t, err)
		w.Admin(func(ctx context.Context, tx access.Tx) error { return tx.UpdateProgram(ctx, p, overrides) })
		p.Version++
		w.readsProgram(t, p, overrides)

		p.Clock = program.Clock{}.Freeze(w.next())
		w.Admin(func(ctx context.Context, tx access.Tx) error { return tx.UpdateProgram(ctx, p, nil) })
		p.Version++
		p.Policy = program.DefaultPolicy(p.Kind)
		w.readsProgram(t, p, map[string]string{})
	}},
	{"the clock of a programme is changed alone, and only as it was read", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t), WithPolicy("activation.tries", "3"))
		p := w.Program
		before := p
		p.Name, p.Clock, p.UpdatedAt = "not renamed", program.Clock{}.Freeze(w.next()), w.next()
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateClock(ctx, p) })
		p.Name = before.Name
		p.Version++
		w.readsProgram(t, p, map[string]string{"activation.tries": "3"})
		runs, refresh := 0, before
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			runs++
			stale := refresh
			refresh = p
			stale.Clock = program.Clock{Offset: time.Hour}
			return tx.UpdateClock(ctx, stale)
		})
		if runs != 2 {
			t.Errorf("an update of what had changed ran %d times, want 2", runs)
		}
	}},
	{"programmes are listed in the order of creation", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t), WithLiveProgram())
		want := []program.Program{w.Program, w.Foreign, w.newProgram(plan{kind: program.Sandbox}), w.newProgram(plan{kind: program.Live})}
		w.lookAtAccess(func(ctx context.Context, tx access.ReadTx) error {
			got, err := tx.Programs(ctx)
			same(t, "the programmes", want, got)
			return err
		})
	}},
	{"a credential comes back with every field, full or sparse", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		at := w.next()
		full := filled(t, access.Credential{
			ID: ident.CredentialID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Kind: access.CustomerOauth, Role: access.RoleAdmin,
			PublicID: "ct_1", Name: "till «7»", Prefix: "ec_test_ab", Hash: w.IDs.Bytes(32), Customer: w.Customer.ID, Device: "phone", Parent: ident.CredentialID{UUID: w.IDs.UUID()}, Tries: 2,
			Scopes:    []access.Scope{access.CardsRead, access.GuardsWrite},
			Allowlist: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")},
			Status:    access.Revoked, ExpiresAt: w.next(), CreatedAt: at, RevokedAt: w.next(), LastUsed: w.next(),
		})
		sparse := access.Credential{
			ID: ident.CredentialID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Kind: access.CardsKey, PublicID: "k_1",
			Hash: w.IDs.Bytes(32), Status: access.Active, CreatedAt: at,
		}
		for _, c := range []access.Credential{full, sparse} {
			w.Admin(func(ctx context.Context, tx access.Tx) error { return tx.InsertCredential(ctx, c) })
			w.readsCredential(t, c)
			from := c.Status
			c.Allowlist, c.Status = []netip.Prefix{netip.MustParsePrefix("198.51.100.7/32")}, access.Revoked
			c.ExpiresAt, c.RevokedAt = w.next(), w.next()
			w.Admin(func(ctx context.Context, tx access.Tx) error { return tx.ChangeCredential(ctx, c, from) })
			w.readsCredential(t, c)
		}
	}},
}

// readsProgram wants every reader to give the programme, inside the rules and inside access.
func (w *World) readsProgram(t *testing.T, want program.Program, overrides map[string]string) {
	t.Helper()
	same(t, "Program, to the rules", want, w.program(want.ID))
	w.Admin(func(ctx context.Context, tx access.Tx) error {
		byID, err := found(tx.Program(ctx, want.ID))
		must(t, err)
		same(t, "Program", want, byID)
		byName, err := found(tx.ProgramByName(ctx, want.Name))
		must(t, err)
		same(t, "ProgramByName", want, byName)
		got, err := tx.Overrides(ctx, want.ID)
		if len(got)+len(overrides) > 0 {
			same(t, "Overrides", overrides, got)
		}
		return err
	})
}

// readsCredential wants every reader to give the credential, with its programme.
func (w *World) readsCredential(t *testing.T, want access.Credential) {
	t.Helper()
	got, p, there, err := w.Store.Access().CredentialByHash(t.Context(), want.Hash)
	if err != nil || !there {
		t.Fatalf("CredentialByHash: found %v, %v", there, err)
	}
	same(t, "CredentialByHash", want, got)
	same(t, "its programme", w.Program, p)
	w.lookAtAccess(func(ctx context.Context, tx access.ReadTx) error {
		got, err := found(tx.CredentialByPublicID(ctx, want.PublicID))
		must(t, err)
		same(t, "CredentialByPublicID", want, got)
		list, err := tx.Credentials(ctx, want.Program, want.Kind)
		same(t, "Credentials", []access.Credential{want}, list)
		return err
	})
}

func (w *World) lookAtAccess(body func(ctx context.Context, tx access.ReadTx) error) {
	w.t.Helper()
	ctx := w.t.Context()
	must(w.t, w.Store.Access().Read(ctx, func(tx access.ReadTx) error { return body(ctx, tx) }))
}

var accessRules = []contract{
	{"what does not exist is not found, and is no error", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		_, _, there, err := w.Store.Access().CredentialByHash(t.Context(), w.IDs.Bytes(32))
		if there || err != nil {
			t.Errorf("CredentialByHash: found %v, %v", there, err)
		}
		w.lookAtAccess(func(ctx context.Context, tx access.ReadTx) error {
			_, byID, errID := tx.Program(ctx, ident.ProgramID{UUID: w.IDs.UUID()})
			_, byName, errName := tx.ProgramByName(ctx, "nobody")
			_, byPublic, errPublic := tx.CredentialByPublicID(ctx, "nobody")
			if byID || byName || byPublic || errID != nil || errName != nil || errPublic != nil {
				t.Errorf("found %v %v %v, errors %v %v %v", byID, byName, byPublic, errID, errName, errPublic)
			}
			return nil
		})
	}},
	{"names of programmes are unique, and compared exactly", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		again := w.Program
		again.ID, again.Name = ident.ProgramID{UUID: w.IDs.UUID()}, "Programme"+w.Program.Name[9:] // another name by its first letter
		w.Admin(func(ctx context.Context, tx access.Tx) error { return tx.InsertProgram(ctx, again, nil) })
		again.ID, again.Name = ident.ProgramID{UUID: w.IDs.UUID()}, w.Program.Name
		err := w.Store.Access().Write(t.Context(), func(tx access.Tx) error { return tx.InsertProgram(t.Context(), again, nil) })
		if err == nil {
			t.Error("a name was given twice")
		}
	}},
	{"credentials are listed oldest first, of the kinds that were asked for, revoked ones included", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		first := w.NewCredential()
		key := w.NewCredential(func(c *access.Credential) { c.Kind = access.CardsKey })
		revoked := w.NewCredential(func(c *access.Credential) { c.Status, c.RevokedAt = access.Revoked, w.Now() })
		w.NewCredential(func(c *access.Credential) { c.Kind, c.Customer = access.CustomerPrivate, w.Customer.ID })
		w.NewCredential(func(c *access.Credential) { c.Program = w.Foreign.ID })
		w.lookAtAccess(func(ctx context.Context, tx access.ReadTx) error {
			one, err := tx.Credentials(ctx, w.Program.ID, access.Ecommerce)
			must(t, err)
			same(t, "one kind", []access.Credential{first, revoked}, one)
			two, err := tx.Credentials(ctx, w.Program.ID, access.Ecommerce, access.CardsKey)
			same(t, "two kinds", []access.Credential{first, key, revoked}, two)
			return err
		})
	}},
	{"no two credentials share a hash or a public id", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		c := w.NewCredential()
		for what, change := range map[string]func(*access.Credential){
			"hash":      func(o *access.Credential) { o.Hash = c.Hash },
			"public id": func(o *access.Credential) { o.PublicID = c.PublicID },
		} {
			other := access.Credential{
				ID: ident.CredentialID{UUID: w.IDs.UUID()}, Program: w.Foreign.ID, Kind: access.CardsKey, PublicID: w.IDs.Base62(9),
				Hash: w.IDs.Bytes(32), Status: access.Active, CreatedAt: w.next(),
			}
			change(&other)
			err := w.Store.Access().Write(t.Context(), func(tx access.Tx) error { return tx.InsertCredential(t.Context(), other) })
			if err == nil {
				t.Errorf("two credentials share a %s", what)
			}
		}
		w.readsCredential(t, c)
	}},
	{"designs and audit rows that access writes are those that the rules read", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		at := w.next()
		d := card.Design{
			ID: ident.DesignID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Campaign: "FROMCLI", Name: "x",
			Types: []card.Type{card.Virtual}, Active: true, CreatedAt: at, UpdatedAt: at,
		}
		row := audit.Row{ID: w.IDs.UUID(), Program: w.Program.ID, At: at, Actor: "operator:a", Channel: audit.ChannelCLI, Action: "design.add", Outcome: audit.OK}
		w.Admin(func(ctx context.Context, tx access.Tx) error {
			must(t, tx.InsertDesign(ctx, d))
			return tx.InsertAudit(ctx, row, audit.Row{ID: w.IDs.UUID(), At: at, Actor: "operator:a", Channel: audit.ChannelCLI, Action: "start", Outcome: audit.OK})
		})
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			got, err := found(tx.DesignByCampaign(ctx, w.Program.ID, "FROMCLI"))
			must(t, err)
			same(t, "the design", d, got)
			trail, err := tx.AuditTrail(ctx, w.Program.ID, issuance.AuditFilter{}, all)
			same(t, "the trail", []audit.Row{row}, trail)
			return err
		})
	}},
}
