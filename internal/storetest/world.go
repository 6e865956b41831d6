package storetest

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/bureau"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/vault"
)

// World is a small card programme in a store: enough to activate a card in either way.
type World struct {
	Store  Store
	Clock  *Clock
	IDs    *ident.Source
	Sealer *Sealer

	Program  program.Program
	Foreign  program.Program // another tenant, which must never see anything of Program
	Design   card.Design     // the default of Program
	Customer customer.Customer
	Account  account.Account // the customer's wallet

	// Card is a physical card of Customer in a parcel that is in transit; Code is on its mailer.
	Card     card.View
	Code     card.Code
	Shipment shipment.Shipment

	// BatchCard is a card of Batch that is bound to nobody, with the label BatchIdentifier.
	Batch     batch.Batch
	BatchCard card.View

	t testing.TB
}

// BatchIdentifier is the label of the world's BatchCard.
const BatchIdentifier = "CARD-001"

// Option changes the world before it is made.
type Option func(*plan)

type plan struct {
	kind     program.Kind
	policies map[string]string
	clock    program.Clock
	foreign  program.Kind
}

// WithPolicy sets one policy of the programme, by its name and in its text form.
func WithPolicy(name, value string) Option { return func(p *plan) { p.policies[name] = value } }

// WithLiveProgram makes the programme live; it is a sandbox otherwise.
func WithLiveProgram() Option { return func(p *plan) { p.kind = program.Live } }

// WithLiveForeign makes the other tenant live; it is a sandbox otherwise.
func WithLiveForeign() Option { return func(p *plan) { p.foreign = program.Live } }

// WithProgramClock gives the programme a clock of its own.
func WithProgramClock(c program.Clock) Option { return func(p *plan) { p.clock = c } }

// NewWorld makes the world in a store.
func NewWorld(t testing.TB, s Store, options ...Option) *World {
	t.Helper()
	w := &World{Store: s, Clock: NewClock(), Sealer: NewSealer(), t: t}
	w.IDs = ident.NewSource(rand.Reader, w.Clock.Now)
	p := plan{kind: program.Sandbox, foreign: program.Sandbox, policies: map[string]string{}}
	for _, option := range options {
		option(&p)
	}
	w.Program = w.newProgram(p)
	w.Foreign = w.newProgram(plan{kind: p.foreign})
	w.Design = w.NewDesign(func(d *card.Design) { d.Default = true })
	w.Customer = w.NewCustomer()
	w.Account = w.NewAccount(w.Customer)
	w.Card, w.Code = w.NewShippedCard(w.Customer, w.Account)
	w.Shipment = w.Card.Box
	w.Batch = w.NewBatch()
	w.BatchCard = w.NewBatchCard(w.Batch, BatchIdentifier)
	return w
}

// Now is the programme's time.
func (w *World) Now() time.Time { return w.Program.Now(w.Clock.Now()) }

// next moves time by a millisecond, so that each thing is made after the one before; ids tell too.
func (w *World) next() time.Time {
	w.Clock.Advance(time.Millisecond)
	return w.Now()
}

// Write commits a change of the rules' store, and ends the test when that fails.
func (w *World) Write(body func(ctx context.Context, tx issuance.Tx) error) {
	w.t.Helper()
	ctx := w.t.Context()
	must(w.t, w.Store.Issuance().Write(ctx, func(tx issuance.Tx) error { return body(ctx, tx) }))
}

// Read looks into the rules' store, and ends the test when that fails.
func (w *World) Read(body func(ctx context.Context, tx issuance.ReadTx) error) {
	w.t.Helper()
	ctx := w.t.Context()
	must(w.t, w.Store.Issuance().Read(ctx, func(tx issuance.ReadTx) error { return body(ctx, tx) }))
}

// Admin commits a change of programmes and credentials.
func (w *World) Admin(body func(ctx context.Context, tx access.Tx) error) {
	w.t.Helper()
	ctx := w.t.Context()
	must(w.t, w.Store.Access().Write(ctx, func(tx access.Tx) error { return body(ctx, tx) }))
}

// Service is the real rules over a handle on the world's database.
func (w *World) Service(on Store) *issuance.Service {
	w.t.Helper()
	maker, err := bureau.New(bureau.Settings{})
	must(w.t, err)
	return issuance.New(issuance.Config{
		Store: on.Issuance(), Sealer: w.Sealer, Vault: vault.New(w.Sealer, w.IDs), IDs: w.IDs, Now: w.Clock.Now, Bureau: maker,
		Announcers: map[event.Door]event.Announcer{
			event.NativeDoor: event.NativeAnnouncer, event.CardsDoor: words(event.CardsDoor), event.DebitDoor: words(event.DebitDoor),
		},
	})
}

// words is a door that speaks of everything: the type is the event's name, the body says of which card.
func words(door event.Door) event.Announcer {
	return func(e event.Event) []event.Draft {
		body := "no card"
		if e.Card != nil {
			body = e.Card.Card.ID.String()
		}
		return []event.Draft{{Door: door, Type: string(e.Name), Body: func(ident.EventID) []byte { return []byte(body) }}}
	}
}

// Caller is an API key of the programme.
func (w *World) Caller() issuance.Caller {
	return issuance.Caller{Program: w.Program.ID, Actor: "key:test", Channel: audit.ChannelCards, RequestID: "req-1"}
}

// View reads a card as it is now.
func (w *World) View(id ident.CardID) card.View {
	w.t.Helper()
	var out card.View
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		var found bool
		var err error
		if out, found, err = tx.CardView(ctx, w.Program.ID, id); err == nil && !found {
			w.t.Fatalf("card %s is not there", id)
		}
		return err
	})
	return out
}
