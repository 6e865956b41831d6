package openapitest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Document is a door's OpenAPI document, ready to be compared. It is safe for concurrent use.
type Document struct {
	root     map[string]any
	compiler *jsonschema.Compiler

	mu      sync.Mutex
	schemas map[string]*jsonschema.Schema // by pointer
	seen    map[string]bool               // successes that some test has met
}

// home is where the document lies while it is compared.
const home = "mem:///openapi.json"

// Load reads a document in YAML. An error says why it is no valid OpenAPI 3.1.
func Load(ctx context.Context, text []byte) (*Document, error) {
	spec, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	if err := spec.Validate(ctx, openapi3.DisableExamplesValidation()); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(spec.OpenAPI, "3.1.") {
		return nil, errors.New("the document is not OpenAPI 3.1")
	}
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, err
	}
	root, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		return nil, err
	}
	object, ok := root.(map[string]any)
	if !ok {
		return nil, errors.New("the document is no object")
	}
	closeSchemas(object)
	d := &Document{root: object, compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}, seen: map[string]bool{}}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	return d, d.compiler.AddResource(home, root)
}

// closeSchemas lets objects with properties have no others.
func closeSchemas(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok && v["type"] != nil && v["additionalProperties"] == nil {
			v["additionalProperties"] = false
		}
		for _, child := range v {
			closeSchemas(child)
		}
	case []any:
		for _, child := range v {
			closeSchemas(child)
		}
	}
}

// place is a part of the document and where it lies.
type place struct {
	pointer string // of the fragment
	value   map[string]any
}

// at gives the member of a part, through references; an empty place when it is not there.
func (d *Document) at(p place, names ...string) place {
	for _, name := range names {
		child, ok := p.value[name].(map[string]any)
		if !ok {
			return place{}
		}
		p = d.follow(place{p.pointer + "/" + escape(name), child})
	}
	return p
}

// follow gives what a reference leads to.
func (d *Document) follow(p place) place {
	for {
		ref, ok := p.value["$ref"].(string)
		if !ok {
			return p
		}
		target := place{"", d.root}
		for _, name := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
			name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
			child, ok := target.value[name].(map[string]any)
			if !ok {
				return place{}
			}
			target = place{target.pointer + "/" + escape(name), child}
		}
		p = target
	}
}

func escape(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

func (d *Document) top() place { return place{"", d.root} }

// check tries a JSON value on the schema at a pointer; nil when it fits.
func (d *Document) check(pointer string, value any) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, ok := d.schemas[pointer]
	if !ok {
		var err error
		if s, err = d.compiler.Compile(home + "#" + strings.ReplaceAll(strings.ReplaceAll(pointer, "{", "%7B"), "}", "%7D")); err != nil {
			return err
		}
		d.schemas[pointer] = s
	}
	return s.Validate(value)
}

// Texts gives the texts or numbers of a list in the document, by the names that lead to its owner, as in
// components, schemas, ErrorCode for the member enum.
func (d *Document) Texts(member string, path ...string) []string {
	list, _ := d.at(d.top(), path...).value[member].([]any)
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = fmt.Sprint(v)
	}
	return out
}

// methods are the operations that a path may have.
var methods = []string{"get", "put", "post", "delete", "patch"}

// each calls f for every operation.
func (d *Document) each(f func(method, pattern string, op place)) {
	paths := d.at(d.top(), "paths")
	patterns := make([]string, 0, len(paths.value))
	for pattern := range paths.value {
		patterns = append(patterns, pattern)
	}
	slices.Sort(patterns)
	for _, pattern := range patterns {
		for _, method := range methods {
			if op := d.at(paths, pattern, method); op.value != nil {
				f(strings.ToUpper(method), pattern, op)
			}
		}
	}
}

// resolved gives the elements of a list, through references.
func (d *Document) resolved(p place, name string) []place {
	list, _ := p.value[name].([]any)
	var out []place
	for i, v := range list {
		if child, ok := v.(map[string]any); ok {
			out = append(out, d.follow(place{fmt.Sprintf("%s/%s/%d", p.pointer, name, i), child}))
		}
	}
	return out
}
