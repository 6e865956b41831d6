package nativeapi

import (
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

const (
	pinDigits = 4
	// mostActivations is how many cards one request activates.
	mostActivations = 1000
	// sideBySide is how many of them are decided at once: enough for the store to put them into few commits.
	sideBySide = 32
	// bulkTimeout bounds the whole request. What was not decided by then is told so, item by item.
	bulkTimeout = 60 * time.Second
)

// activation is one card to activate, by the code of its mailer or by its identifier and batch.
type activation struct {
	card       ident.CardID // zero: identifier and batch say which
	code       card.Code
	identifier string // "": by the code alone
	reference  string
	customer   ident.CustomerID
	account    int64
	pin        card.PIN
}

func (a activation) wipe() {
	a.code.Wipe()
	a.pin.Wipe()
}

// activationMembers are what an activation may have beside the id of its card.
var activationMembers = []string{"code", "identifier", "reference_batch", "customer_id", "account_number_id", "pin"}

// activation reads one. By identifier and batch the customer must be named, and the code is the programme's choice.
func (o object) activation(id ident.CardID) activation {
	a := activation{card: id, identifier: o.text("identifier", optional, 64)}
	byBatch := o.v.Get("identifier").Given()
	a.code = o.code("code", need(!byBatch))
	if !byBatch {
		for _, name := range activationMembers[2:] {
			if o.v.Get(name).Given() {
				o.bad(name, "not_allowed")
			}
		}
		return a
	}
	a.reference = o.text("reference_batch", required, 64)
	a.customer = ident.CustomerID{UUID: o.id("customer_id", required)}
	if v, given := o.member("account_number_id", optional, wirejson.Number); given {
		var whole bool
		if a.account, whole = v.Int64(); !whole || a.account <= 0 {
			o.bad("account_number_id", form.InvalidFormat)
		}
	}
	if v, given := o.member("pin", optional, wirejson.String); given {
		s, _ := v.String()
		var valid bool
		if a.pin, valid = card.ParsePIN(s, pinDigits, pinDigits); !valid {
			o.bad("pin", form.InvalidFormat)
		}
	}
	return a
}

// code reads an activation code.
func (o object) code(name string, n need) card.Code {
	v, given := o.member(name, n, wirejson.String)
	if !given {
		return card.Code{}
	}
	s, _ := v.String()
	code, valid := card.ParseCode(s)
	if !valid {
		o.bad(name, form.InvalidFormat)
	}
	return code
}

// run activates, and gives the card that it was.
func (d *Door) run(c *call, a activation, base issuance.Command) (ident.CardID, error) {
	if a.identifier == "" {
		return a.card, d.service.Activate(c.ctx(), issuance.ActivateCard{Command: base, Card: a.card, Code: a.code})
	}
	done, err := d.service.ActivateForCustomer(c.ctx(), issuance.ActivateForCustomer{
		Command: base, Card: a.card, Identifier: a.identifier, Reference: a.reference, Holder: a.customer, Balance: a.account, PIN: a.pin, Code: a.code,
	})
	return done.Card.Card.ID, err
}

func activated(id ident.CardID) issuance.Answer { return ok(body(showActivated, id)) }

// activatedBy shows the result of either way: what the rules give by the code names no card.
func activatedBy(a activation) func(any) issuance.Answer {
	return func(result any) issuance.Answer {
		if done, is := result.(issuance.Activation); is && !done.Card.Card.ID.IsZero() {
			return activated(done.Card.Card.ID)
		}
		return activated(a.card)
	}
}

func showActivated(w *wirejson.Writer, id ident.CardID) {
	w.BeginObject()
	w.Key("card_id").String(id.String())
	w.Key("activated").Bool(true)
	w.EndObject()
}

// activate is by the code of the mailer, by identifier and batch, or by all of them where the programme wants that.
// Secrets are in the body and nowhere else.
func (d *Door) activate(c *call) error {
	c.takes()
	c.form()
	a := c.explained(activationMembers...).activation(ident.CardID{UUID: c.id()})
	defer a.wipe()
	if err := c.checked(); err != nil {
		return err
	}
	o := d.outcome(c, a, c.key, c.body)
	if o.fault != nil {
		return o.fault
	}
	if o.replayed {
		c.w.Header().Set("Idempotent-Replayed", "true")
	}
	return write(c.w, o.answer)
}

// outcome is what became of one activation: its answer, or why it was refused or failed.
type outcome struct {
	card     ident.CardID
	answer   issuance.Answer
	replayed bool
	fault    error // the answer is its problem
}

func (d *Door) outcome(c *call, a activation, key string, body wirejson.Value) outcome {
	id, err := d.run(c, a, issuance.Command{Caller: c.caller(), Key: keyed(d, c, key, body, activatedBy(a))})
	if again := new(issuance.Replayed); errors.As(err, &again) {
		return outcome{card: a.card, answer: again.Answer, replayed: true}
	}
	if err != nil {
		return outcome{card: a.card, answer: problemOf(err), fault: err}
	}
	return outcome{card: id, answer: activated(id)}
}

// activateMany activates up to 1,000 cards. Each item has its own outcome, and its own place under the idempotency
// key: a repeat of the request answers what was decided and goes on with what was not.
func (d *Door) activateMany(c *call) error {
	c.takes()
	c.form()
	o := c.object("items", "reason")
	list, _ := o.member("items", required, wirejson.Array)
	reason := o.text("reason", optional, 200)
	if list.Given() {
		if n := list.Len(); n < 1 || n > mostActivations {
			c.bad("body.items", map[bool]string{true: form.TooShort, false: form.TooLong}[n < 1])
		}
	}
	asked := d.asked(c)
	asked.Reason = reason
	if err := c.checked(); err != nil {
		return err
	}
	if err := d.service.BeginBulkActivation(c.ctx(), c.caller(), list.Len(), asked); err != nil {
		return err
	}
	c.reason = reason // of each card's own row
	out := make([]outcome, list.Len())
	var all sync.WaitGroup
	places := make(chan struct{}, sideBySide)
	for i, item := range list.Elements() {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			out[i] = d.item(c, item, c.key+" "+strconv.Itoa(i))
		})
	}
	all.Wait()
	return write(c.w, issuance.Answer{Status: http.StatusMultiStatus, Body: body(showOutcomes, out)})
}

// item is one activation of many. What has not its form is refused like anything else, and stops no other.
func (d *Door) item(c *call, v wirejson.Value, key string) outcome {
	alone := *c
	alone.wrong = nil
	o := object{c: &alone, v: v, path: "item"}
	if v.Kind() != wirejson.Object {
		alone.bad("item", "invalid_type")
	}
	o.takes(append([]string{"card_id"}, activationMembers...)...)
	byBatch := v.Get("identifier").Given()
	a := o.activation(ident.CardID{UUID: o.id("card_id", need(!byBatch))})
	defer a.wipe()
	if err := alone.checked(); err != nil {
		return outcome{card: a.card, answer: problemOf(err), fault: err}
	}
	return d.outcome(&alone, a, key, v)
}

func showOutcomes(w *wirejson.Writer, all []outcome) {
	done := 0
	w.BeginObject()
	w.Key("items").BeginArray()
	for i, o := range all {
		good := o.answer.Status == http.StatusOK
		w.BeginObject()
		w.Key("index").Int(int64(i))
		w.Key("status").Int(int64(o.answer.Status))
		w.Key("card_id")
		showID(w, o.card.UUID)
		w.Key("activated").Bool(good)
		w.Key("replayed").Bool(o.replayed)
		w.Key("problem")
		if good {
			done++
			w.Null()
		} else {
			w.Raw(o.answer.Body)
		}
		w.EndObject()
	}
	w.EndArray()
	w.Key("activated").Int(int64(done))
	w.Key("not_activated").Int(int64(len(all) - done))
	w.EndObject()
}
