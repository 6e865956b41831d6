package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/firsttap/firsttap/client"
)

func (l line) switched(v client.Switched, err error) error {
	return said(l, v, err, "The card is %s.", v.Status)
}

type apiCardFreeze struct {
	ofCard
	because
}

// Run freezes the card.
func (c apiCardFreeze) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return l.switched(l.api.Freeze(ctx, c.ID, c.options()...))
}

type apiCardUnfreeze struct {
	ofCard
	because
}

// Run takes the freeze away.
func (c apiCardUnfreeze) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return l.switched(l.api.Unfreeze(ctx, c.ID, c.options()...))
}

type apiCardBlock struct {
	ofCard
	because
	Message string `required:"" help:"Why."`
}

// Run blocks the card.
func (c apiCardBlock) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return l.switched(l.api.Block(ctx, c.ID, c.Message, c.options()...))
}

type apiCardUnblock struct {
	ofCard
	approved
	Reason string `help:"Why; kept in the audit trail."`
}

// Run lifts the block.
func (c apiCardUnblock) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return l.switched(l.api.Unblock(ctx, c.ID, c.Reason, c.options()...))
}

type apiCardReport struct {
	ofCard
	forWhom
	As     string `arg:"" enum:"lost,stolen,damaged" help:"lost, stolen or damaged. A lost or stolen card is stopped for good."`
	Reason string `required:"" help:"What the holder said; kept in the audit trail."`
}

// Run reports the card.
func (c apiCardReport) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.Report(ctx, c.ID, c.As, c.Reason, c.options()...)
	before := ""
	if !v.Changed {
		before = " It was reported so before."
	}
	return said(l, v, err, "The card is %s, its plastic %s.%s", v.Status, v.PlasticState, before)
}

type apiCardReplace struct {
	ofCard
	forWhom
	For    string `required:"" enum:"lost,stolen,lost_in_post,fraud,returned_opened" help:"lost, stolen, lost_in_post, fraud or returned_opened."`
	Reason string `required:"" help:"Why; kept in the audit trail."`
}

// Run replaces the card.
func (c apiCardReplace) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.Replace(ctx, c.ID, c.For, c.Reason, c.options()...)
	return show(l, v, err, func(v client.Replaced) [][2]string {
		return [][2]string{
			{"successor", v.CardID},
			{"status", v.Status},
			{"plastic", v.PlasticState},
			{"replaces", v.Replaces},
			{"which is", fmt.Sprintf("%s (%s)", v.SourceStatus, dash(v.SourceStop))},
		}
	})
}

// nextPlastic is how the plastic comes that takes the place of another one of the same card.
type nextPlastic struct {
	forWhom
	Retire   string    `help:"When the old plastic dies: now, on_activation or on_date; default is with the activation of the new one." placeholder:"WHEN"`
	RetireOn time.Time `format:"2006-01-02T15:04:05Z07:00" help:"The date, beside --retire on_date." placeholder:"TIME"`
	Design   string    `help:"Another design." placeholder:"ID"`
	Reason   string    `required:"" help:"Why; kept in the audit trail."`
}

func (n nextPlastic) successor() client.Successor {
	return client.Successor{RetireSource: n.Retire, RetireOn: n.RetireOn, DesignID: n.Design}
}

func reissuedPairs(v client.Reissued) [][2]string {
	return [][2]string{
		{"card", v.CardID},
		{"status", v.Status},
		{"new plastic", v.PlasticID},
		{"which is", v.PlasticState},
		{"expires", moment(v.ExpiresAt)},
		{"old plastic", v.Supersedes},
		{"that is", v.SourcePlasticState},
		{"and dies", v.RetireSource},
		{"at", moment(v.SourceRetiresAt)},
	}
}

type apiCardReissue struct {
	ofCard
	nextPlastic
	For string `required:"" enum:"damaged,name_change,named,design_change,returned" help:"damaged, name_change, named, design_change or returned."`
}

// Run makes another plastic.
func (c apiCardReissue) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.Reissue(ctx, c.ID, c.For, c.Reason, c.successor(), c.options()...)
	return show(l, v, err, reissuedPairs)
}

type apiCardRenew struct {
	ofCard
	nextPlastic
}

// Run makes another plastic that expires later.
func (c apiCardRenew) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.Renew(ctx, c.ID, c.Reason, c.successor(), c.options()...)
	return show(l, v, err, reissuedPairs)
}
