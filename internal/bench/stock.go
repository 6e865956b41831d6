package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Access is what the generator may know of an installation. It travels on standard input, never as an argument.
type Access struct {
	URL   string // of the server
	Floor string // of the server that does nothing
	Cards string // key of the cards API
	Wrong string // key of the cards API, of a programme that lets somebody guess for long
	Debit string // token of the debit API

	Peers     map[string]string `json:",omitempty"` // addresses by name
	PeerCards map[string]int    `json:",omitempty"` // how many each has
}

// Stock says how much is prepared, by way of the published APIs.
type Stock struct {
	Cards   int // on their way to their holders, with the codes of their mailers
	Debit   int // of bulk orders, for holders that exist
	Wrong   int // that are guessed at
	Used    int // activated, each with its idempotency key
	Parcels int // that couriers scan
}

// guesses is how many wrong codes each card takes: the programme's policy says a hundred, the last of which locks.
const guesses = 99

const (
	parcelLength = 100 // cards of one parcel, and of one holder
	atOnce       = 16  // requests of a preparation at once
	mostItems    = 50_000
)

// mailed is a card with the code on its mailer.
type mailed struct{ id, code string }

// stock is what was prepared, and how far it was used.
type stock struct {
	fresh, wrong, used []mailed
	parcels            []string
	labels             []string // card_identifier and reference_batch, as members of a body
	holders            []string // numbers of customers of the debit API
	nextFresh          atomic.Int64
	nextLabel          atomic.Int64
	nextKey            atomic.Int64
}

// prepare makes a stock.
func prepare(ctx context.Context, a Access, want Stock) (*stock, error) {
	s := &stock{}
	p := &partner{Access: a}
	var err error
	if s.fresh, err = p.mail(ctx, a.Cards, want.Cards); err != nil {
		return nil, err
	}
	if s.wrong, err = p.mail(ctx, a.Wrong, want.Wrong); err != nil {
		return nil, err
	}
	if s.used, err = p.mail(ctx, a.Cards, want.Used); err != nil {
		return nil, err
	}
	err = each(ctx, len(s.used), func(ctx context.Context, n int) error {
		c := s.used[n]
		_, err := p.cards(ctx, a.Cards, http.MethodPost, "/cards/"+c.id+"/activate", usedKey(n), fmt.Sprintf(`{"activationCode":%q}`, c.code))
		return err
	})
	if err != nil {
		return nil, err
	}
	s.parcels = make([]string, want.Parcels)
	err = each(ctx, want.Parcels, func(ctx context.Context, n int) (err error) {
		s.parcels[n], _, err = p.parcel(ctx, a.Cards, 1)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s, p.order(ctx, s, want.Debit)
}

// keyOf is the n-th idempotency key of a kind. Keys of real callers are random, and so are these to the database.
func keyOf(kind string, n int) string {
	const odd = 0x9e3779b97f4a7c15                      // so that no two n have one product
	return fmt.Sprintf("%016x-%s", uint64(n)*odd, kind) //nolint:gosec // it counts up from 0
}

func usedKey(n int) string { return keyOf("used", n) }

// each does a step for 0 to n-1, several at once, until one fails.
func each(ctx context.Context, n int, step func(ctx context.Context, n int) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(n, atOnce) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := step(ctx, i); err != nil {
					stop(err)
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// partner calls the published APIs to prepare a stock.
type partner struct {
	Access
	people atomic.Int64
	keys   atomic.Int64
}

// tries is how often a request of a preparation is sent when the server says that it is busy.
const (
	tries = 20
	pause = 100 * time.Millisecond // between two of them
)

// cards calls the cards API until it is not busy, and gives the answer's body.
func (p *partner) cards(ctx context.Context, key, method, path, idempotency, body string) ([]byte, error) {
	header := []string{"Authorization", "Bearer " + key, "Reap-Version", apiVersion}
	if idempotency != "" {
		header = append(header, "Idempotency-Key", idempotency)
	}
	for try := 1; ; try++ {
		answer, err := call(ctx, method, p.URL+path, strings.NewReader(body), header...)
		if err == nil {
			return answer, nil
		}
		if !errors.Is(err, errBusy) || try == tries {
			return nil, fmt.Errorf("%s %s: %w", method, path, err)
		}
		if err := wait(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// made calls the cards API to make something, and gives its id.
func (p *partner) made(ctx context.Context, key, path, body string) (string, error) {
	answer, err := p.cards(ctx, key, http.MethodPost, path, fmt.Sprintf("prepare-%d", p.keys.Add(1)), body)
	if err != nil {
		return "", err
	}
	var got struct {
		ID string `json:"id"`
	}
	return got.ID, json.Unmarshal(answer, &got)
}

// scattered gives the i-th of n places in an order in which neighbours lie far apart and each place comes once. Holders
// open their letters in no order, so what a load and its references use up must not lie in the order of its making: cards
// that were made one after the other share pages of the database, and a group of them costs a fraction of what it does else.
func scattered(i, n int) int {
	step := max(1, n*618/1000)
	for gcd(step, n) != 1 {
		step++
	}
	return i % n * step % n
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// mail makes cards that are on their way. Neighbours in the result lie in different parcels, far apart.
func (p *partner) mail(ctx context.Context, key string, n int) ([]mailed, error) {
	parcels := make([][]mailed, (n+parcelLength-1)/parcelLength)
	err := each(ctx, len(parcels), func(ctx context.Context, i int) (err error) {
		_, parcels[i], err = p.parcel(ctx, key, min(parcelLength, n-i*parcelLength))
		return err
	})
	out := make([]mailed, 0, n)
	for place := range parcelLength {
		for i := range parcels {
			if parcel := parcels[scattered(i, len(parcels))]; place < len(parcel) {
				out = append(out, parcel[place])
			}
		}
	}
	return out, err
}

const destination = `"destinationAddress":{"line1":"Av. Reforma 222","zone":"CMX","city":"Ciudad de Mexico","postalCode":"06600","country":"MX"},` +
	`"recipient":{"firstName":"Ana","lastName":"Torres","phoneNumber":"5512345678","dialCode":52,"email":"ana@example.com"},"courier":{"type":"DHL"}`

// parcel makes a holder with cards, which a courier has taken, and reads the codes of their mailers.
func (p *partner) parcel(ctx context.Context, key string, n int) (id string, cards []mailed, err error) {
	who := p.people.Add(1)
	user, err := p.made(ctx, key, "/users", fmt.Sprintf(`{"email":"ana%d@example.com","phoneNumber":"+5255%08d","firstName":"Ana","lastName":"Torres"}`, who, who))
	if err != nil {
		return "", nil, err
	}
	if _, err := p.cards(ctx, key, http.MethodPost, "/users/"+user+"/application", "", `{}`); err != nil {
		return "", nil, err
	}
	account, err := p.made(ctx, key, "/accounts", fmt.Sprintf(`{"ownerId":%q}`, user))
	if err != nil {
		return "", nil, err
	}
	members := make([]string, n)
	cards = make([]mailed, n)
	for i := range cards {
		if cards[i].id, err = p.made(ctx, key, "/cards", fmt.Sprintf(`{"userId":%q,"accountId":%q,"type":"PHYSICAL"}`, user, account)); err != nil {
			return "", nil, err
		}
		members[i] = fmt.Sprintf(`{"cardId":%q}`, cards[i].id)
	}
	if id, err = p.made(ctx, key, "/card-shipments", "{"+destination+`,"cards":[`+strings.Join(members, ",")+"]}"); err != nil {
		return "", nil, err
	}
	for _, step := range [][3]string{
		{"/card-shipments/" + id + "/submit", "submit-" + id, ""},
		{"/simulation/card-shipments/" + id + "/production-status", "", `{"status":"COMPLETED"}`},
		{"/simulation/card-shipments/" + id + "/shipping-status", "", `{"status":"IN_TRANSIT"}`},
	} {
		if _, err := p.cards(ctx, key, http.MethodPost, step[0], step[1], step[2]); err != nil {
			return "", nil, err
		}
	}
	return id, cards, p.readMailers(ctx, key, cards)
}

func (p *partner) readMailers(ctx context.Context, key string, cards []mailed) error {
	for i := range cards {
		answer, err := p.cards(ctx, key, http.MethodGet, "/cards/"+cards[i].id+"/activation-code", "", "")
		if err != nil {
			return err
		}
		var got struct {
			Code string `json:"activationCode"`
		}
		if err := json.Unmarshal(answer, &got); err != nil {
			return err
		}
		if cards[i].code = got.Code; len(got.Code) != 6 {
			return errors.New("a mailer has no code of six digits")
		}
	}
	return nil
}

// order makes cards by bulk orders, and their holders by activating one card for each ten.
func (p *partner) order(ctx context.Context, s *stock, n int) error {
	if n == 0 {
		return nil
	}
	holders := n/10 + 1
	var first []string
	for order, left := 0, n+holders; left > 0; order++ {
		b := buyer{url: p.URL, token: p.Debit, items: min(left, mostItems)}
		reference, err := b.order(ctx, order)
		if err != nil {
			return err
		}
		if err := b.made(ctx, reference); err != nil {
			return err
		}
		for i := range b.items {
			label := fmt.Sprintf(`"card_identifier":"B%04d-%06d","reference_batch":%q`, order, i, reference)
			if len(first) < holders {
				first = append(first, label)
			} else {
				s.labels = append(s.labels, label)
			}
		}
		left -= b.items
	}
	made := slices.Clone(s.labels)
	for i := range made {
		s.labels[i] = made[scattered(i, len(made))]
	}
	s.holders = make([]string, holders)
	return each(ctx, holders, func(ctx context.Context, i int) error {
		body := fmt.Sprintf(`{"customer":{"first_name":"Ana","last_name":"Torres","email":"holder%d@example.com"},%s}`, i, first[i])
		answer, err := call(ctx, http.MethodPost, p.URL+"/debit/v1/activateCardForCustomer", strings.NewReader(body), "Authorization-ecommerce", p.Debit)
		if err != nil {
			return err
		}
		s.holders[i], err = holderOf(answer)
		return err
	})
}

// holderOf reads the customer of an activation's answer.
func holderOf(answer []byte) (string, error) {
	var got struct {
		Payload struct {
			Customer string `json:"customer_id"`
		} `json:"payload"`
	}
	err := json.Unmarshal(answer, &got)
	if err == nil && got.Payload.Customer == "" {
		err = fmt.Errorf("no customer_id in %.200s", answer)
	}
	return got.Payload.Customer, err
}
