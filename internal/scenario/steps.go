package scenario

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
)

// why is the reason that a script gives where a command needs one.
const why = "a scenario"

// order makes a customer who is approved, with an account and a physical card.
func (r *run) order(ctx context.Context, name string) ([]Fact, error) {
	holder, err := r.approved(ctx, name)
	if err != nil {
		return nil, err
	}
	a, err := r.service.CreateAccount(ctx, issuance.CreateAccount{Command: r.command(), Owner: holder, Kind: customer.Person})
	if err != nil {
		return nil, err
	}
	made, err := r.service.CreateCard(ctx, issuance.CreateCard{Command: r.command(), Customer: holder, Account: a.ID, Type: card.Physical, ThreeDS: "SMS"})
	if err != nil {
		return nil, err
	}
	r.customers[name], r.cards[name] = holder, made.Card.ID
	return append([]Fact{{"customer_id", holder.String()}, {"account_id", a.ID.String()}}, idsOf(made.Card)...), nil
}

// approved makes a customer who is approved.
func (r *run) approved(ctx context.Context, name string) (ident.CustomerID, error) {
	c, err := r.service.CreateCustomer(ctx, issuance.CreateCustomer{
		Command: r.command(), ExternalID: r.draws.label(name), Phone: "+5255" + r.ids.Digits(8),
		FirstName: strings.ToUpper(name[:1]) + name[1:], LastName: "Sandbox",
	})
	if err != nil {
		return ident.CustomerID{}, err
	}
	_, err = r.service.DecideApplication(ctx, issuance.DecideApplication{Command: r.command(), Customer: c.ID, Status: customer.Approved})
	return c.ID, err
}

func idsOf(c card.Card) []Fact {
	return []Fact{{"card_id", c.ID.String()}, {"number_id", strconv.FormatInt(c.Number, 10)}, {"last4", c.Last4}}
}

// ship drafts a parcel and submits it.
func (r *run) ship(ctx context.Context, name string, cards []string) ([]Fact, error) {
	cmd := issuance.CreateShipment{
		Command: r.command(), Destination: place(), Courier: shipment.Courier{Type: "DHL"},
		Recipient: shipment.Recipient{FirstName: "Ana", LastName: "Sandbox", PhoneNumber: "5512345678", DialCode: 52, Email: "ana@example.com"},
	}
	for _, c := range cards {
		cmd.Members = append(cmd.Members, issuance.NewMember{Card: r.cards[c]})
	}
	box, err := r.service.CreateShipment(ctx, cmd)
	if err != nil {
		return nil, err
	}
	r.parcels[name] = box.Shipment.ID
	box, err = r.service.SubmitShipment(ctx, issuance.SubmitShipment{Command: r.command(), Shipment: box.Shipment.ID})
	if err != nil {
		return nil, err
	}
	return []Fact{{"shipment_id", box.Shipment.ID.String()}, {"status", string(box.Shipment.Status)}}, nil
}

// walk is a step of a parcel.
type walk struct {
	parcel string
	to     issuance.Step
	cards  []string
	ago    time.Duration
}

func (r *run) walk(ctx context.Context, w walk) ([]Fact, error) {
	cmd := issuance.WalkShipment{Command: r.command(), Shipment: r.parcels[w.parcel], Step: w.to}
	for _, name := range w.cards {
		cmd.Cards = append(cmd.Cards, r.cards[name])
	}
	if w.ago > 0 {
		cmd.At = r.now.Add(-w.ago)
	}
	done, err := r.service.WalkShipment(ctx, cmd)
	if err != nil {
		return nil, err
	}
	return []Fact{{"status", string(done.Shipment.Status)}, {"tracking_number", done.Shipment.TrackingNumber}}, nil
}

// activate sends the code of the mailer. The code stays here.
func (r *run) activate(ctx context.Context, name string) ([]Fact, error) {
	return r.try(ctx, name, func(code string) string { return code })
}

// guess sends a wrong code, another one each time.
func (r *run) guess(ctx context.Context, name string) ([]Fact, error) {
	r.guesses++
	return r.try(ctx, name, func(code string) string {
		n, _ := strconv.Atoi(code) // six digits
		n = (n + r.guesses) % 1_000_000
		return strings.Repeat("0", card.CodeLength-len(strconv.Itoa(n))) + strconv.Itoa(n)
	})
}

// try activates a card with what becomes of its code; a card without one is tried with six zeros.
func (r *run) try(ctx context.Context, name string, sent func(code string) string) ([]Fact, error) {
	text := strings.Repeat("0", card.CodeLength)
	printed, err := r.service.ReadMailer(ctx, issuance.ReadMailer{Command: r.command(), Card: r.cards[name]})
	switch {
	case err == nil:
		text = printed.Reveal()
		printed.Wipe()
	case !errors.Is(err, card.CodeUnavailable):
		return nil, err
	}
	code, _ := card.ParseCode(sent(text))
	return r.tried(ctx, name, r.service.Activate(ctx, issuance.ActivateCard{Command: r.command(), Card: r.cards[name], Code: code}))
}

// tried is how a card stands after somebody tried to activate it.
func (r *run) tried(ctx context.Context, name string, no error) ([]Fact, error) {
	if no != nil && !fault.IsRefusal(no) {
		return nil, no
	}
	facts, err := r.facts(ctx, name, "plastic", "guard", "tries_left", "locked_until")
	if err != nil {
		return nil, err
	}
	return facts, no
}

func (r *run) reset(ctx context.Context, name string) ([]Fact, error) {
	if _, err := r.service.ResetGuard(ctx, issuance.ResetGuard{Command: r.command(), Card: r.cards[name], Reason: why}); err != nil {
		return nil, err
	}
	return r.facts(ctx, name, "guard", "tries_left")
}

// switching is a switch of a card.
func switching(command func(*issuance.Service, context.Context, issuance.SwitchCard) (issuance.CardAt, error)) func(*run, context.Context, string) ([]Fact, error) {
	return func(r *run, ctx context.Context, name string) ([]Fact, error) {
		v, err := command(r.service, ctx, issuance.SwitchCard{Command: r.command(), Card: r.cards[name], Message: why})
		if err != nil {
			return nil, err
		}
		return []Fact{{"status", string(v.Card.Status(v.At))}}, nil
	}
}

func (r *run) report(ctx context.Context, name string, as issuance.Report) ([]Fact, error) {
	v, err := r.service.ReportCard(ctx, issuance.ReportCard{Command: r.command(), Card: r.cards[name], As: as, Reason: why})
	if err != nil {
		return nil, err
	}
	return []Fact{{"status", string(v.Card.Status(v.At))}, {"plastic", string(v.Plastic.State)}}, nil
}

func (r *run) replace(ctx context.Context, name, next string, cause issuance.ReplacementCause) ([]Fact, error) {
	v, err := r.service.ReplaceCard(ctx, issuance.ReplaceCard{Command: r.command(), Card: r.cards[name], For: cause, Reason: why})
	if err != nil {
		return nil, err
	}
	r.cards[next] = v.Successor.Card.ID
	return idsOf(v.Successor.Card), nil
}

func (r *run) wait(ctx context.Context, d time.Duration) ([]Fact, error) {
	shown, err := r.service.SetClock(ctx, issuance.SetClock{Command: r.command(), Change: access.ClockAdvanced(d)})
	if err != nil {
		return nil, err
	}
	r.now = shown.Now
	return []Fact{{"now", moment(shown.Now)}}, nil
}

// The facts that a script may expect.
var (
	cardFacts   = []string{"status", "stop", "plastic", "guard", "tries_left", "locked_until", "obstacles"}
	parcelFacts = []string{"status", "tracking_number"}
)

// expect compares a fact of a card or a parcel.
func (r *run) expect(ctx context.Context, of kind, name, fact, value string) ([]Fact, error) {
	var seen []Fact
	var err error
	if of == aCard {
		seen, err = r.facts(ctx, name, fact)
	} else {
		var box issuance.ShipmentStanding
		box, err = r.service.ShipmentStanding(ctx, r.program(), r.parcels[name])
		seen = []Fact{{"status", string(box.Shipment.Status)}, {"tracking_number", box.Shipment.TrackingNumber}}
		seen = slices.DeleteFunc(seen, func(f Fact) bool { return f.Name != fact })
	}
	if err == nil && seen[0].Value != value {
		err = fault.Refuse(unexpected)
	}
	return seen, err
}

// unexpected is the outcome of an expectation that was not met. It is told in the transcript alone.
var unexpected = fault.New("unexpected", fault.Refused)

// facts are some facts of a card, as they are now.
func (r *run) facts(ctx context.Context, name string, wanted ...string) ([]Fact, error) {
	st, err := r.service.Eligibility(ctx, r.program(), r.cards[name])
	if err != nil {
		return nil, err
	}
	guard := st.Guard()
	obstacles := make([]string, len(st.Obstacles))
	for i, o := range st.Obstacles {
		obstacles[i] = o.Refusal.Reason.Name()
	}
	out := make([]Fact, len(wanted))
	for i, fact := range wanted {
		out[i] = Fact{fact, map[string]string{
			"status": string(st.Card.Status(st.At)), "stop": word(string(st.Stop())), "plastic": string(st.Plastic.State), "guard": string(guard.State),
			"tries_left": strconv.Itoa(guard.Left(st.Policy.Activation)), "locked_until": moment(guard.LockedUntil), "obstacles": word(strings.Join(obstacles, ",")),
		}[fact]}
	}
	return out, nil
}

// word stands for nothing by a word, because a script has no empty ones.
func word(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "none"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
