package bureau

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/shipment"
)

// The triggers on the second line of an address (cards contract §14.10).
const (
	TriggerReject = "SANDBOX-REJECT" // of a member's mailer: the member is refused
	TriggerDown   = "SANDBOX-DOWN"   // of the destination: the bureau does not answer
)

// The causes for which this bureau refuses a member.
const (
	causeRejected  = "MANUFACTURER_REJECTED"
	causeNotServed = "ADDRESS_NOT_SERVED"
)

// downFor is how long a client is told to wait when the bureau does not answer.
const downFor = 30 * time.Second

// Settings are what an operator says about the bureau.
type Settings struct {
	CutOff    time.Duration  // since midnight in Zone, below 24 h: when the day's production file closes
	Zone      *time.Location // of cut-off and working days; nil is UTC
	Weekdays  []time.Weekday // the working days; none: Monday to Friday
	Countries []string       // ISO 3166-1 alpha-2; none: all
	Couriers  []string       // DHL, FEDEX, POSTAL; none: all
}

// Sandbox is the built-in bureau.
type Sandbox struct {
	cutOff    time.Duration
	zone      *time.Location
	days      map[time.Weekday]bool
	countries []string
	couriers  []string
}

var (
	countryForm = regexp.MustCompile(`^[A-Z]{2}$`)
	couriers    = []string{"DHL", "FEDEX", "POSTAL"}
)

// New makes the built-in bureau. The error joins every problem of the settings.
func New(s Settings) (*Sandbox, error) {
	b := &Sandbox{cutOff: s.CutOff, zone: s.Zone, days: map[time.Weekday]bool{}, countries: s.Countries, couriers: s.Couriers}
	var problems []error
	if b.zone == nil {
		b.zone = time.UTC
	}
	if b.cutOff < 0 || b.cutOff >= 24*time.Hour {
		problems = append(problems, errors.New("cut-off: not a time of the day"))
	}
	for _, d := range s.Weekdays {
		if d < time.Sunday || d > time.Saturday {
			problems = append(problems, fmt.Errorf("working day %d: no such day", d))
			continue
		}
		b.days[d] = true
	}
	if len(s.Weekdays) == 0 {
		for d := time.Monday; d <= time.Friday; d++ {
			b.days[d] = true
		}
	}
	for _, c := range s.Countries {
		if !countryForm.MatchString(c) {
			problems = append(problems, fmt.Errorf("country %q: not two capital letters", c))
		}
	}
	for _, c := range s.Couriers {
		if !slices.Contains(couriers, c) {
			problems = append(problems, fmt.Errorf("courier %q: not DHL, FEDEX or POSTAL", c))
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return b, nil
}

// Check tells which members of a draft the bureau refuses and why, keyed by member. The error is
// shipment.BureauDown, with a time to wait.
func (b *Sandbox) Check(box card.Box) (map[ident.MemberID]string, error) {
	if box.Shipment.Destination.Line2 == TriggerDown {
		return nil, &fault.Error{Reason: shipment.BureauDown, RetryAfter: downFor}
	}
	refused := map[ident.MemberID]string{}
	reached, carried := b.Serves(box.Shipment.Destination.Country, box.Shipment.Courier.Type)
	for _, p := range box.Packed {
		switch {
		case p.Member.Address.Line2 == TriggerReject:
			refused[p.Member.ID] = causeRejected
		case !reached || !carried:
			refused[p.Member.ID] = causeNotServed
		}
	}
	return refused, nil
}

// Cutoff is when the production file closes that holds an order submitted at that time: at the cut-off
// of that day when it is a working day and the time has not come, else of the next working day (cards
// contract §14.1).
func (b *Sandbox) Cutoff(at time.Time) time.Time {
	local := at.In(b.zone)
	for day := 0; ; day++ {
		closes := time.Date(local.Year(), local.Month(), local.Day()+day, 0, int(b.cutOff/time.Minute), 0, 0, b.zone)
		if b.days[closes.Weekday()] && at.Before(closes) {
			return closes.UTC()
		}
	}
}

// Printable reports whether a line can be printed on a mailer: printable ASCII, and the Latin letters of
// Western and Central Europe (U+00A1 to U+017F).
func (b *Sandbox) Printable(line string) bool {
	for _, r := range line {
		if (r < ' ' || r > '~') && (r < '\u00a1' || r > '\u017f') || r == '\u00ad' {
			return false
		}
	}
	return true
}

// Serves reports whether parcels go to the country (ISO 3166-1 alpha-2), and with that courier.
func (b *Sandbox) Serves(country, courier string) (countryOK, courierOK bool) {
	return serves(b.countries, country), serves(b.couriers, courier)
}

// serves reports whether a list has the value; an empty list has all.
func serves(list []string, value string) bool {
	return len(list) == 0 || slices.Contains(list, value)
}
