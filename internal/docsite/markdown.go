package docsite

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

var markdown = goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))

// addDocuments makes a page of each document.
func (s *site) addDocuments(docs fs.FS) error {
	known := map[string]string{} // from a file to its page
	err := fs.WalkDir(docs, ".", func(file string, _ fs.DirEntry, err error) error {
		if err == nil && path.Ext(file) == ".md" {
			known[file] = Path + "/" + strings.TrimSuffix(strings.TrimSuffix(file, ".md"), "/README")
		}
		return err
	})
	if err != nil {
		return err
	}
	return fs.WalkDir(docs, ".", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || known[file] == "" {
			return err
		}
		source, err := fs.ReadFile(docs, file)
		if err != nil {
			return err
		}
		p, err := renderDocument(file, source, known)
		if err != nil {
			return fmt.Errorf("show the document %s: %w", file, err)
		}
		s.add(p)
		return nil
	})
}

// renderDocument makes the page of one document. Its first heading is the title.
func renderDocument(file string, source []byte, known map[string]string) (*page, error) {
	p := &page{path: known[file]}
	root := markdown.Parser().Parse(text.NewReader(source), parser.WithContext(parser.NewContext(parser.WithIDs(anchors{}))))
	first, ok := root.FirstChild().(*ast.Heading)
	if !ok || first.Level != 1 {
		return nil, fmt.Errorf("it does not begin with a heading")
	}
	p.Title = plain(first, source)
	root.RemoveChild(root, first)
	dropDrawings(root, source)
	if err := rewriteLinks(root, source, file, known); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := markdown.Renderer().Render(&out, source, root); err != nil {
		return nil, err
	}
	p.Body = polished(out.String())
	return p, nil
}

// dropDrawings leaves out diagrams in a language that only some viewers of Markdown draw; a table says the same.
func dropDrawings(root ast.Node, source []byte) {
	for n := root.FirstChild(); n != nil; {
		next := n.NextSibling()
		if block, ok := n.(*ast.FencedCodeBlock); ok && string(block.Language(source)) == "mermaid" {
			root.RemoveChild(root, n)
		}
		n = next
	}
}

// prose renders a text of an OpenAPI document.
func prose(source string) (template.HTML, error) {
	if source == "" {
		return "", nil
	}
	var out bytes.Buffer
	err := markdown.Convert([]byte(source), &out)
	return polished(out.String()), err
}

// polished lets the keyboard reach what may be wider than the page, so that it can be scrolled.
func polished(html string) template.HTML {
	html = strings.NewReplacer(
		"<table>", `<div class="wide" tabindex="0"><table>`, "</table>", "</table></div>", "<pre>", `<pre tabindex="0">`,
	).Replace(html)
	return template.HTML(html) //nolint:gosec // our own documents; goldmark lets no HTML of a source through
}

// rewriteLinks leads links between documents to their pages, and makes links of addresses of this server that stand as code.
func rewriteLinks(root ast.Node, source []byte, file string, known map[string]string) error {
	up := rootFrom(known[file])
	var addresses []*ast.CodeSpan
	err := ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			to := string(n.Destination)
			if strings.Contains(to, "://") || strings.HasPrefix(to, "#") {
				break
			}
			target, fragment, hasFragment := strings.Cut(to, "#")
			page, ok := known[path.Join(path.Dir(file), target)]
			if !ok {
				return ast.WalkStop, fmt.Errorf("a link leads to %s, which is no document", to)
			}
			if hasFragment {
				fragment = "#" + fragment
			}
			n.Destination = []byte(up + strings.TrimPrefix(page, "/") + fragment)
			return ast.WalkSkipChildren, nil
		case *ast.CodeSpan:
			if t := plain(n, source); strings.HasPrefix(t, Path+"/") || t == Path || strings.HasPrefix(t, "/openapi/") {
				addresses = append(addresses, n)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, code := range addresses {
		link := ast.NewLink()
		link.Destination = []byte(up + strings.TrimPrefix(plain(code, source), "/"))
		code.Parent().ReplaceChild(code.Parent(), code, link)
		link.AppendChild(link, code)
	}
	return err
}

// plain is the text of a node.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(t.Value(source))
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// anchors gives headings the names that GitHub gives them, so that the same link leads to the same place on both.
type anchors map[string]int

func (a anchors) Generate(value []byte, _ ast.NodeKind) []byte {
	name := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		default:
			return -1
		}
	}, string(bytes.TrimSpace(value)))
	n := a[name]
	a[name]++
	if n > 0 {
		name += "-" + strconv.Itoa(n)
	}
	return []byte(name)
}

func (a anchors) Put(value []byte) { a[string(value)]++ }
