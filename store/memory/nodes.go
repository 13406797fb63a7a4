package memory

import (
	"fmt"
	"math"
	"slices"
	"time"

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
	if !exists {
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
	c.At, c.Value, c.Held = ms(c.At), slices.Clone(c.Value), false
	key := turn{c.Name, c.Turn}
	if err := s.removeClient(store.ClientTurn(key)); err != nil {
		return err
	}
	s.clients = s.clients.put(key, c)
	s.clientsOf = s.clientsOf.put(turnOf{c.Node, key}, struct{}{})
	return nil
}

func (s *state) removeClient(t store.ClientTurn) error {
	key := turn(t)
	if old, exists := s.clients.get(key); exists {
		s.clients = s.clients.remove(key)
		s.clientsOf = s.clientsOf.remove(turnOf{old.Node, key})
	}
	return nil
}

// adoptUnowned gives to a node what belongs to none that exists.
func (s *state) adoptUnowned(node store.NodeID) error {
	if node == 0 {
		return nil
	}
	for _, c := range s.clients.from(turn{}) {
		if _, exists := s.nodes.get(id(c.Node)); exists || c.Node == 0 {
			continue
		}
		c.Node = node
		if err := s.putClient(c); err != nil {
			return err
		}
	}
	for at, e := range s.sessions.from(entry{}) {
		name := store.ClientOfSession(e.Client)
		if at.seq != 0 || name == "" || len(s.turns(name)) > 0 {
			continue
		}
		unowned := store.Client{Name: name, Node: node, At: time.UnixMilli(0)}
		if err := s.putClient(unowned); err != nil {
			return err
		}
	}
	return nil
}

// turns are the turns of a client.
func (s *state) turns(client string) (found []store.Client) {
	for at, c := range s.clients.from(turn{client, math.MinInt64}) {
		if at.Name != client {
			break
		}
		c.Value, c.Held = slices.Clone(c.Value), len(found) > 0
		found = append(found, c)
	}
	return found
}

func (r reader) Nodes() (found []store.Node, err error) {
	for _, n := range r.nodes.from(id(0)) {
		found = append(found, n)
	}
	return found, nil
}

func (r reader) Turns(client string) ([]store.Client, error) { return r.turns(client), nil }

func (r reader) ClientsOf(
	node store.NodeID, after store.ClientTurn, limit int,
) (found []store.Client, err error) {
	for at := range r.clientsOf.from(turnOf{node, turn{after.Name, after.Turn + 1}}) {
		if at.node != node || len(found) >= limit {
			break
		}
		c, _ := r.clients.get(at.turn)
		c.Value, c.Held = slices.Clone(c.Value), r.turns(c.Name)[0].Turn != c.Turn
		found = append(found, c)
	}
	return found, nil
}

// SessionsOf looks through all sessions: those of one client are not beside each other.
func (r reader) SessionsOf(client string, f func(store.SessionEntry) error) error {
	return r.Sessions(func(e store.SessionEntry) error {
		if store.ClientOfSession(e.Client) != client {
			return nil
		}
		return f(e)
	})
}
