package docsite

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"

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
	shown  func() (map[string]*document, error) // by path
}

// New builds the door. The pages are rendered when the first of them is asked for: the commands of an operator start all
// doors too, and should not wait for them.
func New(apis []API) (*Door, error) {
	if len(apis) == 0 {
		return nil, errors.New("docsite: the OpenAPI documents are needed")
	}
	d := &Door{shown: sync.OnceValues(func() (map[string]*document, error) { return build(apis) })}
	var routes []httpd.Route
	for _, pattern := range []string{Path, Path + "/{page}", Path + "/{part}/{page}"} {
		routes = append(routes, httpd.Route{Method: http.MethodGet, Pattern: pattern, Door: doorName, Handler: d.show})
	}
	var err error
	d.router, err = httpd.NewRouter(httpd.MatchCase, routes)
	return d, err
}

// document is what an address shows, also packed: a reference is ten times smaller then.
type document struct {
	mediaType    string
	text, packed []byte
}

func newDocument(mediaType string, text []byte) (*document, error) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(text); err != nil {
		return nil, err
	}
	err := z.Close()
	return &document{mediaType: mediaType, text: text, packed: packed.Bytes()}, err
}

// lostPath is where the page for an address without one lies; its links are right for all addresses of its depth.
const lostPath = Path + "/not-found"

// build renders all that is shown. An error says which document cannot be shown, and why.
func build(apis []API) (map[string]*document, error) {
	s := &site{}
	for _, api := range apis {
		if err := s.addReference(api); err != nil {
			return nil, fmt.Errorf("show the OpenAPI document %s: %w", api.Name, err)
		}
	}
	if err := s.addDocuments(docs.Files); err != nil {
		return nil, err
	}
	texts, err := s.render()
	if err != nil {
		return nil, err
	}
	all := map[string]*document{}
	for at, text := range texts {
		if all[at], err = newDocument("text/html; charset=utf-8", text); err != nil {
			return nil, err
		}
	}
	for name, mediaType := range map[string]string{"site.css": "text/css; charset=utf-8", "try.js": "text/javascript; charset=utf-8"} {
		text, err := fs.ReadFile(files, "site/"+name)
		if err != nil {
			return nil, err
		}
		if all[Path+"/"+name], err = newDocument(mediaType, text); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// show gives a document. Links are relative, so that a proxy may put us under any prefix; an address with a slash at its end
// would bend them, and leads to the one without.
func (d *Door) show(w http.ResponseWriter, r *http.Request) error {
	all, err := d.shown()
	if err != nil {
		return fault.Wrap(err, "render the documentation")
	}
	at := r.URL.Path
	found := all[strings.TrimSuffix(at, "/")]
	switch {
	case found == nil || at == lostPath:
		return fault.Refuse(httpd.RouteNotFound)
	case strings.HasSuffix(at, "/"):
		w.Header().Set("Location", "../"+path.Base(at))
		w.WriteHeader(http.StatusPermanentRedirect)
		return nil
	}
	w.Header().Set("Cache-Control", "max-age=60")
	found.write(w, r, http.StatusOK)
	return nil
}

// policy lets a page load our stylesheet and our script, and lets the script speak to this server. Nothing else.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

func (d *document) write(w http.ResponseWriter, r *http.Request, status int) {
	h := w.Header()
	h.Set("Content-Type", d.mediaType)
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	text := d.text
	if d.packed != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		text = d.packed
	}
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

// Serve runs the handler: nobody has a key here.
func (d *Door) Serve(w http.ResponseWriter, r *http.Request, m httpd.Match) error {
	if m.Route == nil {
		return m.Refusal()
	}
	return m.Route.Handler(w, r)
}

// WriteError shows a page where there is none, and else a line: whoever looks at it is no client of an API.
func (d *Door) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	e := fault.Of(err)
	status := http.StatusInternalServerError
	switch {
	case e.Reason == httpd.MethodNotAllowed:
		status = http.StatusMethodNotAllowed
	case e.Reason.Kind() == fault.NotFound:
		status = http.StatusNotFound
	case e.Reason.Kind() == fault.Unavailable:
		status = http.StatusServiceUnavailable
	}
	if allowed, ok := e.Detail.(httpd.Allowed); ok {
		w.Header().Set("Allow", strings.Join(allowed.Methods, ", "))
	}
	line := &document{mediaType: "text/plain; charset=utf-8", text: []byte(http.StatusText(status) + "\n")}
	if all, err := d.shown(); err == nil && status == http.StatusNotFound && path.Dir(r.URL.Path) == Path {
		line = all[lostPath]
	}
	line.write(w, r, status)
}
