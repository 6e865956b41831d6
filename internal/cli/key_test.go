package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/access"
)

func TestScopesOf(t *testing.T) {
	t.Parallel()
	for words, want := range map[string][]access.Scope{
		"cards:read":              {access.CardsRead},
		"cards:read,events:read":  {access.CardsRead, access.EventsRead},
		"all":                     access.Scopes(),
		"":                        nil,
		"cards:read,cards:delete": nil,
		"CARDS:READ":              nil,
	} {
		got, err := scopesOf(slices.DeleteFunc(strings.Split(words, ","), func(s string) bool { return s == "" }), access.Scopes())
		if !slices.Equal(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%q: %v, %v", words, got, err)
		}
		if err != nil && !strings.Contains(err.Error(), "activations:write") {
			t.Errorf("%q: the refusal does not say which scopes there are: %v", words, err)
		}
	}
}
