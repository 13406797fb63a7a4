package schema

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/drover-iot/drover/internal/fault"
)

// Routing finds the operation that a method and path name, in a tree of path segments that is built
// once from a service's routes.

// A segment is one part of a route's path: a literal, or a label that stands for any text. One of
// the two is "". The path /jobs/{jobId}/cancel has the segments jobs, {jobId} and cancel.
type segment struct{ literal, label string }

// methods are the methods that a route may start with.
var methods = []string{
	http.MethodGet, http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete,
}

// parseRoute reads a route such as "PUT /jobs/{jobId}/cancel".
func parseRoute(route string) (method, path string, segments []segment) {
	method, path, ok := strings.Cut(route, " ")
	if !ok || !slices.Contains(methods, method) || path == "" || path[0] != '/' {
		panic("schema: bad route " + route)
	}
	for part := range strings.SplitSeq(path[1:], "/") {
		if inner, ok := strings.CutPrefix(part, "{"); ok {
			segments = append(segments, segment{label: strings.TrimSuffix(inner, "}")})
			continue
		}
		segments = append(segments, segment{literal: part})
	}
	return method, path, segments
}

// checkLabels panics unless the labels of the route are the path members of the request.
func (d *Description) checkLabels() {
	labels := 0 // in the route, less the path members
	for _, s := range d.segments {
		if s.label == "" {
			continue
		}
		labels++
		if m := d.Input.Member(s.label); m == nil || m.In != Path {
			panic(fmt.Sprintf("schema: %s has no path member %s", d.Name, s.label))
		}
	}
	if labels > maxLabels {
		panic("schema: too many labels in " + d.Path)
	}
	for _, m := range d.Input.Members {
		if m.In == Path {
			labels--
		}
	}
	if labels != 0 {
		panic(fmt.Sprintf("schema: %s has path members outside of its route", d.Name))
	}
}

// maxLabels is how many labels a route may have.
const maxLabels = 4

// A Router finds the operation of a request and, once Handle has bound one, calls its handler. It
// is built at start and then only read.
type Router struct {
	service string            // the names of its services, for messages
	root    node              // of the tree of paths
	byName  map[string]*route // by the operation's name
}

// A route is an operation with its handler.
type route struct {
	*Description
	call func(ctx context.Context, in any) (out any, err error) // nil until Handle has bound it
}

// A node is a place in the tree of paths. A request prefers the literal branch to the label.
type node struct {
	literals map[string]*node // by the text of the next segment
	label    *node            // for any other text; nil for none
	routes   []*route         // that end here, one for each method
}

// NewRouter returns a router for the operations of services that are reached at one address, none
// of which has a handler yet.
func NewRouter(services ...*Service) *Router {
	r := &Router{byName: map[string]*route{}}
	var names []string
	for _, s := range services {
		names = append(names, s.Name)
		for _, d := range s.All() {
			added := &route{Description: d}
			if r.byName[d.Name] != nil {
				panic("schema: two operations are named " + d.Name)
			}
			r.byName[d.Name] = added
			r.root.add(d.segments, added)
		}
	}
	r.service = strings.Join(names, " and ")
	return r
}

// add puts a route into the tree, at the path that remains below n. Two routes of one path and
// method are a programming error.
func (n *node) add(path []segment, added *route) {
	if len(path) == 0 {
		for _, there := range n.routes {
			if there.Method == added.Method {
				panic(fmt.Sprintf("schema: %s and %s have one route", there.Name, added.Name))
			}
		}
		n.routes = append(n.routes, added)
		return
	}
	next := &n.label
	if literal := path[0].literal; path[0].label == "" {
		if n.literals == nil {
			n.literals = map[string]*node{}
		}
		child := n.literals[literal]
		next = &child
		defer func() { n.literals[literal] = child }()
	}
	if *next == nil {
		*next = &node{}
	}
	(*next).add(path[1:], added)
}

// Handle binds the handler of an operation. Types that disagree do not compile. It panics when
// the service lacks the operation, or has a handler for it already.
func Handle[In, Out any](r *Router, op Op[In, Out], h func(context.Context, *In) (*Out, error)) {
	bound := r.byName[op.Name]
	if bound == nil || bound.call != nil {
		panic(fmt.Sprintf("schema: %s cannot be bound to %s", op.Name, r.service))
	}
	bound.call = func(ctx context.Context, in any) (any, error) { return h(ctx, in.(*In)) }
}

// CheckBound panics when an operation has no handler. A server calls it at its start: whatever is
// described is offered (R-CMD-141).
func (r *Router) CheckBound() {
	var missing []string
	for name, route := range r.byName {
		if route.call == nil {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		panic(fmt.Sprintf("schema: %s: no handler for %s", r.service, strings.Join(missing, ", ")))
	}
}

// A Match is the operation that a method and path name, before anything else of the request has
// been read.
type Match struct {
	*Description
	route  *route
	labels [maxLabels]string // the texts of the route's labels, in order
}

// Label returns the decoded text of a path label, "" when the operation has no such label. It is
// not checked yet.
func (m *Match) Label(name string) string {
	n := 0
	for _, s := range m.segments {
		if s.label == name {
			return m.labels[n]
		}
		if s.label != "" {
			n++
		}
	}
	return ""
}

// Match finds the operation for a method and a path as it was sent: each segment is
// percent-decoded once, after splitting (R-WIRE-10, R-ID-1). The error is a fault:
// UnknownOperation when no operation has the path, WrongMethod when one has it under another
// method.
func (r *Router) Match(method, rawPath string) (m Match, err error) {
	if rawPath == "" || rawPath[0] != '/' {
		return m, unknownPath
	}
	known := false
	if m.route = r.root.find(method, rawPath[1:], &m.labels, 0, &known); m.route != nil {
		m.Description = m.route.Description
		return m, nil
	}
	if known {
		return m, wrongMethod
	}
	return m, unknownPath
}

// The two ways in which no operation is found. They are made once: strangers cause many of them.
var (
	unknownPath = fault.New(fault.UnknownOperation, "no operation has this path")
	wrongMethod = fault.New(fault.WrongMethod, "no operation has this path with this method")
)

// find looks for the route of a method and of the path that remains below n. It writes the texts
// of labels into labels, of which used are filled. known is set when the path exists with another
// method. A literal is tried before a label: in PUT /things/t/jobs/$next, $next is not a job's id.
func (n *node) find(method, rest string, labels *[maxLabels]string, used int, known *bool) *route {
	part, rest, deeper := strings.Cut(rest, "/")
	if strings.IndexByte(part, '%') >= 0 {
		decoded, err := url.PathUnescape(part)
		if err != nil {
			return nil
		}
		part = decoded
	}
	for _, child := range [...]*node{n.literals[part], n.label} {
		if child == nil {
			continue
		}
		filled := used
		if child == n.label {
			labels[used], filled = part, used+1
		}
		found := (*route)(nil)
		if deeper {
			found = child.find(method, rest, labels, filled, known)
		} else {
			found = child.ending(method, known)
		}
		if found != nil {
			return found
		}
	}
	return nil
}

// ending returns the route that ends at n with a method, nil without one.
func (n *node) ending(method string, known *bool) *route {
	for _, r := range n.routes {
		if r.Method == method {
			return r
		}
		*known = true
	}
	return nil
}
