package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/firsttap/firsttap/client"
)

type apiCard struct {
	List         apiCardList        `cmd:"" help:"List cards that have a customer, newest first."`
	Show         apiCardShow        `cmd:"" help:"Show a card with its plastic, parcel, guard, and what may be done with it."`
	Eligibility  apiCardEligibility `cmd:"" help:"Tell whether it may be activated now, and all that stands in the way; costs no try."`
	Guard        apiCardGuard       `cmd:"" help:"Show what protects its activation: tries, locks, reads of its code."`
	Activate     apiCardActivate    `cmd:"" help:"Activate it, with the code of its mailer or with identifier and batch."`
	ActivateMany apiActivateMany    `cmd:"" help:"Activate the cards of a CSV file."`
	Link         apiCardLink        `cmd:"" help:"Make a link to the activation page, for its holder."`
	MailerLink   apiCardMailerLink  `cmd:"" help:"Print what the QR of its mailer says, where the programme has chosen a second factor."`
	ResetGuard   apiCardReset       `cmd:"" help:"Give its guard all tries back; the code stays."`
	RecoverCode  apiCardRecover     `cmd:"" help:"Print its activation code, for a holder whose mailer is lost."`
	Freeze       apiCardFreeze      `cmd:"" help:"Freeze it: the holder's own switch."`
	Unfreeze     apiCardUnfreeze    `cmd:"" help:"Take the freeze away."`
	Block        apiCardBlock       `cmd:"" help:"Block it for the programme."`
	Unblock      apiCardUnblock     `cmd:"" help:"Lift a block."`
	Report       apiCardReport      `cmd:"" help:"Report it lost, stolen or damaged."`
	Replace      apiCardReplace     `cmd:"" help:"Put a card with another number in its place."`
	Reissue      apiCardReissue     `cmd:"" help:"Make another plastic with the same number: of a damaged one, for another name or design."`
	Renew        apiCardRenew       `cmd:"" help:"Make another plastic with the same number and a later expiry."`
}

// ofCard names a card.
type ofCard struct {
	remote
	ID string `arg:"" help:"Id of the card."`
}

type apiCardList struct {
	remote
	sorted
	Customer string `help:"Only those of this customer." placeholder:"ID"`
	Account  string `help:"Only those that spend this account." placeholder:"ID"`
	Type     string `help:"Only physical or virtual ones." placeholder:"TYPE"`
	Status   string `help:"Only those with this status, as in open or frozen." placeholder:"STATUS"`
}

var (
	cardHeading = []string{"CARD", "TYPE", "STATUS", "LAST 4", "PLASTIC", "CUSTOMER", "MADE"}
	cardRow     = func(c client.Card) []string {
		plastic := ""
		if c.Plastic != nil {
			plastic = c.Plastic.PhysicalStatus
		}
		return []string{c.ID, c.Type, c.Status, dash(c.Last4), dash(plastic), dash(c.CustomerID), moment(c.CreatedAt)}
	}
)

// Run lists cards.
func (c apiCardList) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	f := client.CardFilter{CustomerID: c.Customer, AccountID: c.Account, Type: c.Type, Status: c.Status}
	return list(l, c.lines, c.of(l.api).Cards(ctx, f), cardHeading, cardRow)
}

type apiCardShow struct{ ofCard }

// Run shows a card.
func (c apiCardShow) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.Card(ctx, c.ID)
	return show(l, v, err, cardPairs)
}

func cardPairs(v client.Card) [][2]string {
	out := [][2]string{
		{"card", v.ID},
		{"number", fmt.Sprint(v.NumberID)},
		{"type", v.Type},
		{"status", v.Status},
		{"stop", v.Stop},
		{"reported as", v.ReportedAs},
		{"last 4", v.Last4},
		{"expires", moment(v.ExpiresAt)},
		{"customer", v.CustomerID},
		{"account", v.AccountID},
		{"ordered for", v.ReservedFor},
		{"replaces", v.Replaces},
		{"replaced by", v.ReplacedBy},
		{"closed", moment(v.ClosedAt)},
	}
	if p := v.Plastic; p != nil {
		out = append(out, [2]string{"plastic", p.State}, [2]string{"where it is", p.Custody}, [2]string{"identifier", p.Identifier},
			[2]string{"batch", p.BatchID}, [2]string{"activated", moment(p.ActivatedAt)})
	}
	if p := v.Parcel; p != nil {
		out = append(out, [2]string{"parcel", p.ID}, [2]string{"parcel is", p.Status}, [2]string{"tracking", strings.TrimSpace(p.Courier + " " + p.TrackingNumber)})
	}
	if p := v.NextPlastic; p != nil {
		out = append(out, [2]string{"next plastic", p.State})
	}
	if g := v.Guard; g != nil {
		out = append(out, guardFacts(*g)...)
	}
	return append(out, [2]string{"may", strings.Join(v.AllowedActions, " ")}, [2]string{"made", moment(v.CreatedAt)})
}

func guardFacts(g client.Guard) [][2]string {
	return [][2]string{
		{"guard", g.State}, {"activated by", g.Method}, {"tries left", fmt.Sprint(g.TriesLeft)}, {"locked until", moment(g.LockedUntil)},
	}
}

type apiCardEligibility struct{ ofCard }

// Run tells whether the card may be activated.
func (c apiCardEligibility) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.Eligibility(ctx, c.ID)
	return tell(l, v, err, func(v client.Eligibility) error {
		if v.Eligible {
			_, err := fmt.Fprintf(w.Stdout, "It may be activated now, by %s.\n", v.Method)
			return err
		}
		rows := make([][]string, len(v.Obstacles))
		for i, o := range v.Obstacles {
			rows[i] = []string{string(o.Reason), dash(moment(o.Since)), o.FixedBy, o.Action}
		}
		return table(w.Stdout, []string{"OBSTACLE", "SINCE", "TAKEN AWAY BY", "HOW"}, rows)
	})
}

type apiCardGuard struct{ ofCard }

// Run shows the guard.
func (c apiCardGuard) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.Activation(ctx, c.ID)
	return show(l, v, err, func(v client.Activation) [][2]string {
		return append(guardFacts(v.Guard), [][2]string{
			{"tries used", fmt.Sprintf("%d now, %d of %d in its life", v.TriesUsed, v.LifetimeTriesUsed, v.LifetimeTries)},
			{"locks", fmt.Sprint(v.Locks)},
			{"code", fmt.Sprintf("version %d", v.CodeVersion)},
			{"code made", moment(v.CodeIssuedAt)},
			{"code can be read", yesNo(v.CodeReadable)},
			{"code was read", fmt.Sprint(v.CodeReads)},
			{"activated", moment(v.ActivatedAt)},
		}...)
	})
}

type apiCardReset struct {
	ofCard
	approved
	Reason string `required:"" help:"Why; kept in the audit trail."`
}

// Run resets the guard.
func (c apiCardReset) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.ResetGuard(ctx, c.ID, c.Reason, c.options()...)
	return show(l, v, err, guardFacts)
}

type apiCardRecover struct {
	ofCard
	approved
	Reason string `required:"" help:"Why; kept in the audit trail."`
}

// Run prints the code, and nothing else on standard output.
func (c apiCardRecover) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.RecoverCode(ctx, c.ID, c.Reason, c.options()...)
	if err == nil && v.Renewed {
		_, _ = fmt.Fprintln(w.Stderr, "It is a new code: the one of the mailer is dead.")
	}
	return said(l, v, err, "%s", v.Code)
}

type apiCardMailerLink struct {
	ofCard
	SVG bool `name:"svg" help:"Print the QR itself, as an SVG for a printer."`
}

// Run prints the link, or the QR.
func (c apiCardMailerLink) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.MailerLink(ctx, c.ID)
	if c.SVG {
		return said(l, v, err, "%s", v.QR)
	}
	return said(l, v, err, "%s", v.URL)
}

type apiCardLink struct {
	ofCard
	because
	Customer  string `help:"Who will hold it, of a card that nobody has yet." placeholder:"ID"`
	ReturnURL string `name:"return-url" help:"Where the page leads to at the end; https." placeholder:"URL"`
	Language  string `help:"es or en." placeholder:"LANGUAGE"`
	PIN       string `name:"pin" help:"Whether the holder chooses one in the same step: none, optional or required." placeholder:"WHETHER"`
}

// Run prints the link.
func (c apiCardLink) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.CreateActivationSession(ctx, client.Session{
		CardID: c.ID, CustomerID: c.Customer, ReturnURL: c.ReturnURL, Language: c.Language, PIN: c.PIN,
	}, c.options()...)
	return said(l, v, err, "%s\nIt opens once, until %s.", v.URL, moment(v.ExpiresAt))
}
