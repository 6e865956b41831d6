package docsite

import (
	"strings"
	"testing"
	"testing/fstest"
)

// TestBuild_RefusesWhatItCannotShow: a document that says more than its page would is an error, not a gap.
func TestBuild_RefusesWhatItCannotShow(t *testing.T) {
	t.Parallel()
	document := func(schema string) string {
		return `{"openapi":"3.1.0","info":{"title":"X"},"paths":{"/x":{"post":{"operationId":"x","summary":"X",
			"requestBody":{"content":{"application/json":{"schema":` + schema + `}}},"responses":{}}}}}`
	}
	for _, tt := range []struct{ what, schema, want string }{
		{"a schema that is shown", `{"type":"object","required":["a"],"properties":{"a":{"type":"string","maxLength":3}}}`, ""},
		{"a keyword that is not shown", `{"type":"string","contentEncoding":"base64"}`, "contentEncoding is not shown"},
		{"one inside", `{"type":"array","items":{"type":"object","properties":{"a":{"not":{}}}}}`, "not is not shown"},
		{"a reference that leads nowhere", `{"$ref":"#/components/schemas/Nobody"}`, "leads nowhere"},
	} {
		_, err := build([]API{{Name: "cards", OpenAPI: []byte(document(tt.schema))}})
		switch {
		case tt.want == "" && err != nil && strings.Contains(err.Error(), "OpenAPI"):
			t.Errorf("%s: %v", tt.what, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %q", tt.what, err, tt.want)
		}
	}
	if _, err := New(nil); err == nil {
		t.Error("a door without documents is made")
	}
}

func TestDocuments_RefuseLinksThatLeadNowhere(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ what, text, want string }{
		{"a good link", "# A\n[b](b.md#x), [all](https://example.com), [here](#c)", ""},
		{"one to no document", "# A\n[c](c.md)", "c.md, which is no document"},
		{"one out of the folder", "# A\n[c](../README.md)", "README.md, which is no document"},
		{"no title", "A text", "does not begin with a heading"},
	} {
		err := (&site{}).addDocuments(fstest.MapFS{"a.md": {Data: []byte(tt.text)}, "b.md": {Data: []byte("# B")}})
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.what, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %q", tt.what, err, tt.want)
		}
	}
}
