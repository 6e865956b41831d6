package issuance

import (
	"context"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/ident"
)

const (
	checkedAtOnce = 500  // items of an order that are read at once
	mostWrong     = 1000 // items whose problems a check tells
)

// BatchCheck is what would become of an order if it were accepted now.
type BatchCheck struct {
	Items  int
	Failed int
	Wrong  []batch.Item // the first of those that would fail, each with its reason, in order
}

// CheckBatch asks of a staged order everything that accepting it and making its cards would ask, and
// changes nothing. Whoever asks drops what was staged. Refusals: batch.OrderInvalid with fields.
func (s *Service) CheckBatch(ctx context.Context, b *StagedBatch, campaign string) (BatchCheck, error) {
	var out BatchCheck
	err := s.store.Read(ctx, func(tx ReadTx) error {
		out = BatchCheck{}
		campaign, err := orderCampaign(ctx, tx, b.program.ID, campaign)
		if err != nil {
			return err
		}
		campaigns := designs{tx: tx, program: b.program.ID, batch: campaign, asked: map[string]design{}}
		for out.Items < b.items {
			items, err := tx.Items(ctx, b.batch.ID, out.Items, "", checkedAtOnce)
			if err != nil || len(items) == 0 {
				return err
			}
			taken, err := bornElsewhere(ctx, tx, b.program, items)
			if err != nil {
				return err
			}
			for _, item := range items {
				d, err := campaigns.of(ctx, item.Campaign)
				if err != nil {
					return err
				}
				out.add(decideItem(item, d, taken))
			}
		}
		return nil
	})
	return out, err
}

func (c *BatchCheck) add(item batch.Item) {
	c.Items++
	if item.Outcome != batch.ItemFailed {
		return
	}
	if c.Failed++; len(c.Wrong) < mostWrong {
		c.Wrong = append(c.Wrong, item)
	}
}

// designs finds what campaigns make, each once.
type designs struct {
	tx      DesignReader
	program ident.ProgramID
	batch   string // the campaign of items that name none
	asked   map[string]design
}

func (d designs) of(ctx context.Context, campaign string) (design, error) {
	if campaign == "" {
		campaign = d.batch
	}
	if known, ok := d.asked[campaign]; ok {
		return known, nil
	}
	found, err := designFor(ctx, d.tx, d.program, campaign)
	if err == nil {
		d.asked[campaign] = found
	}
	return found, err
}
