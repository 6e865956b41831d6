package openapitest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/firsttap/firsttap/internal/httpd"
)

// Operation is what a door's table says of one endpoint.
type Operation struct {
	Method, Pattern string
	Callers         string // as the extension x-callers writes it; "" when the document has none
	Aliases         []string
	Scopes          []string // that the key must have; nil when the door has none
	Security        []string // the alternatives, each of schemes joined by +; "none" when nobody must be known
	Idempotency     httpd.Idempotency
	Body            bool
}

// Differ compares the document with the table of routes, in both directions, and gives what differs.
func (d *Document) Differ(table []Operation) (differences []string) {
	say := func(format string, args ...any) { differences = append(differences, fmt.Sprintf(format, args...)) }
	documented, ids := map[string]place{}, map[string]bool{}
	d.each(func(method, pattern string, op place) { documented[method+" "+pattern] = op })
	for _, want := range table {
		name := want.Method + " " + want.Pattern
		op, ok := documented[name]
		if !ok {
			say("%s is not in the document", name)
			continue
		}
		delete(documented, name)
		id, _ := op.value["operationId"].(string)
		if id == "" || ids[id] {
			say("%s has no operationId of its own", name)
		}
		ids[id] = true
		for _, other := range d.differ(want, op) {
			say("%s: %s", name, other)
		}
	}
	for name := range documented {
		say("%s is in the document, and no door serves it", name)
	}
	slices.Sort(differences)
	return differences
}

func (d *Document) differ(want Operation, op place) (out []string) {
	say := func(what string, want, have any) {
		out = append(out, fmt.Sprintf("%s is %v in the table and %v in the document", what, want, have))
	}
	if want.Callers != "" {
		if have := joined(op.value["x-callers"]); have != want.Callers {
			say("who may call", want.Callers, have)
		}
	}
	if have := d.security(op); !equal(want.Security, have) {
		say("security", want.Security, have)
	}
	if have := d.scopes(op); want.Scopes != nil && !equal(want.Scopes, have) {
		say("the scopes", want.Scopes, have)
	}
	if have := texts(op.value["x-aliases"]); !equal(want.Aliases, have) {
		say("the list of aliases", want.Aliases, have)
	}
	if _, have := op.value["requestBody"]; have != want.Body {
		say("a body", want.Body, have)
	}
	key, demanded := false, false
	params := map[string]bool{}
	for _, p := range d.resolved(op, "parameters") {
		name, _ := p.value["name"].(string)
		if p.value["in"] == "path" {
			params[name] = true
		}
		if name == "Idempotency-Key" {
			key = true
			demanded, _ = p.value["required"].(bool)
		}
	}
	if key != (want.Idempotency != httpd.None) || demanded != (want.Idempotency == httpd.Required) {
		say("the idempotency key", want.Idempotency, fmt.Sprintf("taken %v, required %v", key, demanded))
	}
	for _, segment := range strings.Split(want.Pattern, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok && !params[strings.TrimSuffix(name, "}")] {
			out = append(out, "the parameter "+segment+" of the path is not described")
		}
	}
	success := 0
	for status := range d.at(op, "responses").value {
		if status[0] == '2' {
			success++
		}
	}
	if refused := d.at(op, "responses", "403"); success == 0 && refused.value == nil {
		out = append(out, "no answer of success is described")
	}
	return out
}

// security gives the alternatives of an operation.
func (d *Document) security(op place) []string {
	list, ok := op.value["security"].([]any)
	if !ok {
		list, _ = d.root["security"].([]any)
	}
	if len(list) == 0 {
		return []string{"none"}
	}
	var out []string
	for _, v := range list {
		var names []string
		alternative, _ := v.(map[string]any)
		for name := range alternative {
			names = append(names, name)
		}
		slices.Sort(names)
		out = append(out, strings.Join(names, "+"))
	}
	return out
}

// scopes gives what the schemes of an operation ask of a credential.
func (d *Document) scopes(op place) (out []string) {
	list, _ := op.value["security"].([]any)
	for _, v := range list {
		alternative, _ := v.(map[string]any)
		for _, scopes := range alternative {
			out = append(out, texts(scopes)...)
		}
	}
	return out
}

// Described is an operation as the document has it.
type Described struct {
	Method, Pattern string
	Scopes          []string // empty when nobody must be known
	Example         []byte   // of its body; nil when it has none
	Members         []string // that its body may have, where that is a JSON object
}

// Operations lists the operations of the document.
func (d *Document) Operations() (out []Described) {
	d.each(func(method, pattern string, op place) {
		o := Described{Method: method, Pattern: pattern, Scopes: d.scopes(op)}
		for _, e := range d.examplesOf(d.at(op, "requestBody", "content", "application/json")) {
			o.Example = marshal(e.value)
		}
		members := d.at(op, "requestBody", "content", "application/json", "schema", "properties")
		o.Members = slices.Sorted(maps.Keys(members.value))
		out = append(out, o)
	})
	return out
}

func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, item := range list {
		out = append(out, fmt.Sprint(item))
	}
	return out
}

func joined(v any) string { return strings.Join(texts(v), ",") }

// equal compares two lists without regard to order.
func equal(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}
