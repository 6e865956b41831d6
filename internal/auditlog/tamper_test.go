package auditlog_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/auditlog"
	"github.com/firsttap/firsttap/internal/ident"
)

// entry is what an export holds for one row.
type entry struct {
	n    int64
	hash tlog.Hash
	row  audit.Row
}

func entries(rs []audit.Row) []entry {
	out := make([]entry, len(rs))
	for i, r := range rs {
		out[i] = entry{int64(i), tlog.RecordHash(auditlog.Leaf(r)), r}
	}
	return out
}

// honest numbers and hashes everything anew, as one would who hides what he did.
func honest(es []entry) []entry {
	rs := make([]audit.Row, len(es))
	for i, e := range es {
		rs[i] = e.row
	}
	return entries(rs)
}

func exported(es []entry) []byte {
	var b []byte
	for _, e := range es {
		b = auditlog.AppendLine(b, e.n, e.hash, auditlog.Leaf(e.row))
	}
	return b
}

// checkpointAt signs the first n rows.
func checkpointAt(t testing.TB, rs []audit.Row, n int) string {
	t.Helper()
	leaves := make([]tlog.Hash, n)
	for i := range leaves {
		leaves[i] = tlog.RecordHash(auditlog.Leaf(rs[i]))
	}
	head, _, err := auditlog.Grow(auditlog.EmptyHead(log), nil, leaves)
	if err != nil {
		t.Fatal(err)
	}
	return sign(t, head.Checkpoint())
}

// verify is what the command does: read the signed notes, then the export.
func verify(t testing.TB, export []byte, notes string) (auditlog.Proof, error) {
	t.Helper()
	cs, err := verifier(t).Checkpoints([]byte(notes))
	if err != nil {
		return auditlog.Proof{}, err
	}
	return auditlog.Verify(bytes.NewReader(export), cs)
}

func TestVerify_ProvesWhatWasSigned(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 3, 255, 256, 257, 300} {
		rs := rows(n)
		notes := checkpointAt(t, rs, n)
		if n > 2 {
			notes += checkpointAt(t, rs, n/2) + checkpointAt(t, rs, 0) + checkpointAt(t, rs, n)
		}
		proof, err := verify(t, exported(entries(rs)), notes)
		if err != nil || proof.Size != int64(n) || n > 2 && proof.Older != 2 {
			t.Errorf("%d rows: %+v, %v", n, proof, err)
		}
	}
}

// tampering is one change of an export or its checkpoints. first is the first row that is not as it was
// signed, -1 when the checkpoints are at fault.
type tampering struct {
	export []byte
	notes  string
	first  int
	among  int // the row must be named among so many at most; 0 is as many as lie between two checkpoints
}

type tamper func(r *rand.Rand, es []entry) (changed []entry, first int)

// changes of rows; each is done openly (as it is) and hidden (everything numbered and hashed anew).
var changes = map[string]tamper{
	"change a field": func(r *rand.Rand, es []entry) ([]entry, int) {
		at := r.IntN(len(es))
		changeField(r, &es[at].row)
		return es, at
	},
	"remove": func(r *rand.Rand, es []entry) ([]entry, int) {
		at, some := r.IntN(len(es)), 1+r.IntN(3)
		return slices.Delete(es, at, min(len(es), at+some)), at
	},
	"insert": func(r *rand.Rand, es []entry) ([]entry, int) {
		at, row := r.IntN(len(es)+1), es[r.IntN(len(es))].row
		row.ID = ident.UUID{99}
		return slices.Insert(es, at, entry{int64(at), tlog.RecordHash(auditlog.Leaf(row)), row}), at
	},
	"duplicate": func(r *rand.Rand, es []entry) ([]entry, int) {
		at := r.IntN(len(es))
		return slices.Insert(es, at+1, es[at]), at + 1
	},
	"swap": func(r *rand.Rand, es []entry) ([]entry, int) {
		a := r.IntN(len(es) - 1)
		b := a + 1 + r.IntN(len(es)-a-1)
		es[a], es[b] = es[b], es[a]
		return es, a
	},
	"truncate": func(r *rand.Rand, es []entry) ([]entry, int) {
		at := r.IntN(len(es))
		return es[:at], at
	},
}

// changeField changes one field of a row, whichever.
func changeField(r *rand.Rand, row *audit.Row) {
	id := ident.UUID{0xAA, byte(r.Uint32())}
	fields := []func(){
		func() { row.ID = id }, func() { row.Program.UUID = id }, func() { row.Card.UUID = id }, func() { row.Card.UUID = ident.UUID{} },
		func() { row.Customer.UUID = id }, func() { row.Shipment.UUID = id }, func() { row.Batch.UUID = id },
		func() { row.At = row.At.Add(time.Microsecond * time.Duration(1+r.IntN(1000))) },
		func() { row.Actor += "x" }, func() { row.Channel = "" }, func() { row.Source = "192.0.2.2" }, func() { row.RequestID = "req_2" },
		func() { row.Action = "card.block" }, func() { row.Outcome = "wrong_code" }, func() { row.Note = strings.ToUpper(row.Note) },
	}
	fields[r.IntN(len(fields))]()
}

// tamperWith makes one tampering of a kind.
func tamperWith(t *testing.T, r *rand.Rand, kind string, rs []audit.Row, notes, newest string) tampering {
	t.Helper()
	out := tampering{export: exported(entries(rs)), notes: notes, first: -1}
	switch kind {
	case "flip a bit":
		at := r.IntN(len(out.export))
		out.first = bytes.Count(out.export[:at], []byte("\n"))
		if c := out.export[at]; c < '0' || c > '9' { // a digit may be of the number of the row
			out.among = 1
		}
		out.export[at] ^= 1 << r.IntN(8)
	case "cut in a line":
		at := r.IntN(len(out.export))
		out.export = out.export[:at]
		out.first = bytes.Count(out.export, []byte("\n"))
		if at > 0 && out.export[at-1] != '\n' {
			out.among = 1
		}
	case "add bytes":
		out.first, out.among = len(rs), 1
		out.export = append(out.export, byte(r.Uint32()))
	case "flip a bit of a checkpoint":
		b := []byte(notes)
		b[r.IntN(len(b)-1)] ^= 1 << r.IntN(8) // not the last line feed: without it nothing else is said
		out.notes = string(b)
	case "checkpoint of another key":
		other := auditlog.NewSigner(bytes.Repeat([]byte{2}, 32))
		forged := slices.Clone(rs)
		changeField(r, &forged[r.IntN(len(forged))])
		out.export = exported(entries(forged))
		signed, err := other.Sign(headOf(t, forged).Checkpoint())
		if err != nil {
			t.Fatal(err)
		}
		out.notes = string(signed)
	case "older checkpoint":
		n := r.IntN(len(rs))
		out.notes, out.first, out.among = checkpointAt(t, rs, n), n, 1
	case "checkpoint of another log":
		out.notes = newest + sign(t, auditlog.Head{Log: ident.ProgramID{UUID: ident.UUID{8}}, Size: 1}.Checkpoint())
	default:
		name, hidden := strings.CutPrefix(kind, "hide: ")
		var es []entry
		es, out.first = changes[name](r, entries(rs))
		switch {
		case hidden:
			es = honest(es)
		case name == "insert" || name == "duplicate":
			out.among = 2 // two stand in one place: the inserted one and the true one
		case out.first < len(es):
			out.among = 1 // but of a log that lost its end, nothing in front of it tells
		}
		out.export = exported(es)
	}
	return out
}

func headOf(t *testing.T, rs []audit.Row) auditlog.Head {
	t.Helper()
	leaves := make([]tlog.Hash, len(rs))
	for i, r := range rs {
		leaves[i] = tlog.RecordHash(auditlog.Leaf(r))
	}
	head, _, err := auditlog.Grow(auditlog.EmptyHead(log), nil, leaves)
	if err != nil {
		t.Fatal(err)
	}
	return head
}

// TestVerify_FindsEveryTampering changes exports and checkpoints at random a thousand times. Each must be
// found, and the first bad row be named: exactly, or between the checkpoints around it.
func TestVerify_FindsEveryTampering(t *testing.T) {
	t.Parallel()
	kinds := []string{
		"flip a bit", "cut in a line", "add bytes", "flip a bit of a checkpoint", "checkpoint of another key",
		"older checkpoint", "checkpoint of another log",
	}
	for name := range changes {
		kinds = append(kinds, name, "hide: "+name)
	}
	slices.Sort(kinds)
	const tamperings = 1000
	found, exactly := 0, 0
	for i := range tamperings {
		r := rand.New(rand.NewPCG(1, uint64(i)))
		rs := rows(2 + r.IntN(300))
		newest := checkpointAt(t, rs, len(rs))
		notes := newest
		sizes := []int{0, len(rs)}
		for range r.IntN(4) {
			sizes = append(sizes, r.IntN(len(rs)))
			notes = checkpointAt(t, rs, sizes[len(sizes)-1]) + notes
		}
		kind := kinds[i%len(kinds)]
		x := tamperWith(t, r, kind, rs, notes, newest)
		proof, err := verify(t, x.export, x.notes)
		if err == nil {
			t.Errorf("tampering %d (%s) was not found: %+v", i, kind, proof)
			continue
		}
		found++
		if why := misnamed(x, err, sizes); why != "" {
			t.Errorf("tampering %d (%s): %v: %s", i, kind, err, why)
		}
		if x.among == 1 {
			exactly++
		}
	}
	t.Logf("%d random tamperings, %d found, in %d of them the first bad row was named exactly", tamperings, found, exactly)
}

// misnamed says what is wrong with the row that was named.
func misnamed(x tampering, err error, sizes []int) string {
	var bad *auditlog.BadRowError
	named := errors.As(err, &bad)
	if x.first < 0 || !named {
		if x.first >= 0 != named {
			return fmt.Sprintf("the first bad row is %d", x.first)
		}
		return ""
	}
	first, last := int(bad.First), int(bad.Last)
	if x.first < first || x.first > last || x.among > 0 && last-first >= x.among {
		return fmt.Sprintf("the first bad row is %d", x.first)
	}
	for _, size := range sizes {
		if x.among == 0 && first < size && size <= last {
			return fmt.Sprintf("the checkpoint of %d rows could have told more", size)
		}
	}
	return ""
}
