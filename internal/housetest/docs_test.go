package housetest

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// document is one file in Markdown.
type document struct {
	path string // from the root, with slashes
	text string
}

func documents(t *testing.T) []document {
	t.Helper()
	var docs []document
	for _, name := range house(t).files {
		if path.Ext(name) == ".md" {
			docs = append(docs, document{name, string(content(t, name))})
		}
	}
	return docs
}

func content(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(house(t).root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var (
	fence    = regexp.MustCompile("(?ms)^```.*?^```")
	code     = regexp.MustCompile("`[^`\n]*`")
	linkForm = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`)
)

// prose is the text of a document without its examples.
func prose(text string) string { return code.ReplaceAllString(fence.ReplaceAllString(text, ""), "") }

func TestDocs_LinksResolve(t *testing.T) {
	t.Parallel()
	report(t, checkLinks(documents(t), house(t).files))
}

// checkLinks looks up every link that stays inside the project: its file, and its heading.
func checkLinks(docs []document, files []string) (broken []string) {
	anchors := map[string][]string{}
	for _, d := range docs {
		for _, h := range heading.FindAllStringSubmatch(fence.ReplaceAllString(d.text, ""), -1) {
			anchors[d.path] = append(anchors[d.path], anchor(h[1]))
		}
	}
	for _, d := range docs {
		for _, link := range linkForm.FindAllStringSubmatch(prose(d.text), -1) {
			target, fragment, inside := inProject(d.path, link[1])
			if !inside {
				continue
			}
			exists := target == "." || slices.ContainsFunc(files, func(f string) bool {
				return f == target || strings.HasPrefix(f, target+"/")
			})
			if !exists {
				broken = append(broken, fmt.Sprintf("%s links to %s, which does not exist", d.path, link[1]))
			} else if fragment != "" && path.Ext(target) == ".md" && !slices.Contains(anchors[target], fragment) {
				broken = append(broken, fmt.Sprintf("%s links to %s, but there is no such heading", d.path, link[1]))
			}
		}
	}
	return broken
}

// inProject gives the file and the heading of a link, when it leads to a file of the project.
func inProject(from, link string) (target, fragment string, inside bool) {
	if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
		return "", "", false
	}
	target, fragment, _ = strings.Cut(link, "#")
	if target == "" {
		return from, fragment, true
	}
	return path.Join(path.Dir(from), target), fragment, true
}

// anchor gives the name by which a heading is linked: lower case, words joined by hyphens.
func anchor(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		default:
			return -1
		}
	}, title)
}

// TestDocs_AreReached wants every document in docs to be found by somebody who begins at the README.
func TestDocs_AreReached(t *testing.T) {
	t.Parallel()
	report(t, checkReached(documents(t)))
}

func checkReached(docs []document) (broken []string) {
	links := map[string][]string{}
	for _, d := range docs {
		for _, link := range linkForm.FindAllStringSubmatch(prose(d.text), -1) {
			if target, _, inside := inProject(d.path, link[1]); inside {
				links[d.path] = append(links[d.path], target)
			}
		}
	}
	reached := map[string]bool{}
	for next := []string{"README.md"}; len(next) > 0; next = next[1:] {
		if !reached[next[0]] {
			reached[next[0]] = true
			next = append(next, links[next[0]]...)
		}
	}
	for _, d := range docs {
		folder := reached[path.Dir(d.path)] // a link to a folder shows all that lies in it
		if strings.HasPrefix(d.path, "docs/") && !reached[d.path] && !folder {
			broken = append(broken, fmt.Sprintf("%s is reached by no link that begins at README.md", d.path))
		}
	}
	return broken
}

var (
	makeForm   = regexp.MustCompile("(?m)(?:^|`|&& )make ([a-z][a-z-]*)")
	targetForm = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)
	roomForm   = regexp.MustCompile(`\binternal/([a-z]+)`)
)

// TestDocs_NameWhatExists wants every make target and every room that a document names to exist.
func TestDocs_NameWhatExists(t *testing.T) {
	t.Parallel()
	report(t, checkNames(documents(t), string(content(t, "Makefile"))))
}

func checkNames(docs []document, makefile string) (broken []string) {
	var targets []string
	for _, m := range targetForm.FindAllStringSubmatch(makefile, -1) {
		targets = append(targets, m[1])
	}
	for _, d := range docs {
		for _, m := range makeForm.FindAllStringSubmatch(d.text, -1) {
			if !slices.Contains(targets, m[1]) {
				broken = append(broken, fmt.Sprintf("%s says make %s, and the Makefile has no such target", d.path, m[1]))
			}
		}
		for _, m := range roomForm.FindAllStringSubmatch(d.text, -1) {
			if _, ok := rooms[m[1]]; !ok {
				broken = append(broken, fmt.Sprintf("%s names internal/%s, and the table of rooms has no such room", d.path, m[1]))
			}
		}
	}
	return broken
}

// machinePath finds paths that exist on one person's machine only. The pieces are put together here so that
// this file does not find itself.
var machinePath = regexp.MustCompile(`(?:^|[\s"'` + "`" + `=(:])/(?:` + strings.Join([]string{
	"work", "farm", "root", "home/[a-z]+", "Users/[A-Za-z]+", "tmp/bash_jobs",
}, "|") + `)/`)

func TestFiles_NameNoPathOfOneMachine(t *testing.T) {
	t.Parallel()
	for _, name := range house(t).files {
		if text := content(t, name); bytes.IndexByte(text, 0) < 0 { // text, not an image
			report(t, checkPaths(name, string(text)))
		}
	}
}

func checkPaths(name, text string) (broken []string) {
	for n, line := range strings.Split(text, "\n") {
		if found := machinePath.FindString(line); found != "" {
			broken = append(broken, fmt.Sprintf("%s:%d names a path of one machine:%s", name, n+1, found))
		}
	}
	return broken
}

func TestDocs_TheRulesSeeWhatBreaksThem(t *testing.T) {
	t.Parallel()
	readme := func(text string) []document {
		return []document{{"README.md", text}, {"docs/a.md", "# One\n## The 2nd: `b`, c\n"}}
	}
	files := []string{"README.md", "docs/a.md", "Makefile"}
	for _, tt := range []struct {
		rule       string
		complaints []string
		want       int
	}{
		{"good links", checkLinks(readme("[a](docs/a.md) [b](docs/a.md#the-2nd-b-c) [c](docs) [d](https://x.test/y) `[e](no)`"), files), 0},
		{"no such file", checkLinks(readme("[a](docs/b.md)"), files), 1},
		{"no such heading", checkLinks(readme("[a](docs/a.md#two) [b](#none)"), files), 2},
		{"reached", checkReached(readme("[a](docs/a.md)")), 0},
		{"reached by its folder", checkReached(readme("[a](docs/)")), 0},
		{"not reached", checkReached(readme("docs/a.md")), 1},
		{"names", checkNames(readme("`make test` in internal/card, and make sure"), "test: lint\n"), 0},
		{"no such target", checkNames(readme("run `make tests`"), "test:\n"), 1},
		{"no such room", checkNames(readme("see internal/util"), "test:\n"), 1},
		{"paths", checkPaths("x", "see https://x.test/home/a/ and ./home/me/, GET /cards/home/\n/usr/bin/env"), 0},
		{"a path of one machine", checkPaths("x", "open /"+"home/me/file or\n\"/"+"root/x\""), 2},
	} {
		if len(tt.complaints) != tt.want {
			t.Errorf("%s: %v, want %d complaints", tt.rule, tt.complaints, tt.want)
		}
	}
}
