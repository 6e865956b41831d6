package housetest

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/firsttap/firsttap"

// pkg is what the go command tells of one package.
type pkg struct {
	ImportPath, Dir, Name, Doc string
	GoFiles, Imports           []string
	Error                      *struct{ Err string }
}

// room is the name by which the tables call the package.
func (p pkg) room() string { return roomOf(strings.TrimPrefix(p.ImportPath, module+"/")) }

func roomOf(path string) string { return strings.TrimPrefix(path, "internal/") }

// source is one Go file that is no test.
type source struct {
	room string
	path string // from the root, with slashes
	set  *token.FileSet
	file *ast.File
}

// parse reads a source from its text.
func parse(room, path string, text any) (source, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, text, parser.ParseComments|parser.SkipObjectResolution)
	return source{room: room, path: path, set: set, file: file}, err
}

// tree is all that the rules look at, read once for all tests.
type tree struct {
	root     string
	packages []pkg
	sources  []source
	files    []string // every file that belongs to the project, from the root, with slashes
}

var readOnce = sync.OnceValues(read)

func house(t *testing.T) tree {
	t.Helper()
	h, err := readOnce()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func read() (tree, error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return tree{}, err
	}
	h := tree{root: root}
	list := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,Name,Doc,GoFiles,Imports,Error", "./...")
	list.Dir, list.Stderr = root, os.Stderr
	out, err := list.Output()
	if err != nil {
		return tree{}, err
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			return tree{}, err
		}
		if len(p.GoFiles) == 0 && p.Error == nil {
			continue // only tests so far
		}
		h.packages = append(h.packages, p)
		for _, name := range p.GoFiles {
			full := filepath.Join(p.Dir, name)
			s, err := parse(p.room(), full, nil)
			if err != nil {
				return tree{}, err
			}
			s.path = slash(root, full)
			h.sources = append(h.sources, s)
		}
	}
	h.files, err = projectFiles(root)
	return h, err
}

// projectFiles asks git for what belongs to the project, and walks the tree where there is no git.
func projectFiles(root string) ([]string, error) {
	git := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	git.Dir = root
	if out, err := git.Output(); err == nil {
		names := strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
		return slices.DeleteFunc(names, func(name string) bool {
			info, err := os.Stat(filepath.Join(root, name))
			return err != nil || info.IsDir() // removed and not yet committed
		}), nil
	}
	var names []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "bin", "dist"}, d.Name()):
			return filepath.SkipDir
		case !d.IsDir():
			names = append(names, slash(root, path))
		}
		return nil
	})
	return names, err
}

func slash(root, path string) string {
	relative, err := filepath.Rel(root, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(relative)
}

// report fails the test with every complaint, in order.
func report(t *testing.T, broken []string) {
	t.Helper()
	slices.Sort(broken)
	for _, complaint := range broken {
		t.Error(complaint)
	}
}

func TestHouse_IsReadWhole(t *testing.T) {
	t.Parallel()
	h := house(t)
	if len(h.packages) == 0 || len(h.sources) < len(h.packages) {
		t.Fatalf("read %d packages and %d sources", len(h.packages), len(h.sources))
	}
	for _, p := range h.packages {
		if p.Error != nil {
			t.Errorf("%s: %s", p.ImportPath, p.Error.Err)
		}
	}
	for _, file := range []string{"go.mod", "Makefile", ".ci/run", "internal/housetest/doc.go"} {
		if !slices.Contains(h.files, file) {
			t.Errorf("the files of the project lack %s", file)
		}
	}
}
