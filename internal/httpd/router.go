package httpd

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/firsttap/firsttap/internal/fault"
)

// Router finds the route of a request. It is built once and then only read.
//
// A literal segment wins over a parameter at the same place, and among the routes that fit the path
// only those with the method count: "GET /policies/effective" does not hide "PATCH /policies/{id}"
// called with the id "effective". A parameter matches any segment that is not empty.
type Router struct {
	letters Case
	root    *node
	routes  []Route
}

// node is one place in the tree of patterns.
type node struct {
	literals map[string]*node
	param    *node
	leaves   map[string]*leaf // by method
}

type leaf struct {
	route *Route
	names []string // of the parameters, in path order
}

// Match is what the router found for a request.
type Match struct {
	Route  *Route   // nil when nothing fits
	Params Params   // in path order
	Allow  []string // without a Route: the methods that the path has, sorted; empty when there is no such path
}

// Value is one path parameter, decoded.
type Value struct {
	Name, Value string
}

// Refusal is nil for a match with a route, else RouteNotFound or MethodNotAllowed.
func (m Match) Refusal() error {
	switch {
	case m.Route != nil:
		return nil
	case len(m.Allow) > 0:
		return fault.RefuseWith(MethodNotAllowed, Allowed{Methods: m.Allow})
	default:
		return fault.Refuse(RouteNotFound)
	}
}

// NewRouter builds the router of a door. It refuses routes that clash, have no handler, or are not
// well formed, and names the route.
func NewRouter(c Case, routes []Route) (*Router, error) {
	rt := &Router{letters: c, root: &node{}, routes: slices.Clone(routes)}
	for i := range rt.routes {
		route := &rt.routes[i]
		if route.Name == "" {
			route.Name = route.Method + " " + route.Pattern
		}
		if err := rt.add(route); err != nil {
			return nil, fmt.Errorf("route %q: %w", route.Name, err)
		}
	}
	return rt, nil
}

// Routes are the routes as given, with their names filled in.
func (rt *Router) Routes() []Route { return slices.Clone(rt.routes) }

var (
	methodForm = regexp.MustCompile(`^[A-Z]+$`)
	paramForm  = regexp.MustCompile(`^\{[a-zA-Z_][a-zA-Z0-9_]*\}$`)
)

func (rt *Router) add(route *Route) error {
	if route.Handler == nil {
		return fmt.Errorf("has no handler")
	}
	if !methodForm.MatchString(route.Method) {
		return fmt.Errorf("method is not upper-case letters")
	}
	if route.MaxBody < 0 || route.Timeout < 0 {
		return fmt.Errorf("a limit is below zero")
	}
	at, names, err := rt.place(route.Pattern)
	if err != nil {
		return err
	}
	if at.leaves == nil {
		at.leaves = make(map[string]*leaf)
	}
	if other, taken := at.leaves[route.Method]; taken {
		return fmt.Errorf("matches the same requests as %q", other.route.Name)
	}
	at.leaves[route.Method] = &leaf{route: route, names: names}
	return nil
}

// place walks the pattern, making nodes where there are none.
func (rt *Router) place(pattern string) (at *node, names []string, err error) {
	rest, ok := strings.CutPrefix(pattern, "/")
	if !ok {
		return nil, nil, fmt.Errorf("pattern does not start with a slash")
	}
	at = rt.root
	if rest == "" {
		return at, nil, nil
	}
	for _, segment := range strings.Split(rest, "/") {
		switch {
		case segment == "":
			return nil, nil, fmt.Errorf("pattern has an empty segment")
		case paramForm.MatchString(segment):
			name := segment[1 : len(segment)-1]
			if slices.Contains(names, name) {
				return nil, nil, fmt.Errorf("parameter %s appears twice", segment)
			}
			if names = append(names, name); len(names) > mostParams {
				return nil, nil, fmt.Errorf("more than %d parameters", mostParams)
			}
			if at.param == nil {
				at.param = &node{}
			}
			at = at.param
		case strings.ContainsAny(segment, "{}%"):
			return nil, nil, fmt.Errorf("segment %q is neither plain text nor {name}", segment)
		default:
			at = at.literal(rt.letters.fold(segment))
		}
	}
	return at, names, nil
}

func (n *node) literal(segment string) *node {
	if n.literals == nil {
		n.literals = make(map[string]*node)
	}
	if n.literals[segment] == nil {
		n.literals[segment] = &node{}
	}
	return n.literals[segment]
}

// Match finds the route for a method and an escaped path, as [net/url.URL.EscapedPath] gives it.
func (rt *Router) Match(method, escapedPath string) Match {
	var room [usualSegments]string // stays on the stack
	segments, ok := splitPath(room[:0], escapedPath)
	if !ok {
		return Match{}
	}
	s := search{letters: rt.letters, method: method}
	found := s.walk(rt.root, segments)
	if found == nil {
		slices.Sort(s.allow)
		return Match{Allow: slices.Compact(s.allow)}
	}
	m := Match{Route: found.route, Params: make([]Value, 0, len(found.names))}
	for i, name := range found.names {
		m.Params = append(m.Params, Value{Name: name, Value: s.values[i]})
	}
	return m
}

// search is one walk through the tree. It tries the literal branch first and comes back for the
// parameter; the depth is bounded by the longest pattern, so is the work.
type search struct {
	letters Case
	method  string
	values  [mostParams]string
	known   int // values
	allow   []string
}

const (
	mostParams    = 4 // of a pattern
	usualSegments = 8
)

func (s *search) walk(n *node, left []string) *leaf {
	if len(left) == 0 {
		if l, ok := n.leaves[s.method]; ok {
			return l
		}
		for method := range n.leaves {
			s.allow = append(s.allow, method)
		}
		return nil
	}
	segment := left[0]
	if next, ok := n.literals[s.letters.fold(segment)]; ok {
		if l := s.walk(next, left[1:]); l != nil {
			return l
		}
	}
	if n.param == nil || segment == "" {
		return nil
	}
	s.values[s.known] = segment
	s.known++
	if l := s.walk(n.param, left[1:]); l != nil {
		return l
	}
	s.known--
	return nil
}
