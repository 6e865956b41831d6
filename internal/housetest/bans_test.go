package housetest

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// frame are the rooms where the outside world comes in: real time, the root context, the environment.
var frame = []string{"app", "cli", "cmd/firsttap", "client/cardtest"}

// bans are names that only the rooms listed with them may use.
var bans = []struct {
	pkg, name string
	allowed   []string
	why       string
}{
	{"time", "Now", frame, "the clock is handed in"},
	{"time", "Since", frame, "it reads the clock, which is handed in"},
	{"time", "Until", frame, "it reads the clock, which is handed in"},
	{"time", "Sleep", nil, "wait on a timer and the context together"},
	{"time", "Tick", nil, "it never stops"},
	{"context", "Background", frame, "the context is handed in"},
	{"context", "TODO", nil, "the context is handed in"},
	{"os", "Exit", []string{"cmd/firsttap"}, "only main ends the process"},
	{"os", "Getenv", []string{"config", "cmd/firsttap"}, "settings are read in config"},
	{"os", "LookupEnv", []string{"config", "cmd/firsttap"}, "settings are read in config"},
	{"os", "Environ", []string{"config", "cmd/firsttap"}, "settings are read in config"},
	{"net/http", "DefaultClient", nil, "it has no timeout"},
	{"net/http", "DefaultServeMux", nil, "it is a global"},
	{"log/slog", "Default", nil, "the logger is handed in"},
	{"log/slog", "SetDefault", nil, "the logger is handed in"},
	{"fmt", "Print", nil, "write to the stream that was handed in"},
	{"fmt", "Printf", nil, "write to the stream that was handed in"},
	{"fmt", "Println", nil, "write to the stream that was handed in"},
}

// banExceptions are single files that may use a banned name, with the reason why.
var banExceptions = map[string]string{ // "path name": why
}

func TestSources_TakeTheWorldFromOutside(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, s := range house(t).sources {
		report(t, checkBans(s, used))
	}
	for exception := range banExceptions {
		if !used[exception] {
			t.Errorf("the exception %q is not needed any more", exception)
		}
	}
}

func checkBans(s source, used map[string]bool) (broken []string) {
	names := importNames(s.file)
	ast.Inspect(s.file, func(n ast.Node) bool {
		if f, ok := n.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			broken = append(broken, fmt.Sprintf("%s has an init function: wire it in app", s.path))
		}
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		base, ok := selector.X.(*ast.Ident)
		if !ok {
			return true
		}
		for _, b := range bans {
			if names[base.Name] != b.pkg || selector.Sel.Name != b.name || slices.Contains(b.allowed, s.room) {
				continue
			}
			full := b.pkg + "." + b.name
			if _, excepted := banExceptions[s.path+" "+full]; excepted {
				used[s.path+" "+full] = true
				continue
			}
			broken = append(broken, fmt.Sprintf("%s:%d uses %s: %s", s.path, s.set.Position(n.Pos()).Line, full, b.why))
		}
		return true
	})
	return broken
}

// importNames gives the import path behind each name that the file uses for a package. The paths in the
// table of bans end in the name of their package, so a dependency's own name does not matter.
func importNames(file *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path[strings.LastIndex(path, "/")+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = path
	}
	return names
}

func TestBans_TheRuleSeesWhatBreaksIt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		room, text string
		want       int
	}{
		{"card", `import "time"; var x = time.Second`, 0},
		{"card", `import "time"; func f() { time.Now() }`, 1},
		{"card", `import "time"; var now = time.Now`, 1},
		{"card", `import clock "time"; var now = clock.Now`, 1},
		{"app", `import "time"; var now = time.Now`, 0},
		{"app", `import "time"; func f() { time.Sleep(1) }`, 1},
		{"card", `import "example.com/time"; var now = time.Now`, 0},
		{"httpd", `import ("context"; "net/http"); var a, b = context.Background(), http.DefaultClient`, 2},
		{"card", `func init() {}`, 1},
		{"card", `type x int; func (x) init() {}`, 0},
		{"config", `import "os"; var a = os.Getenv("A")`, 0},
		{"cli", `import "os"; func f() { os.Exit(1) }`, 1},
	} {
		s, err := parse(tt.room, "x.go", "package x; "+tt.text)
		if err != nil {
			t.Fatal(err)
		}
		if broken := checkBans(s, map[string]bool{}); len(broken) != tt.want {
			t.Errorf("%s: %v, want %d complaints", tt.text, broken, tt.want)
		}
	}
}
