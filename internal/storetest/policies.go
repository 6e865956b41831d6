package storetest

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/tenancy"
)

// policyCases are about the versions of policies, and about keys of the installation.
var policyCases = []contract{
	{"a version of policies comes back with every field, newest first, and only to its programme", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		v := filled(t, access.PolicyVersion{
			Program: w.Program.ID, Version: 1, At: w.next(), Actor: "key:a", Channel: "native", OnBehalfOf: "agent 7", Reason: "review «1»",
			Changes: []access.PolicyChange{{Name: "activation.tries", Was: "5", Is: "3"}},
		})
		second := v
		second.Version, second.At = 2, w.next()
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			return errors.Join(tx.InsertPolicyVersion(ctx, v), tx.InsertPolicyVersion(ctx, second))
		})
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			last, err := tx.PolicyVersion(ctx, w.Program.ID)
			must(t, err)
			foreign, err := tx.PolicyVersion(ctx, w.Foreign.ID)
			must(t, err)
			all, err := tx.PolicyVersions(ctx, w.Program.ID, math.MaxInt64, 10)
			must(t, err)
			page, err := tx.PolicyVersions(ctx, w.Program.ID, 2, 1)
			must(t, err)
			same(t, "the last", int64(2), last)
			same(t, "of another programme", int64(0), foreign)
			same(t, "all", []access.PolicyVersion{second, v}, all)
			same(t, "a page", []access.PolicyVersion{v}, page)
			return nil
		})
		if err := w.Store.Issuance().Write(t.Context(), func(tx issuance.Tx) error { return tx.InsertPolicyVersion(t.Context(), v) }); err == nil {
			t.Error("a version is there twice")
		}
	}},
	{"of changes of policies at once that saw the same version one takes effect, and each version is one change", func(t *testing.T, f Factory) {
		s := f.Open(t)
		w := NewWorld(t, s)
		var all sync.WaitGroup
		var mu sync.Mutex
		done := 0
		for i := range 6 {
			rules := tenancy.New(tenancy.Config{Rules: w.Service(f.Again(t, s))})
			all.Go(func() {
				seen := int64(0)
				_, err := rules.SetPolicies(t.Context(), tenancy.SetPolicies{
					Command: w.as("key:a"), Values: map[string]string{"activation.tries": []string{"6", "7", "8", "9", "10", "11"}[i]}, Seen: &seen,
				})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					done++
				case !errors.Is(err, tenancy.PoliciesMoved):
					t.Error(err)
				}
			})
		}
		all.Wait()
		history, err := tenancy.New(tenancy.Config{Rules: w.Service(s)}).PolicyHistory(t.Context(), w.Program.ID, 0, 10)
		must(t, err)
		if done != 1 || len(history) != 1 || history[0].Changes[0].Is == "" {
			t.Errorf("%d took effect, %d versions", done, len(history))
		}
	}},
	{"a key of the installation is found, listed and audited without a programme, and its commands are remembered", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		keys := access.NewService(access.ServiceConfig{Store: w.Store.Access(), Hasher: w.Service(w.Store), IDs: w.IDs, Now: w.Clock.Now})
		by := access.Operator{Name: "test", Channel: "cli"}
		issued, err := keys.IssueKey(t.Context(), by, access.KeyRequest{Kind: access.InstallationKey, Name: "house", Scopes: access.InstallationScopes()})
		must(t, err)
		c, p, there, err := w.Store.Access().CredentialByHash(t.Context(), issued.Credential.Hash)
		if err != nil || !there || !p.ID.IsZero() || !c.Program.IsZero() || !strings.HasPrefix(c.PublicID, "ftn_installation_") {
			t.Fatalf("%+v, %v, %v", c, there, err)
		}
		list, err := keys.ListKeys(t.Context(), p.ID)
		if err != nil || len(list) != 1 {
			t.Errorf("%d keys, %v", len(list), err)
		}
		rules := tenancy.New(tenancy.Config{Rules: w.Service(w.Store)})
		create := tenancy.CreateProgram{Name: "Novo", Kind: program.Sandbox, Command: issuance.Command{
			Caller: issuance.Caller{Actor: "key:" + c.PublicID, Channel: "native", Credential: c.ID},
			Key: &issuance.Key{Door: "native", Value: "once", Fingerprint: []byte("f"), Record: func(any, error) (issuance.Answer, bool) {
				return issuance.Answer{Status: 201, Body: []byte("{}")}, true
			}},
		}}
		made, err := rules.CreateProgram(t.Context(), create)
		must(t, err)
		if _, err := rules.CreateProgram(t.Context(), create); !isReplay(err) {
			t.Errorf("the same again: %v", err)
		}
		create.Key.Fingerprint = []byte("g")
		if _, err := rules.CreateProgram(t.Context(), create); !errors.Is(err, issuance.KeyMismatch) {
			t.Errorf("another with the same key: %v", err)
		}
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			rows, err := tx.AuditTrail(ctx, made.ID, issuance.AuditFilter{}, issuance.Page{Limit: 10})
			if len(rows) != 1 || rows[0].Action != access.ActionCreateProgram {
				t.Errorf("the trail of the new programme has %d rows", len(rows))
			}
			return err
		})
		_, err = keys.RevokeKey(t.Context(), by, c.PublicID)
		must(t, err)
	}},
}

func isReplay(err error) bool {
	again := new(issuance.Replayed)
	return errors.As(err, &again)
}
