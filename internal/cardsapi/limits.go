package cardsapi

import (
	"strconv"

	"github.com/firsttap/firsttap/internal/httpd"
)

// limit is step 6: the rate of the programme in the tier of the route (contract §7).
func (d *Door) limit(c *call) error {
	w := c.identity.Program.Policy.RateLimits[c.route.Tier]
	limits := httpd.LimitsOf(w.Second, w.Minute, w.Day)
	report, admitted := d.windows.Admit(c.identity.Program.ID.String(), c.route.Tier, limits)
	if !report.Unlimited {
		h := c.w.Header()
		for name, n := range map[string]int64{
			"Limit": int64(report.Limit), "Remaining": int64(report.Remaining), "Reset": report.ResetUnix(),
		} {
			h.Set("RateLimit-"+name, strconv.FormatInt(n, 10))
			h.Set("X-RateLimit-"+name, strconv.FormatInt(n, 10))
		}
		h.Set("RateLimit-Policy", limits.Policy())
	}
	if !admitted {
		return report.Refusal()
	}
	return nil
}
