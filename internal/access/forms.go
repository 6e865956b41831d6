package access

import (
	"crypto/subtle"
	"encoding/hex"
	"strings"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
)

// The parts of a secret. A cards key is ftk_<kind>_<12>_<43> in base62 (cards contract §2), a native key ftn_ and the same; an e-commerce
// token is ec_test_ or ec_live_ and 64 hex digits, a customer token 64 hex digits (debit contract §2, §12).
const (
	cardsPublicLen = 12
	cardsSecretLen = 43
	tokenHexLen    = 64
	tokenBytes     = tokenHexLen / 2
	invitePrefix   = "inv_" // and 64 hex digits: the one-use code that sets a password
)

// keyWords are the first words of the keys that have the form of a cards key.
var keyWords = map[Kind]string{CardsKey: "ftk_", NativeKey: "ftn_", InstallationKey: "ftn_"}

// keyPrefix is how a key begins; one of the installation is of no kind of programme.
func keyPrefix(k Kind, of program.Kind) string {
	if k == InstallationKey {
		of = "installation"
	}
	return keyWords[k] + string(of) + "_"
}

func ecommercePrefix(kind program.Kind) string {
	if kind == program.Live {
		return "ec_live_"
	}
	return "ec_test_"
}

// minted is a new secret with what may be shown of it.
type minted struct {
	secret   redact.Text
	publicID string
	prefix   string // first characters, for lists
}

// mint draws the secret of a programme's key. The public id of a cards or native key is part of the key; that of an
// e-commerce token is drawn beside it, so that no log holds any digit of the token.
func mint(ids *ident.Source, kind Kind, of program.Kind) minted {
	if keyWords[kind] != "" {
		public := ids.Base62(cardsPublicLen)
		head := keyPrefix(kind, of) + public
		return minted{
			secret:   redact.NewText(head + "_" + ids.Base62(cardsSecretLen)),
			publicID: head, prefix: keyPrefix(kind, of) + public[:4],
		}
	}
	raw := ids.Bytes(tokenBytes)
	defer clear(raw)
	return minted{
		secret:   redact.NewText(ecommercePrefix(of) + hex.EncodeToString(raw)),
		publicID: "ec_" + ids.Base62(cardsPublicLen), prefix: ecommercePrefix(of),
	}
}

// isKey tells whether the text has the form of a key of that kind, and of which kind of programme.
func isKey(k Kind, s string) (program.Kind, bool) {
	for i, prefix := range programPrefixes[k] {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			return programKinds[i], isKeyBody(rest)
		}
	}
	return "", false
}

var programKinds = [...]program.Kind{program.Sandbox, program.Live}

// programPrefixes are the prefixes of the keys of programmes, in the order of programKinds: made once, since every request
// is asked for one.
var programPrefixes = map[Kind][len(programKinds)]string{
	CardsKey:  {keyPrefix(CardsKey, program.Sandbox), keyPrefix(CardsKey, program.Live)},
	NativeKey: {keyPrefix(NativeKey, program.Sandbox), keyPrefix(NativeKey, program.Live)},
}

// isInstallationKey tells whether the text has the form of a key of the installation.
func isInstallationKey(s string) bool {
	rest, ok := strings.CutPrefix(s, keyPrefix(InstallationKey, ""))
	return ok && isKeyBody(rest)
}

// isKeyBody tells whether the text is what stands behind the prefix of a key: its public part and its secret.
func isKeyBody(s string) bool {
	public, secret, ok := strings.Cut(s, "_")
	return ok && len(public) == cardsPublicLen && len(secret) == cardsSecretLen && isBase62(public) && isBase62(secret)
}

// isEcommerceToken tells whether the text has the form of an e-commerce token, and of which kind of
// programme.
func isEcommerceToken(s string) (program.Kind, bool) {
	for _, kind := range []program.Kind{program.Sandbox, program.Live} {
		if rest, ok := strings.CutPrefix(s, ecommercePrefix(kind)); ok {
			return kind, isTokenHex(rest)
		}
	}
	return "", false
}

func isBase62(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

func isTokenHex(s string) bool {
	if len(s) != tokenHexLen {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// bearer takes the token out of the values of a header. With required, a value without the word Bearer is
// malformed, and so is one with more than one space behind it; without it, the word is tolerated. The word
// has no case, and white space around the header's value does not count.
func bearer(values []string, required bool) (token string, ok bool) {
	if len(values) != 1 {
		return "", false
	}
	token = strings.Trim(values[0], " \t")
	word, rest, found := strings.Cut(token, " ")
	switch {
	case found && strings.EqualFold(word, "Bearer"):
		token = rest
		if !required {
			token = strings.TrimLeft(rest, " ")
		}
	case required:
		return "", false
	}
	return token, token != "" && !strings.ContainsAny(token, " \t\r\n\v\f")
}

// SameToken compares two spellings of a token, each with or without the word Bearer, in constant time.
func SameToken(a, b string) bool {
	a, okA := bearer([]string{a}, false)
	b, okB := bearer([]string{b}, false)
	return okA && okB && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
