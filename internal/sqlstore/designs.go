package sqlstore

import (
	"context"
	"strings"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

const designColumns = `d.id, d.program_id, d.campaign, d.name, d.types, d.active, d.is_default, d.created_at, d.updated_at, d.version`

const (
	selectDesign           = `SELECT ` + designColumns + ` FROM designs d WHERE d.id = $2 AND d.program_id = $1`
	selectDefaultDesign    = `SELECT ` + designColumns + ` FROM designs d WHERE d.program_id = $1 AND d.is_default = 1`
	selectDesignByCampaign = `SELECT ` + designColumns + ` FROM designs d WHERE d.program_id = $1 AND d.campaign = $2 AND d.campaign <> ''`
	listDesigns            = `SELECT ` + designColumns + ` FROM designs d WHERE d.program_id = $1`
	insertDesign           = `INSERT INTO designs (id, program_id, campaign, name, types, active, is_default, created_at, updated_at, version)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)
	ON CONFLICT DO NOTHING`
	updateDesign = `UPDATE designs SET campaign = $3, name = $4, types = $5, active = $6, is_default = $7, updated_at = $8, version = $2 + 1
	WHERE id = $1 AND version = $2`
	campaignOfElse = `SELECT 1 FROM designs WHERE program_id = $1 AND campaign = $2 AND campaign <> '' AND id <> $3`
)

func designDest(d *card.Design) []any {
	return []any{
		&d.ID.UUID, &d.Program.UUID, &d.Campaign, &d.Name, asTypes(&d.Types), &d.Active, &d.Default, &d.CreatedAt, &d.UpdatedAt,
		&d.Version,
	}
}

func scanDesign(r row, d *card.Design) error { return r.scan(designDest(d)...) }

func asTypes(to *[]card.Type) text {
	return func(s string) error {
		for item := range strings.SplitSeq(s, ",") {
			*to = append(*to, card.Type(item))
		}
		return nil
	}
}

func fromTypes(types []card.Type) string { return strings.Trim(oneOf(types), ",") }

func (t tx) design(sql string, args ...any) (card.Design, bool, error) {
	var d card.Design
	found, err := one(t, sql, args, designDest(&d)...)
	return d, found, err
}

func (t tx) Design(_ context.Context, p ident.ProgramID, id ident.DesignID) (card.Design, bool, error) {
	return t.design(selectDesign, p.UUID, id.UUID)
}

func (t tx) DefaultDesign(_ context.Context, p ident.ProgramID) (card.Design, bool, error) {
	return t.design(selectDefaultDesign, p.UUID)
}

func (t tx) DesignByCampaign(_ context.Context, p ident.ProgramID, campaign string) (card.Design, bool, error) {
	return t.design(selectDesignByCampaign, p.UUID, campaign)
}

func (t tx) Designs(_ context.Context, p ident.ProgramID, page issuance.Page) ([]card.Design, error) {
	sql, args := newListing(listDesigns, p.UUID).paged("d", page)
	return all(t, sql, args, scanDesign)
}

// InsertDesign adds a design. A campaign that is taken, or a second default, is issuance.ErrNumberTaken.
func (t tx) InsertDesign(_ context.Context, d card.Design) error {
	var b batch
	b.write(insertDesign, []any{
		d.ID.UUID, d.Program.UUID, d.Campaign, d.Name, fromTypes(d.Types), d.Active, d.Default, d.CreatedAt, d.UpdatedAt,
	}, free(issuance.ErrNumberTaken))
	return t.run(b)
}

// UpdateDesign changes a design; see InsertDesign.
func (t tx) UpdateDesign(_ context.Context, d card.Design) error {
	taken, err := one(t, campaignOfElse, []any{d.Program.UUID, d.Campaign, d.ID.UUID}, new(int))
	if err != nil {
		return err
	}
	if taken {
		return issuance.ErrNumberTaken
	}
	return update(t, updateDesign, d.ID.UUID, d.Version, d.Campaign, d.Name, fromTypes(d.Types), d.Active, d.Default, d.UpdatedAt)
}
