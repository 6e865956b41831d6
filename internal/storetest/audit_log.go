package storetest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/auditlog"
	"github.com/firsttap/firsttap/internal/auditworker"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

var auditLogRules = []contract{
	{"a row without a place waits, in the log of its programme or of the installation", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		w.waiting(t)
		here, there, house := w.auditRow(w.Program.ID), w.auditRow(w.Foreign.ID), w.auditRow(ident.ProgramID{})
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertAudit(ctx, here, there, house) })
		w.waiting(t, ident.ProgramID{}, w.Program.ID, w.Foreign.ID)
		pending := w.pending(t, w.Program.ID, 10)
		same(t, "what waits", auditworker.Pending{Head: auditlog.EmptyHead(w.Program.ID), Rows: []audit.Row{here}}, pending)
		w.sealAll(t, w.Store)
		w.waiting(t)
		same(t, "of the installation", []audit.Row{house}, w.sealed(t, ident.ProgramID{}).Rows)
	}},
	{"places go up from zero, in steps of any length, and a row that comes later comes behind, whatever its time", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		at := w.next()
		var all []audit.Row
		for i := range 600 {
			r := w.auditRow(w.Program.ID)
			r.At = at.Add(time.Duration(i) * time.Millisecond)
			all = append(all, r)
		}
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertAudit(ctx, all...) })
		for _, step := range []int{1, 254, 2, 343} {
			if !w.place(t, w.Store, w.Program.ID, step) {
				t.Fatal("a place was taken by nobody")
			}
		}
		late := w.auditRow(w.Program.ID)
		late.At = at.Add(-time.Hour)
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertAudit(ctx, late) })
		w.sealAll(t, w.Store)
		same(t, "the log", append(all, late), w.sealed(t, w.Program.ID).Rows)
	}},
	{"a step that expects another size does nothing", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		w.addAuditRows(3)
		stale := w.growth(t, w.Program.ID, 2)
		if !w.place(t, w.Store, w.Program.ID, 1) {
			t.Fatal("the first step was refused")
		}
		placed, err := w.Store.AuditLog().Place(t.Context(), stale)
		if err != nil || placed {
			t.Errorf("a stale step: %v, %v", placed, err)
		}
		if n := len(w.sealed(t, w.Program.ID).Rows); n != 1 {
			t.Errorf("%d rows have a place, want 1", n)
		}
	}},
	{"a step with a row that does not wait any more does nothing", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		w.addAuditRows(3)
		step := w.growth(t, w.Program.ID, 2)
		step.Rows[1].ID = w.IDs.UUID()
		_, err := w.Store.AuditLog().Place(t.Context(), step)
		isFault(t, "a row that is not there", err)
		if n := len(w.sealed(t, w.Program.ID).Rows); n != 0 {
			t.Errorf("%d rows have a place, want none", n)
		}
	}},
	{"heads are those of all logs, and tiles are found by their place", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		w.addAuditRows(300)
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertAudit(ctx, w.auditRow(w.Foreign.ID)) })
		w.sealAll(t, w.Store)
		heads, err := w.Store.AuditLog().Heads(t.Context())
		must(t, err)
		sizes := map[ident.ProgramID]int64{}
		for _, h := range heads {
			sizes[h.Log] = h.Size
		}
		same(t, "sizes", map[ident.ProgramID]int64{w.Program.ID: 300, w.Foreign.ID: 1}, sizes)
		tiles, err := w.Store.AuditLog().Tiles(t.Context(), w.Program.ID, []tlog.Tile{{H: 8, L: 1, N: 0, W: 1}, {H: 8, L: 0, N: 1, W: 44}, {H: 8, L: 0, N: 7, W: 1}})
		must(t, err)
		lengths := []int{}
		for _, tile := range tiles {
			lengths = append(lengths, len(tile.Hashes))
		}
		same(t, "lengths of tiles", []int{32, 44 * 32, 0}, lengths)
	}},
}

var auditLogRaces = []contract{
	{"workers that seal beside each other and beside commands never fork a log, and leave no row behind", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []Store{w.Store, f.Again(t, w.Store)}
		const writers, each = 4, 60
		var writing sync.WaitGroup
		done := make(chan struct{})
		writing.Add(writers)
		results := together(writers+2*len(handles), func(i int) error {
			if i < writers {
				defer writing.Done()
				for range each {
					err := handles[i%2].Issuance().Write(t.Context(), func(tx issuance.Tx) error {
						return tx.InsertAudit(t.Context(), w.auditRow(w.Program.ID), w.auditRow(w.Foreign.ID))
					})
					if err != nil {
						return err
					}
				}
				return nil
			}
			if i == writers {
				go func() { writing.Wait(); close(done) }()
			}
			sealer := w.auditWorker(t, handles[i%2], 7)
			for {
				last := false
				select {
				case <-done:
					last = true
				default:
				}
				if err := sealer.Pass(t.Context()); err != nil || last {
					return err
				}
			}
		})
		for _, err := range results {
			must(t, err)
		}
		w.waiting(t)
		for _, p := range []ident.ProgramID{w.Program.ID, w.Foreign.ID} {
			w.proves(t, p, writers*each)
		}
	}},
}

func (w *World) auditRow(p ident.ProgramID) audit.Row {
	return audit.Row{ID: w.IDs.UUID(), Program: p, At: w.Now(), Actor: "key:a", Channel: audit.ChannelCards, Action: "a.b", Outcome: audit.OK}
}

func (w *World) addAuditRows(n int) {
	rows := make([]audit.Row, n)
	for i := range rows {
		rows[i] = w.auditRow(w.Program.ID)
	}
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertAudit(ctx, rows...) })
}

// waiting wants these logs to have rows without a place.
func (w *World) waiting(t testing.TB, want ...ident.ProgramID) {
	t.Helper()
	slices.SortFunc(want, func(a, b ident.ProgramID) int { return bytes.Compare(a.UUID[:], b.UUID[:]) })
	got, err := w.Store.AuditLog().Waiting(t.Context())
	must(t, err)
	same(t, "the logs with rows that wait", want, got)
}

func (w *World) pending(t testing.TB, p ident.ProgramID, limit int) auditworker.Pending {
	t.Helper()
	pending, err := w.Store.AuditLog().Load(t.Context(), p, limit)
	must(t, err)
	return pending
}

// growth is what a worker would do next.
func (w *World) growth(t testing.TB, p ident.ProgramID, limit int) auditworker.Step {
	t.Helper()
	pending := w.pending(t, p, limit)
	leaves := make([]tlog.Hash, len(pending.Rows))
	for i, r := range pending.Rows {
		leaves[i] = tlog.RecordHash(auditlog.Leaf(r))
	}
	head, tiles, err := auditlog.Grow(pending.Head, pending.Tiles, leaves)
	must(t, err)
	return auditworker.Step{Old: pending.Head, New: head, Rows: pending.Rows, Tiles: tiles}
}

func (w *World) place(t testing.TB, s Store, p ident.ProgramID, limit int) bool {
	t.Helper()
	placed, err := s.AuditLog().Place(t.Context(), w.growth(t, p, limit))
	must(t, err)
	return placed
}

// published is a place for checkpoints in memory.
type published map[string][]byte

func (p published) Publish(origin string, _ time.Time, next func([]byte) ([]byte, error)) error {
	signed, err := next(p[origin])
	if signed != nil {
		p[origin] = signed
	}
	return err
}

var checkpointSigner = auditlog.NewSigner(bytes.Repeat([]byte{1}, 32))

func (w *World) auditWorker(t testing.TB, s Store, step int) *auditworker.Worker {
	t.Helper()
	worker, err := auditworker.New(auditworker.Options{
		Log: s.AuditLog(), Publisher: published{}, Signer: checkpointSigner, Now: w.Clock.Now, Logger: slog.New(slog.DiscardHandler), Step: step,
	})
	must(t, err)
	return worker
}

func (w *World) sealAll(t testing.TB, s Store) {
	t.Helper()
	must(t, w.auditWorker(t, s, 0).Pass(t.Context()))
}

// sealed is all rows of a log in its order.
func (w *World) sealed(t testing.TB, p ident.ProgramID) auditlog.Page {
	t.Helper()
	page, err := w.Store.AuditLog().Sealed(t.Context(), p, 0, 1<<40)
	must(t, err)
	return page
}

// proves wants a log of that many rows, each once, to be what its head says.
func (w *World) proves(t testing.TB, p ident.ProgramID, rows int) {
	t.Helper()
	page := w.sealed(t, p)
	ids := map[ident.UUID]bool{}
	for _, r := range page.Rows {
		ids[r.ID] = true
	}
	if len(ids) != rows || len(page.Rows) != rows {
		t.Errorf("%d rows with %d ids, want %d", len(page.Rows), len(ids), rows)
	}
	heads, err := w.Store.AuditLog().Heads(t.Context())
	must(t, err)
	i := slices.IndexFunc(heads, func(h auditlog.Head) bool { return h.Log == p })
	if i < 0 {
		t.Fatalf("the log of %s has no head", p)
	}
	if _, err := auditlog.Verify(bytes.NewReader(page.Append(nil)), []auditlog.Checkpoint{heads[i].Checkpoint()}); err != nil {
		t.Error(fmt.Errorf("the log of %s: %w", p, err))
	}
}
