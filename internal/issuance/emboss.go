package issuance

import (
	"strings"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/customer"
)

// embossedName is the cardholder's name as it is printed: FIRST LAST in the bureau's characters, cut at 26
// (cards contract §10.1). It is "" when the bureau can print nothing of the name.
func embossedName(b Bureau, c customer.Customer) string {
	name := b.Emboss(c.FirstName + " " + c.LastName)
	if letters := []rune(name); len(letters) > batch.MaxFrontName {
		name = strings.TrimSpace(string(letters[:batch.MaxFrontName]))
	}
	return name
}
