package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/secrettest"
)

// outputs is everything that left the process or lies on the disk, by where it was seen.
type outputs struct {
	mu    sync.Mutex
	all   map[string][]byte
	batch string // reference of the batch that was made
}

func (o *outputs) add(where string, b []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all[where] = append(append(o.all[where], '\n'), b...)
}

// TestCanary_NoSecretIsAnywhere runs all stories with secrets that are known, and searches every output
// and every byte on the disk for them. The one answer that may carry a secret is left out of the search.
func TestCanary_NoSecretIsAnywhere(t *testing.T) {
	t.Parallel()
	engines(t, searchForSecrets)
}

func searchForSecrets(t *testing.T, in *installation) {
	out := &outputs{all: map[string][]byte{}}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		out.add("webhook", b)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer receiver.Close()

	in.command("program", "create", "canary", "--policy", "rate_limits.default=unlimited",
		"--policy", "rate_limits.operations=unlimited", "--policy", "webhooks.allow_private_targets=true")
	cardsKey, debitKey := in.key(t, "canary", "--door", "cards"), in.key(t, "canary", "--door", "debit", "--admin")
	s := in.start()
	secrets := map[string]string{"API key": cardsKey, "e-commerce token": debitKey}
	for name, secret := range cardsStory(t, s, cardsCaller(cardsKey), receiver.URL, out) {
		secrets[name] = secret
	}
	for name, secret := range revealStory(t, s, cardsCaller(cardsKey), out) {
		secrets[name] = secret
	}
	for name, secret := range debitStory(t, s, debitCaller(debitKey), receiver.URL, out) {
		secrets[name] = secret
	}
	collect(t, in, s, out)
	in.collectFiles(t, "live file ", out)
	if err := s.stop(); err != nil {
		t.Errorf("graceful stop: %v", err)
	}
	in.collectFiles(t, "file ", out)
	musts := []string{"webhook", "log", "metrics", "audit", "answers", "file firsttap.db", "live file firsttap.db"}
	if in.files != nil {
		musts = append(musts[:5], "server file 000000010000000000000001") // its first log of writes
	}
	for _, must := range musts {
		if len(out.all[must]) < 100 {
			t.Errorf("the search reaches no %s", must)
		}
	}
	search(t, out, secrets)
}

// cvvNamed is the secret that is too short to be looked for alone: it counts where its name stands before it.
const cvvNamed = "CVV"

func search(t *testing.T, out *outputs, secrets map[string]string) {
	t.Helper()
	for name, secret := range secrets {
		for where, b := range out.all {
			if len(secret) <= 6 && strings.HasPrefix(where, "server file ") {
				continue // the catalogue of a server has numbers enough to hold any six digits
			}
			if name == cvvNamed {
				if regexp.MustCompile(`(?i)(cvv|cvc)[^0-9A-Za-z]{1,9}` + secret + `\b`).Match(b) {
					t.Errorf("%s holds the CVV", where)
				}
				continue
			}
			// Four digits may stand in a binary file by chance, but hardly twice: every PIN is used twice.
			form, times := holds(b, secret)
			if chance := len(secret) == 4 && strings.Contains(where, "file "); times > 1 || times == 1 && !chance {
				t.Errorf("%s holds the %s (%s)", where, name, form)
			}
		}
	}
}

func (in *installation) key(t *testing.T, program string, more ...string) string {
	t.Helper()
	var issued struct{ Secret string }
	args := append([]string{"key", "create", "--program", program, "--json"}, more...)
	if err := json.Unmarshal([]byte(in.command(args...)), &issued); err != nil || issued.Secret == "" {
		t.Fatalf("no key: %v", err)
	}
	return issued.Secret
}

// cardsStory walks from a user to an activated card, with a wrong code, a replay and a second try, and
// gives the secrets that it met.
func cardsStory(t *testing.T, s *server, c caller, hooks string, out *outputs) map[string]string {
	t.Helper()
	keyed := func(k string) []string { return []string{"Idempotency-Key", k} }
	hook := c.must(t, 200, "POST", s.url+"/webhooks", map[string]any{"name": "main", "url": hooks}).json(t)
	user := c.must(t, 200, "POST", s.url+"/users", map[string]any{"email": "ana@example.com", "phoneNumber": "+525512345678", "firstName": "Ana", "lastName": "Torres"}).json(t)
	c.must(t, 200, "POST", s.url+"/users/"+user["id"].(string)+"/application", map[string]any{})
	c.must(t, 204, "POST", s.url+"/simulation/users/"+user["id"].(string)+"/application", map[string]any{"status": "APPROVED"})
	account := c.must(t, 200, "POST", s.url+"/accounts", map[string]any{"ownerId": user["id"]}, keyed("a-1")...).json(t)
	made := c.must(t, 200, "POST", s.url+"/cards", map[string]any{"userId": user["id"], "accountId": account["id"], "type": "PHYSICAL"}, keyed("c-1")...).json(t)
	card := s.url + "/cards/" + made["id"].(string)
	box := c.must(t, 200, "POST", s.url+"/card-shipments", map[string]any{
		"destinationAddress": map[string]any{"line1": "Av. Reforma 222", "zone": "CMX", "city": "Ciudad de Mexico", "postalCode": "06600", "country": "MX"},
		"recipient":          map[string]any{"firstName": "Ana", "lastName": "Torres", "phoneNumber": "5512345678", "dialCode": 52, "email": "ana@example.com"},
		"courier":            map[string]any{"type": "DHL"}, "cards": []any{map[string]any{"cardId": made["id"]}},
	}).json(t)
	c.must(t, 200, "POST", s.url+"/card-shipments/"+box["id"].(string)+"/submit", nil, keyed("s-1")...)
	c.must(t, 204, "POST", s.url+"/simulation/card-shipments/"+box["id"].(string)+"/shipping-status", map[string]any{"status": "IN_TRANSIT"})
	code := c.must(t, 200, "GET", card+"/activation-code", nil).json(t)["activationCode"].(string)
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	say := func(a answer) { out.add("answers", a.body) }
	say(c.must(t, 400, "POST", card+"/activate", map[string]any{"activationCode": wrong}, keyed("x-1")...))
	say(c.must(t, 422, "POST", card+"/activate?activationCode="+code, map[string]any{"activationCode": code}))
	say(c.must(t, 422, "POST", card+"/activate", map[string]any{"activationCode": code + "1"}))
	say(c.must(t, 204, "POST", card+"/activate", map[string]any{"activationCode": code}, keyed("x-2")...))
	replay := c.must(t, 204, "POST", card+"/activate", map[string]any{"activationCode": code}, keyed("x-2")...)
	if replay.header.Get("Idempotent-Replayed") != "true" {
		t.Error("a replay is not marked")
	}
	say(c.must(t, 400, "POST", card+"/activate", map[string]any{"activationCode": code}))
	got := c.must(t, 200, "GET", card, nil)
	say(got)
	if got.json(t)["physicalCardStatus"] != "ACTIVATED" {
		t.Errorf("after its activation the card is %s", got.body)
	}
	return map[string]string{"activation code": code, "signing secret of the cards API": hook["signingSecret"].(string)}
}

// printed finds what is printed on a card in its page.
var printed = regexp.MustCompile(`<dt>Card number</dt><dd>([0-9 ]{19})</dd>[^$]*<dt>CVV</dt><dd>([0-9]{3})</dd>`)

// revealStory shows a card on its page, in vain a second time, and gives what the page and the link told.
func revealStory(t *testing.T, s *server, c caller, out *outputs) map[string]string {
	t.Helper()
	card, _ := numberedCard(t, s, c)
	reveal := func() string {
		return c.must(t, 200, "POST", card+"/reveal", map[string]any{"showCopyPanButton": true}, "Idempotency-Key", "r-1").json(t)["revealUrl"].(string)
	}
	link := reveal()
	if reveal() != link {
		t.Error("a replay gives another link")
	}
	found := printed.FindSubmatch(caller{}.must(t, 200, "GET", link, nil).body)
	if found == nil {
		t.Fatal("the page shows no card")
	}
	out.add("answers", caller{}.must(t, 410, "GET", link, nil).body)
	out.add("answers", c.must(t, 200, "POST", card+"/freeze", nil).body)
	out.add("answers", c.must(t, 200, "POST", card+"/block", nil).body)
	out.add("answers", c.must(t, 400, "POST", card+"/reveal", nil).body)
	grouped := string(found[1])
	return map[string]string{
		"card number": strings.ReplaceAll(grouped, " ", ""), "printed card number": grouped, cvvNamed: string(found[2]),
		"reveal token": link[strings.LastIndex(link, "/")+1:],
	}
}

// debitStory orders a batch and activates a card of it for a new customer with a PIN.
func debitStory(t *testing.T, s *server, c caller, hooks string, out *outputs) map[string]string {
	t.Helper()
	const pin = "7391"
	hook := c.must(t, 200, "PUT", s.url+"/debit/v1/webhook", map[string]any{"url": hooks}).json(t)
	ordered := c.must(t, 200, "POST", s.url+"/debit/v1/bulkOrderCard", map[string]any{
		"delivery_location": location(),
		"batch":             []any{map[string]any{"card_identifier": "CANARY-1", "pin": "8462"}, map[string]any{"card_identifier": "CANARY-2", "pin": "8462"}},
	}).json(t)
	reference := ordered["payload"].(map[string]any)["reference"].(string)
	out.batch = reference
	for deadline := time.Now().Add(30 * time.Second); ; pause(20 * time.Millisecond) {
		state := c.must(t, 200, "GET", s.url+"/debit/v1/bulkOrderCard/"+reference, nil).json(t)["payload"].(map[string]any)
		if state["status"] == 4.0 && state["notification"].(map[string]any)["status"] == "delivered" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the batch is not made and announced: %v", state)
		}
	}
	body := map[string]any{
		"card_identifier": "CANARY-1", "reference_batch": reference, "pin": pin, "device_id": "phone-1",
		"customer": map[string]any{"first_name": "Eva", "last_name": "Ruiz", "email": "eva@example.com"},
	}
	first := c.must(t, 200, "POST", s.url+"/debit/v1/activateCardForCustomer", body, "Idempotency-Key", "d-1")
	payload := first.json(t)["payload"].(map[string]any)
	again := c.must(t, 200, "POST", s.url+"/debit/v1/activateCardForCustomer", body, "Idempotency-Key", "d-1")
	if string(again.body) != string(first.body) {
		t.Error("a replay differs from the first answer")
	}
	out.add("answers", c.must(t, 400, "POST", s.url+"/debit/v1/activateCardForCustomer", body).body)
	c.must(t, 200, "POST", s.url+"/debit/v1/activateCardForCustomer", map[string]any{
		"card_identifier": "CANARY-2", "reference_batch": reference, "pin": pin,
		"customer": map[string]any{"first_name": "Iker", "last_name": "Sol", "email": "iker@example.com"},
	})
	return map[string]string{
		"PIN": pin, "PIN of the order": "8462", "private key": payload["customer_private_key"].(string),
		"refresh token": payload["customer_refresh_token"].(string), "oauth token": payload["customer_oauth_token"].(string),
		"signing secret of the debit API": hook["payload"].(map[string]any)["secret"].(string),
	}
}

// collect reads what a running installation shows.
func collect(t *testing.T, in *installation, s *server, out *outputs) {
	t.Helper()
	out.add("metrics", caller{}.must(t, 200, "GET", s.admin+"/metrics", nil).body)
	out.add("audit", []byte(in.command("audit", "tail", "--program", "canary", "--json")))
	out.add("card show", []byte(in.command("card", "show", "--batch", out.batch, "--identifier", "CANARY-1")))
	out.add("batch show", []byte(in.command("batch", "show", out.batch)))
}

// collectFiles reads every file of the installation, its logs and database included, but the key file:
// it holds keys on purpose, and no secret of these.
func (in *installation) collectFiles(t *testing.T, kind string, out *outputs) {
	t.Helper()
	read := func(root, kind string) {
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // a running server removes some
			}
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			switch {
			case path == in.logs && kind == "file ":
				out.add("log", b)
			case path != in.logs:
				out.add(kind+filepath.Base(path), b)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	read(in.dir, kind)
	if in.files != nil && kind == "file " {
		read(in.files(), "server file ")
	}
}

// holds tells in which form a secret stands in b, and how often. A short secret of digits counts only by itself,
// since any long number holds some four digits.
func holds(b []byte, secret string) (form string, times int) {
	if len(secret) <= 6 {
		return "plain", secrettest.Digits(b, secret)
	}
	forms := map[string]string{
		"plain": secret, "hex": hex.EncodeToString([]byte(secret)), "base64": base64.StdEncoding.EncodeToString([]byte(secret)),
		"url base64": base64.RawURLEncoding.EncodeToString([]byte(secret)),
	}
	if _, tail, ok := strings.Cut(secret, "_"); ok && len(tail) >= 8 {
		forms["without its prefix"] = tail
	}
	for name, text := range forms {
		if n := strings.Count(string(b), text); n > 0 {
			return name, n
		}
	}
	return "", 0
}

func TestHolds_FindsWhatIsThere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`{"pin":"7391"}`: true, `code=7391 `: true, "7391": true, "a17391b": false, "17391": false,
		"12:00:00.7391": false, "01990000-7391-7000-8000-000000000000": false,
	} {
		if _, times := holds([]byte(text), "7391"); times == 1 != want {
			t.Errorf("%q: %d times", text, times)
		}
	}
	if form, _ := holds([]byte("x 736b5f6162636465666768 y"), "sk_abcdefgh"); form != "hex" {
		t.Error("a secret in hex is not found")
	}
}
