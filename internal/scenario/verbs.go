package scenario

import (
	"context"
	"slices"

	"github.com/firsttap/firsttap/internal/issuance"
)

// verb is one sort of step. read checks its words and gives what plays it; nil when their number is wrong.
type verb struct {
	usage string
	read  func(p *parser, words []string) action
}

// verbs is the whole language.
var verbs = map[string]verb{
	"card":     {"card NAME", readCard},
	"order":    {"order NAME CARD ...", readOrder},
	"parcel":   {"parcel NAME CARD ...", readParcel},
	"cancel":   {"cancel PARCEL", onParcel((*run).cancel)},
	"reship":   {"reship PARCEL NAME", readReship},
	"destroy":  {"destroy PARCEL", onParcel((*run).destroy)},
	"step":     {"step PARCEL [STEP [CARD ...]] [DURATION ago]", readStep},
	"activate": {"activate CARD [ORDER]", readActivate},
	"guess":    {"guess CARD", onCard((*run).guess)},
	"reset":    {"reset CARD", onCard((*run).reset)},
	"freeze":   {"freeze CARD", onCard(switching((*issuance.Service).Freeze))},
	"unfreeze": {"unfreeze CARD", onCard(switching((*issuance.Service).Unfreeze))},
	"block":    {"block CARD", onCard(switching((*issuance.Service).Block))},
	"unblock":  {"unblock CARD", onCard(switching((*issuance.Service).Unblock))},
	"report":   {"report CARD lost, stolen or damaged", readReport},
	"replace":  {"replace CARD NAME lost, stolen, fraud, lost_in_post or returned_opened", readReplace},
	"reissue":  {"reissue CARD damaged, name_change, named, design_change or returned", readReissue},
	"renew": {"renew CARD", onCard(func(r *run, ctx context.Context, name string) ([]Fact, error) {
		return r.reissue(ctx, name, issuance.ReissueRenewal)
	})},
	"wait":   {"wait DURATION", readWait},
	"expect": {"expect CARD or PARCEL FACT VALUE", readExpect},
}

func readCard(p *parser, words []string) action {
	if len(words) != 1 {
		return nil
	}
	name := p.makes(words[0], aCard)
	return func(ctx context.Context, r *run) ([]Fact, error) { return r.order(ctx, name) }
}

func readParcel(p *parser, words []string) action {
	if len(words) < 2 {
		return nil
	}
	var cards []string
	for _, name := range words[1:] {
		if cards = append(cards, p.uses(name, aCard)); slices.Contains(cards[:len(cards)-1], name) {
			p.bad("has a card twice")
		}
	}
	name := p.makes(words[0], aParcel)
	return func(ctx context.Context, r *run) ([]Fact, error) { return r.ship(ctx, name, cards) }
}

func readStep(p *parser, words []string) action {
	if len(words) == 0 {
		return nil
	}
	w := walk{parcel: p.uses(words[0], aParcel, anOrder)}
	words = words[1:]
	if n := len(words); n >= 2 && words[n-1] == "ago" {
		w.ago = p.duration(words[n-2])
		words = words[:n-2]
	}
	if len(words) > 0 {
		w.to = oneOf(p, words[0], issuance.Steps())
		for _, name := range words[1:] {
			w.cards = append(w.cards, p.uses(name, aCard))
		}
	}
	ofBureau := w.to == issuance.StepProduce || w.to == issuance.StepRejected
	if w.ago > 0 && ofBureau || len(w.cards) > 0 && w.to != issuance.StepRejected {
		return nil
	}
	return func(ctx context.Context, r *run) ([]Fact, error) { return r.walk(ctx, w) }
}

// onCard reads a verb that has one card and nothing else.
func onCard(play func(r *run, ctx context.Context, name string) ([]Fact, error)) func(*parser, []string) action {
	return func(p *parser, words []string) action {
		if len(words) != 1 {
			return nil
		}
		name := p.uses(words[0], aCard)
		return func(ctx context.Context, r *run) ([]Fact, error) { return play(r, ctx, name) }
	}
}

func readReport(p *parser, words []string) action {
	if len(words) != 2 {
		return nil
	}
	name, as := p.uses(words[0], aCard), oneOf(p, words[1], issuance.Reports())
	return func(ctx context.Context, r *run) ([]Fact, error) { return r.report(ctx, name, as) }
}

func readReplace(p *parser, words []string) action {
	if len(words) != 3 {
		return nil
	}
	name, why := p.uses(words[0], aCard), oneOf(p, words[2], issuance.ReplacementCauses())
	next := p.makes(words[1], aCard)
	return func(ctx context.Context, r *run) ([]Fact, error) { return r.replace(ctx, name, next, why) }
}

func readWait(p *parser, words []string) action {
	if len(words) != 1 {
		return nil
	}
	d := p.duration(words[0])
	return func(ctx context.Context, r *run) ([]Fact, error) { return r.wait(ctx, d) }
}

func readExpect(p *parser, words []string) action {
	if len(words) != 3 {
		return nil
	}
	name, fact, value := words[0], words[1], words[2]
	if isBox(p.names[name]) {
		oneOf(p, fact, parcelFacts)
	} else {
		p.uses(name, aCard)
		oneOf(p, fact, cardFacts)
	}
	of := p.names[name]
	return func(ctx context.Context, r *run) ([]Fact, error) { return r.expect(ctx, of, name, fact, value) }
}

func readReissue(p *parser, words []string) action {
	if len(words) != 2 {
		return nil
	}
	name, why := p.uses(words[0], aCard), oneOf(p, words[1], issuance.ReissueCauses())
	return func(ctx context.Context, r *run) ([]Fact, error) { return r.reissue(ctx, name, why) }
}
