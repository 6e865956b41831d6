package storetest

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/tokens"
)

// NewCardsKey adds an API key of the cards API.
func (w *World) NewCardsKey(change ...func(*access.Credential)) access.Credential {
	w.t.Helper()
	return w.NewCredential(append([]func(*access.Credential){func(c *access.Credential) { c.Kind, c.Role = access.CardsKey, "" }}, change...)...)
}

// cardsKeys reads the API keys of the programme, newest first.
func (w *World) cardsKeys() (list []access.Credential) {
	w.t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) (err error) {
		list, err = tx.ProgramKeys(ctx, w.Program.ID, access.CardsKey, all)
		return err
	})
	return list
}

func active(list []access.Credential) (n int) {
	for _, c := range list {
		if c.Status == access.Active {
			n++
		}
	}
	return n
}

var keyRules = []contract{
	{"keys are found in their own programme, by their kind, and paged newest first", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		first := w.NewCardsKey()
		second := w.NewCardsKey(func(c *access.Credential) { c.Status, c.RevokedAt = access.Revoked, c.CreatedAt })
		third := w.NewCardsKey(func(c *access.Credential) { c.CreatedAt = second.CreatedAt })
		other := w.NewCredential()
		w.NewCardsKey(func(c *access.Credential) { c.Program = w.Foreign.ID })
		if third.ID.String() > second.ID.String() {
			second, third = third, second // of the same moment the higher id comes first
		}
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			got, err := found(tx.ProgramKey(ctx, w.Program.ID, access.CardsKey, first.ID))
			must(t, err)
			same(t, "ProgramKey", first, got)
			for what, at := range map[string]struct {
				p  ident.ProgramID
				id ident.CredentialID
			}{"another programme": {w.Foreign.ID, first.ID}, "another kind": {w.Program.ID, other.ID}} {
				if _, there, err := tx.ProgramKey(ctx, at.p, access.CardsKey, at.id); there || err != nil {
					t.Errorf("%s: found %v, %v", what, there, err)
				}
			}
			list, err := tx.ProgramKeys(ctx, w.Program.ID, access.CardsKey, issuance.Page{Limit: 1})
			must(t, err)
			same(t, "the first page", []access.Credential{second}, list)
			list, err = tx.ProgramKeys(ctx, w.Program.ID, access.CardsKey, issuance.Page{Limit: 9, After: issuance.Mark{CreatedAt: second.CreatedAt, ID: second.ID.UUID}})
			must(t, err)
			same(t, "the second page", []access.Credential{third, first}, list)
			n, err := tx.CountLivingKeys(ctx, w.Program.ID, access.CardsKey)
			if n != 2 {
				t.Errorf("%d keys live, want 2", n)
			}
			return err
		})
	}},
}

var keyRaces = []contract{
	{"of many keys that are asked for at once, as many are made as there is room for", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []Store{w.Store, f.Again(t, w.Store)}
		w.NewCardsKey()
		results := together(crowd, func(i int) error {
			service, _ := w.gate(handles[i%2])
			_, err := service.IssueKey(t.Context(), tokens.IssueKey{Command: issuance.Command{Caller: w.Caller()}, Name: "key"})
			return err
		})
		room := min(crowd, access.MostCardsKeys-1)
		if got := tally(results); got["ok"] != room || got[access.KeyLimit.Name()] != crowd-room {
			t.Errorf("%v", got)
		}
		if n := active(w.cardsKeys()); n != room+1 {
			t.Errorf("%d keys live", n)
		}
	}},
	{"keys that end each other at once leave one", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []Store{w.Store, f.Again(t, w.Store)}
		keys := []access.Credential{w.NewCardsKey(), w.NewCardsKey(), w.NewCardsKey(), w.NewCardsKey()}
		for _, err := range together(crowd, func(i int) error {
			service, _ := w.gate(handles[i%2])
			err := service.RevokeKey(t.Context(), tokens.RevokeKey{Command: issuance.Command{Caller: w.Caller()}, Key: keys[i%len(keys)].ID})
			if errors.Is(err, access.KeyLastActive) {
				return nil
			}
			return err
		}) {
			must(t, err)
		}
		if n := active(w.cardsKeys()); n != 1 {
			t.Errorf("%d keys live, want one", n)
		}
	}},
	{"a note of the last use undoes no change of the key, and no change the note", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []Store{w.Store, f.Again(t, w.Store)}
		w.NewCardsKey()
		key := w.NewCardsKey()
		used := w.next()
		list := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
		for _, err := range together(crowd, func(i int) error {
			on := handles[i/3%2]
			service, _ := w.gate(on)
			cmd := issuance.Command{Caller: w.Caller()}
			switch i % 3 {
			case 0:
				return on.Access().Write(t.Context(), func(tx access.Tx) error {
					return tx.TouchCredential(t.Context(), key.ID, used.Add(time.Duration(i)*time.Second))
				})
			case 1:
				return service.RevokeKey(t.Context(), tokens.RevokeKey{Command: cmd, Key: key.ID})
			default:
				_, err := service.AllowKey(t.Context(), tokens.AllowKey{Command: cmd, Key: key.ID, Allowlist: list})
				if errors.Is(err, access.KeyUnknown) { // it was revoked before
					return nil
				}
				return err
			}
		}) {
			must(t, err)
		}
		last := (crowd - 1) / 3 * 3
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			got, err := found(tx.ProgramKey(ctx, w.Program.ID, access.CardsKey, key.ID))
			if got.Status != access.Revoked || got.RevokedAt.IsZero() || !got.LastUsed.Equal(used.Add(time.Duration(last)*time.Second)) {
				t.Errorf("the key is %s since %s, last used %s", got.Status, got.RevokedAt, got.LastUsed)
			}
			return err
		})
	}},
}
