package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
)

type cardCommand struct {
	Show        cardShow    `cmd:"" help:"Show a card with its plastic, guard and shipment; never a secret."`
	ResetGuard  cardReset   `cmd:"" help:"Give a locked card its tries back; the code stays the same."`
	ApproveCode cardApprove `cmd:"" help:"Let the programme read the card's activation code once, within 15 minutes."`
}

// cardName is how a card is named on the command line.
type cardName struct {
	ID         string `arg:"" optional:"" help:"Id of the card; or give --batch and --identifier."`
	Program    string `help:"Name or id of the programme; default is to look in all." placeholder:"NAME"`
	Batch      string `help:"Reference of the card's batch." placeholder:"REF"`
	Identifier string `help:"Label of the card in its batch." placeholder:"LABEL"`
}

type cardShow struct {
	where
	cardName
	JSON bool `help:"Print JSON."`
}

// Run finds the card and shows it.
func (c cardShow) Run(ctx context.Context, w World) error {
	return c.withCard(ctx, w, c.where, func(h *app.House, p program.Program, view card.View) error {
		history, err := h.Rules.BlockHistory(ctx, view.Card.ID)
		if err != nil {
			return err
		}
		return showCard(w, c.JSON, p, view, history, time.Now())
	})
}

type cardReset struct {
	where
	cardName
	Reason string `required:"" help:"Why; kept in the audit trail."`
}

// Run arms the card's guard again.
func (c cardReset) Run(ctx context.Context, w World) error {
	return c.withCard(ctx, w, c.where, func(h *app.House, p program.Program, view card.View) error {
		view, err := h.Rules.ResetGuard(ctx, issuance.ResetGuard{
			Command: operatorOf(c.operator(), p.ID), Card: view.Card.ID, Reason: c.Reason,
		})
		if err != nil {
			return err
		}
		return showCard(w, false, p, view, nil, time.Now())
	})
}

type cardApprove struct {
	where
	cardName
	Reason string `required:"" help:"Why; kept in the audit trail."`
}

// Run approves one read of the card's code.
func (c cardApprove) Run(ctx context.Context, w World) error {
	return c.withCard(ctx, w, c.where, func(h *app.House, p program.Program, view card.View) error {
		view, err := h.Rules.ApproveCodeRead(ctx, issuance.ApproveCodeRead{
			Command: operatorOf(c.operator(), p.ID), Card: view.Card.ID, Reason: c.Reason,
		})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.Stdout, "The code of card %s may be read once within 15 minutes.\n", view.Card.ID)
		return err
	})
}

// withCard finds the card that was named, and lends it to use.
func (c cardName) withCard(ctx context.Context, w World, at where, use func(*app.House, program.Program, card.View) error) error {
	find, err := c.finder()
	if err != nil {
		return err
	}
	return at.with(ctx, w, app.Open, func(h *app.House) error {
		p, view, err := c.find(ctx, h, find)
		if err != nil {
			return err
		}
		return use(h, p, view)
	})
}

// find looks for the card in the programmes that were named.
func (c cardName) find(ctx context.Context, h *app.House, find cardFinder) (program.Program, card.View, error) {
	programs, err := c.programs(ctx, h)
	if err != nil {
		return program.Program{}, card.View{}, err
	}
	for _, p := range programs {
		view, ok, err := find(ctx, h, p.ID)
		if err != nil || ok {
			return p, view, err
		}
	}
	return program.Program{}, card.View{}, fault.Refuse(card.NotFound)
}

func (c cardName) programs(ctx context.Context, h *app.House) ([]program.Program, error) {
	if c.Program == "" {
		return h.Access.ListPrograms(ctx)
	}
	p, err := h.Access.FindProgram(ctx, c.Program)
	return []program.Program{p}, err
}

type cardFinder func(ctx context.Context, h *app.House, p ident.ProgramID) (card.View, bool, error)

// finder tells how the card is named.
func (c cardName) finder() (cardFinder, error) {
	switch {
	case c.ID != "" && c.Batch == "" && c.Identifier == "":
		if number, err := strconv.ParseInt(c.ID, 10, 64); err == nil {
			return byCardNumber(number), nil
		}
		id, err := ident.ParseUUID(c.ID)
		if err != nil {
			return nil, usageError("an id of a card has the form 0b0f7f0e-5a53-4e0c-9d0e-2f6f1f3f7c11, or is its card_id in the debit API")
		}
		return byCardID(ident.CardID{UUID: id}), nil
	case c.ID == "" && c.Batch != "" && c.Identifier != "":
		ref, err := ident.ParseReference(c.Batch)
		if err != nil {
			return nil, usageError("a reference of a batch has 32 hex digits")
		}
		return byLabel(ref, c.Identifier), nil
	}
	return nil, usageError("name the card: by its id, or by --batch and --identifier together")
}

func byCardNumber(number int64) cardFinder {
	return func(ctx context.Context, h *app.House, p ident.ProgramID) (view card.View, ok bool, err error) {
		err = h.Store.Read(ctx, func(tx issuance.ReadTx) error {
			c, found, err := tx.CardByNumber(ctx, p, number)
			view, ok = c.View, found
			return err
		})
		return view, ok, err
	}
}

func byCardID(id ident.CardID) cardFinder {
	return func(ctx context.Context, h *app.House, p ident.ProgramID) (view card.View, ok bool, err error) {
		err = h.Store.Read(ctx, func(tx issuance.ReadTx) error {
			view, ok, err = tx.CardView(ctx, p, id)
			return err
		})
		return view, ok, err
	}
}

// byLabel finds a card by its place in its batch.
func byLabel(ref ident.Reference, label string) cardFinder {
	return func(ctx context.Context, h *app.House, p ident.ProgramID) (view card.View, ok bool, err error) {
		err = h.Store.Read(ctx, func(tx issuance.ReadTx) error {
			view, ok = card.View{}, false
			b, found, err := tx.Batch(ctx, p, ref)
			if err != nil || !found {
				return err
			}
			first, err := tx.FirstWith(ctx, b.ID, []string{label}, b.Requested)
			index, found := first[label]
			if err != nil || !found {
				return err
			}
			items, err := tx.Items(ctx, b.ID, index, batch.ItemCreated, 1)
			if err != nil || len(items) == 0 || items[0].Index != index {
				return err
			}
			view, ok, err = tx.CardView(ctx, p, items[0].Card)
			return err
		})
		return view, ok, err
	}
}

// cardFacts is what is shown of a card: states, times and ids. Codes, PINs and their hashes are not in it.
type cardFacts struct {
	ID             string      `json:"id"`
	Number         int64       `json:"number"`
	Program        string      `json:"program"`
	Type           string      `json:"type"`
	Stop           string      `json:"stopped,omitempty"`
	History        []blockFact `json:"stops,omitempty"`
	Status         string      `json:"status"`
	Customer       string      `json:"customer_id,omitempty"`
	Account        string      `json:"account_id,omitempty"`
	HolderName     string      `json:"holder_name,omitempty"`
	Last4          string      `json:"last4,omitempty"`
	PINSetAt       *time.Time  `json:"pin_set_at"`
	PhysicalStatus string      `json:"physical_status,omitempty"`
	Plastic        string      `json:"plastic_state,omitempty"`
	Custody        string      `json:"custody,omitempty"`
	Next           string      `json:"next_plastic,omitempty"` // state of the one that is to take the place of Plastic
	Label          string      `json:"identifier,omitempty"`
	ActivatedAt    *time.Time  `json:"activated_at"`
	GuardMethod    string      `json:"guard_method,omitempty"`
	Guard          string      `json:"guard_state,omitempty"`
	Tries          int         `json:"wrong_tries"`
	LifetimeTries  int         `json:"wrong_tries_of_lifetime"`
	TriesLeft      int         `json:"tries_left"`
	LockedUntil    *time.Time  `json:"locked_until"`
	Shipment       string      `json:"shipment_id,omitempty"`
	ShipmentStatus string      `json:"shipment_status,omitempty"`
	Tracking       string      `json:"tracking_number,omitempty"`
	CreatedAt      *time.Time  `json:"created_at"`
}

func factsOf(p program.Program, v card.View, realNow time.Time) cardFacts {
	now := p.Now(realNow)
	f := cardFacts{
		ID: v.Card.ID.String(), Number: v.Card.Number, Program: p.Name, Type: string(v.Card.Type),
		Status: string(v.Card.Status(now)), Customer: idText(v.Card.Customer.UUID), Account: idText(v.Card.Account.UUID),
		HolderName: v.Card.HolderName, Last4: v.Card.Last4, PINSetAt: momentJSON(v.Card.PINSetAt), CreatedAt: momentJSON(v.Card.CreatedAt),
	}
	if v.Plastic.ID.IsZero() {
		return f
	}
	g := v.Coming().Plastic.Guard.At(now) // which is what may be locked, and reset
	f.Stop = string(v.Stop())
	f.PhysicalStatus, f.Plastic, f.Custody = string(v.Physical()), string(v.Plastic.At(now).State), string(v.Plastic.Custody)
	if v.Next != nil {
		f.Next = string(v.Next.Plastic.State)
	}
	f.Label, f.ActivatedAt = v.Plastic.Identifier, momentJSON(v.Plastic.ActivatedAt)
	f.GuardMethod, f.Guard, f.Tries, f.LifetimeTries = string(g.Method), string(g.State), g.Tries, g.LifetimeWrong
	f.TriesLeft, f.LockedUntil = g.Left(p.Policy.Activation), momentJSON(g.LockedUntil)
	if !v.Box.ID.IsZero() {
		f.Shipment, f.ShipmentStatus, f.Tracking = v.Box.ID.String(), string(v.Box.Status), v.Box.TrackingNumber
	}
	return f
}

func showCard(w World, asJSON bool, p program.Program, v card.View, history []card.BlockChange, realNow time.Time) error {
	f := factsOf(p, v, realNow)
	f.History = historyOf(history)
	if asJSON {
		return printJSON(w.Stdout, f)
	}
	guard := ""
	if f.Guard != "" {
		guard = fmt.Sprintf("%s (%s), %d wrong, %d left, %d wrong in its lifetime", f.Guard, f.GuardMethod, f.Tries, f.TriesLeft, f.LifetimeTries)
	}
	err := facts(w.Stdout, [][2]string{
		{"card", f.ID},
		{"number", fmt.Sprint(f.Number)},
		{"programme", f.Program},
		{"type", f.Type},
		{"status", f.Status},
		{"stopped", f.Stop},
		{"customer", f.Customer},
		{"account", f.Account},
		{"name", f.HolderName},
		{"last four", f.Last4},
		{"PIN set", moment(v.Card.PINSetAt)},
		{"where", f.PhysicalStatus},
		{"plastic", f.Plastic},
		{"custody", f.Custody},
		{"next plastic", f.Next},
		{"identifier", f.Label},
		{"activated", moment(v.Plastic.ActivatedAt)},
		{"guard", guard},
		{"locked until", lockText(f)},
		{"shipment", strings.TrimSpace(f.Shipment + " " + f.ShipmentStatus)},
		{"tracking", f.Tracking},
		{"created", moment(v.Card.CreatedAt)},
	}...)
	if err != nil || len(history) == 0 {
		return err
	}
	rows := make([][]string, len(history))
	for i, c := range f.History {
		rows[i] = []string{moment(c.At), c.Was, c.Is, c.Actor, c.Note}
	}
	_, _ = fmt.Fprintln(w.Stdout)
	return table(w.Stdout, []string{"STOPS", "FROM", "TO", "BY", "NOTE"}, rows)
}

// blockFact is one row of a card's block history.
type blockFact struct {
	At    time.Time `json:"at"`
	Was   string    `json:"from"`
	Is    string    `json:"to"`
	Actor string    `json:"by"`
	Note  string    `json:"note,omitempty"`
}

func historyOf(changes []card.BlockChange) []blockFact {
	out := make([]blockFact, len(changes))
	for i, c := range changes {
		out[i] = blockFact{At: c.At, Was: string(c.Was), Is: string(c.Is), Actor: c.Actor, Note: c.Note}
	}
	return out
}

func lockText(f cardFacts) string {
	if f.LockedUntil == nil {
		return ""
	}
	return moment(*f.LockedUntil)
}

func idText(u ident.UUID) string {
	if u.IsZero() {
		return ""
	}
	return u.String()
}
