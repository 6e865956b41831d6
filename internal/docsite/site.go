package docsite

import (
	"bytes"
	"embed"
	"html/template"
	"slices"
	"strings"
)

//go:embed site
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"list": func(all ...any) []any { return all }, // a template takes one argument
}).ParseFS(files, "site/*.html"))

// places are the pages that the navigation shows, in its order: by the path of the document without .md, or by the name of
// the API. A document without a place comes at the end.
var places = []struct {
	group string
	pages []string
}{
	{"Guides", []string{
		"guides/quick-start-cards", "guides/quick-start-debit", "guides/quick-start-native", "guides/activation", "guides/idempotency",
		"guides/webhooks", "guides/lifecycle", "guides/sandbox", "guides/errors",
	}},
	{"API reference", []string{"cards", "debit", "native"}},
	{"Handbook", []string{"cards-api", "debit-api", "native-api", "events", "activation-page", "console", "sandbox", "go-client", "policies"}},
	{"Operation", []string{"operations", "command-line", "configuration", "audit-log", "reliability", "performance"}},
	{"Inside", []string{"rooms", "decisions", "transcript"}},
}

const otherGroup = "More"

// page is one page, or what the navigation says of it.
type page struct {
	path  string // its address
	Title string
	Body  template.HTML
	// Operations are the parts of a reference, for the navigation.
	Operations []group
	Script     bool // the page has Try it
	group      string
	rank       int
}

// site are all pages.
type site struct{ pages []*page }

func (s *site) add(p *page) {
	name := strings.TrimPrefix(p.path, Path+"/")
	p.group, p.rank = otherGroup, len(places)*100
	if strings.Contains(name, "decisions/") {
		p.group = ""
	}
	for i, place := range places {
		if at := slices.Index(place.pages, name); at >= 0 {
			p.group, p.rank = place.group, i*100+at
		}
	}
	s.pages = append(s.pages, p)
}

// render gives the text of each page by its address.
func (s *site) render() (map[string][]byte, error) {
	start := &page{path: Path, Title: "Firsttap"}
	var body bytes.Buffer
	if err := templates.ExecuteTemplate(&body, "start.html", s.view(start)); err != nil {
		return nil, err
	}
	start.Body = template.HTML(body.String()) //nolint:gosec // made by a template
	lost := &page{path: lostPath, Title: "There is no such page", Body: "<p>The list of all pages says what there is.</p>"}
	texts := map[string][]byte{}
	for _, p := range append([]*page{start, lost}, s.pages...) {
		var out bytes.Buffer
		if err := templates.ExecuteTemplate(&out, "layout.html", s.view(p)); err != nil {
			return nil, err
		}
		texts[p.path] = out.Bytes()
	}
	return texts, nil
}

// view is what the templates get: a page, and all pages as they look from there.
type view struct {
	*page
	Root   string // leads to the root of this server
	Groups []navGroup
}

type navGroup struct {
	Title string
	Links []navLink
}

type navLink struct {
	Title, To string
	Here      bool
}

func (s *site) view(p *page) view {
	v := view{page: p, Root: rootFrom(p.path)}
	sorted := slices.Clone(s.pages)
	slices.SortStableFunc(sorted, func(a, b *page) int { return a.rank - b.rank })
	for _, other := range sorted {
		if other.group == "" {
			continue
		}
		if n := len(v.Groups); n == 0 || v.Groups[n-1].Title != other.group {
			v.Groups = append(v.Groups, navGroup{Title: other.group})
		}
		last := &v.Groups[len(v.Groups)-1]
		last.Links = append(last.Links, navLink{Title: other.Title, To: v.Root + strings.TrimPrefix(other.path, "/"), Here: other == p})
	}
	return v
}

// rootFrom leads from a page to the root of this server. It is relative: a proxy may have put us under a prefix.
func rootFrom(at string) string {
	if n := strings.Count(at, "/") - 1; n > 0 {
		return strings.Repeat("../", n)
	}
	return "./"
}
