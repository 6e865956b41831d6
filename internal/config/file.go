package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// member is one value of the file, with the dotted name that its place gives it.
type member struct {
	name    string
	text    string // as a flag would have it
	problem string // why there is no text
}

// flatten reads a JSON file into dotted members. Only its form can fail: one object, no member twice,
// nothing after it.
func flatten(data []byte) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	start, err := dec.Token()
	if err != nil || start != json.Delim('{') {
		return nil, errors.New("must hold one JSON object")
	}
	var members []member
	if err := flattenObject(dec, "", &members); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds something after the JSON object")
	}
	return members, nil
}

func flattenObject(dec *json.Decoder, prefix string, members *[]member) error {
	seen := make(map[string]bool)
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return notJSON(dec)
		}
		key, _ := token.(string)
		name := prefix + key
		if seen[key] {
			return fmt.Errorf("has the member %s twice", name)
		}
		seen[key] = true
		if strings.Contains(key, ".") {
			return fmt.Errorf("has the member %s: write an object in an object instead of a dot", name)
		}
		if err := flattenValue(dec, name, members); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return notJSON(dec)
	}
	return nil
}

func flattenValue(dec *json.Decoder, name string, members *[]member) error {
	token, err := dec.Token()
	if err != nil {
		return notJSON(dec)
	}
	m := member{name: name}
	switch v := token.(type) {
	case json.Delim:
		if v == '{' {
			return flattenObject(dec, name+".", members)
		}
		if m, err = listMember(dec, name); err != nil {
			return err
		}
	case string:
		m.text = v
	case json.Number:
		m.text = v.String()
	case bool:
		m.text = fmt.Sprint(v)
	case nil:
		m.problem = "null is no value; leave the member out"
	}
	*members = append(*members, m)
	return nil
}

// listMember reads a list of strings, as a flag would have it: with commas.
func listMember(dec *json.Decoder, name string) (member, error) {
	m := member{name: name}
	var items []string
	for dec.More() {
		var item any
		if err := dec.Decode(&item); err != nil {
			return m, notJSON(dec)
		}
		s, ok := item.(string)
		if !ok || strings.ContainsAny(s, ", ") {
			m.problem = "must be a list of strings, one entry in each"
		}
		items = append(items, s)
	}
	if _, err := dec.Token(); err != nil {
		return m, notJSON(dec)
	}
	m.text = strings.Join(items, ",")
	return m, nil
}

func notJSON(dec *json.Decoder) error {
	return fmt.Errorf("is not well-formed JSON near byte %d", dec.InputOffset())
}
