package secrettest

import "regexp"

// noise are texts that the product writes itself, of digits that mean nothing secret: UUIDs, hashes, ids of events, times
// of day, ports of loopback, and the two measures of a request record.
var noise = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|[0-9a-f]{32,}|` +
	`evt_[0-9A-Z]{26}|\d\d:\d\d:\d\d\.\d+|127\.0\.0\.1:\d+|"?(?:duration_us|bytes_out)"?[:=]\d+`)

// Digits tells how often the secret, some digits, stands in a text by itself: no other digit, letter or point
// touches it, and it is no part of a number that the product writes in any case.
func Digits[T string | []byte](text T, secret string) int {
	alone := regexp.MustCompile(`(?:^|[^0-9A-Za-z.])` + regexp.QuoteMeta(secret) + `(?:$|[^0-9A-Za-z.])`)
	return len(alone.FindAllIndex(noise.ReplaceAll([]byte(text), []byte("#")), -1))
}
