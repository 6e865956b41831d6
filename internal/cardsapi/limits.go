package cardsapi

import (
	"net/http"
	"strconv"

	"github.com/firsttap/firsttap/internal/httpd"
)

// limit is step 6: the rate of the programme in the tier of the route (contract §7).
func (d *Door) limit(c *call) error {
	w := c.identity.Program.Policy.RateLimits[c.route.Tier]
	limits := httpd.LimitsOf(w.Second, w.Minute, w.Day)
	report, admitted := d.windows.Admit(c.identity.Program.ID.String(), c.route.Tier, limits)
	if !report.Unlimited {
		showLimit(c.w.Header(), report, limits)
	}
	if !admitted {
		return report.Refusal()
	}
	return nil
}

// showLimit tells how the caller stands. Every request passes here: the names are written as a header keeps them,
// and each value serves both of its names.
func showLimit(h http.Header, report httpd.Report, limits httpd.Limits) {
	values := []string{
		strconv.Itoa(report.Limit), strconv.Itoa(report.Remaining), strconv.FormatInt(report.ResetUnix(), 10), limits.Policy(),
	}
	h["Ratelimit-Limit"], h["X-Ratelimit-Limit"] = values[0:1:1], values[0:1:1]
	h["Ratelimit-Remaining"], h["X-Ratelimit-Remaining"] = values[1:2:2], values[1:2:2]
	h["Ratelimit-Reset"], h["X-Ratelimit-Reset"] = values[2:3:3], values[2:3:3]
	h["Ratelimit-Policy"] = values[3:4:4]
}
