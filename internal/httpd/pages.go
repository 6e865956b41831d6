package httpd

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/firsttap/firsttap/internal/fault"
)

// PageStatus is the status of a page that tells people a refusal of that kind; APIs have tables of their own.
func PageStatus(k fault.Kind) int {
	switch k {
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Throttled:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.Unauthenticated, fault.Forbidden:
		return http.StatusForbidden
	case fault.Conflict, fault.Refused:
		return http.StatusConflict
	case fault.Internal:
	}
	return http.StatusInternalServerError
}

// BrowserPath is a path of this host as browsers see it: a proxy may have put the public URL under a prefix.
func BrowserPath(publicURL, path string) string {
	u, err := url.Parse(publicURL)
	if err != nil {
		return path
	}
	return strings.TrimSuffix(u.Path, "/") + path
}
