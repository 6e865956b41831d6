package event

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
)

// TestNativeDraft_IsWhatPackageJSONWrites compares the spelt-out writer with the general one.
func TestNativeDraft_IsWhatPackageJSONWrites(t *testing.T) {
	t.Parallel()
	type data struct {
		Card         string `json:"card_id,omitempty"`
		CardNumber   int64  `json:"card_number_id,omitempty"`
		CardStatus   string `json:"card_status,omitempty"`
		PlasticState string `json:"plastic_state,omitempty"`
		Created      *int   `json:"num_created,omitempty"`
		Failed       *int   `json:"num_failed,omitempty"`
	}
	type body struct {
		ID        string `json:"id"`
		Type      string `json:"type"`
		CreatedAt string `json:"created_at"`
		Data      data   `json:"data"`
	}
	at := time.Date(2026, 3, 6, 11, 40, 5, 123_456_789, time.FixedZone("west", -6*3600))
	card, none, some := ident.UUID{1, 2, 15: 255}, 0, 12
	for name, c := range map[string]struct {
		data nativeData
		want data
	}{
		"nothing":     {},
		"a card":      {nativeData{Card: &card, CardNumber: 7, CardStatus: "open"}, data{Card: card.String(), CardNumber: 7, CardStatus: "open"}},
		"counts":      {nativeData{Created: &none, Failed: &some}, data{Created: &none, Failed: &some}},
		"odd letters": {nativeData{CardStatus: "a\"b\\c<d>&\n", PlasticState: "é\u2028\xff"}, data{CardStatus: "a\"b\\c<d>&\n", PlasticState: "é\u2028\xff"}},
	} {
		want, err := json.Marshal(body{"evt_1", "x.happened", "2026-03-06T17:40:05.123Z", c.want})
		if err != nil {
			t.Fatal(err)
		}
		if got := nativeDraft("x.happened", at, c.data).Body("evt_1"); string(got) != string(want) {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}
