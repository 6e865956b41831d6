package issuance

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// The actions of audit rows about designs.
const (
	actionAddDesign     = "design.add"
	actionDefaultDesign = "design.set_default"
	actionRetireDesign  = "design.retire"
	actionRestoreDesign = "design.restore"
)

// mostDesignName is the most characters of a design's name.
const mostDesignName = 100

var campaignForm = regexp.MustCompile(`^[A-Za-z0-9]{1,32}$`)

// Designs lists the designs of a programme, newest first.
func (s *Service) Designs(ctx context.Context, p ident.ProgramID, page Page) ([]card.Design, error) {
	return Look(ctx, s, card.DesignNotFound, func(tx ReadTx) ([]card.Design, bool, error) {
		list, err := tx.Designs(ctx, p, page)
		return list, true, err
	})
}

// Design gives a design, or card.DesignNotFound.
func (s *Service) Design(ctx context.Context, p ident.ProgramID, id ident.DesignID) (card.Design, error) {
	return Look(ctx, s, card.DesignNotFound, func(tx ReadTx) (card.Design, bool, error) { return tx.Design(ctx, p, id) })
}

// DesignByCampaign gives the design that the debit API calls by that campaign, or card.DesignNotFound.
func (s *Service) DesignByCampaign(ctx context.Context, p ident.ProgramID, campaign string) (card.Design, error) {
	return Look(ctx, s, card.DesignNotFound, func(tx ReadTx) (card.Design, bool, error) { return tx.DesignByCampaign(ctx, p, campaign) })
}

// AddDesign is a new design of a programme.
type AddDesign struct {
	Command
	Name     string
	Campaign string // what the debit API calls it; "" for none
	Types    []card.Type
	Default  bool // takes the place of the design that is the default now
}

// AddDesign adds a design. Refusals: card.DesignInvalid, card.CampaignTaken.
func (s *Service) AddDesign(ctx context.Context, cmd AddDesign) (card.Design, error) {
	return Run(ctx, s, cmd.Command, actionAddDesign, func(w *Work) (card.Design, error) {
		d := card.Design{
			ID: ident.DesignID{UUID: s.ids.UUID()}, Program: w.Program.ID, Campaign: cmd.Campaign, Name: strings.TrimSpace(cmd.Name),
			Types: cmd.Types, Active: true, Default: cmd.Default, CreatedAt: w.Now, UpdatedAt: w.Now,
		}
		w.Audit.Note = d.ID.String()
		if no := decideNewDesign(d); no != nil {
			return card.Design{}, no
		}
		if _, taken, err := w.Tx.DesignByCampaign(ctx, w.Program.ID, d.Campaign); err != nil || taken {
			if err == nil {
				err = fault.Refuse(card.CampaignTaken)
			}
			return card.Design{}, err
		}
		if d.Default {
			if err := demoteDesign(ctx, w); err != nil {
				return card.Design{}, err
			}
		}
		return d, w.Tx.InsertDesign(ctx, d)
	})
}

// decideNewDesign refuses a design that cannot be; all that is wrong is told.
func decideNewDesign(d card.Design) error {
	var wrong []string
	if n := utf8.RuneCountInString(d.Name); n == 0 || n > mostDesignName || !utf8.ValidString(d.Name) || strings.ContainsFunc(d.Name, unicode.IsControl) {
		wrong = append(wrong, fmt.Sprintf("the name has 1 to %d characters that print", mostDesignName))
	}
	if d.Campaign != "" && !campaignForm.MatchString(d.Campaign) {
		wrong = append(wrong, "the campaign has 1 to 32 letters and digits")
	}
	if len(d.Types) == 0 {
		wrong = append(wrong, "at least one type of card is made with it")
	}
	if wrong != nil {
		return fault.RefuseWith(card.DesignInvalid, wrong)
	}
	return nil
}

// ChangeDesign names the design that a command is about.
type ChangeDesign struct {
	Command
	Design ident.DesignID
}

// SetDefaultDesign makes a design the one of cards that name none, from now on (cards contract §15). The same again
// changes nothing. Refusals: card.DesignNotFound, card.DesignNotUsable.
func (s *Service) SetDefaultDesign(ctx context.Context, cmd ChangeDesign) (card.Design, error) {
	return s.changeDesign(ctx, cmd, actionDefaultDesign, func(w *Work, d *card.Design) error {
		if !d.Active {
			return fault.RefuseWith(card.DesignNotUsable, "INACTIVE")
		}
		if d.Default {
			return nil
		}
		d.Default = true
		return demoteDesign(ctx, w)
	})
}

// RetireDesign lets no new card have a design; cards that have it keep it. One that was the default is it no more,
// and then there is none. The same again changes nothing. Refusals: card.DesignNotFound.
func (s *Service) RetireDesign(ctx context.Context, cmd ChangeDesign) (card.Design, error) {
	return s.changeDesign(ctx, cmd, actionRetireDesign, func(_ *Work, d *card.Design) error {
		d.Active, d.Default = false, false
		return nil
	})
}

// RestoreDesign takes a retirement back. The same again changes nothing. Refusals: card.DesignNotFound.
func (s *Service) RestoreDesign(ctx context.Context, cmd ChangeDesign) (card.Design, error) {
	return s.changeDesign(ctx, cmd, actionRestoreDesign, func(_ *Work, d *card.Design) error {
		d.Active = true
		return nil
	})
}

// changeDesign loads, lets decide change the design, and writes what changed.
func (s *Service) changeDesign(ctx context.Context, cmd ChangeDesign, action string, decide func(w *Work, d *card.Design) error) (card.Design, error) {
	return Run(ctx, s, cmd.Command, action, func(w *Work) (card.Design, error) {
		before, ok, err := w.Tx.Design(ctx, w.Program.ID, cmd.Design)
		if err != nil {
			return card.Design{}, err
		}
		if !ok {
			return card.Design{}, fault.Refuse(card.DesignNotFound)
		}
		w.Audit.Note = before.ID.String()
		after := before
		if err := decide(w, &after); err != nil {
			return card.Design{}, err
		}
		if after.Active == before.Active && after.Default == before.Default {
			return before, nil
		}
		after.UpdatedAt = program.Later(w.Now, before.UpdatedAt)
		return after, w.Tx.UpdateDesign(ctx, after)
	})
}

// demoteDesign takes the flag from the design that is the default now, if there is one.
func demoteDesign(ctx context.Context, w *Work) error {
	d, ok, err := w.Tx.DefaultDesign(ctx, w.Program.ID)
	if err != nil || !ok {
		return err
	}
	d.Default, d.UpdatedAt = false, program.Later(w.Now, d.UpdatedAt)
	return w.Tx.UpdateDesign(ctx, d)
}
