package scenario_test

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/bureau"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/scenario"
	"github.com/firsttap/firsttap/internal/sqlstore"
	"github.com/firsttap/firsttap/internal/storetest"
	"github.com/firsttap/firsttap/internal/vault"
)

// twiceStore runs every body of a write twice, as a store does when transactions meet, and keeps the second.
type twiceStore struct{ issuance.Store }

func (s twiceStore) Write(ctx context.Context, body func(tx issuance.Tx) error) error {
	undone := errors.New("run again")
	if err := s.Store.Write(ctx, func(tx issuance.Tx) error { return errors.Join(body(tx), undone) }); err == nil {
		return errors.New("nothing was undone")
	}
	return s.Store.Write(ctx, body)
}

// house is a player over a store of its own.
type house struct {
	world  *storetest.World
	player *scenario.Player
}

func newHouse(t *testing.T, around func(issuance.Store) issuance.Store) house {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), sqlstore.Config{Path: filepath.Join(t.TempDir(), "firsttap.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := storetest.NewWorld(t, db)
	maker, err := bureau.New(bureau.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	return house{w, scenario.New(func(ids *ident.Source, keep func(issuance.Store) issuance.Store) *issuance.Service {
		return issuance.New(issuance.Config{
			Store: keep(around(db.Issuance())), Sealer: w.Sealer, Vault: vault.New(w.Sealer, ids), IDs: ids, Trail: w.IDs, Now: w.Clock.Now,
			Bureau: maker, Announcers: map[event.Door]event.Announcer{event.NativeDoor: event.NativeAnnouncer},
		})
	})}
}

func plain(s issuance.Store) issuance.Store { return s }

func (h house) play(t *testing.T, text, seed string) scenario.Transcript {
	t.Helper()
	script, err := scenario.Parse(text)
	if err != nil {
		t.Fatalf("%v: %+v", err, fault.Of(err).Fields)
	}
	p := h.world.Program
	p.Name = "Acme"
	out, err := h.player.Play(t.Context(), issuance.Caller{Program: p.ID, Actor: "test", Channel: "native"}, p, script, seed)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPlay_TheSameSeedLeavesTheSameTranscriptAndAnotherSeedAnother(t *testing.T) {
	t.Parallel()
	one, two, twice := newHouse(t, plain), newHouse(t, plain), newHouse(t, func(s issuance.Store) issuance.Store { return twiceStore{s} })
	for _, s := range scenario.List() {
		first := one.play(t, s.Text, "42")
		if !first.Passed {
			t.Errorf("%s ends with %+v", s.Name, first.Steps[len(first.Steps)-1])
		}
		if again := two.play(t, s.Text, "42"); !reflect.DeepEqual(first, again) {
			t.Errorf("%s in another installation:\n%+v\n%+v", s.Name, first, again)
		}
		if again := twice.play(t, s.Text, "42"); !reflect.DeepEqual(first, again) {
			t.Errorf("%s where transactions run twice:\n%+v\n%+v", s.Name, first, again)
		}
		if other := one.play(t, s.Text, "43"); reflect.DeepEqual(first, other) {
			t.Errorf("%s is the same with another seed", s.Name)
		}
	}
}

func TestPlay_EveryVerb(t *testing.T) {
	t.Parallel()
	h := newHouse(t, plain)
	out := h.play(t, `
# every verb, and some refusals
card ana
card ben
parcel box ana ben
parcel more ana -> card_not_shippable
step box
step box rejected ben
step box ready_to_ship
step box in_transit 1m ago
step box rejected ana -> simulation_invalid_state
expect box status in_transit
guess ana -> code_mismatch
reset ana
expect ana tries_left 5
freeze ana
unfreeze ana
block ana
expect ana obstacles blocked
unblock ana
report ana damaged
activate ana
replace ben eva stolen
expect ben stop stolen
report eva lost
wait 24h
activate eva -> reported_lost
card leo
parcel none leo
cancel none
expect none status canceled
order bulk kim max
order other lou
step bulk in_transit
step bulk returned
reship bulk again
step again delivered
expect again status delivered
destroy again -> shipment_not_returned
activate kim other -> batch_mismatch
activate kim bulk
expect kim plastic activated
activate max bulk
activate max bulk -> already_activated
reissue ana damaged
parcel next ana
step next delivered
activate ana
renew ana
card gil
parcel gone gil
step gone returned
destroy gone
wait 1h
`, "1")
	if last := out.Steps[len(out.Steps)-1]; !out.Passed || last.Step != "wait 1h" || last.At.Format(time.DateTime) != "2026-01-06 09:00:00" {
		t.Errorf("%+v", out)
	}
}

func TestPlay_EndsWithTheFirstStepThatIsNotAsExpected(t *testing.T) {
	t.Parallel()
	h := newHouse(t, plain)
	for text, got := range map[string]string{
		"card ana\nactivate ana\ncard ben":           "not_shipped",
		"order all ana ben\nexpect all status lost":  "unexpected",
		"card ana\nexpect ana plastic made\nwait 1h": "unexpected",
		"card ana\nfreeze ana -> not_allowed":        "ok",
	} {
		out := h.play(t, text, "1")
		if last := out.Steps[len(out.Steps)-1]; out.Passed || last.Got != got {
			t.Errorf("%q ends with %+v, want %s", text, last, got)
		}
	}
}

func TestPlay_ALiveProgrammeIsRefused(t *testing.T) {
	t.Parallel()
	script, err := scenario.Parse("card ana")
	if err != nil {
		t.Fatal(err)
	}
	_, err = newHouse(t, plain).player.Play(t.Context(), issuance.Caller{}, program.Program{Kind: program.Live}, script, "1")
	if !errors.Is(err, issuance.LiveProgram) {
		t.Errorf("%v", err)
	}
}

func TestParse_NamesEveryLineThatIsWrong(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                       "line 1",
		"# only words\n":                         "line 2",
		"fly ana":                                "line 1",
		"card":                                   "line 1",
		"card Ana":                               "line 1",
		"card ana\ncard ana":                     "line 2",
		"parcel box":                             "line 1",
		"parcel box ana":                         "line 1",
		"card ana\nparcel box ana ana":           "line 2",
		"card ana\nactivate ana -> Not A Reason": "line 2",
		"card ana\n-> ok":                        "line 2",
		"card ana\nstep ana":                     "line 2",
		"order all":                              "line 1",
		"order all ana\nactivate ana ana":        "line 2",
		"card ana\nparcel box ana\nreship box\nreship box box\nactivate ana box": "line 3, line 4, line 5",
		"wait a\nwait -1h\nwait 99999999h":                                       "line 1, line 2, line 3",
		"card ana\nexpect ana mood good":                                         "line 2",
		"card ana\nreport ana eaten":                                             "line 2",
		"card ana\nreplace ana ana lost":                                         "line 2",
		"card ana\nparcel box ana\nstep box delivered ana\nstep box rejected ana 1h ago\nstep box eaten": "line 3, line 4, line 5",
		strings.Repeat("wait 1h\n", 501):   "line 502",
		strings.Repeat("#", 64<<10) + "\n": "script",
	} {
		_, err := scenario.Parse(text)
		var lines []string
		for _, f := range fault.Of(err).Fields {
			if lines = append(lines, f.Path); f.Message == "" {
				t.Errorf("%.40q: %s has no message", text, f.Path)
			}
		}
		if got := strings.Join(lines, ", "); !errors.Is(err, scenario.Invalid) || got != want {
			t.Errorf("%.60q: %v in %s, want %s", text, err, got, want)
		}
	}
}
