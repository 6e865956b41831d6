package issuance

import (
	"context"
	"slices"
	"strings"

	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
)

const (
	mostWords   = 5      // of a name
	mostNames   = 20_000 // with one beginning, that a search looks through
	mostHolders = 2_000  // whose cards a search looks through for four digits
	fewHolders  = 5      // up to these the cards are listed too
)

// NameQuery asks for customers whose name begins so, and has words that begin so. All is in the form of customer.FoldName.
type NameQuery struct {
	Beginning string
	Words     []string
	Through   int // most names with that beginning that are looked through
}

// NameReader finds customers by their names.
type NameReader interface {
	// NamedCustomers lists living customers by their names.
	NamedCustomers(ctx context.Context, p ident.ProgramID, q NameQuery, limit int) ([]customer.Customer, error)
	// CardsOfNamed lists the cards that end in four digits and are held by such customers.
	CardsOfNamed(ctx context.Context, p ident.ProgramID, q NameQuery, last4 string, limit int) ([]ident.CardID, error)
}

// byName takes each word of the text for the beginning of a last name, and the others for words of the name. Four digits among
// them are those of the card. By themselves they are no name: [finder.byLast4] looks for them.
func (f *finder) byName(ctx context.Context) error {
	words := strings.Fields(customer.FoldName(strings.ReplaceAll(f.text, ",", " ")))
	var last4 string
	words = slices.DeleteFunc(words, func(w string) bool {
		four := fourDigits(w)
		if four {
			last4 = w
		}
		return four
	})
	if len(words) == 0 || len(words) > mostWords || strings.ContainsAny(f.text, "%_") {
		return nil
	}
	if len(words) == 1 && strings.ContainsAny(words[0], "@+") {
		return f.byContactAnd(ctx, words[0], last4)
	}
	for i, w := range words {
		if len(w) < 2 {
			continue
		}
		q := NameQuery{Beginning: w, Words: slices.Delete(slices.Clone(words), i, i+1), Through: mostNames}
		if err := f.named(ctx, q, last4); err != nil {
			return err
		}
	}
	return nil
}

// byContactAnd finds among the cards of who has that e-mail or phone those that end in four digits.
func (f *finder) byContactAnd(ctx context.Context, contact, last4 string) error {
	if last4 == "" {
		return nil // byContact has looked
	}
	only := finder{tx: f.tx, program: f.program, text: contact, seen: map[ident.CardID]bool{}}
	if err := only.byContact(ctx); err != nil {
		return err
	}
	for _, v := range only.views {
		if v.Card.Last4 == last4 {
			f.add(v)
		}
	}
	return nil
}

func (f *finder) named(ctx context.Context, q NameQuery, last4 string) error {
	if last4 != "" {
		q.Through = mostHolders
		ids, err := f.tx.CardsOfNamed(ctx, f.program, q, last4, mostFound+1)
		for _, id := range ids {
			if err != nil {
				break
			}
			err = f.addCard(ctx, id)
		}
		f.more = f.more || len(ids) > mostFound
		return err
	}
	people, err := f.tx.NamedCustomers(ctx, f.program, q, mostFound+1)
	f.more = f.more || len(people) > mostFound
	for _, c := range people[:min(len(people), mostFound)] {
		switch {
		case err != nil:
			return err
		case slices.ContainsFunc(f.customers, func(known customer.Customer) bool { return known.ID == c.ID }):
		case len(people) <= fewHolders:
			err = f.addHolder(ctx, c)
		default:
			f.customers = append(f.customers, c)
		}
	}
	return err
}

func (f *finder) addCard(ctx context.Context, id ident.CardID) error {
	v, ok, err := f.tx.CardView(ctx, f.program, id)
	if ok && err == nil {
		f.add(v)
	}
	return err
}
