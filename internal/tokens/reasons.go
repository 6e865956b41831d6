package tokens

import "github.com/firsttap/firsttap/internal/fault"

// What a caller may be told.
var (
	Incomplete      = fault.New("token_request_incomplete", fault.Invalid) // Fields say what is missing
	DeviceLinked    = fault.New("device_linked", fault.Refused)            // to this refresh token already
	DeviceNotLinked = fault.New("device_not_linked", fault.Refused)        // to this refresh token
	RefreshExpired  = fault.New("refresh_token_expired", fault.Unauthenticated)
	DataMissing     = fault.New("login_data_missing", fault.Invalid)         // extra_login_data
	DataMissingNow  = fault.New("login_data_missing_expired", fault.Invalid) // because the device's token has expired
	Refused         = fault.New("token_refused", fault.Unauthenticated)      // unknown token, wrong key, password or code
	TooManyWrong    = fault.New("token_answers_too_many", fault.Throttled)   // wrong answers of one customer
	TooManyRequests = fault.New("token_requests_too_many", fault.Throttled)  // of one customer
)

// Reasons lists the reasons of this package.
func Reasons() []fault.Reason {
	return []fault.Reason{
		Incomplete, DeviceLinked, DeviceNotLinked, RefreshExpired, DataMissing, DataMissingNow, Refused, TooManyWrong, TooManyRequests,
	}
}
