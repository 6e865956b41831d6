package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/vault"
)

// numberCases are about the numbers of cards, as the vault keeps them.
var numberCases = []contract{
	{"a card number comes back with every field, by its card and by its index", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		full := card.VaultEntry{
			Card: w.NewCard().ID, Program: w.Program.ID, Index: w.IDs.Bytes(32), Sealed: append(w.IDs.Bytes(48), 0), CVVSeries: 1 << 40,
		}
		entries.holds(t, w, filled(t, full, "Version"), func(e *card.VaultEntry) {
			e.Sealed, e.CVVSeries = w.IDs.Bytes(49), e.CVVSeries+1
		})
	}},
	{"a card number belongs to one card of the whole installation, and a taken one does not end the transaction", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		first := w.entry(w.NewCard())
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertVaultEntry(ctx, first) })
		for what, e := range map[string]card.VaultEntry{
			"in the programme":     {Card: w.NewCard().ID, Program: w.Program.ID, Index: first.Index, Sealed: w.IDs.Bytes(48)},
			"in another programme": {Card: ident.CardID{UUID: w.IDs.UUID()}, Program: w.Foreign.ID, Index: first.Index, Sealed: w.IDs.Bytes(48)},
		} {
			w.Write(func(ctx context.Context, tx issuance.Tx) error {
				if err := tx.InsertVaultEntry(ctx, e); !errors.Is(err, issuance.ErrNumberTaken) {
					t.Errorf("a taken number %s: %v, want ErrNumberTaken", what, err)
				}
				e.Index = w.IDs.Bytes(32)
				return tx.InsertVaultEntry(ctx, e)
			})
		}
	}},
	{"many card numbers are kept at once, but those that are taken", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		const many = 207
		first := w.entry(w.NewCard())
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertVaultEntry(ctx, first) })
		es := make([]card.VaultEntry, many)
		for i := range es {
			es[i] = card.VaultEntry{Card: ident.CardID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Index: w.IDs.Bytes(32), Sealed: w.IDs.Bytes(48)}
		}
		es[9].Index, es[200].Index = es[8].Index, first.Index
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			taken, err := tx.InsertVaultEntries(ctx, es)
			must(t, err)
			same(t, "the numbers that are taken", []int{9, 200}, taken)
			return nil
		})
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			for i, e := range es {
				got, there, err := tx.VaultEntry(ctx, e.Program, e.Card)
				must(t, err)
				if there == (i == 9 || i == 200) {
					t.Errorf("number %d: kept %v", i, there)
				} else if there {
					same(t, "a number", e, got)
				}
			}
			return nil
		})
	}},
	{"of writers that keep one card number at once, one has it", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []Store{w.Store, f.Again(t, w.Store)}
		index := w.IDs.Bytes(32)
		made := make([]card.Card, crowd)
		for i := range made {
			made[i] = w.NewCard()
		}
		kept := 0
		for _, err := range together(crowd, func(i int) error {
			return handles[i%2].Issuance().Write(t.Context(), func(tx issuance.Tx) error {
				return tx.InsertVaultEntry(t.Context(), card.VaultEntry{Card: made[i].ID, Program: w.Program.ID, Index: index, Sealed: w.IDs.Bytes(48)})
			})
		}) {
			switch {
			case err == nil:
				kept++
			case !errors.Is(err, issuance.ErrNumberTaken):
				t.Errorf("the others are told ErrNumberTaken, not %v", err)
			}
		}
		if kept != 1 {
			t.Errorf("%d writers keep the number", kept)
		}
	}},
	{"a new card has a number below its programme's BIN that it is found by, and CVVs that follow one another", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t), WithPolicy("vault.bin", "222300"))
		rules, caller := w.Service(w.Store), issuance.Caller{Program: w.Program.ID, Actor: "test"}
		made, err := rules.CreateCard(t.Context(), issuance.CreateCard{
			Command: issuance.Command{Caller: caller}, Customer: w.Customer.ID, Account: w.Account.ID, Type: card.Virtual, ThreeDS: "SMS",
		})
		must(t, err)
		shown, err := rules.OpenRevealLink(t.Context(), issuance.OpenRevealLink{Token: w.linkTo(rules, made.Card.ID).Token})
		must(t, err)
		pan := shown.PAN.Reveal()
		if pan[:6] != "222300" || pan[len(pan)-4:] != made.Card.Last4 || shown.LastMonth.After(made.Card.ExpiresAt) {
			t.Errorf("the number begins with %s and ends otherwise than %s, or expires late", pan[:6], made.Card.Last4)
		}
		found, err := rules.CardByNumber(t.Context(), w.Program.ID, shown.PAN)
		must(t, err)
		same(t, "the card of the number", made.Card, found.Card)
		if counts := tally([]error{errOf(rules.CardByNumber(t.Context(), w.Foreign.ID, shown.PAN))}); counts[card.NotFound.Name()] != 1 {
			t.Errorf("a card is found by its number in another programme: %v", counts)
		}
		handles := []*issuance.Service{rules, w.Service(f.Again(t, w.Store))}
		cvvs := make([]string, crowd)
		for _, err := range together(crowd, func(i int) error {
			next, err := handles[i%2].RotateCVV(t.Context(), issuance.RotateCVV{Command: issuance.Command{Caller: caller}, Card: made.Card.ID})
			if err == nil {
				cvvs[i] = next.CVV.Reveal()
			}
			return err
		}) {
			must(t, err)
		}
		e := w.entryOf(made.Card.ID)
		if e.CVVSeries < crowd || e.Version != crowd {
			t.Errorf("%d rotations at once make series %d, version %d", crowd, e.CVVSeries, e.Version)
		}
		now, err := vault.New(w.Sealer, w.IDs).Open(e)
		must(t, err)
		last := 0
		for _, cvv := range cvvs {
			if cvv == now.CVV.Reveal() {
				last++
			}
		}
		if last == 0 {
			t.Error("the CVV of the card was answered to nobody")
		}
	}},
	{"a programme that keeps no card numbers draws none", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t), WithPolicy("vault.mode", program.VaultOff))
		rules, caller := w.Service(w.Store), issuance.Caller{Program: w.Program.ID, Actor: "test"}
		made, err := rules.CreateCard(t.Context(), issuance.CreateCard{
			Command: issuance.Command{Caller: caller}, Customer: w.Customer.ID, Account: w.Account.ID, Type: card.Physical, ThreeDS: "SMS",
		})
		must(t, err)
		if made.Card.Last4 != "" {
			t.Error("the card has last four digits of no number")
		}
		counts := tally([]error{
			errOf(rules.CreateRevealLink(t.Context(), issuance.CreateRevealLink{Command: issuance.Command{Caller: caller}, Card: made.Card.ID})),
			errOf(rules.RotateCVV(t.Context(), issuance.RotateCVV{Command: issuance.Command{Caller: caller}, Card: made.Card.ID})),
		})
		if counts[card.NoNumberKept.Name()] != 2 {
			t.Errorf("reveal and rotation answer %v", counts)
		}
	}},
}

func errOf[T any](_ T, err error) error { return err }

// entry is a number of a card that is not kept yet.
func (w *World) entry(c card.Card) card.VaultEntry {
	return card.VaultEntry{Card: c.ID, Program: c.Program, Index: w.IDs.Bytes(32), Sealed: w.IDs.Bytes(48)}
}

func (w *World) entryOf(id ident.CardID) (e card.VaultEntry) {
	w.t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) (err error) {
		e, err = found(tx.VaultEntry(ctx, w.Program.ID, id))
		return err
	})
	return e
}

var entries = keeping[card.VaultEntry]{
	insert:  func(ctx context.Context, tx issuance.Tx, e card.VaultEntry) error { return tx.InsertVaultEntry(ctx, e) },
	update:  func(ctx context.Context, tx issuance.Tx, e card.VaultEntry) error { return tx.UpdateVaultEntry(ctx, e) },
	version: func(e *card.VaultEntry) *int64 { return &e.Version },
	readers: []reader[card.VaultEntry]{
		{"VaultEntry", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, e card.VaultEntry) (card.VaultEntry, bool, error) {
			return tx.VaultEntry(ctx, p, e.Card)
		}},
		{"VaultEntryByIndex", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, e card.VaultEntry) (card.VaultEntry, bool, error) {
			return tx.VaultEntryByIndex(ctx, p, e.Index)
		}},
	},
}
