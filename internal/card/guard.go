package card

import (
	"time"

	"github.com/firsttap/firsttap/internal/program"
)

// GuardMethod is what activation asks for.
type GuardMethod string

// The methods of a guard.
const (
	ByCode            GuardMethod = "code"             // the 6-digit code of the mailer
	ByIdentifierBatch GuardMethod = "identifier_batch" // the card's identifier and its batch
)

// GuardState is whether a try is allowed.
type GuardState string

// The states of a guard.
const (
	Unset      GuardState = "unset"
	Armed      GuardState = "armed"
	Locked     GuardState = "locked"
	HardLocked GuardState = "hard_locked"
	Consumed   GuardState = "consumed"
	GuardVoid  GuardState = "void"
)

// GuardStates lists the states.
func GuardStates() []GuardState {
	return []GuardState{Unset, Armed, Locked, HardLocked, Consumed, GuardVoid}
}

// lockBeyondSteps is how long a lock lasts once the policy's steps are used up (debit contract §7.3).
const lockBeyondSteps = 24 * time.Hour

// Guard protects the activation of one plastic.
type Guard struct {
	Method        GuardMethod
	State         GuardState
	Tries         int // wrong tries in this window
	LifetimeWrong int // wrong tries ever; falls only by an operator's reset
	Locks         int // locks so far
	LockedUntil   time.Time
	CodeHash      []byte    // keyed hash of the code; nil when there is none
	CodeSealed    []byte    // the code sealed for recovery; nil once erased
	CodeIssuedAt  time.Time // zero when there is no code
	CodeVersion   int       // of the code: 0 before the first, one more with each new one
}

// At is the guard as it stands at now: a lock whose time has passed is armed again, with a fresh window;
// the lifetime count stays.
func (g Guard) At(now time.Time) Guard {
	if g.State == Locked && !now.Before(g.LockedUntil) {
		g.State, g.Tries, g.LockedUntil = Armed, 0, time.Time{}
	}
	return g
}

// Left is how many wrong tries remain before the next lock of any sort: the smaller of the window's and
// the lifetime's.
func (g Guard) Left(p program.Activation) int {
	if g.State != Armed {
		return 0
	}
	return max(0, min(p.Tries-g.Tries, p.LifetimeTries-g.LifetimeWrong))
}

// Wrong counts one wrong try at now. Only an armed guard counts; call [Guard.At] first.
func (g Guard) Wrong(now time.Time, p program.Activation) Guard {
	if g.State != Armed {
		return g
	}
	g.Tries++
	g.LifetimeWrong++
	switch {
	case g.LifetimeWrong >= p.LifetimeTries:
		g.State, g.LockedUntil = HardLocked, time.Time{}
	case g.Tries >= p.Tries:
		g.State, g.LockedUntil = Locked, now.Add(lockLength(g.Locks, p))
		g.Locks++
	}
	return g
}

// Recode is the guard with another code, which takes the place of the one before. Tries, locks and the lifetime count
// stay: else a new code would be a way around them. sealed is nil where no code is kept that can be read.
func (g Guard) Recode(hash, sealed []byte, at time.Time) Guard {
	g.CodeHash, g.CodeSealed, g.CodeIssuedAt = hash, sealed, at
	g.CodeVersion++
	return g
}

// Consume ends the guard at activation: the code is erased, sealed copy and hash.
func (g Guard) Consume() Guard {
	g.State, g.LockedUntil, g.CodeHash, g.CodeSealed = Consumed, time.Time{}, nil, nil
	return g
}

// Kill ends the guard of a plastic that will never be activated; the code is erased.
func (g Guard) Kill() Guard {
	if g.State == Consumed {
		return g
	}
	g.State, g.LockedUntil, g.CodeHash, g.CodeSealed = GuardVoid, time.Time{}, nil, nil
	return g
}

// Reset is the operator's release: tries and lifetime count start again. A consumed, void or unset guard
// stays as it is.
func (g Guard) Reset() Guard {
	if g.State == Armed || g.State == Locked || g.State == HardLocked {
		g.State, g.Tries, g.LifetimeWrong, g.Locks, g.LockedUntil = Armed, 0, 0, 0, time.Time{}
	}
	return g
}

func lockLength(locksBefore int, p program.Activation) time.Duration {
	if locksBefore < len(p.LockSteps) {
		return p.LockSteps[locksBefore]
	}
	return lockBeyondSteps
}
