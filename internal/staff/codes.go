package staff

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238 as authenticator apps know it; HMAC does not need a hash without collisions
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/url"
	"time"

	"github.com/firsttap/firsttap/internal/redact"
)

// One-time codes of RFC 6238 with what every authenticator app takes for granted: SHA-1, 30 seconds, six digits.
const (
	codeStep   = 30 * time.Second
	codeDigits = 6
	codeSecret = 20 // bytes
	codeSeed   = 16
	codeDrift  = 1 // steps that a clock may be off, either way
)

// secretOf makes the secret of a member's one-time codes from its seed.
func (s *Service) secretOf(m Member) []byte {
	material := redact.NewText("one-time codes " + m.ID.String() + " " + hex.EncodeToString(m.CodeSeed))
	defer material.Wipe()
	return s.hasher.HashCredential(material)[:codeSecret]
}

// codeAt is the one-time code of a step.
func codeAt(secret []byte, step int64) string {
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step)) //nolint:gosec // steps of our time are positive
	mac := hmac.New(sha1.New, secret)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	number := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", codeDigits, number%1_000_000)
}

// CodeAt is the one-time code that an app with the secret shows at a time.
func CodeAt(secret []byte, now time.Time) string { return codeAt(secret, stepAt(now)) }

func stepAt(now time.Time) int64 { return now.Unix() / int64(codeStep/time.Second) }

// takesCode finds the step that the code belongs to, after the one that was taken last.
func takesCode(secret []byte, last int64, code string, now time.Time) (step int64, ok bool) {
	for step := stepAt(now) - codeDrift; step <= stepAt(now)+codeDrift; step++ {
		if subtle.ConstantTimeCompare([]byte(codeAt(secret, step)), []byte(code)) == 1 && step > last {
			return step, true
		}
	}
	return 0, false
}

// CodeSecret is what an authenticator app needs, in both forms that apps take.
type CodeSecret struct {
	Text redact.Text // to type: base32
	URI  redact.Text // otpauth://
}

func showSecret(m Member, secret []byte) CodeSecret {
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	label := url.PathEscape("Firsttap:" + m.Name)
	return CodeSecret{Text: redact.NewText(text), URI: redact.NewText("otpauth://totp/" + label + "?secret=" + text + "&issuer=Firsttap")}
}
