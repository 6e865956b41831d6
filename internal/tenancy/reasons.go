package tenancy

import (
	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/fault"
)

// What a caller may be told.
var (
	PoliciesMoved = fault.New("policy_version_mismatch", fault.Conflict) // Detail: Version, which there is now
	ScopeExceeded = fault.New("scope_exceeded", fault.Forbidden)         // Detail: access.Scope, which the caller has not
	KeyOwn        = fault.New("key_own", fault.Refused)                  // a key does not end itself
	NeedsProgram  = fault.New("program_key_required", fault.Forbidden)   // a key of the installation belongs to no programme
)

// Version is how often the policies of a programme were changed.
type Version int64

// Reasons lists the reasons of this package, with those of package access that its doors tell.
func Reasons() []fault.Reason {
	return []fault.Reason{
		PoliciesMoved, ScopeExceeded, KeyOwn, NeedsProgram,
		access.PolicyInvalid, access.KeyRequestInvalid, access.KeyRevokedAlready,
		access.ProgramNameInvalid, access.ProgramNameTaken, access.ProgramKindInvalid,
	}
}
