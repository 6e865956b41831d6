package cardsapi

import (
	"testing"

	"github.com/nyaruka/phonenumbers"
)

func TestDialCodes_AreThoseOfLibphonenumber(t *testing.T) {
	t.Parallel()
	known := phonenumbers.GetSupportedCallingCodes()
	for n := range int64(1000) {
		if isDialCode(n) != known[int(n)] {
			t.Errorf("%d: %t, and for libphonenumber %t", n, isDialCode(n), known[int(n)])
		}
	}
	if len(dialCodes) != len(known) {
		t.Errorf("%d codes, and libphonenumber has %d", len(dialCodes), len(known))
	}
}
