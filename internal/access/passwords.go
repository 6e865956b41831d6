package access

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/redact"
)

// The price of one comparison of a password: argon2id, version 19.
const (
	passwordMemory   = 19 * 1024 // KiB
	passwordPasses   = 2
	passwordLanes    = 1
	passwordSalt     = 16
	passwordLength   = 32
	passwordsAtATime = 2
)

// Passwords makes and compares slow hashes of passwords, a few at a time: each costs memory and some 40 ms.
// It is called outside of transactions.
type Passwords struct {
	ids   *ident.Source
	slots chan struct{}
}

// NewPasswords makes a Passwords. It starts nothing.
func NewPasswords(ids *ident.Source) *Passwords {
	return &Passwords{ids: ids, slots: make(chan struct{}, passwordsAtATime)}
}

// Hash gives the slow hash of a password, as text with its parameters and its salt.
func (p *Passwords) Hash(ctx context.Context, password redact.Text) (redact.Text, error) {
	salt := p.ids.Bytes(passwordSalt)
	sum, err := p.sum(ctx, password, salt)
	if err != nil {
		return redact.Text{}, err
	}
	encode := base64.RawStdEncoding.EncodeToString
	return redact.NewText(fmt.Sprintf("%s%s$%s", passwordPrefix(), encode(salt), encode(sum))), nil
}

// Same reports whether the password is the one of the hash. Without a hash it takes the same time and says no,
// so that nobody learns from the time whether there is one.
func (p *Passwords) Same(ctx context.Context, hash, password redact.Text) (bool, error) {
	salt, want, known := splitPassword(hash.Reveal())
	sum, err := p.sum(ctx, password, salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(sum, want) == 1 && known, nil
}

func (p *Passwords) sum(ctx context.Context, password redact.Text, salt []byte) ([]byte, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-p.slots }()
	raw := password.Bytes()
	defer clear(raw)
	return argon2.IDKey(raw, salt, passwordPasses, passwordMemory, passwordLanes, passwordLength), nil
}

func passwordPrefix() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, passwordMemory, passwordPasses, passwordLanes)
}

// splitPassword takes salt and sum out of a hash. For a text that is no hash it gives others that nothing
// equals.
func splitPassword(hash string) (salt, sum []byte, ok bool) {
	salt, sum = make([]byte, passwordSalt), make([]byte, passwordLength)
	rest, ok := strings.CutPrefix(hash, passwordPrefix())
	first, second, cut := strings.Cut(rest, "$")
	decode := base64.RawStdEncoding.DecodeString
	s, errSalt := decode(first)
	h, errSum := decode(second)
	if !ok || !cut || errSalt != nil || errSum != nil || len(h) != passwordLength || len(s) != passwordSalt {
		return salt, sum, false
	}
	return s, h, true
}
