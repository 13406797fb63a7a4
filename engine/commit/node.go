package commit

import (
	"sync"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/store"
)

// A committer writes as one of the nodes on its store. It joins with its first commit. With every
// further one it gives a sign of life, if others may be there, and says up to where it has made the
// announcements. A node that others have given up writes nothing any more, until it joins anew
// (R-NODE-8).

// NodeConfig is how a server shows in the list of nodes.
type NodeConfig struct {
	Name, Version string
	// Shared says that there may be other nodes. A server that is alone takes the place of whoever
	// was there before, and needs no signs of life.
	Shared bool
	// Status is what the server says of itself; nil says nothing.
	Status func() (connections int, ready bool)
	// Unfinished is the oldest claim of a client that was announced, and that this node has still to
	// do something about; 0: none. A node that takes over from this one begins before it. May be nil.
	Unfinished func() int64
}

// A member is what a committer knows of its own place among the nodes.
type member struct {
	mu   sync.Mutex
	id   store.NodeID  // 0 before it has joined
	out  bool          // it was given up, and must not join before Rejoin
	lost chan struct{} // delivers a token when the node was given up
}

func (m *member) get() (id store.NodeID, out bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.id, m.out
}

func (m *member) set(id store.NodeID, out bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.id, m.out = id, out
}

func (m *member) forget() { m.set(0, false) }

// NodeID is the number of this node, 0 before its first commit and when it was given up.
func (c *Committer) NodeID() store.NodeID {
	id, _ := c.member.get()
	return id
}

// Lost delivers a token when this node was given up. Nothing is committed until Rejoin.
func (c *Committer) Lost() <-chan struct{} { return c.member.lost }

// Rejoin lets this node join anew with its next commit: nobody writes any more what others have
// taken over.
func (c *Committer) Rejoin() { c.member.forget() }

// ErrGivenUp says that this node was given up by others. Nothing of the request was written.
var ErrGivenUp = fault.New(fault.Unavailable,
	"this node was cut off and given up by the others; it is about to join them again")

// sign is what a commit writes about this node.
func (c *Committer) sign(tx *Tx, position int64) (n store.NodeChanges, err error) {
	id, out := c.member.get()
	tx.Node = id
	if out {
		return n, ErrGivenUp
	}
	if id == 0 {
		return c.join(tx)
	}
	if _, unsaved := c.Outbox.Position(); !unsaved && !c.Node.Shared {
		return n, nil
	}
	n.By, n.Sign = id, c.status(tx)
	n.Sign.Position = position
	if c.Node.Unfinished != nil { // asked after the position: what it passed is known by now
		if claim := c.Node.Unfinished(); claim != 0 {
			n.Sign.Position = min(position, claim-1)
		}
	}
	return n, nil
}

// join makes this node one of the nodes. Those before it of the same name are gone: of a server that
// is alone, whoever was there. Its clients and announcements become those of this one.
func (c *Committer) join(tx *Tx) (n store.NodeChanges, err error) {
	tx.Node = tx.Keys.Node()
	joined := store.Node{
		ID:      tx.Node,
		Name:    c.Node.Name,
		Version: c.Node.Version,
		Sign:    c.status(tx),
	}
	joined.Since = joined.Seen
	n.Joined = []store.Node{joined}
	nodes, err := tx.Nodes()
	alone := true
	tx.beginUpTime(nodes, c.Node.Shared)
	for _, other := range nodes {
		switch {
		case !c.Node.Shared:
			n.Gone = append(n.Gone, other.ID)
		case other.Name == c.Node.Name && other.Heir == 0:
			GiveUp(tx, nodes, other, tx.Node)
		case other.Heir == 0:
			alone = false
		}
	}
	if err != nil || !c.Node.Shared {
		return n, err
	}
	if alone {
		adoptUnowned(tx)
	}
	return n, tx.Apply() // now: a request that is refused drops what is staged
}

// adoptUnowned stages that this node takes over what belongs to no node: the sessions of a store
// that one server had for itself. They are given to a node that is lost.
func adoptUnowned(tx *Tx) {
	unowned := store.Node{
		ID:   tx.Keys.Node(),
		Name: "sessions of no node",
		Sign: store.Sign{Seen: tx.StoreTime()},
	}
	unowned.Since = unowned.Seen
	tx.Changes.Nodes.Joined = []store.Node{unowned}
	tx.Changes.Clients.Unowned = unowned.ID
	GiveUp(tx, []store.Node{unowned}, unowned, tx.Node)
}

// Leave stages that another node takes over from this one, which ends; nothing when there is none.
func (c *Committer) Leave(tx *Tx) error {
	nodes, err := tx.Nodes()
	if err != nil {
		return err
	}
	var me, heir store.Node
	for _, n := range nodes {
		switch {
		case n.ID == tx.Node:
			me = n
			me.Position, _ = c.Outbox.Position()
		case n.Heir == 0 && n.Seen.After(heir.Seen):
			heir = n
		}
	}
	if me.ID != 0 && heir.ID != 0 {
		GiveUp(tx, nodes, me, heir.ID)
		tx.leaves = true
	}
	return nil
}

// status is the sign of this node without its position.
func (c *Committer) status(tx *Tx) (s store.Sign) {
	s.Seen = tx.StoreTime()
	if c.Node.Status != nil {
		s.Connections, s.Ready = c.Node.Status()
	}
	return s
}

// GiveUp stages that a node is not waited for any more, and which one takes its clients. Those that
// it was taking from others go with them.
func GiveUp(tx *Tx, nodes []store.Node, lost store.Node, heir store.NodeID) {
	for _, n := range nodes {
		if n.ID != lost.ID && n.Heir != lost.ID {
			continue
		}
		given := store.GivenUp{Node: n.ID, Heir: heir, Position: n.Position}
		tx.Changes.Nodes.GivenUp = append(tx.Changes.Nodes.GivenUp, given)
		tx.TellNodes(store.ForNodes{GivenUp: []store.GivenUp{given}})
	}
}

// signed takes note of what a commit has written about this node.
func (c *Committer) signed(tx *Tx, n store.NodeChanges) {
	switch {
	case len(n.Joined) > 0:
		c.member.set(tx.Node, false)
		c.Outbox.stored(0)
	case n.By != 0:
		c.Outbox.stored(n.Sign.Position)
	}
}

// lost takes note that this node was given up. A server that is alone joins again: its store was
// emptied.
func (c *Committer) lost(err error) error {
	if !c.Node.Shared {
		c.member.forget()
		return err
	}
	c.member.set(0, true)
	select {
	case c.member.lost <- struct{}{}:
	default:
	}
	return ErrGivenUp
}
