package client_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/firsttap/firsttap/client"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/webhook"
)

var schemes = map[string]struct {
	scheme      webhook.Scheme
	secret, old string
	verify      func(h http.Header, body []byte, now time.Time, secrets ...string) (string, error)
}{
	"cards":    {webhook.Cards, "whsec_new", "whsec_old", client.VerifyCardsWebhook},
	"standard": {webhook.Standard, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", client.VerifyStandardWebhook},
}

func TestVerify_TakesWhatTheServerSignsAndNothingElse(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_770_000_000, 0)
	body := []byte(`{"type":"card.activated"}`)
	for name, s := range schemes {
		h, err := s.scheme.Sign("msg_1", at, body, []redact.Text{redact.NewText(s.secret), redact.NewText(s.old)})
		if err != nil {
			t.Fatal(err)
		}
		none := http.Header{}
		for what, c := range map[string]struct {
			h       http.Header
			body    []byte
			now     time.Time
			secrets []string
			good    bool
		}{
			"as it was sent":             {h, body, at, []string{s.secret}, true},
			"by the secret before":       {h, body, at.Add(4 * time.Minute), []string{s.old}, true},
			"one of two secrets":         {h, body, at.Add(-4 * time.Minute), []string{"whsec_c29tZXRoaW5nIGVsc2UgYWx0b2dldGhlcg==", s.secret}, true},
			"another secret":             {h, body, at, []string{"whsec_c29tZXRoaW5nIGVsc2UgYWx0b2dldGhlcg=="}, false},
			"no secret":                  {h, body, at, nil, false},
			"an empty secret":            {h, body, at, []string{""}, false},
			"a changed body":             {h, append([]byte(" "), body...), at, []string{s.secret}, false},
			"long ago":                   {h, body, at.Add(6 * time.Minute), []string{s.secret}, false},
			"from the future":            {h, body, at.Add(-6 * time.Minute), []string{s.secret}, false},
			"without a signature at all": {none, body, at, []string{s.secret}, false},
		} {
			id, err := s.verify(c.h, c.body, c.now, c.secrets...)
			if c.good != (err == nil) || c.good && id != "msg_1" {
				t.Errorf("%s, %s: %q, %v", name, what, id, err)
			}
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("t=1770000000,v1=00", "msg_1", "1770000000", "v1,AAAA", []byte("{}"))
	f.Fuzz(func(t *testing.T, cards, id, stamp, standard string, body []byte) {
		h := http.Header{
			"X-Reap-Webhook-Signature": {cards}, "Webhook-Id": {id}, "Webhook-Timestamp": {stamp}, "Webhook-Signature": {standard},
		}
		for name, s := range schemes {
			if _, err := s.verify(h, body, time.Unix(1_770_000_000, 0), s.secret); err == nil {
				t.Errorf("%s: a signature was guessed", name)
			}
		}
	})
}
