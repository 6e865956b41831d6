package keyring

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/firsttap/firsttap/internal/redact"
)

// A Keyring and a KeyFile print as the mask, whatever the verb, encoder or logger.

// String implements [fmt.Stringer] with the mask.
func (k *Keyring) String() string { return redact.Mask }

// GoString implements [fmt.GoStringer] with the mask.
func (k *Keyring) GoString() string { return redact.Mask }

// Format implements [fmt.Formatter] with the mask.
func (k *Keyring) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redact.Mask) }

// LogValue implements [slog.LogValuer] with the mask.
func (k *Keyring) LogValue() slog.Value { return slog.StringValue(redact.Mask) }

// MarshalText implements [encoding.TextMarshaler] with the mask.
func (k *Keyring) MarshalText() ([]byte, error) { return []byte(redact.Mask), nil }

// String implements [fmt.Stringer] with the mask.
func (f *KeyFile) String() string { return redact.Mask }

// GoString implements [fmt.GoStringer] with the mask.
func (f *KeyFile) GoString() string { return redact.Mask }

// Format implements [fmt.Formatter] with the mask.
func (f *KeyFile) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redact.Mask) }

// LogValue implements [slog.LogValuer] with the mask.
func (f *KeyFile) LogValue() slog.Value { return slog.StringValue(redact.Mask) }

// MarshalText implements [encoding.TextMarshaler] with the mask.
func (f *KeyFile) MarshalText() ([]byte, error) { return []byte(redact.Mask), nil }
