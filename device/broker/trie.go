package broker

import "strings"

// The trie holds the filters with wildcards, level by level. $aws/things/a/jobs/+ is five nodes
// below the root: $aws, things, a, jobs and +, and the subscribers are in the last one's here. A
// final # has no node of its own: $aws/# is in hash of the node $aws.

// A node is one level of the trie.
type node struct {
	// A node with one child has it here; most levels of a device's filters are so. children holds
	// those beyond.
	onlyName string
	only     *node
	children map[string]*node
	plus     *node // the child for the level +

	hash subscribers // of filters that end with # after this level
	here subscribers // of filters that end with this level
}

// child returns the child for a level, nil if there is none.
func (n *node) child(level string) *node {
	switch {
	case level == "+":
		return n.plus
	case n.only != nil && n.onlyName == level:
		return n.only
	}
	return n.children[level]
}

// setChild sets the child for a level; nil removes it.
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
	childless := n.only == nil && n.plus == nil && len(n.children) == 0
	return childless && n.hash.empty() && n.here.empty()
}

// add adds a subscription below this node, or changes what it was granted. It reports whether the
// subscription is new.
func (n *node) add(filter string, s *session, g granted) bool {
	if filter == "#" {
		return n.hash.set(s, g)
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
	return next.here.set(s, g)
}

// remove removes a subscription, and the nodes that are empty without it. It reports whether it
// existed.
func (n *node) remove(filter string, s *session) (existed bool) {
	if filter == "#" {
		return n.hash.remove(s)
	}
	level, rest, more := strings.Cut(filter, "/")
	next := n.child(level)
	switch {
	case next == nil:
		return false
	case more:
		existed = next.remove(rest, s)
	default:
		existed = next.here.remove(s)
	}
	if next.empty() {
		n.setChild(level, nil)
	}
	return existed
}

// match appends the sessions whose filters select a topic to a list, perhaps more than once.
// reserved is set at the first level of a reserved topic: wildcards do not select that level
// (R-BRK-21).
func (n *node) match(topic string, reserved bool, to []recipient) []recipient {
	if !reserved {
		to = n.hash.appendTo(to)
	}
	level, rest, more := strings.Cut(topic, "/")
	next := n.child(level)
	plus := n.plus
	if reserved {
		plus = nil
	}
	for _, c := range [2]*node{next, plus} {
		switch {
		case c == nil:
		case more:
			to = c.match(rest, false, to)
		default:
			to = c.here.appendTo(to)
		}
	}
	return to
}
