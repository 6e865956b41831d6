package program_test

import (
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/program"
)

func TestParsePolicy_DefaultsAreThoseOfTheContracts(t *testing.T) {
	t.Parallel()
	p := program.DefaultPolicy(program.Sandbox)
	a := p.Activation
	if a.Tries != 5 || a.LifetimeTries != 15 || len(a.LockSteps) != 2 || a.LockSteps[0] != 15*time.Minute || a.LockSteps[1] != time.Hour {
		t.Errorf("guard defaults %+v", a)
	}
	if a.RequireIdempotencyKey || a.AcceptAfterFailedDelivery || !a.ShowAttempts || a.CodeLifetime != 0 || a.BreakerTries != 100 {
		t.Errorf("activation defaults %+v", a)
	}
	if p.ActivationCode.Mode != program.CodeAllow || p.ActivationCode.PerCardPerDay != 5 || p.InitialBalanceCents != 100000 || !p.DigitalFirst {
		t.Errorf("defaults %+v", p)
	}
	if p.Debit.TimeZone.String() != "America/Mexico_City" || p.Debit.ActivationPayload != "documented" || p.Debit.ActivationGate != "created" || p.Debit.IDBits != 31 || p.Debit.Composite {
		t.Errorf("debit defaults %+v", p.Debit)
	}
	if p.RateLimits[program.TierDefault] != (program.Windows{Second: 10, Minute: 150, Day: 10_000}) {
		t.Errorf("sandbox rates %+v", p.RateLimits)
	}
	if live := program.DefaultPolicy(program.Live); live.RateLimits[program.TierDefault] != (program.Windows{Second: 20, Minute: 600, Day: 500_000}) {
		t.Errorf("live rates %+v", live.RateLimits)
	}
}

func TestParsePolicy_ReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := program.ParsePolicy(program.Live, map[string]string{
		"activation.tries": "none", "no.such": "1", "debit.time_zone": "Mars/Base", "webhooks.allow_private_targets": "true",
		"rate_limits.default": "1/2", "sandbox.initial_balance": "1.005", "activation.lock_steps": "soon",
		"sandbox.webhook_fault": "lose",
	})
	if err == nil {
		t.Fatal("a wrong policy was taken")
	}
	for _, want := range []string{"activation.tries", "no.such", "debit.time_zone", "webhooks.allow_private_targets", "rate_limits.default", "sandbox.initial_balance", "activation.lock_steps", "sandbox.webhook_fault"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not reported in %q", want, err)
		}
	}
}

func TestParsePolicy_EverySettingTakesItsDefaultAndRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, s := range program.Settings() {
		if s.Default != "" {
			if _, err := program.ParsePolicy(program.Sandbox, map[string]string{s.Name: s.Default}); err != nil {
				t.Errorf("%s: its own default is refused: %v", s.Name, err)
			}
		}
		if _, err := program.ParsePolicy(program.Sandbox, map[string]string{s.Name: "\x00nonsense"}); err == nil {
			t.Errorf("%s takes nonsense", s.Name)
		}
		if s.Effect == "" || s.Values == "" {
			t.Errorf("%s is not described", s.Name)
		}
	}
}

func TestProgram_OnlyASandboxHasItsOwnClock(t *testing.T) {
	t.Parallel()
	real := time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC)
	at := time.Date(2025, 11, 18, 17, 50, 57, 960232171, time.UTC)
	for name, c := range map[string]struct {
		p    program.Program
		want time.Time
	}{
		"live ignores a clock":   {program.Program{Kind: program.Live, Clock: program.Clock{}.Freeze(at)}, real},
		"sandbox without a move": {program.Program{Kind: program.Sandbox}, real},
		"sandbox frozen":         {program.Program{Kind: program.Sandbox, Clock: program.Clock{}.Freeze(at)}, at},
		"sandbox set":            {program.Program{Kind: program.Sandbox, Clock: program.Clock{}.Set(real, at)}, at},
		"sandbox advanced":       {program.Program{Kind: program.Sandbox, Clock: program.Clock{}.Advance(15 * time.Minute)}, real.Add(15 * time.Minute)},
		"frozen and advanced":    {program.Program{Kind: program.Sandbox, Clock: program.Clock{}.Freeze(at).Advance(time.Hour)}, at.Add(time.Hour)},
	} {
		if got := c.p.Now(real); !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestLater_IsAfterEveryChangeBefore(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC)
	ms := time.Millisecond
	for name, c := range map[string]struct {
		before []time.Time
		want   time.Time
	}{
		"nothing before":             {nil, now},
		"never changed":              {[]time.Time{{}}, now},
		"changed long ago":           {[]time.Time{now.Add(-time.Hour)}, now},
		"changed in the same moment": {[]time.Time{now}, now.Add(ms)},
		"within one millisecond":     {[]time.Time{now.Add(-300 * time.Microsecond)}, now.Add(ms - 300*time.Microsecond)},
		"the clock went back":        {[]time.Time{now, now.Add(48 * time.Hour)}, now.Add(48*time.Hour + ms)},
	} {
		if got := program.Later(now, c.before...); !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
