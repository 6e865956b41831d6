package scenario

import (
	"context"
	"slices"
	"strconv"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

// bulk is an order that was made.
type bulk struct {
	id        ident.BatchID
	reference ident.Reference
}

// orderMany orders cards in bulk, and makes a customer for each, who will hold it once it is activated.
func (r *run) orderMany(ctx context.Context, name string, cards []string) ([]Fact, error) {
	for _, c := range cards {
		holder, err := r.approved(ctx, c)
		if err != nil {
			return nil, err
		}
		r.customers[c] = holder
	}
	staged, err := r.service.StageBatch(ctx, r.caller)
	if err != nil {
		return nil, err
	}
	if err := r.service.AppendItems(ctx, staged, make([]issuance.OrderItem, len(cards))); err != nil {
		return nil, err
	}
	made, err := r.service.OrderAtOnce(ctx, issuance.AcceptBatch{Command: r.command(), Staged: staged, Location: depot()})
	if err != nil {
		return nil, err
	}
	r.bulks[name], r.parcels[name] = bulk{made.ID, made.Reference}, made.Shipment
	out := []Fact{
		{"batch_id", made.ID.String()},
		{"reference", string(made.Reference)},
		{"status", string(made.Status)},
		{"created", strconv.Itoa(made.Created)},
		{"failed", strconv.Itoa(made.Failed)},
	}
	items, err := r.service.BatchItems(ctx, issuance.BatchItems{Program: r.program(), Reference: made.Reference, Limit: len(cards)})
	if err != nil {
		return nil, err
	}
	for i, item := range items.Items {
		r.cards[cards[i]], r.identifiers[cards[i]] = item.Card, item.Identifier
		out = append(out, Fact{cards[i] + "_id", item.Card.String()}, Fact{cards[i] + "_identifier", item.Identifier})
	}
	return out, nil
}

// claim activates a card by its identifier and a bulk order, for the customer of its name.
func (r *run) claim(ctx context.Context, name, order string) ([]Fact, error) {
	_, no := r.service.ActivateForCustomer(ctx, issuance.ActivateForCustomer{
		Command: r.command(), Card: r.cards[name], Identifier: r.identifiers[name], Reference: string(r.bulks[order].reference), Holder: r.customers[name],
	})
	return r.tried(ctx, name, no)
}

// reship sends again what came back, in a new parcel.
func (r *run) reship(ctx context.Context, name, next string) ([]Fact, error) {
	st, err := r.service.ReshipShipment(ctx, issuance.ReshipShipment{Command: r.command(), Shipment: r.parcels[name], Reason: why})
	if err != nil {
		return nil, err
	}
	r.parcels[next] = st.Shipment.ID
	return boxFacts(st), nil
}

func (r *run) destroy(ctx context.Context, name string) ([]Fact, error) {
	st, err := r.service.DestroyShipment(ctx, issuance.DestroyShipment{Command: r.command(), Shipment: r.parcels[name], Reason: why})
	if err != nil {
		return nil, err
	}
	return boxFacts(st), nil
}

func (r *run) cancel(ctx context.Context, name string) ([]Fact, error) {
	st, err := r.service.CancelShipment(ctx, issuance.CancelShipment{Command: r.command(), Shipment: r.parcels[name], Reason: why})
	if err != nil {
		return nil, err
	}
	return boxFacts(st), nil
}

// reissue makes another plastic of a card, which a parcel brings like the first.
func (r *run) reissue(ctx context.Context, name string, cause issuance.ReissueCause) ([]Fact, error) {
	v, err := r.service.ReissueCard(ctx, issuance.ReissueCard{Command: r.command(), Card: r.cards[name], For: cause, Reason: why})
	if err != nil {
		return nil, err
	}
	return []Fact{{"status", string(v.Card.Status(v.At))}, {"plastic", string(v.Plastic.State)}, {"old_plastic", string(v.Source.State)}}, nil
}

func boxFacts(st issuance.ShipmentStanding) []Fact {
	return []Fact{{"shipment_id", st.Shipment.ID.String()}, {"status", string(st.Shipment.Status)}}
}

func depot() batch.Location {
	p := place()
	return batch.Location{
		FirstNames: "Ana", LastNames: "Sandbox", Street: p.Line1, ExteriorNumber: "1", Neighborhood: "Juarez",
		City: p.City, State: p.Zone, PostalCode: p.PostalCode, Mobile: "5512345678", Country: p.Country,
	}
}

func readOrder(p *parser, words []string) action {
	if len(words) < 2 {
		return nil
	}
	if len(words) > mostOrdered+1 {
		p.bad("orders more than " + strconv.Itoa(mostOrdered) + " cards")
	}
	var cards []string
	name := p.makes(words[0], anOrder)
	for _, c := range words[1:] {
		cards = append(cards, p.makes(c, aCard))
	}
	return func(ctx context.Context, r *run) ([]Fact, error) { return r.orderMany(ctx, name, cards) }
}

// readActivate reads the card alone for the code of its mailer, or with a bulk order.
func readActivate(p *parser, words []string) action {
	if len(words) != 2 {
		return onCard((*run).activate)(p, words)
	}
	name, order := p.uses(words[0], aCard), p.uses(words[1], anOrder)
	return func(ctx context.Context, r *run) ([]Fact, error) { return r.claim(ctx, name, order) }
}

func readReship(p *parser, words []string) action {
	if len(words) != 2 {
		return nil
	}
	name, next := p.uses(words[0], aParcel, anOrder), p.makes(words[1], aParcel)
	return func(ctx context.Context, r *run) ([]Fact, error) { return r.reship(ctx, name, next) }
}

// onParcel reads a verb that has one parcel and nothing else.
func onParcel(play func(r *run, ctx context.Context, name string) ([]Fact, error)) func(*parser, []string) action {
	return func(p *parser, words []string) action {
		if len(words) != 1 {
			return nil
		}
		name := p.uses(words[0], aParcel, anOrder)
		return func(ctx context.Context, r *run) ([]Fact, error) { return play(r, ctx, name) }
	}
}

// isBox reports whether a name stands for something that a courier carries.
func isBox(k kind) bool { return slices.Contains([]kind{aParcel, anOrder}, k) }
