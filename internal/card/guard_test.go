package card_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/program"
)

var policy = program.DefaultPolicy(program.Sandbox).Activation

func TestGuard_TheDefaultStepsOfALifetime(t *testing.T) {
	t.Parallel()
	g, at := card.Guard{State: card.Armed}, now
	for i, want := range []struct {
		left  int
		state card.GuardState
		lock  time.Duration
	}{
		{4, card.Armed, 0},
		{3, card.Armed, 0},
		{2, card.Armed, 0},
		{1, card.Armed, 0},
		{0, card.Locked, 15 * time.Minute},
		{4, card.Armed, 0},
		{3, card.Armed, 0},
		{2, card.Armed, 0},
		{1, card.Armed, 0},
		{0, card.Locked, time.Hour},
		{4, card.Armed, 0},
		{3, card.Armed, 0},
		{2, card.Armed, 0},
		{1, card.Armed, 0},
		{0, card.HardLocked, 0},
	} {
		g = g.At(at).Wrong(at, policy)
		if g.Left(policy) != want.left || g.State != want.state || g.LifetimeWrong != i+1 {
			t.Fatalf("wrong try %d: %s, %d left, %d ever; want %s, %d", i+1, g.State, g.Left(policy), g.LifetimeWrong, want.state, want.left)
		}
		if want.lock > 0 {
			if got := g.LockedUntil.Sub(at); got != want.lock {
				t.Fatalf("wrong try %d locks for %v, want %v", i+1, got, want.lock)
			}
			at = g.LockedUntil
		}
	}
	if g = g.At(at.Add(48 * time.Hour)); g.State != card.HardLocked {
		t.Fatalf("a hard lock ended by itself: %s", g.State)
	}
	if g = g.Reset(); g.State != card.Armed || g.Left(policy) != 5 || g.LifetimeWrong != 0 {
		t.Fatalf("an operator's reset gives %+v", g)
	}
}

func TestGuard_ThirdAndLaterLocksLastADay(t *testing.T) {
	t.Parallel()
	generous := policy
	generous.LifetimeTries = 100
	g, at := card.Guard{State: card.Armed}, now
	for _, want := range []time.Duration{15 * time.Minute, time.Hour, 24 * time.Hour, 24 * time.Hour} {
		for range 5 {
			g = g.At(at).Wrong(at, generous)
		}
		if got := g.LockedUntil.Sub(at); got != want {
			t.Fatalf("lock %d lasts %v, want %v", g.Locks, got, want)
		}
		at = g.LockedUntil
	}
}

// Tries never fall but by a reset; only an armed guard counts; a lock is left only by time or reset.
func TestGuard_CountsNeverFall(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := card.Guard{State: rapid.SampledFrom(card.GuardStates()).Draw(t, "state")}
		if g.State == card.Locked {
			g.LockedUntil = now.Add(time.Minute)
		}
		at := now
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			at = at.Add(time.Duration(rapid.IntRange(0, 7200).Draw(t, "wait")) * time.Second)
			before := g.At(at)
			after := before.Wrong(at, policy)
			if after.LifetimeWrong < g.LifetimeWrong || after.LifetimeWrong > policy.LifetimeTries {
				t.Fatalf("lifetime count went from %d to %d", g.LifetimeWrong, after.LifetimeWrong)
			}
			counted := after.LifetimeWrong - before.LifetimeWrong
			if (before.State == card.Armed) != (counted == 1) {
				t.Fatalf("a %s guard counted %d", before.State, counted)
			}
			if after.State == card.Locked && !after.LockedUntil.After(at) {
				t.Fatalf("locked until the past")
			}
			g = after
		}
	})
}

func TestGuard_EveryStateTimesEveryCommand(t *testing.T) {
	t.Parallel()
	type outcome struct{ wrong, consume, kill, reset card.GuardState }
	want := map[card.GuardState]outcome{
		card.Unset:      {card.Unset, card.Consumed, card.GuardVoid, card.Unset},
		card.Armed:      {card.Armed, card.Consumed, card.GuardVoid, card.Armed},
		card.Locked:     {card.Locked, card.Consumed, card.GuardVoid, card.Armed},
		card.HardLocked: {card.HardLocked, card.Consumed, card.GuardVoid, card.Armed},
		card.Consumed:   {card.Consumed, card.Consumed, card.Consumed, card.Consumed},
		card.GuardVoid:  {card.GuardVoid, card.Consumed, card.GuardVoid, card.GuardVoid},
	}
	for _, s := range card.GuardStates() {
		g := card.Guard{State: s, LockedUntil: now.Add(time.Hour), CodeHash: []byte{1}, CodeSealed: []byte{2}}
		got := outcome{g.Wrong(now, policy).State, g.Consume().State, g.Kill().State, g.Reset().State}
		if got != want[s] {
			t.Errorf("%s: %+v, want %+v", s, got, want[s])
		}
		if c := g.Consume(); c.CodeHash != nil || c.CodeSealed != nil {
			t.Errorf("%s: consuming leaves the code", s)
		}
		if k := g.Kill(); s != card.Consumed && (k.CodeHash != nil || k.CodeSealed != nil) {
			t.Errorf("%s: killing leaves the code", s)
		}
	}
}

func TestParseCode(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		"048213": true, "000000": true, "12345": false, "1234567": false, "12 345": false, "12345a": false,
		"１２３４５６": false, "": false, " 12345": false, "+12345": false,
	} {
		c, ok := card.ParseCode(in)
		if ok != want || ok && c.Reveal() != in || !ok && !c.IsZero() {
			t.Errorf("%q: %v", in, ok)
		}
	}
}

func TestPIN_Weakness(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]struct{ run, guessable bool }{
		"1357": {false, false}, "1234": {true, true}, "4321": {true, true}, "1112": {true, false}, "1111": {true, true},
		"8901": {false, false}, "1987": {true, true}, "2093": {false, true}, "7391": {false, false}, "4821": {false, true},
		"102938475610": {false, false}, "0000": {true, true}, "9012": {true, false},
	} {
		p, ok := card.ParsePIN(in, 4, 12)
		if !ok || p.HasRun() != want.run || p.Guessable("4821") != want.guessable {
			t.Errorf("%s: ok %v run %v guessable %v, want %+v", in, ok, p.HasRun(), p.Guessable("4821"), want)
		}
	}
	for _, bad := range []string{"", "123", "1234567890123", "12a4", "１２３４"} {
		if p, ok := card.ParsePIN(bad, 4, 12); ok || !p.IsZero() {
			t.Errorf("%q was taken", bad)
		}
	}
}

func FuzzParsePIN(f *testing.F) {
	f.Add("1234")
	f.Fuzz(func(t *testing.T, s string) {
		if p, ok := card.ParsePIN(s, 4, 12); ok && p.Reveal() != s {
			t.Fatal("a PIN changed while parsing")
		}
	})
}
