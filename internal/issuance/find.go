package issuance

import (
	"context"
	"strconv"
	"strings"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

const (
	actionFind = "card.find"
	actionView = "card.view"
	mostFound  = 25
	mostAlike  = 50 // cards on a page of those that end in the same four digits
)

// FindReader reads what a search needs and nothing else does.
type FindReader interface {
	// LabelledCards lists cards that have, or had, a plastic with that label of a batch, whichever batch; deleted ones too.
	LabelledCards(ctx context.Context, p ident.ProgramID, identifier string, limit int) ([]card.View, error)
}

// FindCards looks for cards by what somebody has at hand.
type FindCards struct {
	Command
	Text string // one of: id or number of a card, its label, reference of a batch, tracking number, id or number of a customer, e-mail, phone, words of a name, also with four digits, or these alone

	// After goes on with the cards that end in four digits, behind the last one of a page; nothing else is looked for then.
	After Mark
}

// Found is what a search found, at most [mostFound] cards and then, newest first, a page of those that end in the four digits which are the text.
type Found struct {
	Cards     []Standing
	Customers []customer.Customer // whom the text names, with cards or without
	Batch     *batch.Batch        // that the text names; of its cards none is listed
	More      bool                // the text fits more than is listed

	Older Mark // behind which there are more cards that end in the four digits; zero: there are none
}

// FindCards looks everywhere where the text may stand and an index leads to it. What was typed is not kept: it may name a
// person. The audit row has how many cards were found.
func (s *Service) FindCards(ctx context.Context, cmd FindCards) (Found, error) {
	return Run(ctx, s, cmd.Command, actionFind, func(w *Work) (Found, error) {
		f := finder{tx: w.Tx, program: w.Program.ID, text: strings.TrimSpace(cmd.Text), after: cmd.After, seen: map[ident.CardID]bool{}}
		if err := f.find(ctx); err != nil {
			return Found{}, err
		}
		out := Found{Customers: f.customers, Batch: f.batch, More: f.more, Older: f.older}
		read := standingReader{w.Tx, w.Program, s, map[ident.CustomerID]*customer.Customer{}}
		var err error
		out.Cards, err = read.all(ctx, f.views)
		w.Audit.Note = strconv.Itoa(len(out.Cards)) + " found"
		return out, err
	})
}

// finder gathers what a text leads to.
type finder struct {
	tx        ReadTx
	program   ident.ProgramID
	text      string
	after     Mark
	seen      map[ident.CardID]bool
	views     []card.View
	customers []customer.Customer
	batch     *batch.Batch
	more      bool
	older     Mark
}

func (f *finder) find(ctx context.Context) error {
	if f.text == "" {
		return nil
	}
	if f.after != (Mark{}) {
		return f.byLast4(ctx)
	}
	for _, look := range []func(context.Context) error{f.byID, f.byReference, f.byNumber, f.byContact, f.byLabel, f.byTracking, f.byName, f.byLast4} {
		if err := look(ctx); err != nil {
			return err
		}
	}
	return nil
}

// add takes cards that are not deleted, each once.
func (f *finder) add(views ...card.View) {
	for _, v := range views {
		if !v.Card.Deleted() && !f.seen[v.Card.ID] && len(f.views) < mostFound {
			f.seen[v.Card.ID] = true
			f.views = append(f.views, v)
		}
	}
}

func (f *finder) addHolder(ctx context.Context, c customer.Customer) error {
	f.customers = append(f.customers, c)
	held, err := f.tx.Holdings(ctx, f.program, c.ID, mostFound)
	for _, h := range held {
		f.add(h.View)
	}
	return err
}

func (f *finder) byID(ctx context.Context) error {
	id, no := ident.ParseUUID(f.text)
	if no != nil {
		return nil //nolint:nilerr // then it is something else
	}
	v, ok, err := f.tx.CardView(ctx, f.program, ident.CardID{UUID: id})
	if err != nil {
		return err
	}
	if ok {
		f.add(v)
	}
	c, ok, err := f.tx.Customer(ctx, f.program, ident.CustomerID{UUID: id})
	if err != nil || !ok {
		return err
	}
	return f.addHolder(ctx, c)
}

func (f *finder) byReference(ctx context.Context) error {
	ref, no := ident.ParseReference(f.text)
	if no != nil {
		return nil //nolint:nilerr // then it is something else
	}
	b, ok, err := f.tx.Batch(ctx, f.program, ref)
	if ok {
		f.batch = &b
	}
	return err
}

func (f *finder) byNumber(ctx context.Context) error {
	number, no := strconv.ParseInt(f.text, 10, 64)
	if no != nil || number <= 0 {
		return nil //nolint:nilerr // then it is something else
	}
	v, ok, err := f.tx.CardByNumber(ctx, f.program, number)
	if err != nil {
		return err
	}
	if ok {
		f.add(v.View)
	}
	c, ok, err := f.tx.CustomerByNumber(ctx, f.program, number)
	if err != nil || !ok {
		return err
	}
	return f.addHolder(ctx, c)
}

func (f *finder) byContact(ctx context.Context) error {
	var by CustomerFilter
	switch {
	case strings.Contains(f.text, "@"):
		by.EmailKey = customer.EmailKey(f.text)
	case strings.HasPrefix(f.text, "+"):
		by.Phone = "+" + strings.Map(digitsOnly, f.text)
	default:
		return nil
	}
	people, err := f.tx.Customers(ctx, f.program, by, Page{Limit: mostFound})
	if err != nil {
		return err
	}
	for _, c := range people {
		if err := f.addHolder(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func digitsOnly(r rune) rune {
	if r >= '0' && r <= '9' {
		return r
	}
	return -1
}

func (f *finder) byLabel(ctx context.Context) error {
	views, err := f.tx.LabelledCards(ctx, f.program, f.text, mostFound)
	f.add(views...)
	return err
}

// byLast4 lists a page of the cards that somebody holds and that end so. A card of nobody has no caller yet.
func (f *finder) byLast4(ctx context.Context) error {
	if !fourDigits(f.text) {
		return nil
	}
	views, err := f.tx.CardViews(ctx, f.program, CardFilter{Last4: f.text}, Page{Limit: mostAlike + 1, After: f.after})
	if len(views) > mostAlike {
		views = views[:mostAlike]
		last := views[mostAlike-1].Card
		f.older = Mark{last.CreatedAt, last.ID.UUID}
	}
	for _, v := range views {
		if !f.seen[v.Card.ID] {
			f.views = append(f.views, v)
		}
	}
	return err
}

func fourDigits(s string) bool { return len(s) == 4 && strings.Trim(s, "0123456789") == "" }

func (f *finder) byTracking(ctx context.Context) error {
	boxes, err := f.tx.Tracked(ctx, f.program, f.text)
	if err != nil {
		return err
	}
	for _, box := range boxes[:min(len(boxes), mostFound)] {
		plastics, err := f.tx.PlasticsIn(ctx, box.ID, ident.PlasticID{}, mostFound)
		if err != nil {
			return err
		}
		for _, p := range plastics {
			v, ok, err := f.tx.CardView(ctx, f.program, p.Card)
			if err != nil {
				return err
			}
			if ok {
				f.add(v)
			}
		}
	}
	return nil
}

// ViewCard shows a card to a person, which the audit trail keeps.
type ViewCard struct {
	Command
	Card ident.CardID
}

// ViewCard gives a card that is not deleted, or refuses with card.NotFound.
func (s *Service) ViewCard(ctx context.Context, cmd ViewCard) (Standing, error) {
	return Run(ctx, s, cmd.Command, actionView, func(w *Work) (Standing, error) {
		w.Audit.Card = cmd.Card
		v, err := anyCard(ctx, w, cmd.Card)
		if err != nil {
			return Standing{}, err
		}
		return standingReader{w.Tx, w.Program, s, map[ident.CustomerID]*customer.Customer{}}.of(ctx, v)
	})
}

// Barred tells why an action is not among those that are allowed: the refusal of its command, or nil when it would be done
// and change nothing.
func (st Standing) Barred(a Action) error {
	if !visible(st.Card) && (a == ToFreeze || a == ToUnfreeze || a == ToBlock || a == ToUnblock) {
		return fault.RefuseWith(card.NotAllowed, card.OperationState{Status: st.Card.Status(st.At), Cause: "UNASSIGNED"})
	}
	var no error
	switch a {
	case ToResetGuard:
		no = decideReset(st.Coming())
	case ToFreeze:
		_, no = decideFreeze(st.Card, st.At)
	case ToUnfreeze:
		_, no = decideUnfreeze(st.Card, st.At)
	case ToBlock:
		_, no = blockByPartner("")(st.Card, st.At)
	case ToUnblock:
		_, no = decideUnblock(st.Card, st.At)
	case ToReportLost:
		_, no = decideReport(st.CardAt, ReportLost)
	case ToReportStolen:
		_, no = decideReport(st.CardAt, ReportStolen)
	case ToReportDamaged:
		_, no = decideReport(st.CardAt, ReportDamaged)
	case ToReplace:
		no = barredFromReplacement(st)
	case ToReissue:
		no = barredFromReissue(st, ReissueCauses()...)
	case ToRenew:
		no = barredFromReissue(st, ReissueRenewal)
	case ToActivate:
		if o := first(checksOf(st.Coming(), st.Policy), st.facts()); o != nil {
			no = o
		}
	case ToRecover:
		if !recoverable(st) {
			no = fault.Refuse(card.CodeUnavailable)
		}
	}
	return no
}

func barredFromReplacement(st Standing) (no error) {
	for _, why := range ReplacementCauses() {
		if no = decideReplace(st.CardAt, st.Successor, why); no == nil {
			break
		}
	}
	if no == nil && !replaceable(st) {
		no = fault.Refuse(customer.NotEligible)
	}
	return no
}
