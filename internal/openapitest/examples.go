package openapitest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Examples tries every example of the document on the schema beside it, and gives what does not fit.
func (d *Document) Examples() (wrong []string) {
	tried := 0
	var walk func(p place)
	walk = func(p place) {
		for _, e := range d.examplesOf(p) {
			tried++
			if err := d.check(e.schema, e.value); err != nil {
				wrong = append(wrong, fmt.Sprintf("%s: %v", p.pointer, err))
			}
		}
		for name, v := range p.value {
			switch v := v.(type) {
			case map[string]any:
				walk(place{p.pointer + "/" + escape(name), v})
			case []any:
				for i, item := range v {
					if child, ok := item.(map[string]any); ok && name != "examples" {
						walk(place{fmt.Sprintf("%s/%s/%d", p.pointer, escape(name), i), child})
					}
				}
			}
		}
	}
	walk(d.top())
	if tried == 0 {
		wrong = append(wrong, "the document has no example")
	}
	slices.Sort(wrong)
	return wrong
}

// example is a value with the pointer of its schema.
type example struct {
	name   string
	schema string
	value  any
}

// examplesOf gives the examples at a place: of a parameter or a media type, with a schema beside them, or of a
// schema itself.
func (d *Document) examplesOf(p place) (out []example) {
	if schema := d.at(p, "schema"); schema.value != nil {
		if v, ok := p.value["example"]; ok {
			out = append(out, example{"", schema.pointer, v})
		}
		named, _ := p.value["examples"].(map[string]any)
		for name, v := range named {
			if e, ok := v.(map[string]any); ok {
				out = append(out, example{name, schema.pointer, e["value"]})
			}
		}
	}
	if list, ok := p.value["examples"].([]any); ok && strings.HasPrefix(p.pointer, "/components/schemas/") {
		for _, v := range list {
			out = append(out, example{"", p.pointer, v})
		}
	}
	return out
}

// Request is an example of a request, ready to be sent: what the path names is an example too.
type Request struct {
	Method, Path, Name string
	Body               []byte
}

func marshal(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("openapitest: an example does not marshal: " + err.Error())
	}
	return text
}

// Requests gives the examples of JSON bodies of all operations. A parameter of a path without an example has the value that
// fill gives.
func (d *Document) Requests(fill func(param string) string) (out []Request) {
	d.each(func(method, pattern string, op place) {
		path := pattern
		for _, p := range d.resolved(op, "parameters") {
			name, _ := p.value["name"].(string)
			if p.value["in"] != "path" {
				continue
			}
			value, ok := p.value["example"]
			if !ok {
				value = fill(name)
			}
			path = strings.ReplaceAll(path, "{"+name+"}", fmt.Sprint(value))
		}
		for _, e := range d.examplesOf(d.at(op, "requestBody", "content", "application/json")) {
			out = append(out, Request{Method: method, Path: path, Name: e.name, Body: marshal(e.value)})
		}
	})
	return out
}
