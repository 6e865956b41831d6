package console

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/staff"
)

// page is a route behind a session.
type page struct {
	method, pattern string
	needs           staff.Ability
	handle          func(d *Door, c *call) error
}

const (
	scenarioPattern = "/p/{program}/sandbox/scenario"
	scenarioTimeout = 2 * time.Minute
	checkPattern    = "/p/{program}/batches/check"
	orderPattern    = "/p/{program}/batches/order"
)

// pages is the whole table. A pattern with {program} is about one programme, which the member must see.
var pages = []page{
	{"GET", "", staff.Look, (*Door).start},
	{"POST", "/sign-out", staff.Look, (*Door).signOut},
	{"GET", "/account", staff.Look, (*Door).account},
	{"POST", "/account/password", staff.Look, (*Door).changePassword},
	{"POST", "/account/codes", staff.Look, (*Door).prepareCodes},
	{"POST", "/account/codes/on", staff.Look, (*Door).turnCodesOn},
	{"GET", "/p/{program}", staff.Look, (*Door).search},
	{"GET", "/p/{program}/overview", staff.Look, (*Door).overview},
	{"POST", "/p/{program}/find", staff.Look, (*Door).find},
	{"GET", "/p/{program}/cards/{card}", staff.Look, (*Door).showCard},
	{"GET", "/p/{program}/batches", staff.Look, (*Door).listBatches},
	{"GET", "/p/{program}/batches/new", staff.OrderCards, (*Door).newOrder},
	{"POST", checkPattern, staff.OrderCards, (*Door).checkOrder},
	{"POST", orderPattern, staff.OrderCards, (*Door).placeOrder},
	{"GET", "/p/{program}/batches/{batch}/resubmit", staff.OrderCards, (*Door).orderAgain},
	{"GET", "/p/{program}/batches/{batch}", staff.Look, (*Door).showBatch},
	{"GET", "/p/{program}/batches/{batch}/items.csv", staff.Look, (*Door).batchCSV},
	{"GET", "/p/{program}/shipments", staff.Look, (*Door).listShipments},
	{"GET", "/p/{program}/shipments/{shipment}", staff.Look, (*Door).showShipment},
	{"GET", "/p/{program}/customers", staff.Look, (*Door).listCustomers},
	{"GET", "/p/{program}/customers/{customer}", staff.Look, (*Door).showCustomer},
	{"GET", "/p/{program}/webhooks", staff.Look, (*Door).listHooks},
	{"GET", "/p/{program}/webhooks/{door}/{endpoint}", staff.Look, (*Door).showHook},
	{"GET", "/p/{program}/webhooks/{door}/{endpoint}/deliveries/{delivery}", staff.Look, (*Door).showDelivery},
	{"POST", "/p/{program}/webhooks/{door}/{endpoint}/deliveries/{delivery}/retry", staff.KeepWebhooks, (*Door).retryDelivery},
	{"POST", "/p/{program}/webhooks/{door}/{endpoint}/replay", staff.KeepWebhooks, (*Door).replayRange},
	{"POST", "/p/{program}/webhooks/{door}/{endpoint}/{what}", staff.KeepWebhooks, (*Door).turnHook},
	{"GET", "/p/{program}/sandbox", staff.Look, (*Door).showSandbox},
	{"POST", "/p/{program}/sandbox/clock", staff.PlaySandbox, (*Door).turnClock},
	{"POST", "/p/{program}/sandbox/walk", staff.PlaySandbox, (*Door).walkParcel},
	{"POST", scenarioPattern, staff.PlaySandbox, (*Door).runScenario},
	{"GET", "/p/{program}/audit", staff.Look, (*Door).listAudit},
	{"GET", "/p/{program}/approvals", staff.Look, (*Door).listApprovals},
	{"POST", "/p/{program}/approvals/{approval}/approve", staff.Decide, (*Door).approve},
	{"POST", "/p/{program}/approvals/{approval}/refuse", staff.Decide, (*Door).disapprove},
	{"POST", "/p/{program}/cards/{card}/reset_guard", staff.ResetGuard, (*Door).resetGuard},
	{"POST", "/p/{program}/cards/{card}/{action}", staff.ChangeCard, (*Door).act},
}

func (d *Door) routes() []httpd.Route {
	routes := []httpd.Route{
		{Method: http.MethodGet, Pattern: Path + "/console.css", Door: doorName, Handler: d.stylesheet},
		{Method: http.MethodGet, Pattern: Path + "/sign-in", Door: doorName, Secret: true, Handler: d.showSignIn},
		{Method: http.MethodPost, Pattern: Path + "/sign-in", Door: doorName, Secret: true, MaxBody: maxForm, Handler: d.signIn},
	}
	for _, p := range slices.Concat(pages, adminPages) {
		r := httpd.Route{Method: p.method, Pattern: Path + p.pattern, Door: doorName, Auth: string(p.needs), Secret: true, Handler: d.behind(p)}
		if p.method == http.MethodPost {
			r.MaxBody = maxForm
		}
		switch p.pattern {
		case sealPattern, exportPattern:
			r.Timeout = sealTimeout
		case scenarioPattern:
			r.Timeout = scenarioTimeout
		case checkPattern, orderPattern:
			r.Timeout, r.MaxBody = orderTimeout, maxOrder
		}
		routes = append(routes, r)
	}
	return routes
}

// FormForeign says that a form did not come from a page of this session.
var FormForeign = fault.New("console_form_foreign", fault.Forbidden)

// call is a request of a member.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	visit   staff.Visit
	form    url.Values      // of a POST
	program program.Program // zero on pages about none
}

func (c *call) may(a staff.Ability) bool { return c.visit.Member.Role.May(a) }

// command is what every command carries that comes from here.
func (c *call) command() issuance.Command {
	by := visitorOf(c.r)
	return issuance.Command{Caller: issuance.Caller{
		Program: c.program.ID, Actor: c.visit.Member.Actor(), Channel: audit.ChannelConsole, Source: by.Source, RequestID: by.RequestID,
	}}
}

// behind lets a member in who has a session, the ability and the programme, with a form of this session.
func (d *Door) behind(p page) httpd.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		v, err := d.staff.Enter(r.Context(), cookieOf(r))
		if errors.Is(err, staff.SessionOver) {
			httpd.RecordOf(r.Context()).Reason = staff.SessionOver
			return d.see(w, "/sign-in")
		}
		if err != nil {
			return err
		}
		c := &call{w: w, r: r, visit: v}
		if err := d.admit(c, p); err != nil {
			return d.refuse(c, err)
		}
		if err := p.handle(d, c); err != nil {
			return d.refuse(c, err)
		}
		return nil
	}
}

func (d *Door) admit(c *call, p page) error {
	if !c.may(p.needs) {
		return fault.RefuseWith(staff.NotAllowed, p.needs)
	}
	if p.method == http.MethodPost {
		if err := d.foreign.Check(c.r); err != nil {
			return &fault.Error{Reason: FormForeign, Cause: err}
		}
		if err := parseForm(c.r); err != nil {
			return err
		}
		c.form = formOf(c.r)
		if subtle.ConstantTimeCompare([]byte(c.form.Get("form")), []byte(c.visit.FormToken)) != 1 {
			return fault.Refuse(FormForeign)
		}
	}
	name := httpd.Param(c.r, "program")
	if name == "" {
		return nil
	}
	mine, err := d.programs(c)
	if err != nil {
		return err
	}
	for _, one := range mine {
		if one.ID.String() == name {
			c.program = one
			httpd.RecordOf(c.r.Context()).Program = name
			return nil
		}
	}
	return fault.Refuse(issuance.ProgramUnknown)
}

// programs lists the programmes of the member that this host serves.
func (d *Door) programs(c *call) ([]program.Program, error) {
	mine, err := d.staff.Programs(c.r.Context(), c.visit.Member)
	return slices.DeleteFunc(mine, func(p program.Program) bool { return d.only != "" && p.Kind != d.only }), err
}

// parseForm reads the fields that were sent, and a file among them, into memory: nothing of it lies on the disk.
func parseForm(r *http.Request) error {
	parse := r.ParseForm
	if form.IsMedia(r.Header.Values("Content-Type"), "multipart/form-data") {
		parse = func() error { return r.ParseMultipartForm(maxOrder) }
	}
	err := parse()
	if broken := new(fault.Error); errors.As(err, &broken) {
		return broken
	}
	if err != nil {
		return &fault.Error{Reason: FormForeign, Cause: err}
	}
	return nil
}

// formOf is the form that was sent.
func formOf(r *http.Request) url.Values { return r.PostForm }

// cardOf is the card in the address; zero, which no card has, when there is none.
func (c *call) cardOf() ident.CardID {
	id, err := ident.ParseUUID(httpd.Param(c.r, "card"))
	if err != nil {
		return ident.CardID{}
	}
	return ident.CardID{UUID: id}
}
