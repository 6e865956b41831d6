package docsite

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/firsttap/firsttap/docs"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
)

// doorName is this door in logs and metrics.
const doorName = "docs"

// Path is where the pages lie.
const Path = "/docs"

// API is one API that has a reference.
type API struct {
	Name    string // the last part of the address of its page
	OpenAPI []byte // its document, as YAML
}

// Door is the documentation on the shared listener.
type Door struct {
	router *httpd.Router
	lost   []byte // the page for an address that has none
}

// New renders all pages. An error says which document cannot be shown, and why.
func New(apis []API) (*Door, error) {
	if len(apis) == 0 {
		return nil, errors.New("docsite: the OpenAPI documents are needed")
	}
	s := &site{}
	for _, api := range apis {
		if err := s.addReference(api); err != nil {
			return nil, fmt.Errorf("show the OpenAPI document %s: %w", api.Name, err)
		}
	}
	if err := s.addDocuments(docs.Files); err != nil {
		return nil, err
	}
	routes, err := s.routes()
	if err != nil {
		return nil, err
	}
	for _, asset := range []struct{ name, mediaType string }{{"site.css", "text/css; charset=utf-8"}, {"try.js", "text/javascript; charset=utf-8"}} {
		text, err := fs.ReadFile(files, "site/"+asset.name)
		if err != nil {
			return nil, err
		}
		routes = append(routes, route(Path+"/"+asset.name, asset.mediaType, text))
	}
	d := &Door{}
	if d.lost, err = s.render(&page{path: Path + "/lost", Title: "There is no such page", Body: "<p>Begin at the list of all pages.</p>"}); err != nil {
		return nil, err
	}
	d.router, err = httpd.NewRouter(httpd.MatchCase, routes)
	return d, err
}

func route(pattern, mediaType string, text []byte) httpd.Route {
	return httpd.Route{Method: http.MethodGet, Pattern: pattern, Door: doorName, Handler: func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Cache-Control", "max-age=60")
		write(w, http.StatusOK, mediaType, text)
		return nil
	}}
}

// policy lets a page load our stylesheet and our script, and lets the script speak to this server. Nothing else.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

func write(w http.ResponseWriter, status int, mediaType string, text []byte) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text) // what breaks now is the browser's connection
}

// Name is the door's word in logs and metrics.
func (d *Door) Name() string { return doorName }

// Owns reports whether the request is for the documentation.
func (d *Door) Owns(r *http.Request) bool {
	return httpd.PathUnder(httpd.MatchCase, r.URL.EscapedPath(), Path)
}

// Router finds the door's routes.
func (d *Door) Router() *httpd.Router { return d.router }

// Serve gives the page. Links are relative, so that a proxy may put us under any prefix; an address with a slash at its end
// would bend them, and leads to the one without.
func (d *Door) Serve(w http.ResponseWriter, r *http.Request, m httpd.Match) error {
	if m.Route == nil {
		return m.Refusal()
	}
	if at := r.URL.EscapedPath(); strings.HasSuffix(at, "/") {
		w.Header().Set("Location", "../"+path.Base(at))
		w.WriteHeader(http.StatusPermanentRedirect)
		return nil
	}
	return m.Route.Handler(w, r)
}

// WriteError shows a page: whoever looks at it is no client of an API.
func (d *Door) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	e := fault.Of(err)
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, httpd.MethodNotAllowed):
		status = http.StatusMethodNotAllowed
	case e.Reason.Kind() == fault.NotFound:
		status = http.StatusNotFound
	case e.Reason.Kind() == fault.Unavailable:
		status = http.StatusServiceUnavailable
	}
	if allowed, ok := e.Detail.(httpd.Allowed); ok {
		w.Header().Set("Allow", strings.Join(allowed.Methods, ", "))
	}
	if status == http.StatusNotFound && strings.Count(r.URL.EscapedPath(), "/") == 2 { // its links are right at this depth only
		write(w, status, htmlType, d.lost)
		return
	}
	write(w, status, "text/plain; charset=utf-8", []byte(http.StatusText(status)+"\n"))
}
