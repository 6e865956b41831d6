package issuance

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

const (
	actionBatchMake = "batch.make"
	batchWorker     = "worker:bulk"
	maxNamedCards   = 1000 // items up to which a finished batch names its cards (debit contract §8.6)
)

// BatchStep is what one step of making a batch did.
type BatchStep struct {
	Created, Failed int
	Done            bool // nothing is left to do: the batch ended, now or before
	Waits           bool // the bureau has not looked at the order yet; nothing was done
}

// MakeBatchStep makes the cards of up to limit items of a batch, in order, in one transaction: each ends
// with its card or with the reason why it has none. A step that was interrupted leaves nothing behind;
// one that was committed is never made again, whoever else works on the batch.
func (s *Service) MakeBatchStep(ctx context.Context, p ident.ProgramID, id ident.BatchID, limit int) (BatchStep, error) {
	owner, now, err := s.programNow(ctx, p)
	if err != nil {
		return BatchStep{}, err
	}
	if waits, err := s.batchWaits(ctx, owner, id, now); err != nil || waits {
		return BatchStep{Waits: waits}, err
	}
	cutoff := s.bureau.Cutoff(now)
	cmd := Command{Caller: Caller{Program: p, Actor: batchWorker, Channel: audit.ChannelWorker}}
	return Run(ctx, s, cmd, actionBatchMake, func(w *Work) (BatchStep, error) {
		m := maker{s: s, w: w, cutoff: cutoff}
		return m.step(ctx, id, limit)
	})
}

// batchWaits reports whether an order lies untouched because policy sandbox.bureau_delay wants it.
func (s *Service) batchWaits(ctx context.Context, p program.Program, id ident.BatchID, now time.Time) (bool, error) {
	if p.Policy.Faults.BureauDelay == 0 {
		return false, nil
	}
	b, err := s.BatchByID(ctx, p.ID, id)
	return err == nil && b.Status == batch.Accepted && p.Policy.Faults.BureauWaits(b.CreatedAt, now), err
}

// maker is one run of one step.
type maker struct {
	s       *Service
	w       *Work
	cutoff  time.Time
	batch   batch.Batch
	box     shipment.Shipment // the batch's, once a card lies in it
	designs designs
	taken   map[string]bool // identifiers that other batches bear, where a programme wants each once
	made    BatchStep

	numbers  []int64 // drawn for the cards of the step; without them each draws its own
	chosen   bool    // numbers were chosen: one that is taken is not drawn again
	cards    []card.Card
	plastics []card.Plastic // one for each card
	items    []int          // the place of each card's item
	entries  []card.VaultEntry
	numbered []numbered // the card of each entry
}

// numbered is a card of the step that has a card number, and the PIN that the number must not end in.
type numbered struct {
	card int
	pin  card.PIN
}

// design is the answer to a campaign: what to make, or why not.
type design struct {
	card.Design
	missing batch.ItemReason
}

func (m *maker) step(ctx context.Context, id ident.BatchID, limit int) (BatchStep, error) {
	m.w.Audit.Batch = id
	b, ok, err := m.w.Tx.BatchByID(ctx, m.w.Program.ID, id)
	if err != nil {
		return BatchStep{}, err
	}
	next, legal := b.Move(batch.Take)
	if !ok || !legal {
		return BatchStep{Done: true}, nil // canceled or ended meanwhile
	}
	b.Status = next
	m.batch = b
	m.designs = designs{tx: m.w.Tx, program: b.Program, batch: b.Campaign, asked: map[string]design{}}
	if !b.Shipment.IsZero() {
		if m.box, _, err = m.w.Tx.Shipment(ctx, b.Program, b.Shipment); err != nil {
			return BatchStep{}, err
		}
	}
	items, err := m.w.Tx.Items(ctx, id, b.NextIndex, batch.Pending, limit)
	if err != nil {
		return BatchStep{}, err
	}
	if m.taken, err = bornElsewhere(ctx, m.w.Tx, m.w.Program, items); err != nil {
		return BatchStep{}, err
	}
	m.numbers = m.s.ids.Numbers(len(items), ident.MinCardNumber, MaxNumber(m.w.Program))
	for i := range items {
		if items[i], err = m.makeItem(ctx, i, items[i]); err != nil {
			return BatchStep{}, err
		}
	}
	m.made.Done = len(items) < limit
	return m.made, m.close(ctx, items)
}

// bornElsewhere asks which identifiers other batches bear already, where a programme wants each once.
func bornElsewhere(ctx context.Context, tx CardReader, p program.Program, items []batch.Item) (map[string]bool, error) {
	if p.Policy.Debit.IdentifierScope != "program" {
		return nil, nil //nolint:nilnil // nobody asks, and nothing is taken
	}
	identifiers := make([]string, len(items))
	for i, item := range items {
		identifiers[i] = item.Identifier
	}
	return tx.IdentifiersTaken(ctx, p.ID, ident.BatchID{}, identifiers)
}

// makeItem makes one card, or gives the reason why not. An error is a fault and ends the step.
func (m *maker) makeItem(ctx context.Context, at int, item batch.Item) (batch.Item, error) {
	d, err := m.designs.of(ctx, item.Campaign)
	if err != nil {
		return item, err
	}
	if item = decideItem(item, d, m.taken); item.Outcome == batch.ItemFailed {
		m.made.Failed++
		return item, nil
	}
	c := m.newCard(d.Design, item)
	var pin card.PIN
	if item.PINSealed != nil {
		if pin, err = m.keepPIN(&c, item); err != nil {
			m.made.Failed++
			m.w.Audit.Note = "a staged PIN does not open"
			return failed(item, batch.InternalFailure), nil //nolint:nilerr // this item alone is lost, and says so
		}
	}
	if err := m.drawNumber(&c, pin); err != nil {
		return item, err
	}
	return m.add(ctx, c, at, item)
}

// decideItem fails an item that cannot be made: for want of a design, or because its identifier is taken.
func decideItem(item batch.Item, d design, taken map[string]bool) batch.Item {
	switch {
	case item.Outcome != batch.Pending:
		return item
	case d.missing != "":
		return failed(item, d.missing)
	case taken[item.Identifier]:
		return failed(item, batch.IdentifierDuplicated)
	}
	return item
}

func designFor(ctx context.Context, tx DesignReader, p ident.ProgramID, campaign string) (design, error) {
	found, ok, err := tx.DesignByCampaign(ctx, p, campaign)
	d := design{Design: found}
	switch {
	case err != nil:
		return design{}, err
	case !ok || campaign == "":
		d.missing = batch.CampaignUnknown
	case !found.Active:
		d.missing = batch.CampaignInactive
	}
	return d, nil
}

// newCard draws the card of an item. A design that makes no physical cards makes virtual ones; such a
// card can never be activated, but its identifier is known.
func (m *maker) newCard(d card.Design, item batch.Item) card.Card {
	t := card.Physical
	if !d.Makes(card.Physical) {
		t = card.Virtual
	}
	c := m.s.mintCard(m.w.Program, t, d.ID, m.w.Now)
	if n := len(m.numbers); n > 0 {
		c.Number, m.numbers = m.numbers[n-1], m.numbers[:n-1]
	}
	c.HolderName = item.FrontName
	return c
}

// keepPIN moves the staged PIN of an item to its card, under a new seal.
func (m *maker) keepPIN(c *card.Card, item batch.Item) (card.PIN, error) {
	pin, err := m.s.sealer.Open(stagedPIN(m.batch.Program, item), item.PINSealed)
	if err != nil {
		return card.PIN{}, err
	}
	return card.PIN{Text: pin}, m.s.setOrderedPIN(c, card.PIN{Text: pin}, m.w.Program, m.w.Now)
}

// add puts a card with its plastic into the box of the batch; the step writes all of them at once.
func (m *maker) add(ctx context.Context, c card.Card, at int, item batch.Item) (batch.Item, error) {
	p, err := m.newPlastic(ctx, c, item.Identifier)
	if err != nil {
		return item, err
	}
	m.cards, m.plastics, m.items = append(m.cards, c), append(m.plastics, p), append(m.items, at)
	m.made.Created++
	item.Outcome, item.Card, item.PINSealed = batch.ItemCreated, c.ID, nil
	return item, nil
}

// writeCards writes the cards of the step and announces them. A number that is taken is drawn again.
func (m *maker) writeCards(ctx context.Context, items []batch.Item) error {
	err := insertFree(m.entries, func(es []card.VaultEntry) ([]int, error) { return m.w.Tx.InsertVaultEntries(ctx, es) }, m.redrawEntry)
	if err != nil {
		return err
	}
	err = insertFree(m.cards, func(cs []card.Card) ([]int, error) { return m.w.Tx.InsertCards(ctx, cs) }, m.redrawCard)
	if err != nil {
		return err
	}
	for i, c := range m.cards {
		items[m.items[i]].CardNumber = c.Number
		m.w.Announce(event.Event{Name: event.CardCreated, Card: &card.View{Card: c, Plastic: m.plastics[i], Box: m.box}})
	}
	return m.w.Tx.InsertPlastics(ctx, m.plastics)
}

// drawNumber draws the card number of the next card, where the programme keeps them.
func (m *maker) drawNumber(c *card.Card, pin card.PIN) error {
	e, kept, err := m.s.drawEntry(m.w.Program, c, pin)
	if err == nil && kept {
		m.entries, m.numbered = append(m.entries, e), append(m.numbered, numbered{card: len(m.cards), pin: pin})
	}
	return err
}

func (m *maker) redrawEntry(at int) (err error) {
	of := m.numbered[at]
	m.entries[at], _, err = m.s.drawEntry(m.w.Program, &m.cards[of.card], of.pin)
	return err
}

func (m *maker) redrawCard(at int) error {
	if m.chosen {
		return ErrNumberTaken
	}
	m.cards[at].Number = m.s.ids.Number(ident.MinCardNumber, MaxNumber(m.w.Program))
	return nil
}

// insertFree inserts rows with numbers that were drawn at random: those whose number is taken again, with
// another one. insert gives their places among the rows that it got.
func insertFree[T any](rows []T, insert func([]T) (taken []int, err error), redraw func(at int) error) error {
	places := make([]int, len(rows))
	for i := range places {
		places[i] = i
	}
	some := rows
	for range numberDraws {
		taken, err := insert(some)
		if err != nil || len(taken) == 0 {
			return err
		}
		again := make([]int, len(taken))
		some = make([]T, len(taken))
		for i, at := range taken {
			again[i] = places[at]
			if err := redraw(again[i]); err != nil {
				return err
			}
			some[i] = rows[again[i]]
		}
		places = again
	}
	return fault.Wrap(ErrNumberTaken, "draw free numbers")
}

// newPlastic is the piece of a card: asked of the bureau, in the batch's box, and presumed to be in the
// programme's stock. Its guard asks for identifier and batch, and for a code where the policy says so.
func (m *maker) newPlastic(ctx context.Context, c card.Card, identifier string) (card.Plastic, error) {
	p := card.Plastic{
		ID: ident.PlasticID{UUID: m.s.ids.UUID()}, Program: c.Program, Card: c.ID, State: card.Planned,
		Batch: m.batch.ID, Identifier: identifier,
		Guard:     card.Guard{Method: card.ByIdentifierBatch, State: card.Armed},
		CreatedAt: m.w.Now, UpdatedAt: m.w.Now,
	}
	if c.Type != card.Physical {
		return p, nil
	}
	if err := m.openBox(ctx); err != nil {
		return card.Plastic{}, err
	}
	p.State, _ = p.State.Move(card.Request)
	p.Custody, p.CustodyPresumed, p.Shipment = card.CustodyStock, true, m.box.ID
	if m.w.Program.Policy.Debit.RequireActivationCode {
		coded, err := m.s.issueCode(p, m.w.Program.Policy.ActivationCode, m.w.Now)
		if err != nil {
			return card.Plastic{}, err
		}
		p = coded
		p.Guard.Method = card.ByIdentifierBatch
	}
	return p, nil
}

// openBox places the one shipment of the batch with the first card that goes into it.
func (m *maker) openBox(ctx context.Context) error {
	if !m.box.ID.IsZero() {
		return nil
	}
	m.box = batchBox(m.batch)
	m.box.ID = ident.ShipmentID{UUID: m.s.ids.UUID()}
	m.box.Status, m.box.CutoffAt, m.box.SubmittedAt = shipment.Placed, m.cutoff, m.w.Now
	m.box.CreatedAt, m.box.UpdatedAt = m.w.Now, m.w.Now
	m.batch.Shipment = m.box.ID
	m.w.Announce(event.Event{Name: event.ShipmentPlaced, Box: &card.Box{Shipment: m.box}})
	return m.w.Tx.InsertShipment(ctx, m.box)
}

// batchBox addresses the shipment of a batch.
func batchBox(b batch.Batch) shipment.Shipment {
	l := b.Location
	street := strings.TrimSpace(l.Street + " " + l.ExteriorNumber)
	if l.InteriorNumber != "" {
		street += " int. " + l.InteriorNumber
	}
	dial, national := dialable(l.Mobile)
	return shipment.Shipment{
		Program: b.Program, Kind: shipment.OfBatch, Batch: b.ID,
		Destination: shipment.Address{
			Line1: street, Line2: l.Neighborhood, Zone: l.State, City: l.City, PostalCode: l.PostalCode, Country: l.Country,
		},
		Recipient: shipment.Recipient{FirstName: l.FirstNames, LastName: l.LastNames, PhoneNumber: national, DialCode: dial},
	}
}

// dialMexico is the country code of a mobile that came with ten digits.
const dialMexico = 52

// dialable splits a mobile of an order: ten digits are Mexican, also behind 52 or 521. Any other keeps
// its country code among its digits.
func dialable(mobile string) (dial int, national string) {
	switch {
	case len(mobile) == 10:
		return dialMexico, mobile
	case len(mobile) == 12 && strings.HasPrefix(mobile, "52"):
		return dialMexico, mobile[2:]
	case len(mobile) == 13 && strings.HasPrefix(mobile, "521"):
		return dialMexico, mobile[3:]
	}
	return 0, mobile
}

// close writes the cards and what became of the items, and ends the batch when none is left.
func (m *maker) close(ctx context.Context, items []batch.Item) error {
	if err := m.writeCards(ctx, items); err != nil {
		return err
	}
	if len(items) > 0 {
		if err := m.w.Tx.UpdateItems(ctx, items); err != nil {
			return err
		}
		m.batch.NextIndex = items[len(items)-1].Index + 1
	}
	m.batch.Created += m.made.Created
	m.batch.Failed += m.made.Failed
	m.batch.UpdatedAt = m.w.Now
	if m.w.Audit.Note == "" {
		m.w.Audit.Note = fmt.Sprintf("created %d, failed %d", m.made.Created, m.made.Failed)
	}
	if m.made.Done {
		if err := m.end(ctx); err != nil {
			return err
		}
	}
	return m.w.Tx.UpdateBatch(ctx, m.batch)
}

// end finishes the batch and announces it.
func (m *maker) end(ctx context.Context) error {
	m.batch.NextIndex = m.batch.Requested
	next, legal := m.batch.Move(batch.Finish)
	if !legal {
		return fault.Wrap(fmt.Errorf("%d created and %d failed of %d", m.batch.Created, m.batch.Failed, m.batch.Requested), "finish a batch")
	}
	m.batch.Status, m.batch.FinishedAt = next, m.w.Now
	cards, err := m.namedCards(ctx)
	if err != nil {
		return err
	}
	ended := m.batch
	m.w.Announce(event.Event{Name: event.BatchFinished, Batch: &ended, BatchCards: cards})
	return nil
}

// namedCards lists the cards of a small batch, for programmes that want them named.
func (m *maker) namedCards(ctx context.Context) ([]event.BatchCard, error) {
	if !m.w.Program.Policy.Debit.WebhookCards || m.batch.Requested > maxNamedCards {
		return nil, nil
	}
	items, err := m.w.Tx.Items(ctx, m.batch.ID, 0, batch.ItemCreated, maxNamedCards)
	if err != nil {
		return nil, err
	}
	cards := make([]event.BatchCard, len(items))
	for i, item := range items {
		v, _, err := m.w.Tx.CardView(ctx, m.batch.Program, item.Card)
		if err != nil {
			return nil, err
		}
		cards[i] = event.BatchCard{Identifier: item.Identifier, Number: item.CardNumber, Ready: Ready(v, m.w.Program.Policy)}
	}
	return cards, nil
}
