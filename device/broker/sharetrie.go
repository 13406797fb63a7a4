package broker

import "strings"

// Which groups of shared subscriptions select a topic.

// A shareNode is one level of the filters of groups, as in the trie of the other subscriptions
// (trie.go). The level + is a child like any other.
type shareNode struct {
	children map[string]*shareNode
	hash     map[*group]struct{} // of filters that end with # after this level
	here     map[*group]struct{} // of filters that end with this level
}

func (n *shareNode) add(filter string, g *group) {
	if filter == "#" {
		setGroup(&n.hash, g)
		return
	}
	level, rest, more := strings.Cut(filter, "/")
	next := n.children[level]
	if next == nil {
		next = &shareNode{}
		if n.children == nil {
			n.children = map[string]*shareNode{}
		}
		n.children[level] = next
	}
	if more {
		next.add(rest, g)
	} else {
		setGroup(&next.here, g)
	}
}

func setGroup(set *map[*group]struct{}, g *group) {
	if *set == nil {
		*set = map[*group]struct{}{}
	}
	(*set)[g] = struct{}{}
}

// remove removes a group, and the nodes that are empty without it.
func (n *shareNode) remove(filter string, g *group) {
	if filter == "#" {
		delete(n.hash, g)
		return
	}
	level, rest, more := strings.Cut(filter, "/")
	next := n.children[level]
	switch {
	case next == nil:
		return
	case more:
		next.remove(rest, g)
	default:
		delete(next.here, g)
	}
	if len(next.children) == 0 && len(next.hash) == 0 && len(next.here) == 0 {
		delete(n.children, level)
	}
}

// match appends the groups whose filters select a topic, which is not reserved, to a list.
func (n *shareNode) match(topic string, to []*group) []*group {
	for g := range n.hash {
		to = append(to, g)
	}
	level, rest, more := strings.Cut(topic, "/")
	for _, name := range [2]string{level, "+"} {
		next := n.children[name]
		switch {
		case next == nil:
		case more:
			to = next.match(rest, to)
		default:
			for g := range next.here {
				to = append(to, g)
			}
		}
	}
	return to
}
