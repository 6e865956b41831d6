package customer

import "strings"

// bare takes the marks off letters, so that a name is found however it is typed.
var bare = strings.NewReplacer(
	"á", "a", "à", "a", "â", "a", "ä", "a", "ã", "a", "å", "a", "é", "e", "è", "e", "ê", "e", "ë", "e", "í", "i", "ì", "i", "î", "i", "ï", "i",
	"ó", "o", "ò", "o", "ô", "o", "ö", "o", "õ", "o", "ú", "u", "ù", "u", "û", "u", "ü", "u", "ñ", "n", "ç", "c",
)

// FoldName is the form in which names are compared: lower case, without marks, one space between words.
func FoldName(s string) string {
	return bare.Replace(strings.Join(strings.Fields(strings.ToLower(s)), " "))
}

// NameKey is what a customer is found by: last names first.
func (c Customer) NameKey() string {
	return FoldName(c.LastName + " " + c.SecondLastName + " " + c.FirstName + " " + c.MiddleName)
}
