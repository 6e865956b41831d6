package customer_test

import (
	"testing"

	"github.com/firsttap/firsttap/internal/customer"
)

func TestValidRFC(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		kind  customer.Kind
		rfc   string
		digit bool
		want  bool
	}{
		{"the published sample", customer.Person, "PEGJ831111BM9", false, true},
		{"the published sample fails its own digit", customer.Person, "PEGJ831111BM9", true, false},
		{"a person with a right digit", customer.Person, "GODE561231GR8", true, true},
		{"a company", customer.Company, "ABC680524P73", true, true},
		{"a company's length for a person", customer.Person, "ABC680524P73", false, false},
		{"a person's length for a company", customer.Company, "PEGJ831111BM9", false, false},
		{"the thirtieth of February", customer.Person, "PEGJ830230BM9", false, false},
		{"the leap day of 2000", customer.Person, "PEGJ000229BM9", false, true},
		{"generic", customer.Person, customer.GenericRFC, true, true},
		{"generic foreign", customer.Person, customer.GenericForeignRFC, true, true},
		{"lower case is not normal", customer.Person, "pegj831111bm9", false, false},
		{"with Ñ", customer.Person, "ÑEGJ831111BM9", false, true},
		{"empty", customer.Person, "", false, false},
	} {
		if got := customer.ValidRFC(c.kind, c.rfc, c.digit); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestValidCURP(t *testing.T) {
	t.Parallel()
	for curp, want := range map[string]bool{
		"PEGJ831111HDFRRN02": true,
		"PEGJ831111HDFRRN03": false, // check digit
		"PEGJ831111HXXRRN02": false, // no such state
		"PEGJ831311HDFRRN02": false, // no such month
		"PEGJ831111ZDFRRN02": false,
		"":                   false,
	} {
		if got := customer.ValidCURP(curp); got != want {
			t.Errorf("%q: %v, want %v", curp, got, want)
		}
	}
	if customer.NormalTaxID(" pegj-831111 bm9 ") != "PEGJ831111BM9" {
		t.Error("the normal form is not reached")
	}
}

func TestParsePhone(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"+525512345678":  "+525512345678",
		"+5215512345678": "+525512345678",
		"+15551234567":   "+15551234567",
		"5512345678":     "",
		"+0123456789":    "",
		"+52 5512345678": "",
		"":               "",
	} {
		if got, ok := customer.ParsePhone(in); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", in, got, ok)
		}
	}
}

func FuzzParseEmail(f *testing.F) {
	for _, s := range []string{"ana@example.com", "a@b", "@", "a@@b", "a b@c", "a@b..c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := customer.ParseEmail(s)
		if ok && got != s || !ok && got != "" {
			t.Fatalf("%q gave %q, %v", s, got, ok)
		}
	})
}

func TestCustomer_Eligible(t *testing.T) {
	t.Parallel()
	for _, s := range []customer.Status{customer.Active, customer.Suspended, customer.Closed} {
		for _, a := range []customer.ApplicationStatus{customer.NotStarted, customer.AwaitingDocuments, customer.InReview, customer.Approved, customer.Rejected, customer.RetryRequired} {
			want := s == customer.Active && a == customer.Approved
			if got := (customer.Customer{Status: s, Application: a}).Eligible(); got != want {
				t.Errorf("%s/%s: %v", s, a, got)
			}
		}
	}
}
