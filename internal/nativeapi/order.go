package nativeapi

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/biter777/countries"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/wirejson"
)

const (
	mediaCSV     = "text/csv"
	mediaForm    = "multipart/form-data"
	stagedAtOnce = 200     // items that are staged in one transaction
	mostElement  = 1 << 20 // bytes of one item, and of everything beside the items
	dropTimeout  = 5 * time.Second
)

var (
	campaignForm = regexp.MustCompile(`^[A-Za-z0-9]{1,32}$`)
	mobileForm   = regexp.MustCompile(`^(?:[0-9]{10}|[1-9][0-9]{6,14})$`)
	postalForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 -]{1,9}$`)
)

// itemMembers are what an item of an order may have.
var itemMembers = []string{"identifier", "front_name", "qr", "pin", "campaign"}

// order orders cards in bulk: items are checked and staged while the body arrives, and one last transaction makes the
// order visible. A dry run asks everything that this would ask, and leaves nothing.
func (d *Door) order(c *call) error { return d.takeOrder(c, batch.Batch{}) }

// resubmit orders again what failed of an order: corrected items, which go where the others went.
func (d *Door) resubmit(c *call) error {
	id := ident.BatchID{UUID: c.id()}
	if err := c.checked(); err != nil {
		return err
	}
	earlier, err := d.service.BatchByID(c.ctx(), c.programID(), id)
	if err != nil {
		return err
	}
	return d.takeOrder(c, earlier)
}

func (d *Door) takeOrder(c *call, earlier batch.Batch) error {
	c.takes("dry_run")
	dry := choiceParam(c, "dry_run", "true", "false") == "true"
	if !dry {
		c.form()
	}
	u := &upload{d: d, c: c, digest: sha256.New(), cmd: issuance.AcceptBatch{Resubmits: earlier.ID}, whole: !earlier.ID.IsZero()}
	defer u.drop()
	if err := u.read(dry); err != nil {
		return err
	}
	if dry {
		return u.check(earlier)
	}
	return u.accept()
}

// upload is an order on its way in.
type upload struct {
	d        *Door
	c        *call
	cmd      issuance.AcceptBatch
	whole    bool // where the order goes is known
	count    int  // items that came
	digest   hash.Hash
	pending  []issuance.OrderItem
	staged   *issuance.StagedBatch
	accepted bool
}

// read takes in the whole body: JSON, a CSV file with the items, or both as a form in parts. A file alone says nothing
// about where the cards go: it is enough where that is known, and where nobody asks.
func (u *upload) read(dry bool) error {
	kinds := u.c.r.Header.Values("Content-Type")
	err := error(fault.Refuse(MediaType))
	switch {
	case form.IsJSON(kinds):
		err = u.readJSON(u.c.r.Body)
	case form.IsMedia(kinds, mediaCSV) && (dry || u.whole):
		err = u.readCSV(u.c.r.Body)
	case form.IsMedia(kinds, mediaForm) && !u.whole:
		err = u.readForm()
	}
	if err != nil {
		return err
	}
	if u.count == 0 {
		u.c.bad("body.items", form.TooShort)
	}
	if err := u.c.checked(); err != nil {
		return err
	}
	u.cmd.Body = u.digest.Sum(nil)
	return u.flush()
}

func (u *upload) readJSON(r io.Reader) error {
	sent, err := wirejson.Stream(r, wirejson.StreamOptions{
		Array: "items", MaxElementBytes: mostElement, MaxOtherBytes: mostElement,
	}, u.item)
	if err != nil {
		return streamError(err)
	}
	u.head(sent.Others, "items")
	if v := sent.Others.Get("items"); v.Given() {
		u.c.bad("body.items", "invalid_type")
		u.count = -1
	}
	return nil
}

// head reads what an order has beside its items.
func (u *upload) head(v wirejson.Value, more ...string) {
	o := object{c: u.c, v: v, path: "body"}
	more = append(more, "reason")
	o.because()
	if u.whole {
		o.takes(more...)
	} else {
		o.takes(append(more, "campaign", "delivery_location")...)
		u.cmd.Location, u.cmd.Campaign = o.location("delivery_location"), o.campaign("campaign")
	}
	u.hash(v.AppendCanonical(nil))
}

// streamError tells what broke a stream: the body, its size, or what an item met.
func streamError(err error) error {
	switch wirejson.ProblemOf(err) {
	case 0:
		return err
	case wirejson.TooLarge:
		return fault.RefuseWith(httpd.BodyTooLarge, httpd.BodyLimit{Bytes: mostElement})
	case wirejson.Malformed, wirejson.TooDeep, wirejson.NotObject, wirejson.DuplicateName:
	}
	return &fault.Error{Reason: BodyMalformed, Cause: err}
}

// item takes in one element of the order.
func (u *upload) item(i int, v wirejson.Value) error {
	o := object{c: u.c, v: v, path: fmt.Sprintf("body.items[%d]", i)}
	if v.Kind() != wirejson.Object {
		u.c.bad(o.path, "invalid_type")
	}
	o.takes(itemMembers...)
	u.hash(v.AppendCanonical(nil))
	u.count++
	return u.add(i, o.orderItem())
}

// add stages an item with others, unless something is wrong with the form of the order.
func (u *upload) add(i int, item issuance.OrderItem) error {
	if i >= batch.MaxItems {
		u.c.bad("body.items", form.TooLong)
		return u.c.checked()
	}
	if len(u.c.wrong) > 0 {
		item.PIN.Wipe()
		return nil
	}
	if u.pending = append(u.pending, item); len(u.pending) < stagedAtOnce {
		return nil
	}
	return u.flush()
}

// orderItem reads an item. What cannot be read fails the item, never the order.
func (o object) orderItem() (item issuance.OrderItem) {
	fail := func(reason batch.ItemReason) {
		if item.Unreadable == "" {
			item.Unreadable = reason
		}
	}
	text := func(name string, reason batch.ItemReason) (string, bool) {
		v := o.v.Get(name)
		s, ok := v.String()
		if v.Given() && !ok {
			fail(reason)
		}
		return s, v.Given()
	}
	if s, given := text("identifier", batch.IdentifierInvalid); given {
		item.Identifier = &s
	}
	item.FrontName, _ = text("front_name", batch.FrontNameInvalid)
	item.QR, _ = text("qr", batch.QRInvalid)
	if s, given := text("pin", batch.PINInvalid); given {
		pin, valid := card.ParsePIN(s, pinDigits, pinDigits)
		if !valid {
			fail(batch.PINInvalid)
		}
		item.PIN = pin
	}
	if s, given := text("campaign", batch.CampaignUnknown); given {
		if !campaignForm.MatchString(s) {
			fail(batch.CampaignUnknown)
		}
		item.Campaign = s
	}
	return item
}

// flush stages what has come in so far.
func (u *upload) flush() error {
	if len(u.pending) == 0 {
		return nil
	}
	if u.staged == nil {
		staged, err := u.d.service.StageBatch(u.c.ctx(), u.c.caller())
		if err != nil {
			return err
		}
		u.staged = staged
	}
	err := u.d.service.AppendItems(u.c.ctx(), u.staged, u.pending)
	u.pending = u.pending[:0]
	return err
}

// hash adds a part of the body to the digest, with its length, so that equal orders have equal digests.
func (u *upload) hash(part []byte) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(part)))
	u.digest.Write(length[:])
	u.digest.Write(part)
	clear(part) // it may hold a PIN
}

// accept makes the order visible and answers it.
func (u *upload) accept() error {
	cmd := u.cmd
	cmd.Staged = u.staged
	show := func(out issuance.AcceptedBatch) issuance.Answer {
		return issuance.Answer{Status: http.StatusCreated, Body: body(showBatch, out.Batch)}
	}
	return performAs(u.c, keyedBy(u.d, u.c, u.c.key, cmd.Body, show), show, func(by issuance.Command) (issuance.AcceptedBatch, error) {
		cmd.Command = by
		out, err := u.d.service.AcceptBatch(u.c.ctx(), cmd)
		u.accepted = err == nil && !out.Repeat
		return out, err
	})
}

// check answers a dry run.
func (u *upload) check(earlier batch.Batch) error {
	campaign := u.cmd.Campaign
	if u.whole {
		campaign = earlier.Campaign
	}
	out, err := u.d.service.CheckBatch(u.c.ctx(), u.staged, campaign)
	if err != nil {
		return err
	}
	return write(u.c.w, ok(body(showCheck, out)))
}

func showCheck(w *wirejson.Writer, v issuance.BatchCheck) {
	w.BeginObject()
	w.Key("dry_run").Bool(true)
	w.Key("requested").Int(int64(v.Items))
	w.Key("good").Int(int64(v.Items - v.Failed))
	w.Key("failed").Int(int64(v.Failed))
	w.Key("items").BeginArray()
	for _, i := range v.Wrong {
		w.BeginObject()
		w.Key("index").Int(int64(i.Index))
		w.Key("identifier").StringOrNull(i.Identifier)
		w.Key("reason").String(string(i.Reason))
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
}

// drop removes what was staged for an order that was not accepted. What it cannot remove now is swept later.
func (u *upload) drop() {
	for i := range u.pending {
		u.pending[i].PIN.Wipe()
	}
	if u.staged == nil || u.accepted {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(u.c.ctx()), dropTimeout)
	defer cancel()
	if err := u.d.service.DropStaged(ctx, u.staged); err != nil {
		u.c.record.Cause = errors.Join(u.c.record.Cause, err)
	}
}

// fieldsOf gives what is wrong with a request in the words of this door: an order is judged by rules that know
// another door's names.
func fieldsOf(e *fault.Error) []fault.Field {
	if e.Reason == access.PolicyInvalid || e.Reason == access.KeyRequestInvalid {
		return tenancyFields(e)
	}
	if e.Reason != batch.OrderInvalid && e.Reason != shipment.AddressInvalid {
		return e.Fields
	}
	out := make([]fault.Field, len(e.Fields))
	for i, f := range e.Fields {
		path := strings.NewReplacer("batch[", "items[", "card_identifier", "identifier", "campaign_id", "campaign").Replace(f.Path)
		code := map[string]string{"invalid": form.InvalidFormat, "duplicated": form.Duplicate}[f.Code]
		if code == "" {
			code = f.Code
		}
		out[i] = fault.Field{Path: "body." + path, Code: code, Message: messages[code]}
	}
	return out
}

// campaign reads the campaign of a design.
func (o object) campaign(name string) string {
	s := o.text(name, optional, 32)
	if s != "" && !campaignForm.MatchString(s) {
		o.bad(name, form.InvalidFormat)
	}
	return s
}

// location reads where a whole order goes.
func (o object) location(name string) batch.Location {
	v, given := o.member(name, required, wirejson.Object)
	if !given {
		return batch.Location{}
	}
	l := object{c: o.c, v: v, path: o.path + "." + name}
	l.takes("first_names", "last_names", "street", "exterior_number", "interior_number", "neighborhood", "city", "state",
		"postal_code", "mobile", "additional_notes", "country")
	return batch.Location{
		FirstNames: l.text("first_names", required, 100), LastNames: l.text("last_names", required, 100),
		Street: l.text("street", required, 200), ExteriorNumber: l.text("exterior_number", required, 30),
		InteriorNumber: l.text("interior_number", optional, 30), Neighborhood: l.text("neighborhood", required, 100),
		City: l.text("city", required, 100), State: l.text("state", required, 100),
		PostalCode: l.shaped("postal_code", postalForm), Mobile: l.shaped("mobile", mobileForm),
		Notes: l.text("additional_notes", optional, 255), Country: l.country("country"),
	}
}

func (o object) shaped(name string, shape *regexp.Regexp) string {
	s := o.text(name, required, 30)
	if s != "" && !shape.MatchString(s) {
		o.bad(name, form.InvalidFormat)
	}
	return s
}

// country reads an ISO 3166-1 alpha-2 code.
func (o object) country(name string) string {
	s := o.text(name, required, 30)
	if s != "" && (len(s) != 2 || countries.ByName(s).Alpha2() != s) {
		o.bad(name, form.InvalidFormat)
	}
	return s
}
