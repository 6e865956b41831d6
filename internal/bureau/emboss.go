package bureau

import (
	"strings"
	"unicode"

	"github.com/mozillazg/go-unidecode"
)

// embossable are the characters of the front of a card.
const embossable = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,'&/-"

// Emboss gives a line as the front of a card shows it: letters of every script as Latin capitals without
// accents, the few signs that an embosser has, and single spaces. What has no Latin form is left out, so a
// line may come out empty. The line may have any length; nothing is cut.
func (b *Sandbox) Emboss(line string) string {
	var out strings.Builder
	for _, r := range line {
		latin := strings.ToUpper(unidecode.Unidecode(string(r)))
		letter := r > unicode.MaxASCII && unicode.IsLetter(r)
		for _, l := range latin {
			switch {
			case unicode.IsSpace(l):
				out.WriteByte(' ')
			case letter && l == '\'': // stands for a soft sign or a glottal stop, and is no apostrophe
			case strings.ContainsRune(embossable, l):
				out.WriteRune(l)
			}
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}
