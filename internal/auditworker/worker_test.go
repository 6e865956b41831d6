package auditworker_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/auditlog"
	"github.com/firsttap/firsttap/internal/auditworker"
	"github.com/firsttap/firsttap/internal/ident"
)

// oneLog is a log of one programme in memory, as a store would keep it.
type oneLog struct {
	mu      sync.Mutex
	head    auditlog.Head
	waiting []audit.Row
	tiles   map[[2]int64]auditlog.Tile
	steps   int
	down    error
	rival   bool // before the next step somebody else seals one row
}

var program = ident.ProgramID{UUID: ident.UUID{3}}

func newLog() *oneLog {
	return &oneLog{head: auditlog.EmptyHead(program), tiles: map[[2]int64]auditlog.Tile{}}
}

func (l *oneLog) write(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range n {
		l.waiting = append(l.waiting, audit.Row{Program: program, ID: ident.UUID{byte(len(l.waiting)), byte(l.head.Size)}})
	}
}

func (l *oneLog) size() (sealed int64, waiting int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head.Size, len(l.waiting)
}

func (l *oneLog) Waiting(context.Context) ([]ident.ProgramID, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		return nil, l.down
	}
	return []ident.ProgramID{program}, l.down
}

func (l *oneLog) Load(_ context.Context, _ ident.ProgramID, limit int) (auditworker.Pending, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := auditworker.Pending{Head: l.head, Rows: append([]audit.Row(nil), l.waiting[:min(limit, len(l.waiting))]...)}
	for _, tile := range l.tiles {
		p.Tiles = append(p.Tiles, tile)
	}
	return p, nil
}

func (l *oneLog) Place(_ context.Context, s auditworker.Step) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rival {
		l.rival = false
		l.grow(l.waiting[:1])
	}
	if l.head.Size != s.Old.Size {
		return false, nil
	}
	l.steps++
	l.put(s.New, s.Tiles, len(s.Rows))
	return true, nil
}

func (l *oneLog) grow(rows []audit.Row) {
	leaves := make([]tlog.Hash, len(rows))
	for i, r := range rows {
		leaves[i] = tlog.RecordHash(auditlog.Leaf(r))
	}
	var last []auditlog.Tile
	for _, tile := range l.tiles {
		last = append(last, tile)
	}
	head, tiles, err := auditlog.Grow(l.head, last, leaves)
	if err != nil {
		panic(err)
	}
	l.put(head, tiles, len(rows))
}

func (l *oneLog) put(head auditlog.Head, tiles []auditlog.Tile, rows int) {
	l.head, l.waiting = head, l.waiting[rows:]
	for _, tile := range tiles {
		l.tiles[[2]int64{int64(tile.Level), tile.N}] = tile
	}
}

func (l *oneLog) Heads(context.Context) ([]auditlog.Head, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.head.Size == 0 {
		return nil, nil
	}
	return []auditlog.Head{l.head}, nil
}

func (l *oneLog) Tiles(_ context.Context, _ ident.ProgramID, wanted []tlog.Tile) ([]auditlog.Tile, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]auditlog.Tile, len(wanted))
	for i, w := range wanted {
		out[i] = l.tiles[[2]int64{int64(w.L), w.N}]
	}
	return out, nil
}

func (l *oneLog) Sealed(context.Context, ident.ProgramID, int64, int64) (auditlog.Page, error) {
	return auditlog.Page{}, nil
}

var signer = auditlog.NewSigner(bytes.Repeat([]byte{1}, 32))

func newWorker(t *testing.T, l auditworker.Log, p auditworker.Publisher, logged *bytes.Buffer) *auditworker.Worker {
	t.Helper()
	w, err := auditworker.New(auditworker.Options{
		Log: l, Publisher: p, Signer: signer, Now: time.Now, Logger: slog.New(slog.NewTextHandler(logged, nil)), Step: 4,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func openFolder(t *testing.T, path string) *auditworker.Folder {
	t.Helper()
	f, err := auditworker.OpenFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// newest is the checkpoint in a folder.
func newest(t *testing.T, f *auditworker.Folder) auditlog.Checkpoint {
	t.Helper()
	content, err := f.Latest(auditlog.Origin(program))
	if err != nil {
		t.Fatal(err)
	}
	return read(t, content)[0]
}

func read(t *testing.T, content []byte) []auditlog.Checkpoint {
	t.Helper()
	v, err := auditlog.NewVerifier(signer.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	list, err := v.Checkpoints(content)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWorker_SealsWithinASecondAndBeforeItStops(t *testing.T) {
	t.Parallel()
	folder := openFolder(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		var logged bytes.Buffer
		w := newWorker(t, l, folder, &logged)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { w.Run(ctx); close(ended) }()
		for range 5 {
			l.write(10)
			<-time.After(time.Second)
			synctest.Wait()
			if sealed, waiting := l.size(); waiting != 0 || newest(t, folder).Size != sealed {
				t.Errorf("after a second %d rows wait, of %d sealed %d are published", waiting, sealed, newest(t, folder).Size)
			}
		}
		l.write(3)
		stop()
		<-ended
		if sealed, waiting := l.size(); sealed != 53 || waiting != 0 || newest(t, folder).Size != 53 {
			t.Errorf("stopped with %d sealed, %d waiting", sealed, waiting)
		}
		if logged.Len() > 0 {
			t.Errorf("it complained: %s", logged.String())
		}
	})
}

func TestWorker_TellsOfTroubleOnceAMinuteAndGoesOn(t *testing.T) {
	t.Parallel()
	folder := openFolder(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		l.down = errors.New("the database is away")
		var logged bytes.Buffer
		w := newWorker(t, l, folder, &logged)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { w.Run(ctx); close(ended) }()
		l.write(1)
		<-time.After(90 * time.Second)
		synctest.Wait()
		l.mu.Lock()
		l.down = nil
		l.mu.Unlock()
		<-time.After(time.Second)
		synctest.Wait()
		if sealed, _ := l.size(); sealed != 1 {
			t.Errorf("it did not go on: %d", sealed)
		}
		stop()
		<-ended
		if n := strings.Count(logged.String(), "the database is away"); n != 2 {
			t.Errorf("told %d times in a minute and a half, want 2:\n%s", n, logged.String())
		}
	})
}

func TestPass_LooksAgainWhenAnotherWasFaster(t *testing.T) {
	t.Parallel()
	folder, l := openFolder(t, t.TempDir()), newLog()
	l.write(9)
	l.rival = true
	if err := newWorker(t, l, folder, &bytes.Buffer{}).Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	if sealed, waiting := l.size(); sealed != 9 || waiting != 0 || newest(t, folder).Size != 9 {
		t.Errorf("%d sealed, %d waiting", sealed, waiting)
	}
}

// Who seals beside a server lets it go first between two steps, and not once there is nothing left to do.
func TestPass_GivesWayBetweenSteps(t *testing.T) {
	t.Parallel()
	for rows, want := range map[int]int{3: 0, 4: 1, 9: 2} { // in steps of 4
		l, gave := newLog(), 0
		l.write(rows)
		stop := errors.New("stop")
		given := func(err error) func(context.Context, time.Duration) error {
			return func(context.Context, time.Duration) error { gave++; return err }
		}
		o := auditworker.Options{
			Log: l, Publisher: openFolder(t, t.TempDir()), Signer: signer, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Step: 4,
		}
		pass := func(err error) error {
			o.GiveWay = given(err)
			w, made := auditworker.New(o)
			if made != nil {
				t.Fatal(made)
			}
			return w.Pass(t.Context())
		}
		if err := pass(nil); err != nil || gave != want {
			t.Errorf("%d rows: gave way %d times, %v; want %d", rows, gave, err, want)
		}
		l.write(9)
		if err := pass(stop); !errors.Is(err, stop) {
			t.Errorf("%d rows: told to stop, it gave %v", rows, err)
		}
	}
}

// A log that is not what was published is not signed.
func TestPass_PublishesNothingOverARewrittenHistory(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	folder, l := openFolder(t, path), newLog()
	l.write(6)
	if err := newWorker(t, l, folder, &bytes.Buffer{}).Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := newest(t, folder)
	for name, forge := range map[string]func(*oneLog){
		"rows are gone":  func(l *oneLog) { l.write(3) },
		"rows are other": func(l *oneLog) { l.write(1); l.waiting[0].Note = "forged"; l.write(8) },
		"same length":    func(l *oneLog) { l.write(1); l.waiting[0].Note = "forged"; l.write(5) },
	} {
		forged := newLog()
		forge(forged)
		err := newWorker(t, forged, openFolder(t, path), &bytes.Buffer{}).Pass(t.Context())
		if !errors.Is(err, auditlog.ErrRewritten) {
			t.Errorf("%s: %v", name, err)
		}
		if got := newest(t, folder); got != before {
			t.Errorf("%s: published %+v", name, got)
		}
	}
	l.write(2)
	if err := newWorker(t, l, openFolder(t, path), &bytes.Buffer{}).Pass(t.Context()); err != nil || newest(t, folder).Size != 8 {
		t.Errorf("the true log goes on: %v, %+v", err, newest(t, folder))
	}
}
