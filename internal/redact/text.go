package redact

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// Mask is what every printer, encoder and logger shows in place of a secret.
const Mask = "[REDACTED]"

// Text is a secret that refuses to be printed. The value sits behind a pointer, because fmt reaches
// unexported fields without asking any method: a pointer prints as an address, never as the secret.
// The zero Text is "no secret"; see [Text.IsZero].
type Text struct {
	p *[]byte
}

// NewText takes a copy of s into a Text.
func NewText(s string) Text {
	b := []byte(s)
	return Text{p: &b}
}

// TextFromBytes takes a copy of b into a Text. The caller may wipe b afterwards.
func TextFromBytes(b []byte) Text {
	c := append([]byte(nil), b...)
	return Text{p: &c}
}

// IsZero reports whether the Text holds no secret at all. A Text made from "" is not zero.
func (t Text) IsZero() bool { return t.p == nil }

// Len is the number of bytes of the secret; 0 for the zero Text.
func (t Text) Len() int {
	if t.p == nil {
		return 0
	}
	return len(*t.p)
}

// Reveal gives the secret in clear. Every call site is a place where the secret leaves its wrapper:
// sealing, hashing, comparing, or the one answer that a contract lets carry it.
func (t Text) Reveal() string {
	if t.p == nil {
		return ""
	}
	return string(*t.p)
}

// Bytes gives a copy of the secret in clear; see [Text.Reveal].
func (t Text) Bytes() []byte {
	if t.p == nil {
		return nil
	}
	return append([]byte(nil), *t.p...)
}

// Equal compares two secrets in constant time for secrets of one length.
func (t Text) Equal(o Text) bool {
	if t.p == nil || o.p == nil {
		return t.p == nil && o.p == nil
	}
	return subtle.ConstantTimeCompare(*t.p, *o.p) == 1
}

// Wipe overwrites the secret in memory. Copies that Reveal made are not reached.
func (t Text) Wipe() {
	if t.p != nil {
		clear(*t.p)
	}
}

// String implements [fmt.Stringer] with the mask.
func (t Text) String() string { return Mask }

// GoString implements [fmt.GoStringer] with the mask.
func (t Text) GoString() string { return Mask }

// Format implements [fmt.Formatter] with the mask, for every verb and flag.
func (t Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Mask) }

// MarshalText implements [encoding.TextMarshaler] with the mask.
func (t Text) MarshalText() ([]byte, error) { return []byte(Mask), nil }

// MarshalJSON implements [encoding/json.Marshaler] with the mask.
func (t Text) MarshalJSON() ([]byte, error) { return []byte(`"` + Mask + `"`), nil }

// LogValue implements [slog.LogValuer] with the mask.
func (t Text) LogValue() slog.Value { return slog.StringValue(Mask) }
