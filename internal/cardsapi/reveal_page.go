package cardsapi

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/redact"
)

// Where the page of a card is served, and what it loads.
const (
	revealPath   = "/reveal"
	tokenPattern = revealPath + "/{token}"
)

//go:embed reveal
var revealFiles embed.FS

var revealTemplate = template.Must(template.ParseFS(revealFiles, "reveal/page.html"))

// revealRoutes are for browsers. Nobody has a key there: the token in the path is the right to see the page.
func (d *Door) revealRoutes() []httpd.Route {
	asset := func(name, mediaType string) httpd.Route {
		text, err := revealFiles.ReadFile("reveal/" + name)
		if err != nil {
			panic("cardsapi: " + name + " is not in the program")
		}
		return httpd.Route{Method: http.MethodGet, Pattern: revealPath + "/" + name, Auth: authNobody, Handler: func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("X-Content-Type-Options", "nosniff")
			return httpd.WriteDocument(w, mediaType, text)
		}}
	}
	return []httpd.Route{
		secret(httpd.Route{Method: http.MethodGet, Pattern: tokenPattern, Auth: authNobody, Handler: d.showCardPage}),
		asset("page.css", "text/css; charset=utf-8"),
		asset("page.js", "text/javascript; charset=utf-8"),
	}
}

// revealView is what the template of the page gets. A page that shows nothing says why.
type revealView struct {
	Assets, Stylesheet  string
	CopyButton          bool
	Said                string
	Number, Expiry, CVV string
}

// showCardPage is the page of contract §10.9. The number leaves its wrapper here, for the one page that carries it.
func (d *Door) showCardPage(w http.ResponseWriter, r *http.Request) error {
	rec := httpd.RecordOf(r.Context())
	if err := d.strangers.Check(rec.Address); err != nil {
		return refusePage(w, r, err)
	}
	shown, err := d.service.OpenRevealLink(r.Context(), issuance.OpenRevealLink{
		Token: redact.NewText(httpd.Param(r, "token")), Source: rec.Address, RequestID: rec.RequestID,
	})
	if err != nil {
		if errors.Is(err, card.LinkUnknown) {
			d.strangers.Failed(rec.Address)
		}
		return refusePage(w, r, err)
	}
	defer shown.PAN.Wipe()
	defer shown.CVV.Wipe()
	return writePage(w, r, http.StatusOK, shown.Frames, revealView{
		Stylesheet: shown.Stylesheet, CopyButton: shown.CopyButton,
		Number: grouped(shown.PAN.Reveal()), Expiry: shown.LastMonth.Format("01/06"), CVV: shown.CVV.Reveal(),
	})
}

// refusePage says no in words of the page: whoever looks at it is no client of the API.
func refusePage(w http.ResponseWriter, r *http.Request, err error) error {
	e, rec := fault.Of(err), httpd.RecordOf(r.Context())
	rec.Reason, rec.Cause = e.Reason, e.Cause
	said := "This page cannot be shown now. Try again later."
	if errors.Is(err, card.LinkUnknown) || errors.Is(err, card.LinkOver) {
		said = "This link is no longer valid."
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(int64((e.RetryAfter+time.Second-1)/time.Second), 10))
	}
	return writePage(w, r, answerOf(err).Status, anyFrame, revealView{Said: said})
}

// anyFrame is for pages with nothing to protect, which have no programme either.
const anyFrame = "*"

func writePage(w http.ResponseWriter, r *http.Request, status int, frames string, v revealView) error {
	v.Assets = "." // beside the token, under whatever prefix a proxy puts us
	if strings.HasSuffix(r.URL.Path, "/") {
		v.Assets = ".."
	}
	var page bytes.Buffer
	defer func() { clear(page.Bytes()) }()
	if err := revealTemplate.Execute(&page, v); err != nil {
		return fault.Wrap(err, "render the page of a card")
	}
	styles := "'self'"
	if v.Stylesheet != "" {
		styles += " " + originOf(v.Stylesheet)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src "+styles+"; script-src 'self'; frame-ancestors "+frames)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // what breaks now is the browser's connection; the link is used up
	return nil
}

// grouped writes a number as it is embossed, in groups of four.
func grouped(number string) string {
	var b strings.Builder
	for i, digit := range number {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// originOf is the origin of a stylesheet's URL, as a policy names it.
func originOf(stylesheet string) string {
	u, err := url.Parse(stylesheet)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + strings.ToLower(u.Host)
}
