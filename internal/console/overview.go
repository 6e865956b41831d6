package console

import (
	"net/http"
	"strconv"
	"time"

	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
)

// overviewPage is how a programme fares, in figures and charts.
type overviewPage struct {
	Weeks   bool // twelve weeks instead of thirty days
	Behind  int64
	Stages  []stage
	Charts  []chart
	Rows    []period
	Batches []batchFunnel
	Failed  []troubled
	Quiet   []troubled
	Hooks   []hookLine
}

// stage is a step of the funnel, in the whole time that is shown.
type stage struct {
	Name                        string
	Single, Bulk, All           int64
	Of                          string // share of what was ordered
	SingleWidth, BulkX, Bulk100 int
}

// chart is one figure over time, a bar for each period.
type chart struct {
	ID, Title, Desc string
	All, Most       int64
	Width           int // of the drawing; it is as high as chartHeight
	Bars            []bar
}

// bar stands on the ground of the chart: single cards below, those of batches above them.
type bar struct{ X, SingleY, SingleH, BulkY, BulkH int }

// period is a row of the table that has the same figures.
type period struct {
	Name   string
	Counts []laneCount // in the order of the charts
}

type laneCount struct{ Single, Bulk int64 }

type batchFunnel struct {
	Reference, At string
	issuance.FunnelCounts
	Share string // activated, of those that were made
	Width int
}

type troubled struct{ ID, Status, Courier, Tracking, News string }

type hookLine struct {
	ID, Name, Door, URL, State, LastUsed, Since string
	Waiting, Failing                            string
	Good                                        bool
}

const (
	shownDays   = 30
	shownWeeks  = 12
	chartHeight = 60
	barStep     = 10 // from one bar to the next, with a gap of two
)

// figures are what the charts show, in their order. The first five are the funnel.
var figures = []struct {
	name, desc string
	of         func(issuance.FunnelCounts) int64
}{
	{"Ordered", "physical cards that were ordered", func(c issuance.FunnelCounts) int64 { return c.Ordered }},
	{"Made", "cards that got their number", func(c issuance.FunnelCounts) int64 { return c.Made }},
	{"Shipped", "cards that a courier took", func(c issuance.FunnelCounts) int64 { return c.Shipped }},
	{"Delivered", "cards that a courier delivered", func(c issuance.FunnelCounts) int64 { return c.Delivered }},
	{"Activated", "cards that their holders activated", func(c issuance.FunnelCounts) int64 { return c.Activated }},
	{"Wrong codes", "tries that a guard counted", func(c issuance.FunnelCounts) int64 { return c.Wrong }},
	{"Locks", "times that a guard locked", func(c issuance.FunnelCounts) int64 { return c.Locked }},
}

const funnelFigures = 5

func (d *Door) overview(c *call) error {
	weeks := c.r.URL.Query().Has("weeks")
	periods, length := shownDays, 1
	if weeks {
		periods, length = shownWeeks, 7
	}
	o, err := d.service.Overview(c.r.Context(), c.program.ID, periods*length)
	if err != nil {
		return err
	}
	v := d.view(c, "overview", "Overview")
	page := overviewPage{Weeks: weeks, Behind: o.Mark.Behind()}
	first := o.Now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-periods*length)
	counts := make([]map[issuance.Lane]issuance.FunnelCounts, periods)
	for i := range counts {
		counts[i] = map[issuance.Lane]issuance.FunnelCounts{}
	}
	for _, day := range o.Days {
		if at := int(day.Day.Sub(first).Hours()/24) / length; at >= 0 && at < periods { // a sandbox whose clock went back has days to come
			sum := counts[at][day.Lane]
			sum.Add(day.FunnelCounts)
			counts[at][day.Lane] = sum
		}
	}
	page.Charts, page.Rows = chartsOf(counts, first, length)
	page.Stages = stagesOf(page.Rows)
	for _, b := range o.Batches {
		page.Batches = append(page.Batches, batchFunnel{
			string(b.Reference), moment(b.CreatedAt), b.FunnelCounts, share(b.Activated, b.Made), width(b.Activated, b.Made),
		})
	}
	page.Failed, page.Quiet = troubledOf(o.Failed), troubledOf(o.Quiet)
	for _, h := range o.Hooks {
		page.Hooks = append(page.Hooks, hookOf(h, o.Most))
	}
	v.Overview = &page
	return d.write(c.w, http.StatusOK, v)
}

func chartsOf(counts []map[issuance.Lane]issuance.FunnelCounts, first time.Time, length int) ([]chart, []period) {
	rows := make([]period, len(counts))
	for i := range rows {
		rows[i].Name = first.AddDate(0, 0, i*length).Format(time.DateOnly)
	}
	var charts []chart
	for n, f := range figures {
		ch := chart{ID: "chart-" + strconv.Itoa(n), Title: f.name, Width: len(counts) * barStep}
		for i, lanes := range counts {
			one := laneCount{f.of(lanes[issuance.SingleLane]), f.of(lanes[issuance.BulkLane])}
			rows[i].Counts = append(rows[i].Counts, one)
			ch.All += one.Single + one.Bulk
			ch.Most = max(ch.Most, one.Single+one.Bulk)
		}
		for i := range counts {
			ch.Bars = append(ch.Bars, barOf(i, rows[i].Counts[n], ch.Most))
		}
		ch.Desc = "Bars from " + rows[0].Name + " to " + rows[len(rows)-1].Name + ": " + f.desc + ". " + count(ch.All) + " in all, at most " + count(ch.Most) + " in one bar."
		charts = append(charts, ch)
	}
	return charts, rows
}

func barOf(place int, n laneCount, most int64) bar {
	b := bar{X: place*barStep + 1}
	if most > 0 {
		b.SingleH = visible(n.Single, most)
		b.BulkH = min(visible(n.Bulk, most), chartHeight-b.SingleH)
	}
	b.SingleY = chartHeight - b.SingleH
	b.BulkY = b.SingleY - b.BulkH
	return b
}

// visible is the height of a part of a bar; what is not nothing can be seen.
func visible(n, most int64) int {
	if n == 0 {
		return 0
	}
	return max(1, int(n*chartHeight/most))
}

func stagesOf(rows []period) (out []stage) {
	var ordered, most int64
	for n, f := range figures[:funnelFigures] {
		s := stage{Name: f.name}
		for _, r := range rows {
			s.Single += r.Counts[n].Single
			s.Bulk += r.Counts[n].Bulk
		}
		s.All = s.Single + s.Bulk
		if n == 0 {
			ordered = s.All
		}
		s.Of, most = share(s.All, ordered), max(most, s.All)
		out = append(out, s)
	}
	for i := range out {
		out[i].SingleWidth = width(out[i].Single, most)
		out[i].BulkX, out[i].Bulk100 = out[i].SingleWidth, width(out[i].All, most)-width(out[i].Single, most)
	}
	return out
}

// width is n of most, in hundredths.
func width(n, most int64) int {
	if most == 0 {
		return 0
	}
	return int(min(n, most) * 100 / most)
}

func share(n, of int64) string {
	if of == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(n)*100/float64(of), 'f', 1, 64) + " %"
}

// count writes a number with spaces between thousands, as people read it.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u00a0" + s[i:]
	}
	return s
}

func troubledOf(list []shipment.Shipment) (out []troubled) {
	for _, s := range list {
		out = append(out, troubled{s.ID.String(), word(string(s.Status)), s.Courier.Type, s.TrackingNumber, moment(s.UpdatedAt)})
	}
	return out
}

func hookOf(h issuance.EndpointHealth, most int) hookLine {
	line := hookLine{
		ID: h.ID.String(), Name: h.Name, Door: string(h.Door), URL: h.URL, State: "good", Good: true, LastUsed: moment(h.LastUsedAt), Since: moment(h.FailingSince),
		Waiting: upTo(h.Waiting, most), Failing: upTo(h.Failing, most),
	}
	switch {
	case h.Paused:
		line.State, line.Good = "paused", false
	case !h.FailingSince.IsZero():
		line.State, line.Good = "failing", false
	}
	return line
}

func upTo(n, most int) string {
	if n >= most {
		return strconv.Itoa(most) + " or more"
	}
	return strconv.Itoa(n)
}
