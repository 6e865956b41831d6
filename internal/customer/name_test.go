package customer_test

import (
	"testing"

	"github.com/firsttap/firsttap/internal/customer"
)

func TestNameKey_HasLastNamesFirstWithoutMarks(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]customer.Customer{
		"":                      {},
		"ana":                   {FirstName: " Ana "},
		"nunez perez jose luis": {FirstName: "José", MiddleName: "Luis", LastName: "NÚÑEZ", SecondLastName: "Pérez"},
		"de la o maria":         {FirstName: "María", LastName: "de  la O"},
		"王 小明":                  {FirstName: "小明", LastName: "王"},
	} {
		if got := c.NameKey(); got != want {
			t.Errorf("%+v: %q, want %q", c, got, want)
		}
	}
}
