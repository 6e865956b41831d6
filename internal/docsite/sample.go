package docsite

import (
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v3"
)

// examples of formats, where a schema names no value.
var ofFormat = map[string]string{
	"uuid": "019cc43c-3189-7685-bc4c-fa2832a42486", "date-time": "2026-11-30T12:00:00Z", "uri": "https://app.example.com/", "email": "ana@example.com",
}

// sample makes up a value that fits a schema as far as its words go: what the schema gives as an example, else what it
// needs. It is not there when nothing can be said.
func (d *spec) sample(n node) node {
	n = d.resolve(n)
	for _, v := range []node{n.get("example"), first(n.get("examples")), n.get("const"), n.get("default"), first(n.get("enum")), first(n.get("oneOf"))} {
		if v.there() {
			if v == first(n.get("oneOf")) {
				return d.sample(v)
			}
			return v
		}
	}
	kind := n.text("type")
	if kind == "" {
		if alternatives := n.get("type").items(); len(alternatives) > 0 {
			kind = alternatives[0].Value
		}
	}
	switch kind {
	case "object":
		made := &yaml.Node{Kind: yaml.MappingNode}
		for _, name := range n.get("required").items() {
			if v := d.sample(n.get("properties").get(name.Value)); v.there() {
				made.Content = append(made.Content, name.Node, v.Node)
			}
		}
		return node{made}
	case "array":
		made := &yaml.Node{Kind: yaml.SequenceNode}
		if v := d.sample(n.get("items")); v.there() {
			made.Content = append(made.Content, v.Node)
		}
		return node{made}
	case "string":
		if v, ok := ofFormat[n.text("format")]; ok {
			return scalar("!!str", v)
		}
	case "integer", "number":
		if least := n.text("minimum"); least != "" {
			return scalar("!!int", least)
		}
		return scalar("!!int", "1")
	case "boolean":
		return scalar("!!bool", "true")
	}
	return node{}
}

func scalar(tag, value string) node {
	return node{&yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}}
}

func first(n node) node {
	if all := n.items(); len(all) > 0 {
		return all[0]
	}
	return node{}
}

// textOf is an example as it is sent: JSON in the order in which it is written, or a text as it is.
func (d *spec) textOf(n node) string {
	if n.there() && n.Kind == yaml.ScalarNode {
		return n.Value
	}
	var b strings.Builder
	d.writeJSON(&b, n, "")
	return b.String()
}

func (d *spec) writeJSON(b *strings.Builder, n node, indent string) {
	if !n.there() {
		b.WriteString("null")
		return
	}
	deeper := indent + "  "
	switch n.Kind {
	case yaml.MappingNode:
		between := "{\n"
		for k, v := range n.each() {
			b.WriteString(between + deeper + quoted(k) + ": ")
			d.writeJSON(b, v, deeper)
			between = ",\n"
		}
		closeWith(b, between == "{\n", "{}", "\n"+indent+"}")
	case yaml.SequenceNode:
		between := "[\n"
		for _, v := range n.items() {
			b.WriteString(between + deeper)
			d.writeJSON(b, v, deeper)
			between = ",\n"
		}
		closeWith(b, between == "[\n", "[]", "\n"+indent+"]")
	case yaml.ScalarNode:
		switch n.ShortTag() {
		case "!!int", "!!float", "!!bool", "!!null":
			b.WriteString(n.Value)
		default:
			b.WriteString(quoted(n.Value))
		}
	case yaml.DocumentNode, yaml.AliasNode:
		d.fail("line %d: an example cannot be shown", n.Line)
	}
}

func closeWith(b *strings.Builder, empty bool, whole, end string) {
	if empty {
		b.WriteString(whole)
		return
	}
	b.WriteString(end)
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		return `""` // no text does that
	}
	return string(text)
}
