package store

import (
	"fmt"
	"time"
)

// Several nodes may work on one store: server processes, each with a number of its own. A node
// joins, gives signs of life, reads the announcements of all commits in their order, and is given up
// by another one when its signs have stopped. An announcement is removed when every node has passed
// it. A server that is alone on its store is one node.

// ErrNodeLost is the conflict that the node which writes is not one of the nodes any more: another
// one has given it up.
var ErrNodeLost = fmt.Errorf("%w: this node was given up by another one", ErrConflict)

// NodeID is the number of a node. A process that starts gets a fresh one.
type NodeID int64

// A Node is a server process on the store.
type Node struct {
	ID      NodeID
	Name    string // for people
	Version string // of the program
	Since   time.Time
	Sign
	// Heir has taken the clients of a node that was given up; 0 for one that lives.
	Heir NodeID
}

// A Sign is what a node says of itself with its commits.
type Sign struct {
	Seen time.Time // when it was given
	// Position is the announcement up to which the node has made them all.
	Position    int64
	Connections int // of devices
	Ready       bool
}

// NodeChanges are changes of nodes.
type NodeChanges struct {
	// Joined inserts nodes.
	Joined []Node
	// By is the node that writes, 0 for none; ErrNodeLost when it does not exist or was given up.
	// Its sign is stored, and announcements that every node has passed are removed.
	By   NodeID
	Sign Sign
	// GivenUp sets the heir of nodes; ErrConflict when one does not exist.
	GivenUp []GivenUp
	// Gone removes nodes. Removing one that does not exist is no change.
	Gone []NodeID
}

// GivenUp is a node that has given no signs for a while, and the one that takes its clients.
type GivenUp struct {
	Node     NodeID `json:"node"`
	Heir     NodeID `json:"heir"`
	Position int64  `json:"position"` // of the node that was given up; not read by stores
}
