package app

import (
	"context"
	"fmt"
	"time"

	"github.com/drover-iot/drover/internal/buildinfo"
	"github.com/drover-iot/drover/store"
)

// The list of nodes that GET /_drover/nodes answers (R-NODE-13). Every node answers the same, since
// it is that of the database.

// A shownNode is a row of the list.
type shownNode struct {
	Name        string    `json:"name"`
	Version     string    `json:"version"`
	Since       time.Time `json:"since"`
	LastSign    time.Time `json:"lastSign"`
	Connections int       `json:"connections"` // of devices
	Ready       bool      `json:"ready"`
	// Heir is the node that takes over the clients of this one, which was given up; empty for one
	// that lives. The row goes when that is done.
	Heir string `json:"heir,omitempty"`
}

// shownNodes is the answer.
type shownNodes struct {
	Now   time.Time   `json:"now"` // by the clock that the times of the rows are of
	Nodes []shownNode `json:"nodes"`
}

// listNodes answers the list. A server without a database is the only one in its list.
func (s *Server) listNodes(ctx context.Context, _ []byte) (any, error) {
	if s.database == nil {
		now := s.engine.Now()
		connections, ready := s.status()
		return shownNodes{now, []shownNode{{
			Name:        hostName(),
			Version:     buildinfo.Read().Version,
			Since:       s.started,
			LastSign:    now,
			Connections: connections,
			Ready:       ready,
		}}}, nil
	}
	nodes, err := s.engine.Nodes.List(ctx)
	if err != nil {
		return nil, err
	}
	return showNodes(nodes, s.follower.Now()), nil
}

// showNodes makes the answer of the nodes in the store; now is by the store's clock.
func showNodes(nodes []store.Node, now time.Time) shownNodes {
	names := map[store.NodeID]string{}
	for _, n := range nodes {
		names[n.ID] = n.Name
	}
	shown := shownNodes{now, []shownNode{}}
	for _, n := range nodes {
		row := shownNode{
			Name:        n.Name,
			Version:     n.Version,
			Since:       n.Since,
			LastSign:    n.Seen,
			Connections: n.Connections,
			Ready:       n.Ready && n.Heir == 0 && now.Sub(n.Seen) < signAge,
		}
		if n.Heir != 0 {
			row.Heir = names[n.Heir]
			if row.Heir == "" { // it was given up itself meanwhile
				row.Heir = fmt.Sprintf("node %d", n.Heir)
			}
		}
		shown.Nodes = append(shown.Nodes, row)
	}
	return shown
}

// livingNodes is how many nodes were not given up.
func livingNodes(nodes []store.Node) (n int) {
	for _, node := range nodes {
		if node.Heir == 0 {
			n++
		}
	}
	return n
}
