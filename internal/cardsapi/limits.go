package cardsapi

import (
	"strconv"
	"time"

	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/program"
)

// limit is step 6: the rate of the programme in the tier of the route (contract §7).
func (d *Door) limit(c *call) error {
	limits := limitsOf(c.identity.Program.Policy.RateLimits[c.route.Tier])
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

// limitsOf gives the windows of a tier that limit anything.
func limitsOf(w program.Windows) httpd.Limits {
	var out httpd.Limits
	for _, l := range []httpd.Limit{{Requests: w.Second, Per: time.Second}, {Requests: w.Minute, Per: time.Minute}, {Requests: w.Day, Per: 24 * time.Hour}} {
		if l.Requests > 0 {
			out = append(out, l)
		}
	}
	return out
}
