package openapitest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/httpd"
)

const sample = `openapi: 3.1.0
info: {title: sample, version: '1'}
security: [{key: []}]
paths:
  /things/{id}:
    get:
      operationId: getThing
      x-callers: [P]
      x-aliases: ['/old/{id}']
      parameters: [{$ref: '#/components/parameters/Id'}]
      responses:
        '200': {description: one, content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}, example: {name: a}}}}
        4XX: {description: no, content: {application/json: {schema: {type: object, required: [no], properties: {no: {const: 1}}}}}}
    delete:
      operationId: dropThing
      security: []
      parameters: [{$ref: '#/components/parameters/Id'}, {name: Idempotency-Key, in: header, required: true, schema: {type: string}}]
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}, examples: {b: {value: {name: b}}}}}}
      responses:
        '204': {description: gone}
components:
  securitySchemes: {key: {type: http, scheme: bearer}}
  parameters:
    Id: {name: id, in: path, required: true, schema: {type: string}, example: x}
  schemas:
    Thing: {type: object, required: [name], properties: {name: {type: string}, next: {type: [string, 'null']}}, examples: [{name: c}]}
`

func load(t *testing.T, text string) *Document {
	t.Helper()
	d, err := Load(t.Context(), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func table() []Operation {
	return []Operation{
		{Method: "GET", Pattern: "/things/{id}", Callers: "P", Aliases: []string{"/old/{id}"}, Security: []string{"key"}},
		{Method: "DELETE", Pattern: "/things/{id}", Security: []string{"none"}, Idempotency: httpd.Required, Body: true},
	}
}

func TestDiffer_SeesWhatDiffers(t *testing.T) {
	t.Parallel()
	d := load(t, sample)
	if found := d.Differ(table()); len(found) != 0 {
		t.Fatalf("the same differs: %q", found)
	}
	for name, change := range map[string]func(all []Operation) []Operation{
		"one more route":    func(all []Operation) []Operation { return append(all, Operation{Method: "GET", Pattern: "/other"}) },
		"one route less":    func(all []Operation) []Operation { return all[:1] },
		"other callers":     func(all []Operation) []Operation { all[0].Callers = "P,A"; return all },
		"no alias":          func(all []Operation) []Operation { all[0].Aliases = nil; return all },
		"another security":  func(all []Operation) []Operation { all[0].Security = []string{"none"}; return all },
		"a key not needed":  func(all []Operation) []Operation { all[1].Idempotency = httpd.Optional; return all },
		"a key not taken":   func(all []Operation) []Operation { all[1].Idempotency = httpd.None; return all },
		"no body":           func(all []Operation) []Operation { all[1].Body = false; return all },
		"another parameter": func(all []Operation) []Operation { all[0].Pattern = "/things/{name}"; return all },
	} {
		if len(d.Differ(change(table()))) == 0 {
			t.Errorf("%s: nothing differs", name)
		}
	}
}

func TestAnswer_SeesWhatIsNotDescribed(t *testing.T) {
	t.Parallel()
	d := load(t, sample)
	if fmt.Sprint(d.Unseen()) != "[DELETE /things/{id} 204 GET /things/{id} 200]" {
		t.Errorf("unseen: %q", d.Unseen())
	}
	asJSON := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	for _, c := range []struct {
		what, method, path string
		status             int
		header             http.Header
		body               string
		good               bool
	}{
		{"as described", "GET", "/things/1", 200, asJSON, `{"name":"a","next":null}`, true},
		{"by an alias, in capitals", "GET", "/OLD/1/", 200, asJSON, `{"name":"a"}`, true},
		{"refused", "GET", "/things/1", 404, asJSON, `{"no":1}`, true},
		{"nothing at all", "DELETE", "/things/1", 204, nil, "", true},
		{"an unknown path, refused", "GET", "/x", 404, nil, "?", true},
		{"an unknown path, served", "GET", "/x", 200, nil, "?", false},
		{"an unknown member", "GET", "/things/1", 200, asJSON, `{"name":"a","more":1}`, false},
		{"a missing member", "GET", "/things/1", 200, asJSON, `{}`, false},
		{"another type", "GET", "/things/1", 200, asJSON, `{"name":1}`, false},
		{"another error", "GET", "/things/1", 404, asJSON, `{"no":2}`, false},
		{"no JSON", "GET", "/things/1", 200, asJSON, `{`, false},
		{"another media type", "GET", "/things/1", 200, http.Header{"Content-Type": {"text/plain"}}, "a", false},
		{"another status", "GET", "/things/1", 500, asJSON, `{"no":1}`, false},
		{"a body where none belongs", "DELETE", "/things/1", 204, asJSON, "{}", false},
	} {
		if err := d.Answer(c.method, c.path, c.status, c.header, []byte(c.body)); (err == nil) != c.good {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	if len(d.Unseen()) != 0 {
		t.Errorf("unseen: %q", d.Unseen())
	}
}

func TestExamples_AreTried(t *testing.T) {
	t.Parallel()
	if wrong := load(t, sample).Examples(); len(wrong) != 0 {
		t.Errorf("good examples are wrong: %q", wrong)
	}
	for _, change := range []string{"example: {name: a}", "value: {name: b}", "examples: [{name: c}]"} {
		text := strings.Replace(sample, change, strings.Replace(change, "name", "nome", 1), 1)
		if wrong := load(t, text).Examples(); len(wrong) != 1 {
			t.Errorf("%s: %q", change, wrong)
		}
	}
	requests := load(t, sample).Requests(func(string) string { return "filled" })
	if len(requests) != 1 || requests[0].Path != "/things/x" || string(requests[0].Body) != `{"name":"b"}` || requests[0].Name != "b" {
		t.Errorf("%+v", requests)
	}
}

func TestLoad_RefusesWhatIsNoDocument(t *testing.T) {
	t.Parallel()
	for what, text := range map[string]string{
		"nothing":                "",
		"another version":        strings.Replace(sample, "3.1.0", "3.0.3", 1),
		"a broken reference":     strings.Replace(sample, "schemas/Thing'", "schemas/Thong'", 1),
		"a response undescribed": strings.Replace(sample, "description: gone", "x: gone", 1),
	} {
		if _, err := Load(t.Context(), []byte(text)); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
}
