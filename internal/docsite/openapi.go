package docsite

import (
	"bytes"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reference is what the page of an API shows.
type reference struct {
	Name    string
	Intro   template.HTML
	Keys    []credential
	Groups  []group
	Schemas []component
}

// credential is one way to say who calls.
type credential struct {
	ID     string // in the document
	Header string
	Bearer bool
	Says   template.HTML
}

type group struct {
	Name       string
	Says       template.HTML
	Operations []operation
}

// Anchor is where the group stands on its page.
func (g group) Anchor() string { return "tag-" + strings.ReplaceAll(strings.ToLower(g.Name), " ", "-") }

type operation struct {
	ID, Method, Path, Summary string
	Says                      template.HTML
	Aliases                   []string
	Callers                   []string
	Ways                      [][]credential // each way is what is needed together; none: nobody is asked
	Scopes                    []string
	Parameters                []parameter
	BodyRequired              bool
	Bodies                    []body
	Answers                   []answer
}

// Anchor is where the operation stands on its page.
func (o operation) Anchor() string { return "op-" + o.ID }

// WaysText is the ways for the script.
func (o operation) WaysText() string {
	ways := make([]string, len(o.Ways))
	for i, w := range o.Ways {
		for j, c := range w {
			if j > 0 {
				ways[i] += "+"
			}
			ways[i] += c.ID
		}
	}
	return strings.Join(ways, " ")
}

type parameter struct {
	Name, In string
	Row      row
	Example  string
}

// Fresh reports whether each request wants a value of its own.
func (p parameter) Fresh() bool { return p.Name == "Idempotency-Key" }

type body struct {
	MediaType string
	Type      []piece
	Rows      []row
	Examples  []example
}

type example struct{ Name, Text string }

type answer struct {
	Status string
	Says   template.HTML
	Bodies []body
}

type component struct {
	Name   string
	Says   template.HTML
	Type   []piece
	Limits []piece
	Rows   []row
}

// callers are the words of x-callers.
var callers = map[string]string{"P": "the programme", "C": "a customer", "A": "an admin", "R": "a reader"}

// addReference makes the page of an API.
func (s *site) addReference(api API) error {
	var file yaml.Node
	if err := yaml.Unmarshal(api.OpenAPI, &file); err != nil {
		return err
	}
	if len(file.Content) == 0 {
		return fmt.Errorf("it is empty")
	}
	d := &spec{root: node{file.Content[0]}, keys: map[string]credential{}}
	ref := d.reference(api.Name)
	if d.err != nil {
		return d.err
	}
	title := strings.TrimPrefix(d.root.get("info").text("title"), "Firsttap ")
	p := &page{path: Path + "/" + api.Name, Title: strings.ToUpper(title[:1]) + title[1:], Operations: ref.Groups, Script: true}
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, "reference.html", ref); err != nil {
		return err
	}
	p.Body = template.HTML(out.String()) //nolint:gosec // made by a template
	s.add(p)
	return nil
}

func (d *spec) reference(name string) reference {
	ref := reference{Name: name, Intro: d.prose(d.root.get("info").text("description"))}
	parts := d.root.get("components")
	for id, n := range parts.get("securitySchemes").each() {
		c := credential{ID: id, Header: "Authorization", Says: d.prose(n.text("description"))}
		switch {
		case n.text("type") == "http" && n.text("scheme") == "bearer":
			c.Bearer = true
		case n.text("type") == "apiKey" && n.text("in") == "header":
			c.Header = n.text("name")
		default:
			d.fail("the security scheme %s is of a sort that is not shown", id)
		}
		ref.Keys = append(ref.Keys, c)
		d.keys[id] = c
	}
	for _, tag := range d.root.get("tags").items() {
		ref.Groups = append(ref.Groups, group{Name: tag.text("name"), Says: d.prose(tag.text("description"))})
	}
	for path, item := range d.root.get("paths").each() {
		for method, n := range item.each() {
			name, o := groupOf(path, n), d.operation(method, path, n)
			at := slices.IndexFunc(ref.Groups, func(g group) bool { return g.Name == name })
			if at < 0 {
				at = len(ref.Groups)
				ref.Groups = append(ref.Groups, group{Name: name})
			}
			ref.Groups[at].Operations = append(ref.Groups[at].Operations, o)
		}
	}
	for name, n := range parts.get("schemas").each() {
		ref.Schemas = append(ref.Schemas, component{Name: name, Says: d.prose(n.text("description")), Type: d.typeOf(n), Limits: d.limitsOf(n), Rows: d.rows(n, "")})
	}
	return ref
}

// groupOf is the tag of an operation, else the first word of its path that is not a version.
func groupOf(path string, n node) string {
	if tags := n.get("tags").items(); len(tags) > 0 {
		return tags[0].Value
	}
	word, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(path, "/"), "v1/"), "/")
	word = strings.ReplaceAll(word, "-", " ")
	if word == "openapi" {
		return "This document"
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

func (d *spec) operation(method, path string, n node) operation {
	d.knows(n, "tags", "operationId", "summary", "description", "security", "parameters", "requestBody", "responses", "x-callers", "x-aliases")
	o := operation{
		ID: n.text("operationId"), Method: strings.ToUpper(method), Path: path, Summary: n.text("summary"), Says: d.prose(n.text("description")),
	}
	if o.ID == "" || o.Summary == "" {
		d.fail("%s %s has no operationId or no summary", method, path)
	}
	for _, alias := range n.get("x-aliases").items() {
		o.Aliases = append(o.Aliases, alias.Value)
	}
	for _, c := range n.get("x-callers").items() {
		o.Callers = append(o.Callers, callers[c.Value])
	}
	security := n.get("security")
	if !security.there() {
		security = d.root.get("security")
	}
	for _, way := range security.items() {
		var together []credential
		for id, scopes := range way.each() {
			together = append(together, d.keys[id])
			for _, scope := range scopes.items() {
				o.Scopes = append(o.Scopes, scope.Value)
			}
		}
		o.Ways = append(o.Ways, together)
	}
	for _, p := range n.get("parameters").items() {
		o.Parameters = append(o.Parameters, d.parameter(d.resolve(p)))
	}
	sent := d.resolve(n.get("requestBody"))
	o.BodyRequired = sent.text("required") == "true"
	o.Bodies = d.bodies(sent.get("content"), true)
	for status, r := range n.get("responses").each() {
		r = d.resolve(r)
		d.knows(r, "description", "content", "headers")
		o.Answers = append(o.Answers, answer{Status: status, Says: d.prose(r.text("description")), Bodies: d.bodies(r.get("content"), false)})
	}
	return o
}

func (d *spec) parameter(n node) parameter {
	d.knows(n, "name", "in", "required", "description", "schema", "example")
	p := parameter{Name: n.text("name"), In: n.text("in"), Row: d.row(n.text("name"), n.get("schema"), n.text("required") == "true")}
	if says := n.text("description"); says != "" {
		p.Row.Says = d.prose(says)
	}
	if e := n.get("example"); e.there() {
		p.Example = e.Value
	} else if v := d.sample(n.get("schema")); v.there() && v.Kind == yaml.ScalarNode {
		p.Example = v.Value
	}
	return p
}

// bodies are what may be sent or answered, by media type. An example is made up for what is sent without one.
func (d *spec) bodies(content node, sent bool) (all []body) {
	for mediaType, n := range content.each() {
		d.knows(n, "schema", "example", "examples")
		schema := n.get("schema")
		b := body{MediaType: mediaType, Type: d.typeOf(schema)}
		if schema.text("$ref") == "" || sent {
			b.Rows = d.rows(d.resolve(schema), "")
		}
		if e := n.get("example"); e.there() {
			b.Examples = append(b.Examples, example{Name: "Example", Text: d.textOf(e)})
		}
		for name, e := range n.get("examples").each() {
			b.Examples = append(b.Examples, example{Name: strings.ReplaceAll(name, "_", " "), Text: d.textOf(e.get("value"))})
		}
		if made := d.sample(schema); len(b.Examples) == 0 && sent && made.there() {
			b.Examples = append(b.Examples, example{Name: "Example", Text: d.textOf(made)})
		}
		all = append(all, b)
	}
	return all
}
