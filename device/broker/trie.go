package broker

import "strings"

// A node is one level of the trie of wildcard filters.
type node struct {
	children map[string]*node
	// A node with one child keeps it here: most levels of a device's filters have one.
	onlyName string
	only     *node
	plus     *node       // the level +
	hash     subscribers // filters that end in # below here
	here     subscribers // filters that end here
}

func (n *node) child(level string) *node {
	switch {
	case level == "+":
		return n.plus
	case n.only != nil && n.onlyName == level:
		return n.only
	}
	return n.children[level]
}

func (n *node) setChild(level string, c *node) {
	switch {
	case level == "+":
		n.plus = c
	case c == nil && n.only != nil && n.onlyName == level:
		n.only, n.onlyName = nil, ""
	case c == nil:
		delete(n.children, level)
	case n.only == nil && n.children == nil:
		n.only, n.onlyName = c, level
	default:
		if n.children == nil {
			n.children = map[string]*node{}
		}
		n.children[level] = c
	}
}

func (n *node) empty() bool {
	return n.only == nil && n.plus == nil && len(n.children) == 0 && n.hash.empty() && n.here.empty()
}

// add reports whether the subscription is new.
func (n *node) add(filter string, s *session, g granted) bool {
	if filter == "#" {
		return n.hash.put(s, g)
	}
	level, rest, more := strings.Cut(filter, "/")
	next := n.child(level)
	if next == nil {
		next = &node{}
		n.setChild(level, next)
	}
	if more {
		return next.add(rest, s, g)
	}
	return next.here.put(s, g)
}

// remove takes a subscription out, and the nodes that held nothing else. It reports whether it was there.
func (n *node) remove(filter string, s *session) (was bool) {
	if filter == "#" {
		return n.hash.drop(s)
	}
	level, rest, more := strings.Cut(filter, "/")
	next := n.child(level)
	switch {
	case next == nil:
		return false
	case more:
		was = next.remove(rest, s)
	default:
		was = next.here.drop(s)
	}
	if next.empty() {
		n.setChild(level, nil)
	}
	return was
}

// match appends the sessions whose filters select topic, perhaps several times. dollar is set at the first level of a
// topic that starts with $: wildcards do not match there.
func (n *node) match(topic string, dollar bool, hits []hit) []hit {
	if !dollar {
		hits = n.hash.appendTo(hits)
	}
	level, rest, more := strings.Cut(topic, "/")
	next := n.child(level)
	plus := n.plus
	if dollar {
		plus = nil
	}
	for _, c := range [2]*node{next, plus} {
		switch {
		case c == nil:
		case more:
			hits = c.match(rest, false, hits)
		default:
			hits = c.here.appendTo(hits)
		}
	}
	return hits
}
