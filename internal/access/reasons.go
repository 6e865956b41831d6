package access

import "github.com/firsttap/firsttap/internal/fault"

// What a caller may be told. Every door has a row for each that [Reasons] lists.
var (
	KeyMissing            = fault.New("api_key_required", fault.Unauthenticated)    // no Authorization header
	KeyHeaderInvalid      = fault.New("invalid_auth_header", fault.Unauthenticated) // not "Bearer <key>", or sent twice
	ScopeMissing          = fault.New("scope_missing", fault.Forbidden)             // Detail: Scope, which the key has not
	KeyInvalid            = fault.New("invalid_api_key", fault.Unauthenticated)     // malformed, unknown, revoked, of the other kind of host
	AddressNotAllowed     = fault.New("key_ip_not_allowed", fault.Forbidden)        // not on the key's allowlist
	EcommerceMissing      = fault.New("ecommerce_token_required", fault.Unauthenticated)
	EcommerceInvalid      = fault.New("ecommerce_token_invalid", fault.Unauthenticated) // malformed, unknown, revoked, expired, sent twice
	CustomerTokenMissing  = fault.New("customer_token_required", fault.Unauthenticated)
	CustomerTokenInvalid  = fault.New("customer_token_invalid", fault.Unauthenticated) // malformed, unknown, revoked, foreign, sent twice
	CustomerTokenExpired  = fault.New("customer_token_expired", fault.Unauthenticated)
	CustomerTokenInactive = fault.New("customer_token_inactive", fault.Unauthenticated) // waits for its activation
	BearerInvalid         = fault.New("bearer_token_invalid", fault.Unauthenticated)    // malformed, not ours, ended, sent twice
	BearerExpired         = fault.New("bearer_token_expired", fault.Unauthenticated)
	LoginRefused          = fault.New("login_refused", fault.Unauthenticated) // wrong, unknown, disabled, used before, over
	KeyUnknown            = fault.New("key_not_found", fault.NotFound)
	KeyLimit              = fault.New("key_limit_reached", fault.Refused)             // Detail: int, the most that may live
	KeyLastActive         = fault.New("key_last_active", fault.Refused)               // its end would lock the programme out
	CallerExcluded        = fault.New("key_allowlist_excludes_caller", fault.Refused) // the list would lock the caller out
	ClockOfSandboxOnly    = fault.New("clock_of_sandbox_only", fault.Forbidden)
	ClockInvalid          = fault.New("clock_invalid", fault.Invalid) // Detail: string
)

// ProgramSuspended and ProgramUnknown belong to the rules as well, which list them.
var (
	ProgramSuspended = fault.New("program_suspended", fault.Forbidden)
	ProgramUnknown   = fault.New("program_not_found", fault.NotFound)
)

// Reasons lists the reasons of this package that a caller of a door may meet.
func Reasons() []fault.Reason {
	return []fault.Reason{
		KeyMissing, KeyHeaderInvalid, KeyInvalid, ScopeMissing, AddressNotAllowed, EcommerceMissing, EcommerceInvalid,
		CustomerTokenMissing, CustomerTokenInvalid, CustomerTokenExpired, CustomerTokenInactive,
		BearerInvalid, BearerExpired, LoginRefused, KeyUnknown, KeyLimit, KeyLastActive, CallerExcluded,
		ClockOfSandboxOnly, ClockInvalid,
	}
}

// What only an operator may be told. No door sees these; the command line has the words.
var (
	ProgramNameInvalid = fault.New("program_name_invalid", fault.Invalid)
	ProgramNameTaken   = fault.New("program_name_taken", fault.Conflict)
	ProgramKindInvalid = fault.New("program_kind_invalid", fault.Invalid)
	PolicyInvalid      = fault.New("policy_invalid", fault.Invalid) // Detail: []string, one problem each
	KeyRequestInvalid  = fault.New("key_request_invalid", fault.Invalid)
	KeyRevokedAlready  = fault.New("key_revoked_already", fault.Refused)
	UserInvalid        = fault.New("user_invalid", fault.Invalid)
	UserTaken          = fault.New("user_taken", fault.Conflict)
	UserUnknown        = fault.New("user_not_found", fault.NotFound)
)

// OperatorReasons lists the reasons that only the operator's acts give.
func OperatorReasons() []fault.Reason {
	return []fault.Reason{
		ProgramNameInvalid, ProgramNameTaken, ProgramKindInvalid, PolicyInvalid,
		KeyRequestInvalid, KeyRevokedAlready, UserInvalid, UserTaken, UserUnknown,
	}
}
