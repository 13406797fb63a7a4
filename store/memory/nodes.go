package memory

import (
	"fmt"
	"math"
	"slices"

	"github.com/drover-iot/drover/store"
)

// Nodes and their clients, and the announcements that go when all nodes have passed them.

func (s *state) joinNode(n store.Node) error {
	if _, exists := s.nodes.get(id(n.ID)); exists {
		return fmt.Errorf("node %d: %w", n.ID, store.ErrConflict)
	}
	n.Since, n.Seen, n.Heir = ms(n.Since), ms(n.Seen), 0
	s.nodes = s.nodes.put(id(n.ID), n)
	return nil
}

func (s *state) giveUpNode(g store.GivenUp) error {
	n, exists := s.nodes.get(id(g.Node))
	if !exists || n.Heir != 0 {
		return fmt.Errorf("node %d: %w", g.Node, store.ErrConflict)
	}
	n.Heir = g.Heir
	s.nodes = s.nodes.put(id(g.Node), n)
	return nil
}

func (s *state) removeNode(node store.NodeID) error {
	s.nodes = s.nodes.remove(id(node))
	return nil
}

// signed stores the sign of the node that writes, if one does, and removes what all have passed.
func (s *state) signed(c store.NodeChanges) error {
	if c.By == 0 {
		return nil
	}
	n, exists := s.nodes.get(id(c.By))
	if !exists || n.Heir != 0 {
		return store.ErrNodeLost
	}
	n.Sign = c.Sign
	n.Seen = ms(n.Seen)
	s.nodes = s.nodes.put(id(c.By), n)
	passed := int64(math.MaxInt64)
	for _, n := range s.nodes.from(id(0)) {
		passed = min(passed, n.Position)
	}
	for at := range s.announcements.from(id(0)) {
		if int64(at) > passed {
			break
		}
		s.announcements = s.announcements.remove(at)
	}
	return nil
}

func (s *state) putClient(c store.Client) error {
	c.At, c.Value = ms(c.At), slices.Clone(c.Value)
	s.unindexClient(c.Name)
	s.clients = s.clients.put(text(c.Name), c)
	s.clientsOf = s.clientsOf.put(ofNode{c.Node, c.Name}, struct{}{})
	return nil
}

func (s *state) removeClient(name string) error {
	s.unindexClient(name)
	s.clients = s.clients.remove(text(name))
	return nil
}

func (s *state) unindexClient(name string) {
	if old, exists := s.clients.get(text(name)); exists {
		s.clientsOf = s.clientsOf.remove(ofNode{old.Node, name})
	}
}

func (r reader) Nodes() (found []store.Node, err error) {
	for _, n := range r.nodes.from(id(0)) {
		found = append(found, n)
	}
	return found, nil
}

func (r reader) Client(name string) (store.Client, error) {
	c, exists := r.clients.get(text(name))
	if !exists {
		return store.Client{}, store.ErrNotFound
	}
	c.Value = slices.Clone(c.Value)
	return c, nil
}

func (r reader) ClientsOf(
	node store.NodeID, after string, limit int,
) (found []store.Client, err error) {
	for at := range r.clientsOf.from(ofNode{node, after + "\x00"}) {
		if at.node != node || len(found) >= limit {
			break
		}
		c, err := r.Client(at.name)
		if err != nil {
			return nil, err
		}
		found = append(found, c)
	}
	return found, nil
}
