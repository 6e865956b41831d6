package auditlog

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/firsttap/firsttap/internal/ident"
)

// SignerName is the name of the key under every checkpoint.
const SignerName = "firsttap-audit"

// Checkpoint says how many rows a log has, and the root of the tree over them.
type Checkpoint struct {
	Origin string // which log: see [Origin]
	Size   int64
	Root   tlog.Hash
}

// Origin is the name of the log of a programme; the zero programme is the installation itself.
func Origin(p ident.ProgramID) string {
	if p.IsZero() {
		return "firsttap/audit/installation"
	}
	return "firsttap/audit/" + p.String()
}

// Text is what is signed: three lines, as C2SP's tlog-checkpoint has them.
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
}

// Sign makes the signed note of a checkpoint. The same checkpoint always gives the same bytes.
func (s Signer) Sign(c Checkpoint) ([]byte, error) {
	return note.Sign(&note.Note{Text: c.Text()}, noteSigner(s))
}

// Signer signs checkpoints with Ed25519. It prints as its public key.
type Signer struct {
	private ed25519.PrivateKey
}

// NewSigner makes the signer of a seed of 32 secret bytes.
func NewSigner(seed []byte) Signer { return Signer{ed25519.NewKeyFromSeed(seed)} }

// VerifierKey is the public key, in the form that signed notes and [Verifier] take.
func (s Signer) VerifierKey() string {
	key, _ := note.NewEd25519VerifierKey(SignerName, s.public()) // it fails for a key of another length only
	return key
}

func (s Signer) public() ed25519.PublicKey {
	return ed25519.PublicKey(s.private[ed25519.SeedSize:])
}

// String is the public key: the private one is never printed.
func (s Signer) String() string { return s.VerifierKey() }

// GoString is the public key too.
func (s Signer) GoString() string { return s.VerifierKey() }

// noteSigner is a Signer as package note wants it.
type noteSigner Signer

func (s noteSigner) Name() string { return SignerName }

func (s noteSigner) KeyHash() uint32 {
	const algorithm = 1 // Ed25519, in package note
	h := sha256.New()
	h.Write([]byte(SignerName + "\n"))
	h.Write(append([]byte{algorithm}, Signer(s).public()...))
	return binary.BigEndian.Uint32(h.Sum(nil))
}

func (s noteSigner) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.private, msg), nil }

// Verifier checks the signatures of one key.
type Verifier struct{ note.Verifier }

// ErrKey says that a text is no public key of checkpoints.
var ErrKey = errors.New("not a public key of checkpoints; firsttap audit key prints it")

// NewVerifier reads a public key.
func NewVerifier(key string) (Verifier, error) {
	v, err := note.NewVerifier(strings.TrimSpace(key))
	if err != nil {
		return Verifier{}, ErrKey
	}
	return Verifier{v}, nil
}

// maxCheckpoints bounds what is read from one file.
const maxCheckpoints = 10_000_000

// ErrCheckpoint says that a checkpoint does not hold.
var ErrCheckpoint = errors.New("the checkpoint does not hold")

// Checkpoints reads one or many signed checkpoints that stand one after the other, and checks each signature.
func (v Verifier) Checkpoints(content []byte) ([]Checkpoint, error) {
	var out []Checkpoint
	for i, signed := range splitNotes(content) {
		c, err := v.checkpoint(signed)
		if err != nil {
			return nil, fmt.Errorf("%w: number %d: %w", ErrCheckpoint, i+1, err)
		}
		if out = append(out, c); len(out) > maxCheckpoints {
			return nil, fmt.Errorf("%w: too many in one file", ErrCheckpoint)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: there is none in the file", ErrCheckpoint)
	}
	return out, nil
}

func (v Verifier) checkpoint(signed []byte) (Checkpoint, error) {
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, err
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 {
		return Checkpoint{}, errors.New("it has not three lines")
	}
	c := Checkpoint{Origin: lines[0]}
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 {
		return Checkpoint{}, errors.New("its second line is no size")
	}
	if c.Root, err = tlog.ParseHash(lines[2]); err != nil {
		return Checkpoint{}, errors.New("its third line is no hash")
	}
	if c.Text() != n.Text {
		return Checkpoint{}, errors.New("it is not written in the only right way")
	}
	return c, nil
}

// splitNotes cuts notes apart: one ends behind its signatures, and empty lines may stand between two.
func splitNotes(content []byte) [][]byte {
	var out [][]byte
	start, at, signed := 0, 0, false
	for line := range bytes.Lines(content) {
		isSignature := bytes.HasPrefix(line, []byte("— "))
		if signed && !isSignature {
			out = append(out, content[start:at])
			start = at
		}
		signed = isSignature
		at += len(line)
	}
	out = append(out, content[start:])
	for i := range out {
		out[i] = bytes.TrimLeft(out[i], "\n")
	}
	return slices.DeleteFunc(out, func(b []byte) bool { return len(b) == 0 })
}
