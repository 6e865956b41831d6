package webhook_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"pgregory.net/rapid"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/webhook"
)

// The test vector of the cards contract, §21.2.
const (
	vectorID     = "evt_01JNNZ7Q5T3H8M2C4V6X9B0KDE"
	vectorSecret = "whsec_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	vectorBody   = `{"id":"evt_01JNNZ7Q5T3H8M2C4V6X9B0KDE","type":"CARD_STATUS_UPDATED","data":{"id":"0b0f7f0e-5a53-4e0c-9d0e-2f6f1f3f7c11"}}`
	vectorV1     = "eb7b394d29def39565b23a59dc344686aaddafddb1b010157b4d67539f7d64eb"
)

var vectorTime = time.Unix(1772818800, 0)

func texts(secrets ...string) []redact.Text {
	out := make([]redact.Text, len(secrets))
	for i, s := range secrets {
		out[i] = redact.NewText(s)
	}
	return out
}

func TestSign_CardsMakesTheVectorOfTheContract(t *testing.T) {
	t.Parallel()
	if len(vectorBody) != 121 {
		t.Fatalf("the body of the vector has %d bytes, the contract says 121", len(vectorBody))
	}
	got, err := webhook.Cards.Sign(vectorID, vectorTime, []byte(vectorBody), texts(vectorSecret))
	if err != nil {
		t.Fatal(err)
	}
	want := http.Header{
		"Content-Type":             {"application/json"},
		"User-Agent":               {"Firsttap-Webhooks/1"},
		"X-Reap-Webhook-Id":        {vectorID},
		"X-Reap-Webhook-Timestamp": {"1772818800"},
		"X-Reap-Webhook-Signature": {"t=1772818800,v1=" + vectorV1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("headers (-contract +got):\n%s", diff)
	}
}

func TestSign_CardsPutsTheNewSecretFirstDuringARotation(t *testing.T) {
	t.Parallel()
	both, err := webhook.Cards.Sign(vectorID, vectorTime, []byte(vectorBody), texts("whsec_new", vectorSecret))
	if err != nil {
		t.Fatal(err)
	}
	alone, err := webhook.Cards.Sign(vectorID, vectorTime, []byte(vectorBody), texts("whsec_new"))
	if err != nil {
		t.Fatal(err)
	}
	const name = "X-Reap-Webhook-Signature"
	if want := alone.Get(name) + ",v1=" + vectorV1; both.Get(name) != want {
		t.Fatalf("got %s, want %s", both.Get(name), want)
	}
}

// The vector is that of the Standard Webhooks libraries.
func TestSign_StandardMakesTheVectorOfTheSpecification(t *testing.T) {
	t.Parallel()
	got, err := webhook.Standard.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0),
		[]byte(`{"test": 2432232314}`), texts("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
	if err != nil {
		t.Fatal(err)
	}
	want := http.Header{
		"Content-Type":      {"application/json"},
		"User-Agent":        {"Firsttap-Webhooks/1"},
		"Webhook-Id":        {"msg_p5jXN8AQM9LWM0D4loKWxJek"},
		"Webhook-Timestamp": {"1614265330"},
		"Webhook-Signature": {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("headers (-specification +got):\n%s", diff)
	}
}

func TestSign_StandardIsVerifiedByTheOfficialLibrary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		id := "msg_" + rapid.StringMatching(`[0-9a-f]{32}`).Draw(t, "reference")
		at := time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "seconds"), 0)
		var secrets []redact.Text
		for range rapid.IntRange(1, 3).Draw(t, "secrets") {
			seed := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "seed")
			secret, err := webhook.NewSecret(bytes.NewReader(seed), webhook.Standard)
			if err != nil {
				t.Fatal(err)
			}
			secrets = append(secrets, secret)
		}
		header, err := webhook.Standard.Sign(id, at, body, secrets)
		if err != nil {
			t.Fatal(err)
		}
		for i, secret := range secrets {
			verifier, err := standardwebhooks.NewWebhook(secret.Reveal())
			if err != nil {
				t.Fatal(err)
			}
			if err := verifier.VerifyIgnoringTimestamp(body, header); err != nil {
				t.Fatalf("secret %d does not verify: %v", i, err)
			}
			if verifier.VerifyIgnoringTimestamp(append(body[:len(body):len(body)], '!'), header) == nil {
				t.Fatalf("secret %d verifies another body", i)
			}
		}
	})
}

func TestSign_StandardPassesTheTimeCheckOfTheOfficialLibrary(t *testing.T) {
	t.Parallel()
	secret, err := webhook.NewSecret(rand.Reader, webhook.Standard)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := standardwebhooks.NewWebhook(secret.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	for age, want := range map[time.Duration]error{
		0:                nil,
		10 * time.Minute: standardwebhooks.ErrMessageTooOld,
	} {
		header, err := webhook.Standard.Sign("msg_1", time.Now().Add(-age), []byte("{}"), []redact.Text{secret})
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.Verify([]byte("{}"), header); !errors.Is(err, want) {
			t.Fatalf("age %v: got %v, want %v", age, err, want)
		}
	}
}

func TestSign_NeverSignsWithoutAGoodSecret(t *testing.T) {
	t.Parallel()
	short := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 23))
	long := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 65))
	for name, c := range map[string]struct {
		scheme  webhook.Scheme
		secrets []redact.Text
	}{
		"cards, none":               {webhook.Cards, nil},
		"cards, the zero text":      {webhook.Cards, []redact.Text{{}}},
		"cards, empty second":       {webhook.Cards, texts(vectorSecret, "")},
		"standard, none":            {webhook.Standard, nil},
		"standard, the zero text":   {webhook.Standard, []redact.Text{{}}},
		"standard, cards secret":    {webhook.Standard, texts(vectorSecret)},
		"standard, no prefix":       {webhook.Standard, texts("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")},
		"standard, 23 bytes":        {webhook.Standard, texts(short)},
		"standard, 65 bytes":        {webhook.Standard, texts(long)},
		"the zero scheme":           {0, texts(vectorSecret)},
		"a scheme that is not ours": {9, texts(vectorSecret)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header, err := c.scheme.Sign("id", vectorTime, []byte("{}"), c.secrets)
			if err == nil || header != nil {
				t.Fatalf("got headers %v, error %v", header, err)
			}
			if fault.IsRefusal(err) {
				t.Fatalf("a mistake of ours became a business answer: %v", err)
			}
			for _, s := range c.secrets {
				if plain := s.Reveal(); plain != "" && strings.Contains(fmt.Sprintf("%+v", err), plain) {
					t.Fatal("the error holds the secret")
				}
			}
		})
	}
}

func TestNewSecret_HasTheFormOfItsScheme(t *testing.T) {
	t.Parallel()
	for scheme, form := range map[webhook.Scheme]string{
		webhook.Cards:    `^whsec_[0-9a-zA-Z]{43}$`,
		webhook.Standard: `^whsec_[0-9a-zA-Z+/]{43}=$`,
	} {
		seen := map[string]bool{}
		for range 200 {
			secret, err := webhook.NewSecret(rand.Reader, scheme)
			if err != nil {
				t.Fatal(err)
			}
			if !regexp.MustCompile(form).MatchString(secret.Reveal()) {
				t.Fatalf("scheme %d: secret of %d characters is not of form %s", scheme, secret.Len(), form)
			}
			if seen[secret.Reveal()] {
				t.Fatalf("scheme %d: the same secret twice", scheme)
			}
			seen[secret.Reveal()] = true
			if _, err := scheme.Sign("id", vectorTime, nil, []redact.Text{secret}); err != nil {
				t.Fatalf("scheme %d does not sign with its own secret: %v", scheme, err)
			}
		}
	}
}

func TestNewSecret_CardsThrowsBiasedBytesAway(t *testing.T) {
	t.Parallel()
	// 248..255 would favour the first eight characters. They must not show in the secret.
	random := append(bytes.Repeat([]byte{248, 255}, 43), bytes.Repeat([]byte{247, 61}, 43)...)
	secret, err := webhook.NewSecret(bytes.NewReader(random), webhook.Cards)
	if err != nil {
		t.Fatal(err)
	}
	if want := "whsec_" + strings.Repeat("Z", 43); secret.Reveal() != want {
		t.Fatalf("got %s, want %s", secret.Reveal(), want)
	}
}

func TestNewSecret_FailsWhenRandomnessDoes(t *testing.T) {
	t.Parallel()
	broken := errors.New("no entropy")
	for _, scheme := range []webhook.Scheme{webhook.Cards, webhook.Standard} {
		secret, err := webhook.NewSecret(iotest.ErrReader(broken), scheme)
		if !errors.Is(err, broken) || !secret.IsZero() {
			t.Fatalf("scheme %d: got error %v", scheme, err)
		}
	}
	if _, err := webhook.NewSecret(rand.Reader, 0); err == nil {
		t.Fatal("the zero scheme has secrets")
	}
}
