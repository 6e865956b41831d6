package cardsapi

import "github.com/firsttap/firsttap/internal/httpd"

// limit is step 6: the rate of the programme in the tier of the route (contract §7). Each header has a second name.
func (d *Door) limit(c *call) error {
	rate := c.identity.Program.Policy.RateLimits[c.route.Tier]
	h := c.w.Header()
	err := d.windows.Pass(h, c.record.Program, c.route.Tier, httpd.LimitsOf(rate.Second, rate.Minute, rate.Day))
	if _, limited := h["Ratelimit-Limit"]; limited {
		h["X-Ratelimit-Limit"], h["X-Ratelimit-Remaining"], h["X-Ratelimit-Reset"] = h["Ratelimit-Limit"], h["Ratelimit-Remaining"], h["Ratelimit-Reset"]
	}
	return err
}
