package issuance

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// The actions of audit rows.
const (
	actionBatchAccept = "batch.accept"
	actionBatchCancel = "batch.cancel"
)

const (
	naturalWindow   = 10 * time.Minute // in which an equal order of one credential is the same order
	maxQR           = 512              // characters of a printed address
	serverMade      = "FT"             // begins an identifier that the server made
	toldItems       = 20               // items whose problems an order without a good item tells
	stagedPINPrefix = "staged "        // keeps a staged PIN apart from a card's
)

// StagedBatch is an order whose upload still arrives. Nobody sees it until it is accepted. It belongs to
// one upload and is not safe for concurrent use.
type StagedBatch struct {
	batch    batch.Batch
	program  program.Program
	items    int
	failed   int
	byCaller bool // every identifier so far was made by the caller
	problems []fault.Field
}

// Items is how many items arrived so far.
func (b *StagedBatch) Items() int { return b.items }

// OrderItem is one card of an order as it was sent. What was given but cannot be read comes with the
// reason why.
type OrderItem struct {
	Identifier *string // nil: the server makes one
	FrontName  string
	QR         string
	PIN        card.PIN
	Campaign   string           // "": the batch's
	Unreadable batch.ItemReason // "": all members could be read
}

// StageBatch opens an order. What is staged and never accepted is swept by the worker.
func (s *Service) StageBatch(ctx context.Context, by Caller) (*StagedBatch, error) {
	p, now, err := s.programNow(ctx, by.Program)
	if err != nil {
		return nil, err
	}
	b := batch.Batch{
		ID: ident.BatchID{UUID: s.ids.UUID()}, Program: p.ID, Reference: s.ids.Reference(), Status: batch.Staging,
		Credential: by.Credential, CreatedAt: now, UpdatedAt: now,
	}
	if err := s.store.Write(ctx, func(tx Tx) error { return tx.InsertBatch(ctx, b) }); err != nil {
		return nil, err
	}
	return &StagedBatch{batch: b, program: p, byCaller: true}, nil
}

// AppendItems checks items and stages them in one short transaction, PINs sealed. An item with a problem
// is kept as failed. It gives no refusals; more than batch.MaxItems is the door's to refuse.
func (s *Service) AppendItems(ctx context.Context, b *StagedBatch, sent []OrderItem) error {
	items := make([]batch.Item, len(sent))
	for i, o := range sent {
		item, err := s.stage(b, b.items+i, o)
		if err != nil {
			return err
		}
		items[i] = item
	}
	var staged []batch.Item
	err := s.store.Write(ctx, func(tx Tx) error {
		var err error
		if staged, err = s.withoutDuplicates(ctx, tx, b, items); err != nil {
			return err
		}
		return tx.InsertItems(ctx, staged)
	})
	if err != nil {
		return err
	}
	for i, item := range staged {
		if item.Outcome == batch.ItemFailed {
			b.failed++
			b.note(item)
		}
		b.byCaller = b.byCaller && sent[i].Identifier != nil
	}
	b.items += len(staged)
	return nil
}

// note keeps the first problems, for an order without a good item.
func (b *StagedBatch) note(item batch.Item) {
	if len(b.problems) < toldItems {
		field, code := problemOf(item.Reason)
		b.problems = append(b.problems, fault.Field{Path: fmt.Sprintf("batch[%d].%s", item.Index, field), Code: code})
	}
}

// problemOf tells which member of an item a reason is about, and what is wrong with it.
func problemOf(r batch.ItemReason) (field, problem string) {
	switch r {
	case batch.IdentifierDuplicated:
		return "card_identifier", "duplicated"
	case batch.FrontNameInvalid, batch.BureauRejected:
		return "front_name", "invalid"
	case batch.QRInvalid:
		return "qr", "invalid"
	case batch.PINInvalid:
		return "pin", "invalid"
	case batch.PINWeak:
		return "pin", "weak"
	case batch.CampaignUnknown:
		return "campaign_id", "unknown"
	case batch.CampaignInactive:
		return "campaign_id", "inactive"
	case batch.IdentifierInvalid, batch.InternalFailure:
	}
	return "card_identifier", "invalid"
}

// stage makes the item of an order, with its PIN sealed, or with the reason why it failed.
func (s *Service) stage(b *StagedBatch, index int, o OrderItem) (batch.Item, error) {
	item := batch.Item{Batch: b.batch.ID, Index: index, Outcome: batch.Pending}
	item.FrontName, _ = batch.Emboss(o.FrontName)
	if o.Identifier == nil {
		item.Identifier = serverMade + s.ids.Digits(12)
	} else if batch.ValidIdentifier(*o.Identifier) {
		item.Identifier = *o.Identifier
	}
	if reason := s.inspect(b.program, o); reason != "" {
		item.FrontName = ""
		return failed(item, reason), nil
	}
	item.QR, item.Campaign = o.QR, o.Campaign
	if !o.PIN.IsZero() {
		sealed, err := s.sealer.Seal(stagedPIN(b.program.ID, item), o.PIN.Text)
		if err != nil {
			return batch.Item{}, fault.Wrap(err, "seal a staged PIN")
		}
		item.PINSealed = sealed
	}
	return item, nil
}

// inspect says what is wrong with an item by itself; "" is nothing.
func (s *Service) inspect(p program.Program, o OrderItem) batch.ItemReason {
	line, printable := batch.Emboss(o.FrontName)
	switch {
	case o.Identifier != nil && !batch.ValidIdentifier(*o.Identifier):
		return batch.IdentifierInvalid
	case o.Unreadable != "":
		return o.Unreadable
	case !printable || utf8.RuneCountInString(o.FrontName) > batch.MaxFrontName || len(line) > batch.MaxFrontName:
		return batch.FrontNameInvalid
	case o.QR != "" && !printableAddress(o.QR):
		return batch.QRInvalid
	case !o.PIN.IsZero() && p.Policy.PIN.RejectWeak && o.PIN.Guessable(""):
		return batch.PINWeak
	case line != "" && !s.bureau.Printable(line):
		return batch.BureauRejected
	}
	return ""
}

// printableAddress checks an http or https address that is printed as a QR code.
func printableAddress(qr string) bool {
	if len(qr) > maxQR || strings.ContainsFunc(qr, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return false
	}
	u, err := url.Parse(qr)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// withoutDuplicates marks the items whose identifier stands earlier in the order: the first stands.
func (s *Service) withoutDuplicates(ctx context.Context, tx Tx, b *StagedBatch, items []batch.Item) ([]batch.Item, error) {
	out := append([]batch.Item(nil), items...)
	earlier := map[string]int{}
	if b.items > 0 {
		asked := make([]string, 0, len(out))
		for _, item := range out {
			if item.Outcome == batch.Pending {
				asked = append(asked, item.Identifier)
			}
		}
		var err error
		if earlier, err = tx.FirstWith(ctx, b.batch.ID, asked, b.items); err != nil {
			return nil, err
		}
	}
	seen := make(map[string]bool, len(out))
	for i, item := range out {
		if item.Outcome != batch.Pending {
			continue
		}
		if _, taken := earlier[item.Identifier]; taken || seen[item.Identifier] {
			out[i] = failed(item, batch.IdentifierDuplicated)
		}
		seen[item.Identifier] = true
	}
	return out, nil
}

func failed(item batch.Item, reason batch.ItemReason) batch.Item {
	item.Outcome, item.Reason, item.PINSealed = batch.ItemFailed, reason, nil
	return item
}

func stagedPIN(p ident.ProgramID, item batch.Item) Bound {
	return Bound{Purpose: PurposePIN, Program: p, Subject: fmt.Sprintf("%s%s %d", stagedPINPrefix, item.Batch, item.Index)}
}

// AcceptBatch makes a staged order visible.
type AcceptBatch struct {
	Command
	Staged   *StagedBatch
	Location batch.Location
	Campaign string // of items that name none; "": the default
	Body     []byte // digest of the whole order, for the natural replay

	Resubmits ident.BatchID // whose failed items these are, corrected: they go where it went; zero for an order of its own
}

// AcceptedBatch is an order that was accepted, now or before.
type AcceptedBatch struct {
	Batch  batch.Batch
	Repeat bool // an equal order was accepted minutes ago: that one stands, and the staged one is to be dropped
}

// AcceptBatch accepts a staged order in one transaction. Whoever gets a refusal, a replay or a repeat
// drops what was staged. Refusals: batch.OrderInvalid with fields.
func (s *Service) AcceptBatch(ctx context.Context, cmd AcceptBatch) (AcceptedBatch, error) {
	return Run(ctx, s, cmd.Command, actionBatchAccept, func(w *Work) (AcceptedBatch, error) { return s.acceptBatch(ctx, w, cmd) })
}

// OrderAtOnce accepts a staged order and makes its cards in the same transaction, so that no worker finds it and everything is drawn
// in the order of the items: for scenarios, whose orders are small.
func (s *Service) OrderAtOnce(ctx context.Context, cmd AcceptBatch) (batch.Batch, error) {
	return Run(ctx, s, cmd.Command, actionBatchAccept, func(w *Work) (batch.Batch, error) {
		accepted, err := s.acceptBatch(ctx, w, cmd)
		if err != nil {
			return batch.Batch{}, err
		}
		m := maker{s: s, w: w, cutoff: s.bureau.Cutoff(w.Now)}
		_, err = m.step(ctx, accepted.Batch.ID, cmd.Staged.items+1)
		return m.batch, err
	})
}

func (s *Service) acceptBatch(ctx context.Context, w *Work, cmd AcceptBatch) (AcceptedBatch, error) {
	staged := cmd.Staged
	w.Audit.Batch = staged.batch.ID
	if staged.failed == staged.items {
		return AcceptedBatch{}, &fault.Error{Reason: batch.OrderInvalid, Fields: staged.problems}
	}
	if err := resubmitted(ctx, w, &cmd); err != nil {
		return AcceptedBatch{}, err
	}
	campaign, err := orderCampaign(ctx, w.Tx, w.Program.ID, cmd.Campaign)
	if err != nil {
		return AcceptedBatch{}, err
	}
	b := staged.batch
	if cmd.Key == nil && staged.byCaller {
		b.BodyHash = s.sealer.Hash(Bound{Purpose: PurposeOrder, Program: b.Program}, cmd.Body)
		earlier, ok, err := w.Tx.RecentBatch(ctx, b.Program, b.Credential, b.BodyHash, w.Now.Add(-naturalWindow))
		if err != nil {
			return AcceptedBatch{}, err
		}
		if ok {
			w.Audit.Batch, w.Audit.Note = earlier.ID, "repeat of an equal order"
			return AcceptedBatch{Batch: earlier, Repeat: true}, nil
		}
	}
	b.Status, _ = b.Move(batch.Accept)
	b.Location, b.Campaign = cmd.Location, campaign
	b.Requested, b.Failed = staged.items, staged.failed
	b.CreatedAt, b.UpdatedAt = w.Now, w.Now
	if err := w.Tx.UpdateBatch(ctx, b); err != nil {
		return AcceptedBatch{}, err
	}
	w.Announce(event.Event{Name: event.BatchAccepted, Batch: &b})
	return AcceptedBatch{Batch: b}, nil
}

// resubmitted sends an order where the one went whose failed items it has. That one must have ended, with no fewer
// failed items.
func resubmitted(ctx context.Context, w *Work, cmd *AcceptBatch) error {
	if cmd.Resubmits.IsZero() {
		return nil
	}
	earlier, ok, err := w.Tx.BatchByID(ctx, w.Program.ID, cmd.Resubmits)
	switch {
	case err != nil:
		return err
	case !ok:
		return fault.Refuse(batch.NotFound)
	case !earlier.Status.Finished() || cmd.Staged.items > earlier.Failed:
		return fault.RefuseWith(batch.NothingFailed, earlier.Status)
	}
	cmd.Location, cmd.Campaign = earlier.Location, earlier.Campaign
	w.Audit.Note = "resubmits " + earlier.ID.String()
	return nil
}

// orderCampaign checks the campaign of a whole order; without one the default counts, and without a
// default each item needs its own.
func orderCampaign(ctx context.Context, tx DesignReader, p ident.ProgramID, sent string) (string, error) {
	if sent == "" {
		d, ok, err := tx.DefaultDesign(ctx, p)
		if err != nil || !ok {
			return "", err
		}
		return d.Campaign, nil
	}
	d, ok, err := tx.DesignByCampaign(ctx, p, sent)
	if err != nil {
		return "", err
	}
	if !ok || !d.Active {
		return "", &fault.Error{Reason: batch.OrderInvalid, Fields: []fault.Field{{Path: "campaign_id", Code: "unknown"}}}
	}
	return sent, nil
}

// DropStaged removes an order that will not be accepted.
func (s *Service) DropStaged(ctx context.Context, b *StagedBatch) error {
	return s.store.Write(ctx, func(tx Tx) error { return tx.DeleteStaged(ctx, b.batch.ID) })
}

// CancelBatch ends a batch that no worker has taken yet.
type CancelBatch struct {
	Command
	Reference ident.Reference
}

// CancelBatch cancels a batch. Refusals: batch.NotFound, batch.NotCancelable with the status.
func (s *Service) CancelBatch(ctx context.Context, cmd CancelBatch) (batch.Batch, error) {
	return Run(ctx, s, cmd.Command, actionBatchCancel, func(w *Work) (batch.Batch, error) {
		b, ok, err := w.Tx.Batch(ctx, w.Program.ID, cmd.Reference)
		if err != nil {
			return batch.Batch{}, err
		}
		if !ok {
			return batch.Batch{}, fault.Refuse(batch.NotFound)
		}
		w.Audit.Batch = b.ID
		next, legal := b.Move(batch.Cancel)
		if !legal {
			return batch.Batch{}, fault.RefuseWith(batch.NotCancelable, b.Status)
		}
		b.Status, b.FinishedAt, b.UpdatedAt = next, w.Now, w.Now
		if err := w.Tx.UpdateBatch(ctx, b); err != nil {
			return batch.Batch{}, err
		}
		w.Announce(event.Event{Name: event.BatchCanceled, Batch: &b})
		return b, nil
	})
}
