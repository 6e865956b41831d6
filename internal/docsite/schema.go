package docsite

import (
	"fmt"
	"html/template"
	"iter"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// node is one place in a document. A node that is not there is a zero one, which has nothing in it.
type node struct{ *yaml.Node }

func (n node) there() bool { return n.Node != nil }

func (n node) get(key string) node {
	for k, v := range n.each() {
		if k == key {
			return v
		}
	}
	return node{}
}

// text is a scalar member; "" when it is not there.
func (n node) text(key string) string {
	if v := n.get(key); v.there() {
		return v.Value
	}
	return ""
}

// each gives the members in the order in which they are written.
func (n node) each() iter.Seq2[string, node] {
	return func(yield func(string, node) bool) {
		if !n.there() || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, node{n.Content[i+1]}) {
				return
			}
		}
	}
}

func (n node) items() (all []node) {
	if n.there() && n.Kind == yaml.SequenceNode {
		for _, c := range n.Content {
			all = append(all, node{c})
		}
	}
	return all
}

// spec is an OpenAPI document while it is read. It keeps the first thing that cannot be shown.
type spec struct {
	root node
	keys map[string]credential // by their name in the document
	err  error
}

func (d *spec) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
	}
}

// knows refuses a member that would not be shown.
func (d *spec) knows(n node, keys ...string) {
	for k := range n.each() {
		if !slices.Contains(keys, k) {
			d.fail("line %d: %s is not shown", n.Line, k)
		}
	}
}

func (d *spec) prose(source string) template.HTML {
	html, err := prose(source)
	if err != nil {
		d.fail("a description cannot be shown: %w", err)
	}
	return html
}

// resolve follows a reference inside the document.
func (d *spec) resolve(n node) node {
	for range 10 {
		ref := n.text("$ref")
		if ref == "" {
			return n
		}
		n = d.root
		for _, part := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
			n = n.get(part)
		}
		if !n.there() {
			d.fail("%s leads nowhere", ref)
			return n
		}
	}
	d.fail("a reference leads back to itself")
	return node{}
}

// piece is a part of the words for a type: plain, a value, or the name of a schema, which is a link.
type piece struct{ Text, Value, Schema string }

// row is one member in the table of a schema.
type row struct {
	Name     string
	Required bool
	Type     []piece
	Limits   []piece
	Says     template.HTML
}

const schemaPrefix = "#/components/schemas/"

// typeOf says what a value may be.
func (d *spec) typeOf(n node) (all []piece) {
	if !n.there() {
		return nil
	}
	if name, ok := strings.CutPrefix(n.text("$ref"), schemaPrefix); ok {
		d.resolve(n)
		return []piece{{Schema: name}}
	}
	if c := n.get("const"); c.there() {
		return []piece{{Text: "always "}, {Value: c.Value}}
	}
	for i, alternative := range n.get("oneOf").items() {
		if i > 0 {
			all = append(all, piece{Text: " or "})
		}
		all = append(all, d.typeOf(alternative)...)
	}
	names := []string{n.text("type")}
	for _, t := range n.get("type").items() {
		names = append(names, t.Value)
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		if len(all) > 0 {
			all = append(all, piece{Text: " or "})
		}
		if items := n.get("items"); name == "array" && items.there() {
			all = append(append(all, piece{Text: "array of "}), d.typeOf(items)...)
			continue
		}
		if format := n.text("format"); format != "" && name != "null" {
			name += " (" + format + ")"
		}
		all = append(all, piece{Text: name})
	}
	if len(all) == 0 {
		return []piece{{Text: "any value"}}
	}
	return all
}

// ranges are the keywords that bound a value, with what they count.
var ranges = []struct{ least, most, of string }{
	{"minLength", "maxLength", " characters"},
	{"minimum", "maximum", ""},
	{"minItems", "maxItems", " items"},
	{"", "maxProperties", " members"},
}

// between says a range; "" when there is none.
func between(least, most, of string) string {
	switch {
	case least == "" && most == "":
		return ""
	case least == most:
		return least + of
	case most == "":
		return least + of + " or more"
	case least == "":
		return "at most " + most + of
	default:
		return least + " to " + most + of
	}
}

// limitsOf says how a value is bounded.
func (d *spec) limitsOf(n node) (all []piece) {
	d.knows(n, "$ref", "type", "properties", "required", "enum", "description", "items", "format", "examples", "example", "additionalProperties",
		"oneOf", "uniqueItems", "const", "minLength", "maxLength", "pattern", "minimum", "exclusiveMinimum", "maximum", "minItems", "maxItems", "maxProperties", "default")
	next := func(p piece) {
		if len(all) > 0 {
			all = append(all, piece{Text: "; "})
		}
		all = append(all, p)
	}
	for i, v := range n.get("enum").items() {
		if i == 0 {
			next(piece{Text: "one of "})
		} else {
			all = append(all, piece{Text: ", "})
		}
		all = append(all, piece{Value: v.Value})
	}
	for _, r := range ranges {
		if words := between(n.text(r.least), n.text(r.most), r.of); words != "" {
			next(piece{Text: words})
		}
	}
	if v := n.text("exclusiveMinimum"); v != "" {
		next(piece{Text: "more than " + v})
	}
	for _, named := range []struct{ key, words string }{{"pattern", "fits "}, {"default", "default "}} {
		if v := n.text(named.key); v != "" {
			next(piece{Text: named.words})
			all = append(all, piece{Value: v})
		}
	}
	if n.text("uniqueItems") == "true" {
		next(piece{Text: "no item twice"})
	}
	if items := n.get("items"); items.there() {
		if of := d.limitsOf(items); len(of) > 0 {
			next(piece{Text: "each item: "})
			all = append(all, of...)
		}
	}
	return all
}

func (d *spec) row(name string, n node, required bool) row {
	return row{Name: name, Required: required, Type: d.typeOf(n), Limits: d.limitsOf(n), Says: d.prose(n.text("description"))}
}

// rows are the members of a schema, those of objects within it by a path of names. Schemas with a name of their own are
// linked and not opened.
func (d *spec) rows(n node, prefix string) (all []row) {
	d.limitsOf(n)
	var required []string
	for _, r := range n.get("required").items() {
		required = append(required, r.Value)
	}
	for name, member := range n.get("properties").each() {
		all = append(all, d.row(prefix+name, member, slices.Contains(required, name)))
		all = append(all, d.rows(member, prefix+name+".")...)
	}
	if items := n.get("items"); items.there() {
		all = append(all, d.rows(items, strings.TrimSuffix(prefix, ".")+"[].")...)
	}
	if other := n.get("additionalProperties"); other.there() && other.Kind == yaml.MappingNode {
		all = append(all, d.row(prefix+"*", other, false))
		all = append(all, d.rows(other, prefix+"*.")...)
	}
	for _, alternative := range n.get("oneOf").items() {
		all = append(all, d.rows(alternative, prefix)...)
	}
	return all
}
