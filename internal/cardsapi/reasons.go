package cardsapi

import "github.com/firsttap/firsttap/internal/fault"

// The refusals of this door itself, before any rule.
var (
	VersionMissing = fault.New("version_missing", fault.Invalid)
	VersionInvalid = fault.New("version_invalid", fault.Invalid) // Detail: []string, the versions that are taken
	MediaType      = fault.New("media_type_unsupported", fault.Invalid)
	BodyMalformed  = fault.New("body_malformed", fault.Invalid)
	FormInvalid    = fault.New("form_invalid", fault.Invalid) // Detail: group; Fields say what
	NoFunding      = fault.New("funding_not_enabled", fault.Forbidden)
)

// Reasons lists the reasons that this package declares.
func Reasons() []fault.Reason {
	return []fault.Reason{VersionMissing, VersionInvalid, MediaType, BodyMalformed, FormInvalid, NoFunding}
}
