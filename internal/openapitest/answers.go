package openapitest

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Answer tries a real answer on the document: nil when it is described. An answer to a path or method that
// the document does not have must not be a success.
func (d *Document) Answer(method, path string, status int, header http.Header, body []byte) error {
	name, op := d.find(method, path)
	if op.value == nil {
		if status < 300 {
			return fmt.Errorf("%s %s answers %d, and is not in the document", method, path, status)
		}
		return nil
	}
	code, response := d.response(op, status)
	if response.value == nil {
		return fmt.Errorf("%s answers %d, which is not described", name, status)
	}
	if status < 300 {
		d.mu.Lock()
		d.seen[name+" "+code] = true
		d.mu.Unlock()
	}
	content := d.at(response, "content")
	if len(content.value) == 0 {
		if len(body) > 0 {
			return fmt.Errorf("%s answers %d with a body, and none is described", name, status)
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("%s answers %d without a media type", name, status)
	}
	media := d.at(content, kind)
	if media.value == nil {
		return fmt.Errorf("%s answers %d with %s, which is not described", name, status, kind)
	}
	if kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s answers %d: %w", name, status, err)
	}
	if err := d.check(d.at(media, "schema").pointer, value); err != nil {
		return fmt.Errorf("%s answers %d with %s: %w", name, status, body, err)
	}
	return nil
}

// response finds what is said of a status: of itself, or else of its hundred.
func (d *Document) response(op place, status int) (string, place) {
	for _, code := range []string{fmt.Sprint(status), fmt.Sprintf("%dXX", status/100)} {
		if p := d.at(op, "responses", code); p.value != nil {
			return code, p
		}
	}
	return "", place{}
}

// find gives the operation of a request, by its path or by one of its aliases. Of two that fit, the one with fewer
// parameters is meant.
func (d *Document) find(method, path string) (name string, found place) {
	path, _, _ = strings.Cut(path, "?")
	best := -1
	d.each(func(m, pattern string, op place) {
		if m != method {
			return
		}
		for _, p := range append([]string{pattern}, texts(op.value["x-aliases"])...) {
			if params, ok := fits(p, path); ok && (best < 0 || params < best) {
				best, name, found = params, m+" "+pattern, op
			}
		}
	})
	return name, found
}

// fits tells whether a path is one of the pattern's, and how many parameters that has.
func fits(pattern, path string) (params int, ok bool) {
	want, have := strings.Split(pattern, "/"), strings.Split(strings.TrimSuffix(path, "/"), "/")
	if len(want) != len(have) {
		return 0, false
	}
	for i, w := range want {
		switch {
		case strings.HasPrefix(w, "{"):
			if have[i] == "" {
				return 0, false
			}
			params++
		case !strings.EqualFold(w, have[i]):
			return 0, false
		}
	}
	return params, true
}

// Unseen gives the successes in the document that no answer was tried on.
func (d *Document) Unseen() (unseen []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.each(func(method, pattern string, op place) {
		for code := range d.at(op, "responses").value {
			if name := method + " " + pattern + " " + code; code[0] == '2' && !d.seen[name] {
				unseen = append(unseen, name)
			}
		}
	})
	slices.Sort(unseen)
	return unseen
}
