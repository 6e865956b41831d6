package sqlstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	orders "github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/keyring"
	"github.com/firsttap/firsttap/internal/program"
)

// blob is a sealed value as the keyring lays it out: version, key id, and the rest.
func blob(key uint32, rest string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{1}, key), rest...)
}

// sealEverywhere puts n values under key 1 into every column, and gives what they were sealed under.
func sealEverywhere(t *testing.T, d *DB, n int) map[keyring.Binding]int {
	t.Helper()
	at := time.UnixMicro(1)
	p := program.Program{ID: ident.ProgramID{UUID: ident.UUID{7}}, Name: "one", Kind: program.Sandbox, CreatedAt: at}
	want := map[keyring.Binding]int{}
	bound := func(purpose keyring.Purpose, subject string) {
		want[keyring.Binding{Purpose: purpose, Program: p.ID.String(), Subject: subject}]++
	}
	err := d.engine.write(t.Context(), func(s *session) error {
		x := tx{s}
		ctx := context.WithoutCancel(t.Context())
		b := orders.Batch{ID: ident.BatchID{UUID: ident.UUID{8}}, Program: p.ID, Reference: "r", Status: orders.Staging, CreatedAt: at}
		err := errors.Join(x.InsertProgram(ctx, p, nil), x.InsertBatch(ctx, b))
		for i := range n {
			id := ident.UUID{1, byte(i >> 8), byte(i)}
			c := card.Card{ID: ident.CardID{UUID: id}, Program: p.ID, Number: int64(i), PINSealed: blob(1, "pin"), CreatedAt: at}
			v := card.VaultEntry{Card: c.ID, Program: p.ID, Index: id[:], Sealed: blob(1, "pan")}
			pl := card.Plastic{ID: ident.PlasticID{UUID: id}, Program: p.ID, Card: c.ID, CreatedAt: at, Guard: card.Guard{CodeSealed: blob(1, "code")}}
			e := issuance.Endpoint{ID: ident.EndpointID{UUID: id}, Program: p.ID, Door: "cards", SecretSealed: blob(1, "new"), PreviousSealed: blob(1, "old"), CreatedAt: at}
			a := issuance.StoredAnswer{Program: p.ID, Door: "cards", Key: fmt.Sprintf("a \"key\" %d\n", i), Body: blob(1, "body"+strings.Repeat("y", i%2*longBody)), Sealed: true, CreatedAt: at, ExpiresAt: at}
			open := issuance.StoredAnswer{Program: p.ID, Door: "debit", Key: fmt.Sprint(i), Body: blob(1, "not sealed"+strings.Repeat("y", i%2*longBody)), CreatedAt: at, ExpiresAt: at}
			item := orders.Item{Batch: b.ID, Index: i, PINSealed: blob(1, "staged"), Outcome: orders.Pending}
			err = errors.Join(err, x.InsertCard(ctx, c), x.InsertVaultEntry(ctx, v), x.InsertPlastic(ctx, pl), x.InsertEndpoint(ctx, e), x.SaveAnswer(ctx, a),
				x.SaveAnswer(ctx, open), x.InsertItems(ctx, []orders.Item{item}))
			bound(keyring.PIN, id.String())
			bound(keyring.CardNumber, id.String())
			bound(keyring.ActivationCode, id.String())
			bound(keyring.WebhookSecret, id.String())
			bound(keyring.WebhookSecret, id.String())
			bound(keyring.StoredAnswer, a.Door+" "+a.Key)
			bound(keyring.PIN, fmt.Sprintf("staged %s %d", b.ID, i))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return want
}

func TestSealed_GivesEveryValueOnceWithItsBindingUntilAllAreReplaced(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	want := sealEverywhere(t, d, 25)
	store := d.Sealed()
	for round := 0; ; round++ {
		got, err := store.SealedBatch(t.Context(), 2, 7)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			break
		}
		if len(got) > 7 || round > 100 {
			t.Fatalf("round %d gave %d values", round, len(got))
		}
		for _, v := range got {
			if want[v.Binding]--; want[v.Binding] < 0 {
				t.Errorf("%s.%s of %s came too often, or under another binding: %+v", v.Table, v.Column, v.ID, v.Binding)
			}
			if key, ok := keyring.KeyIDOf(v.Blob); ok && key != 1 {
				t.Errorf("%s.%s is under key %d", v.Table, v.Column, key)
			}
			if err := store.ReplaceSealed(t.Context(), v, blob(2, string(v.Blob[5:]))); err != nil {
				t.Fatal(err)
			}
		}
	}
	for b, n := range want {
		if n != 0 {
			t.Errorf("%d values of %+v did not come", n, b)
		}
	}
}

func TestSealed_LeavesAloneWhatChangedMeanwhile(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	sealEverywhere(t, d, 1)
	store := d.Sealed()
	got, err := store.SealedBatch(t.Context(), 2, 1)
	if err != nil || len(got) != 1 || got[0].Table != "plastics" {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := d.changed(t.Context(), `UPDATE plastics SET code_sealed = $1`, blob(3, "newer")); err != nil {
		t.Fatal(err)
	}
	if err := store.ReplaceSealed(t.Context(), got[0], blob(2, "code")); err != nil {
		t.Fatal(err)
	}
	if _, err := store.SealedBatch(t.Context(), 2, 1); err != nil { // writes what was gathered
		t.Fatal(err)
	}
	err = d.engine.read(t.Context(), func(s *session) error {
		var now []byte
		_, err := one(s, `SELECT code_sealed FROM plastics`, nil, &now)
		if !bytes.Equal(now, blob(3, "newer")) {
			t.Errorf("the value is %q", now)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A rotation that is alone rests as long as it works; one that waits for a server rests much longer, but not for ever.
func TestSealed_RestsLongerBesideOthersWhoWrite(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for _, c := range []struct{ waited, took, want time.Duration }{
		{0, 2 * ms, 2 * ms},
		{3 * ms, 5 * ms, 65 * ms},
		{time.Second, 1002 * ms, 1202 * ms},
	} {
		if got := resealRest(c.waited, c.took); got != c.want {
			t.Errorf("waited %v of %v: rests %v, want %v", c.waited, c.took, got, c.want)
		}
	}
}

// A server of its own works for a command line at the priority of everybody, so the command line rests. A file has no such server.
func TestGiveWay_RestsWhereAServerDoesTheWork(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		engine engine
		want   time.Duration
	}{"a server": {new(postgresEngine), 6 * time.Millisecond}, "a file": {new(sqliteEngine), 0}} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			if err := c.engine.giveWay(t.Context(), 3*time.Millisecond); err != nil || time.Since(began) != c.want {
				t.Errorf("%s: rested %v, %v; want %v", what, time.Since(began), err, c.want)
			}
			over, cancel := context.WithCancel(t.Context())
			cancel()
			if err := c.engine.giveWay(over, time.Hour); !errors.Is(err, context.Canceled) || time.Since(began) != c.want {
				t.Errorf("%s: after the end of its context: %v, after %v", what, err, time.Since(began))
			}
		})
	}
}

func TestVault_TakesEachIDOnce(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	v := d.Keys()
	key := keyring.DataKey{ID: 1, Purpose: "seal", KEK: "k1", Wrapped: []byte("w1"), CreatedAt: time.UnixMicro(5).UTC()}
	if err := v.AddDataKey(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if err := v.AddDataKey(t.Context(), keyring.DataKey{ID: 1, Purpose: "mac", Wrapped: []byte("other"), CreatedAt: key.CreatedAt}); !errors.Is(err, keyring.ErrKeyExists) {
		t.Errorf("a second key 1: %v", err)
	}
	key.KEK, key.Wrapped, key.Retired = "k2", []byte("w2"), true
	if err := errors.Join(v.RewrapDataKey(t.Context(), key), v.RetireDataKey(t.Context(), 1), v.RetireDataKey(t.Context(), 1)); err != nil {
		t.Error(err)
	}
	got, err := v.DataKeys(t.Context())
	if err != nil || len(got) != 1 || fmt.Sprint(got[0]) != fmt.Sprint(key) {
		t.Errorf("keys %v, %v; want %v", got, err, key)
	}
	// While a write and every reader are held, keys can still be read.
	err = d.engine.write(t.Context(), func(*session) error {
		_, err := v.DataKeys(t.Context())
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestSweep_RemovesWhatHasServedItsPurpose(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	now := time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC)
	p := program.Program{ID: ident.ProgramID{UUID: ident.UUID{7}}, Name: "one", Kind: program.Sandbox, CreatedAt: now, Clock: program.Clock{Offset: 48 * time.Hour}}
	later := p.Now(now)
	err := d.engine.write(t.Context(), func(s *session) error {
		x, ctx := tx{s}, t.Context()
		err := x.InsertProgram(ctx, p, nil)
		for i, expires := range []time.Time{later.Add(-time.Second), later, later.Add(time.Second), later.Add(time.Second)} {
			a := issuance.StoredAnswer{
				Program: p.ID, Door: "cards", Key: fmt.Sprint(i), Body: make([]byte, i%2*2*longBody), CreatedAt: later.Add(-time.Hour), ExpiresAt: expires,
			}
			err = errors.Join(err, x.SaveAnswer(ctx, a))
		}
		for i, at := range []time.Time{later.Add(-25 * time.Hour), later.Add(-time.Hour)} {
			_, miss := s.exec(insertMiss, p.ID.UUID, at, ident.UUID{byte(i + 1)})
			err = errors.Join(err, miss)
		}
		for id, fanned := range map[ident.EventID]bool{
			ident.LowestEventID(now.Add(-31 * 24 * time.Hour)):             true,
			ident.LowestEventID(now.Add(-32 * 24 * time.Hour)):             false, // still waits
			ident.LowestEventID(now.Add(-29 * 24 * time.Hour)):             true,
			"msg_0123456789abcdef0123456789abcdef":                         true,
			ident.LowestEventID(now.Add(-31*24*time.Hour + 5*time.Second)): true, // has a delivery that waits
		} {
			_, insert := s.exec(insertMessage, string(id), p.ID.UUID, "cards", "x", []byte{1}, now.Add(-40*24*time.Hour), fanned)
			err = errors.Join(err, insert)
		}
		e := issuance.Endpoint{ID: ident.EndpointID{UUID: ident.UUID{3}}, Program: p.ID, Door: "cards", CreatedAt: now}
		busy := ident.LowestEventID(now.Add(-31*24*time.Hour + 5*time.Second))
		err = errors.Join(err, x.InsertEndpoint(ctx, e))
		_, insert := s.exec(insertDelivery, ident.UUID{4}, string(busy), e.ID.UUID, now)
		_, ended := s.exec(insertDelivery, ident.UUID{5}, string(ident.LowestEventID(now.Add(-31*24*time.Hour))), e.ID.UUID, now)
		_, end := s.exec(`UPDATE deliveries SET state = 'delivered' WHERE id = $1`, ident.UUID{5})
		for _, id := range []ident.UUID{{4}, {5}} {
			_, attempt := s.exec(insertAttempt, id, 1, now, now, "status", 500, time.Second)
			err = errors.Join(err, attempt)
		}
		return errors.Join(err, insert, ended, end)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []Swept{{Answers: 2, Misses: 1, Messages: 2}, {}} {
		if got, err := d.Sweep(t.Context(), now, 30*24*time.Hour); err != nil || got != want {
			t.Errorf("swept %+v, %v; want %+v", got, err, want)
		}
	}
	if err := d.engine.read(t.Context(), func(s *session) error {
		var bodies int
		if _, err := one(s, `SELECT COUNT(*) FROM idempotency_bodies`, nil, &bodies); err != nil || bodies != 1 {
			t.Errorf("%d long answers are left, %v; want 1", bodies, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[ident.UUID]int{{4}: 1, {5}: 0} {
		if err := d.engine.read(t.Context(), func(s *session) error {
			if got, err := (tx{s}).Attempts(t.Context(), ident.DeliveryID{UUID: id}); err != nil || len(got) != want {
				t.Errorf("delivery %s has %d attempts left, %v; want %d", id, len(got), err, want)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}
