package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ErrSignature says that a delivery is not to be trusted: it has no good signature, or is not of now.
var ErrSignature = errors.New("firsttap: the webhook's signature is not good")

// tolerance is how far the time of a delivery may lie from now, both ways.
const tolerance = 5 * time.Minute

// VerifyStandardWebhook checks a delivery that is signed by Standard Webhooks, as those of the debit API and of the native API are. body
// is what was received, byte for byte; now is the time of the receiver. While a secret is replaced, give both. It returns the id of
// the message, which is the same in each attempt: what was seen already may be thrown away.
func VerifyStandardWebhook(h http.Header, body []byte, now time.Time, secrets ...string) (id string, err error) {
	id, stamp := h.Get("Webhook-Id"), h.Get("Webhook-Timestamp")
	if id == "" || !fresh(stamp, now) {
		return "", ErrSignature
	}
	for _, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(key) == 0 {
			return "", errors.New("firsttap: the webhook's secret is not of Standard Webhooks")
		}
		want := sign(key, id+"."+stamp+".", body)
		for signature := range strings.FieldsSeq(h.Get("Webhook-Signature")) {
			version, text, _ := strings.Cut(signature, ",")
			if got, err := base64.StdEncoding.DecodeString(text); version == "v1" && err == nil && hmac.Equal(got, want) {
				return id, nil
			}
		}
	}
	return "", ErrSignature
}

// VerifyCardsWebhook checks a delivery of the cards API, likewise.
func VerifyCardsWebhook(h http.Header, body []byte, now time.Time, secrets ...string) (id string, err error) {
	var stamp string
	var signatures [][]byte
	for part := range strings.SplitSeq(h.Get("X-Reap-Webhook-Signature"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			stamp = value
		case "v1":
			if s, err := hex.DecodeString(value); err == nil {
				signatures = append(signatures, s)
			}
		}
	}
	if !fresh(stamp, now) {
		return "", ErrSignature
	}
	for _, secret := range secrets {
		if secret == "" {
			return "", errors.New("firsttap: the webhook's secret is empty")
		}
		want := sign([]byte(secret), stamp+".", body)
		for _, got := range signatures {
			if hmac.Equal(got, want) {
				return h.Get("X-Reap-Webhook-Id"), nil
			}
		}
	}
	return "", ErrSignature
}

func fresh(stamp string, now time.Time) bool {
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return false
	}
	away := now.Sub(time.Unix(seconds, 0))
	return -tolerance <= away && away <= tolerance
}

func sign(key []byte, head string, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(head))
	mac.Write(body)
	return mac.Sum(nil)
}
