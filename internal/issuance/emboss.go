package issuance

import (
	"strings"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/customer"
)

// EmbossedName is the cardholder's name as it is printed: FIRST LAST in upper case, accents folded,
// characters that no embosser has left out, cut at 26 (cards contract §10.1).
func EmbossedName(c customer.Customer) string {
	folded, _ := batch.Emboss(strings.TrimSpace(c.FirstName + " " + c.LastName))
	var b strings.Builder
	for _, r := range strings.ToUpper(folded) {
		if _, printable := batch.Emboss(string(r)); printable {
			b.WriteRune(r)
		}
	}
	name := strings.Join(strings.Fields(b.String()), " ")
	if len(name) > batch.MaxFrontName {
		name = strings.TrimSpace(name[:batch.MaxFrontName])
	}
	return name
}
