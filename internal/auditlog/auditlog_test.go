package auditlog_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/auditlog"
	"github.com/firsttap/firsttap/internal/ident"
)

var (
	log    = ident.ProgramID{UUID: ident.UUID{7}}
	signer = auditlog.NewSigner(bytes.Repeat([]byte{1}, 32))
)

// rows are n rows that differ.
func rows(n int) []audit.Row {
	out := make([]audit.Row, n)
	for i := range out {
		out[i] = audit.Row{
			ID: ident.UUID{1, byte(i >> 8), byte(i)}, Program: log, At: time.UnixMicro(1_790_000_000_000_000 + int64(i)).UTC(),
			Actor: "key:k_1", Channel: audit.ChannelCards, Source: "192.0.2.1", RequestID: "req_1", Action: "card.activate",
			Card: ident.CardID{UUID: ident.UUID{2, byte(i)}}, Outcome: audit.OK, Note: "a \"note\"\n",
		}
		if i%2 == 1 { // rows of before the field came stand beside later ones
			out[i].OnBehalfOf = "agent 7"
		}
	}
	return out
}

func TestLeaf_IsTheWrittenForm(t *testing.T) {
	t.Parallel()
	r := rows(1)[0]
	r.Note = "\x00\b\t\n\f\r\x1f \" \\ / < é \u2028 \x7f \xff"
	got := string(auditlog.Leaf(r))
	want := `{"action":"card.activate","actor":"key:k_1","at":"2026-09-21T14:13:20.000000Z","card":"02000000-0000-0000-0000-000000000000",` +
		`"channel":"cards","id":"01000000-0000-0000-0000-000000000000",` +
		`"note":"\u0000\b\t\n\f\r\u001f \" \\ / < é ` + "\u2028 \x7f \uFFFD" + `","outcome":"ok",` +
		`"program":"07000000-0000-0000-0000-000000000000","request_id":"req_1","source":"192.0.2.1"}`
	if got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
	r.Note, r.OnBehalfOf = "n", "agent 7"
	if later := string(auditlog.Leaf(r)); !strings.Contains(later, `"note":"n","on_behalf_of":"agent 7","outcome":"ok"`) {
		t.Errorf("got\n%s", later)
	}
	if !json.Valid([]byte(got)) {
		t.Error("it is no JSON")
	}
	if empty := string(auditlog.Leaf(audit.Row{})); empty != `{"at":"0001-01-01T00:00:00.000000Z"}` {
		t.Errorf("an empty row: %s", empty)
	}
}

// Each field of the row changes the leaf: also one that is added tomorrow.
func TestLeaf_CommitsToEveryField(t *testing.T) {
	t.Parallel()
	seen := map[string]string{string(auditlog.Leaf(audit.Row{})): "nothing"}
	typ := reflect.TypeFor[audit.Row]()
	for i := range typ.NumField() {
		var r audit.Row
		switch f := reflect.ValueOf(&r).Elem().Field(i); f.Interface().(type) {
		case string:
			f.SetString("x")
		case time.Time:
			f.Set(reflect.ValueOf(time.UnixMicro(1)))
		case ident.UUID:
			f.Set(reflect.ValueOf(ident.UUID{1}))
		default:
			f.Field(0).Set(reflect.ValueOf(ident.UUID{1}))
		}
		leaf := string(auditlog.Leaf(r))
		if other, ok := seen[leaf]; ok {
			t.Errorf("with only %s set the leaf is that of %s: %s", typ.Field(i).Name, other, leaf)
		}
		seen[leaf] = typ.Field(i).Name
	}
}

// TestLeaf_HashIsThatOfTheDocs hashes as docs/audit-log.md says, without the library.
func TestLeaf_HashIsThatOfTheDocs(t *testing.T) {
	t.Parallel()
	a, b := auditlog.Leaf(rows(2)[0]), auditlog.Leaf(rows(2)[1])
	left := sha256.Sum256(append([]byte{0}, a...))
	right := sha256.Sum256(append([]byte{0}, b...))
	root := sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
	head, _, err := auditlog.Grow(auditlog.EmptyHead(log), nil, []tlog.Hash{tlog.RecordHash(a), tlog.RecordHash(b)})
	if err != nil || head.Root != root {
		t.Errorf("root %v, %v; want %v", head.Root, err, tlog.Hash(root))
	}
}

// A log grown in steps of any length is the log grown at once, from the last tiles alone.
func TestGrow_StepsDoNotMatter(t *testing.T) {
	t.Parallel()
	const most = 70_000 // beyond 256², so that there are three levels
	leaves := make([]tlog.Hash, most)
	for i := range leaves {
		leaves[i] = tlog.RecordHash([]byte{byte(i >> 16), byte(i >> 8), byte(i)})
	}
	want := map[int64]tlog.Hash{}
	tiles := map[[2]int64]auditlog.Tile{}
	for _, steps := range [][]int{{1, 2, 3, 250, 1, 255, 256, 257, 511, 30_000, 34_464, 4_000}, {most}} {
		head, at := auditlog.EmptyHead(log), 0
		clear(tiles)
		for _, step := range steps {
			step = min(step, most-at)
			next, fresh, err := auditlog.Grow(head, lastOf(tiles), leaves[at:at+step])
			if err != nil {
				t.Fatalf("grow from %d by %d: %v", at, step, err)
			}
			for _, tile := range fresh {
				tiles[[2]int64{int64(tile.Level), tile.N}] = tile
			}
			head, at = next, at+step
			want[head.Size] = head.Root
		}
		if at != most || head.Size != most || head.Root != want[most] {
			t.Errorf("grown to %d: %v, want %v", head.Size, head.Root, want[most])
		}
	}
	for i, h := range leaves {
		tile := tiles[[2]int64{0, int64(i) / 256}]
		if got := tlog.Hash(tile.Hashes[i%256*32:][:32]); got != h {
			t.Fatalf("leaf %d is stored as %v", i, got)
		}
	}
}

// lastOf is what a store gives: the last tile of each level.
func lastOf(tiles map[[2]int64]auditlog.Tile) []auditlog.Tile {
	last := map[int]auditlog.Tile{}
	for _, tile := range tiles {
		if have, ok := last[tile.Level]; !ok || have.N < tile.N {
			last[tile.Level] = tile
		}
	}
	var out []auditlog.Tile
	for _, tile := range last {
		out = append(out, tile)
	}
	return out
}

func TestGrow_RefusesTilesThatDoNotFit(t *testing.T) {
	t.Parallel()
	leaves := []tlog.Hash{{1}, {2}, {3}}
	head, tiles, err := auditlog.Grow(auditlog.EmptyHead(log), nil, leaves)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := auditlog.Grow(head, nil, leaves); !errors.Is(err, auditlog.ErrTorn) {
		t.Errorf("without tiles: %v", err)
	}
	tiles[0].Hashes[40]++
	if _, _, err := auditlog.Grow(head, tiles, leaves); !errors.Is(err, auditlog.ErrTorn) {
		t.Errorf("with a changed tile: %v", err)
	}
}

func TestSigner_ShowsOnlyItsPublicKey(t *testing.T) {
	t.Parallel()
	if s := signer.String() + signer.GoString(); s != signer.VerifierKey()+signer.VerifierKey() {
		t.Errorf("it prints as %s", s)
	}
	signed := sign(t, auditlog.EmptyHead(log).Checkpoint())
	if !strings.HasPrefix(signed, "firsttap/audit/07000000-0000-0000-0000-000000000000\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— firsttap-audit ") {
		t.Errorf("a checkpoint:\n%s", signed)
	}
}

func TestCheckpoints_ReadsManyAndRefusesAnythingElse(t *testing.T) {
	t.Parallel()
	v := verifier(t)
	first := sign(t, auditlog.Checkpoint{Origin: auditlog.Origin(log), Size: 1, Root: tlog.Hash{1}})
	second := sign(t, auditlog.Checkpoint{Origin: auditlog.Origin(log), Size: 2, Root: tlog.Hash{2}})
	for _, between := range []string{"", "\n", "\n\n\n"} {
		got, err := v.Checkpoints([]byte(between + first + between + second + between))
		if err != nil || len(got) != 2 || got[0].Size != 1 || got[1].Size != 2 {
			t.Errorf("two, %q between: %v %v", between, got, err)
		}
	}
	for name, content := range map[string]string{
		"nothing": "", "lines": "\n\n", "words": "hello\n", "no signature": first[:strings.Index(first, "— ")],
		"one of two changed": first + strings.Replace(second, "\n2\n", "\n3\n", 1),
		"three numbers":      sign(t, auditlog.Checkpoint{Origin: "a\nb", Size: 1}),
		"below nothing":      sign(t, auditlog.Checkpoint{Origin: "a", Size: -1}),
	} {
		if got, err := v.Checkpoints([]byte(content)); !errors.Is(err, auditlog.ErrCheckpoint) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := auditlog.NewVerifier("firsttap-audit+00000000+AAAA"); !errors.Is(err, auditlog.ErrKey) {
		t.Errorf("a wrong key: %v", err)
	}
}

func verifier(t testing.TB) auditlog.Verifier {
	t.Helper()
	v, err := auditlog.NewVerifier(signer.VerifierKey() + "\n")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func sign(t testing.TB, c auditlog.Checkpoint) string {
	t.Helper()
	signed, err := signer.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}
