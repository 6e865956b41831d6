package debitapi

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"time"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// The limits of an order: items that are staged in one transaction, and the parts of the body.
const (
	stagedAtOnce = 200
	mostElement  = 1 << 20
	dropTimeout  = 5 * time.Second
)

// order is POST /debit/v1/bulkOrderCard (debit contract §8): items are checked and staged while the body
// arrives, and one last transaction makes the batch visible.
func (d *Door) order(c *call) error {
	u := &upload{c: c, digest: sha256.New(), stages: c.endpoint.callers&c.sort != 0}
	defer u.drop()
	cmd, err := u.read()
	if err != nil {
		return err
	}
	if err := c.checkRights(); err != nil {
		return err
	}
	return u.accept(cmd)
}

// upload is an order on its way in.
type upload struct {
	c        *call
	f        fields // of the order itself
	items    fields // of its items
	digest   hash.Hash
	stages   bool // items are staged; ends at the first problem of the whole order, and for a caller who may not order
	pending  []issuance.OrderItem
	staged   *issuance.StagedBatch
	accepted bool
}

// read takes in the whole body. What is wrong with the order as a whole comes out in the order of the
// contract's table.
func (u *upload) read() (issuance.AcceptBatch, error) {
	var cmd issuance.AcceptBatch
	body, err := wirejson.Stream(u.c.r.Body, wirejson.StreamOptions{
		Options: bodyRules(), Array: "batch", MaxElementBytes: mostElement, MaxOtherBytes: mostElement,
	}, u.item)
	if err != nil {
		return cmd, streamError(err)
	}
	cmd.Location = u.f.location(body.Others.Get("delivery_location"))
	cmd.Campaign = u.f.campaign(body.Others.Get("campaign_id"))
	switch {
	case !body.Found && body.Others.Get("batch").Given():
		u.f.add("batch", invalid)
	case !body.Found:
		u.f.add("batch", required)
	case body.Count == 0:
		u.f.add("batch", tooShort)
	}
	u.f.problems = append(u.f.problems, u.items.problems...)
	u.c.checkKey(&u.f)
	if err := u.f.refusal(); err != nil {
		return cmd, err
	}
	u.hash(body.Others)
	cmd.Body = u.digest.Sum(nil)
	return cmd, u.flush()
}

// streamError tells what broke a stream: the body, its size, or what an item met.
func streamError(err error) error {
	switch wirejson.ProblemOf(err) {
	case 0:
		return err
	case wirejson.TooLarge:
		return fault.Refuse(httpd.BodyTooLarge)
	case wirejson.DuplicateName:
		return &fault.Error{Reason: requestInvalid, Fields: []fault.Field{{Path: "batch", Code: duplicated}}}
	case wirejson.Malformed, wirejson.TooDeep, wirejson.NotObject:
	}
	return fault.Refuse(bodyMalformed)
}

// item takes in one element of the batch.
func (u *upload) item(i int, v wirejson.Value) error {
	switch {
	case i >= batch.MaxItems:
		return &fault.Error{Reason: requestInvalid, Fields: []fault.Field{{Path: "batch", Code: tooMany}}}
	case v.Kind() != wirejson.Object:
		u.items.add(itemPath(i), invalid)
		u.stages = false
	}
	u.hash(v)
	if !u.stages {
		return nil
	}
	u.pending = append(u.pending, readItem(v))
	if len(u.pending) < stagedAtOnce {
		return nil
	}
	return u.flush()
}

// flush stages what has come in so far.
func (u *upload) flush() error {
	if !u.stages || len(u.pending) == 0 {
		return nil
	}
	ctx := u.c.r.Context()
	if u.staged == nil {
		staged, err := u.c.d.o.Rules.StageBatch(ctx, u.c.caller())
		if err != nil {
			return err
		}
		u.staged = staged
	}
	err := u.c.d.o.Rules.AppendItems(ctx, u.staged, u.pending)
	u.pending = u.pending[:0]
	return err
}

// hash adds a part of the body to the digest, in its canonical form and with its length, so that equal
// bodies have equal digests whatever their white space.
func (u *upload) hash(v wirejson.Value) {
	part := v.AppendCanonical(nil)
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(part)))
	u.digest.Write(length[:])
	u.digest.Write(part)
	clear(part) // it may hold a PIN
}

// accept makes the order visible and answers it.
func (u *upload) accept(cmd issuance.AcceptBatch) error {
	cmd.Staged = u.staged
	// The answer's time is when the batch was accepted, so that a repeat minutes later gets the same bytes.
	return performAs(u.c, cmd.Body, false, func(by issuance.Command) (issuance.AcceptedBatch, error) {
		cmd.Command = by
		out, err := u.c.d.o.Rules.AcceptBatch(u.c.r.Context(), cmd)
		if err != nil {
			return out, err
		}
		if out.Repeat {
			u.c.w.Header().Set(headerReplayed, "true")
			return out, nil
		}
		u.accepted = true
		return out, nil
	}, func(out issuance.AcceptedBatch) []byte { return acceptedBody(u.c.path, out.Batch) })
}

// acceptedBody is the answer to an order (§8.3). "error" is the empty string here: clients of this
// endpoint take it for one.
func acceptedBody(path string, b batch.Batch) []byte {
	return successWith(path, b.CreatedAt, func(w *wirejson.Writer) { w.String("") }, func(w *wirejson.Writer) {
		ref := string(b.Reference)
		w.Key("reference").String(ref)
		w.Key("reference_batch").String(ref)
		w.Key("referenceBatch").String(ref)
		w.Key("status").Int(batchNumber(batch.Accepted))
		w.Key("num_requested").Int(int64(b.Requested))
	})
}

// drop removes what was staged for an order that was not accepted. What it cannot remove now is swept
// later.
func (u *upload) drop() {
	for i := range u.pending {
		u.pending[i].PIN.Wipe()
	}
	if u.staged == nil || u.accepted {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(u.c.r.Context()), dropTimeout)
	defer cancel()
	if err := u.c.d.o.Rules.DropStaged(ctx, u.staged); err != nil {
		rec := httpd.RecordOf(u.c.r.Context())
		rec.Cause = errors.Join(rec.Cause, err)
	}
}
