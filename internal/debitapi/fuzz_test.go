package debitapi

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// FuzzReadActivation: whatever is sent, reading ends; without a problem the command is whole, and no
// problem repeats what was sent.
func FuzzReadActivation(f *testing.F) {
	for _, seed := range []string{
		`{"customer_id":"12345678","card_identifier":"CARD-001","reference_batch":"7e4b85e27c4610824900af48f340394d"}`,
		`{"customer_id":85,"card_identifier":7,"reference_batch":"x","pin":1234,"balance":{"id":10249},"device_id":"d"}`,
		`{"card_identifier":"a","reference_batch":"b","customer":{"first_name":"A","last_name":"B","email":"a@b.c","gender":3}}`,
		`{"customer":[],"pin":"12","balance":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := wirejson.Parse(raw, bodyRules())
		if err != nil {
			return
		}
		c := &call{sort: forProgram, id: access.Identity{Program: program.Program{Policy: program.DefaultPolicy(program.Sandbox)}}}
		var problems fields
		cmd := c.readActivation(&problems, v)
		if problems.refusal() == nil {
			if !batch.ValidIdentifier(cmd.Identifier) || cmd.Reference == "" || (cmd.Number < 1) == (cmd.New == nil) {
				t.Fatal("a command without a problem is not whole")
			}
			if !cmd.PIN.IsZero() && cmd.PIN.Len() != pinLength {
				t.Fatal("a PIN of another length")
			}
		}
		for _, p := range problems.problems {
			if strings.ContainsAny(p.Path+p.Code, " \"{") {
				t.Fatalf("a problem holds more than names: %s:%s", p.Path, p.Code)
			}
		}
	})
}

// FuzzOrder: whatever is uploaded, reading ends in a command or in a refusal of the contract, and the
// digest of equal bodies is equal.
func FuzzOrder(f *testing.F) {
	for _, seed := range []string{
		`{"delivery_location":{"first_names":"a","last_names":"b","street":"c","exterior_number":"1","neighborhood":"d","city":"e","state":"f","postal_code":5349,"mobile":"9981234567"},"batch":[{"card_identifier":"A","pin":"1234"},{}]}`,
		`{"batch":[1,{},"x"],"campaign_id":7}`, `{"batch":{}}`, `[]`, `{"batch":[{}],"batch":[{}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		read := func() ([]byte, error) {
			r := httptest.NewRequest(http.MethodPost, "/debit/v1/bulkOrderCard", strings.NewReader(raw))
			u := &upload{c: &call{r: r, sort: forCustomer}, digest: sha256.New()}
			cmd, err := u.read()
			if err == nil && (cmd.Location.City == "" || cmd.Location.Country == "") {
				t.Fatal("an order without an address was taken")
			}
			return cmd.Body, err
		}
		first, err := read()
		if err != nil && !fault.IsRefusal(err) {
			t.Fatalf("a fault: %v", err)
		}
		if again, err2 := read(); string(again) != string(first) || (err == nil) != (err2 == nil) {
			t.Fatal("the second reading differs")
		}
		var e *fault.Error
		if errors.As(err, &e) && len(e.Fields) > 3*mostHints {
			t.Fatalf("%d problems are kept", len(e.Fields))
		}
	})
}

// FuzzReadItem: an item that can be read holds valid values.
func FuzzReadItem(f *testing.F) {
	f.Add(`{"card_identifier":"A","front_name":"X","qr":"https://a.b","pin":"1234","campaign_id":"MAIN"}`)
	f.Add(`{"card_identifier":12,"pin":12345}`)
	f.Fuzz(func(t *testing.T, raw string) {
		v, err := wirejson.Parse([]byte(raw), bodyRules())
		if err != nil {
			return
		}
		item := readItem(v)
		if item.Unreadable == "" && (!item.PIN.IsZero() && item.PIN.Len() != pinLength || item.Campaign != "" && !campaignForm.MatchString(item.Campaign)) {
			t.Fatal("an item that can be read holds what cannot be used")
		}
	})
}

// FuzzCursor: a cursor that is taken prints as it came.
func FuzzCursor(f *testing.F) {
	f.Add("eyJpIjoxfQ")
	f.Add("x")
	f.Fuzz(func(t *testing.T, s string) {
		if i, ok := parseCursor(s); ok && (i < 0 || i >= batch.MaxItems) {
			t.Fatalf("index %d", i)
		}
	})
}
