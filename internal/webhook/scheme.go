package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/redact"
)

// UserAgent is what every delivery calls itself.
const UserAgent = "Firsttap-Webhooks/1"

// secretPrefix begins the secrets of both schemes.
const secretPrefix = "whsec_"

// Key lengths of Standard Webhooks 1.0.0, in bytes.
const (
	standardKeyLen    = 32 // what we mint
	minStandardKeyLen = 24
	maxStandardKeyLen = 64
)

// Scheme is a way to sign a delivery. The zero Scheme signs nothing: it is an error to use it.
type Scheme uint8

const (
	// Cards is the scheme of the cards API (contract §21.2): header X-Reap-Webhook-Signature
	// "t=<seconds>,v1=<hex>", one v1 for each secret. The key is the whole secret string, prefix included.
	Cards Scheme = iota + 1

	// Standard is the scheme of the debit API (contract §8.6) and of Standard Webhooks 1.0.0: header
	// webhook-signature "v1,<base64>", one for each secret, separated by a space. The key is what the
	// base64 after the prefix decodes to.
	Standard
)

// Sign makes all headers of one attempt. The id is the same in every attempt of a delivery; at is the
// real time of this attempt, also in a programme whose clock was moved, because receivers compare it
// with theirs. The secrets come newest first: the first is in force, others are in their overlap.
// An error is a fault: no secret, a secret of another scheme, or an unknown scheme.
func (s Scheme) Sign(id string, at time.Time, body []byte, secrets []redact.Text) (http.Header, error) {
	if len(secrets) == 0 {
		return nil, fault.Wrap(errors.New("no secret"), "sign webhook")
	}
	seconds := strconv.FormatInt(at.Unix(), 10)
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", UserAgent)
	switch s {
	case Cards:
		signature := "t=" + seconds
		for _, secret := range secrets {
			if secret.Len() == 0 {
				return nil, fault.Wrap(errors.New("empty secret"), "sign webhook")
			}
			signature += ",v1=" + hex.EncodeToString(authenticate(secret.Bytes(), seconds, body))
		}
		h.Set("X-Reap-Webhook-Id", id)
		h.Set("X-Reap-Webhook-Timestamp", seconds)
		h.Set("X-Reap-Webhook-Signature", signature)
	case Standard:
		signatures := make([]string, len(secrets))
		for i, secret := range secrets {
			key, err := standardKey(secret)
			if err != nil {
				return nil, fault.Wrap(err, "sign webhook")
			}
			signatures[i] = "v1," + base64.StdEncoding.EncodeToString(authenticate(key, id+"."+seconds, body))
		}
		h.Set("webhook-id", id)
		h.Set("webhook-timestamp", seconds)
		h.Set("webhook-signature", strings.Join(signatures, " "))
	default:
		return nil, fault.Wrap(errors.New("unknown scheme"), "sign webhook")
	}
	return h, nil
}

// authenticate gives HMAC-SHA-256 over "<head>.<body>" and wipes the key.
func authenticate(key []byte, head string, body []byte) []byte {
	defer clear(key)
	mac := hmac.New(sha256.New, key)
	_, _ = io.WriteString(mac, head+".") // a hash never fails to take bytes
	_, _ = mac.Write(body)
	return mac.Sum(nil)
}

// standardKey decodes the secret of a Standard Webhooks endpoint. Its errors never hold the secret.
func standardKey(secret redact.Text) ([]byte, error) {
	encoded, found := strings.CutPrefix(secret.Reveal(), secretPrefix)
	if !found {
		return nil, errors.New("secret without its prefix")
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, errors.New("secret is not base64")
	}
	if len(key) < minStandardKeyLen || len(key) > maxStandardKeyLen {
		clear(key)
		return nil, fmt.Errorf("key of %d bytes: %d to %d are allowed", len(key), minStandardKeyLen, maxStandardKeyLen)
	}
	return key, nil
}

// base62 is the alphabet of cards secrets.
const base62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// cardsSecretLen is the number of base62 characters of a cards secret: 43 of them hold 256 bits.
const cardsSecretLen = 43

// NewSecret mints a secret for scheme s from random: for Cards "whsec_" and 43 base62 characters, for
// Standard "whsec_" and the base64 of 32 bytes. An error is a fault: random failed, or s is unknown.
func NewSecret(random io.Reader, s Scheme) (redact.Text, error) {
	switch s {
	case Cards:
		return newCardsSecret(random)
	case Standard:
		key := make([]byte, standardKeyLen)
		defer clear(key)
		if _, err := io.ReadFull(random, key); err != nil {
			return redact.Text{}, fault.Wrap(err, "mint webhook secret")
		}
		return redact.NewText(secretPrefix + base64.StdEncoding.EncodeToString(key)), nil
	default:
		return redact.Text{}, fault.Wrap(errors.New("unknown scheme"), "mint webhook secret")
	}
}

// newCardsSecret draws characters without bias: bytes beyond the last whole multiple of 62 are thrown away.
func newCardsSecret(random io.Reader) (redact.Text, error) {
	const unbiased = 256 - 256%len(base62)
	secret := make([]byte, 0, len(secretPrefix)+cardsSecretLen)
	defer func() { clear(secret) }()
	secret = append(secret, secretPrefix...)
	chunk := make([]byte, cardsSecretLen)
	defer clear(chunk)
	for len(secret) < cap(secret) {
		if _, err := io.ReadFull(random, chunk); err != nil {
			return redact.Text{}, fault.Wrap(err, "mint webhook secret")
		}
		for _, b := range chunk {
			if int(b) < unbiased && len(secret) < cap(secret) {
				secret = append(secret, base62[int(b)%len(base62)])
			}
		}
	}
	return redact.TextFromBytes(secret), nil
}
