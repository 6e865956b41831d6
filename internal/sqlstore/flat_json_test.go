package sqlstore

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/firsttap/firsttap/internal/shipment"
)

// TestFlatJSON_ReadsWhatWeWrite compares with encoding/json, and wants the usual values to need nothing else.
func TestFlatJSON_ReadsWhatWeWrite(t *testing.T) {
	t.Parallel()
	address := shipment.Address{Line1: "Calle 1", Line2: "B", Zone: "Norte", City: "México", PostalCode: "06600", Country: "MX"}
	recipient := shipment.Recipient{FirstName: "Ana", LastName: "Ruiz", PhoneNumber: "5512345678", DialCode: 52, Email: "ana@example.com"}
	for _, kept := range []string{
		toJSON(address), toJSON(recipient), toJSON(shipment.Address{}), toJSON(shipment.Recipient{}), toJSON(shipment.Recipient{DialCode: -1}),
		toJSON(shipment.Address{Line1: `a "quoted" <b> & \c`, Line2: "\u2028", City: "a\nb"}), `{}`, `{"line1":"a","more":["b"]}`, ` {"line1" : "a" }`,
		`{"city":"a","city":"b"}`, `{"dialCode":52}`, `{"dialCode":null}`,
		`{"dialCode":"52"}`, `{"line1":5}`, `{"dialCode":052}`, `{"dialCode":99999999999999999999}`, "{\"line1\":\"a\tb\"}", "{\"line1\":\"\xff\"}",
	} {
		holdsAs(t, kept, asAddress)
		holdsAs(t, kept, asRecipient)
	}
	for _, kept := range []string{``, `{`, `{"`, `{"line1"`, `{"line1":`, `{"line1":"a"`, `{"line1":"a",`, `{"line1":"a",}`, `{"line1":"a"}x`, `{"dialCode":-}`, `[]`} {
		if flatJSON(kept, new(seen), anyText, anyNumber) {
			t.Errorf("%s was taken for a whole object", kept)
		}
	}
	for _, v := range []any{address, recipient} {
		if n := new(seen); !flatJSON(toJSON(v), n, anyText, anyNumber) || n.members != reflect.TypeOf(v).NumField() {
			t.Errorf("%T is not read the short way: %d members", v, n.members)
		}
	}
}

// seen knows members of every name, and counts them.
type seen struct {
	members int
	text    string
	number  int
}

func anyText(s *seen, _ string) *string { s.members++; return &s.text }
func anyNumber(s *seen, _ string) *int  { s.members++; return &s.number }

// holdsAs reads a text into a value that holds something already, as encoding/json reads it into an empty one.
func holdsAs[T any](t *testing.T, kept string, as func(*T) text) {
	t.Helper()
	var want, got T
	wantErr := json.Unmarshal([]byte(kept), &want)
	if err := as(&got)(`{"line1":"old","firstName":"old","dialCode":9}`); err != nil {
		t.Fatal(err)
	}
	if err := as(&got)(kept); (err != nil) != (wantErr != nil) || !reflect.DeepEqual(got, want) {
		t.Errorf("%s gives %+v, %v; want %+v, %v", kept, got, err, want, wantErr)
	}
}

// FuzzFlatJSON gives both ways whatever there is.
func FuzzFlatJSON(f *testing.F) {
	f.Add(`{"line1":"Calle 1","city":"México"}`)
	f.Add(`{"firstName":"Ana","dialCode":52}`)
	f.Fuzz(func(t *testing.T, kept string) {
		holdsAs(t, kept, asAddress)
		holdsAs(t, kept, asRecipient)
	})
}
