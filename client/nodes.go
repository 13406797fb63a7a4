package client

import (
	"context"
	"net/http"
	"time"
)

// A Node is a server process that works on the same database as the one that was asked.
type Node struct {
	Name        string    `json:"name"`
	Version     string    `json:"version"`
	Since       time.Time `json:"since"`
	LastSign    time.Time `json:"lastSign"`    // when it was known to live
	Connections int       `json:"connections"` // of devices
	Ready       bool      `json:"ready"`
	// Heir is the node that takes over the clients of this one, which has given no signs any more
	// or has ended; empty for one that lives.
	Heir string `json:"heir,omitempty"`
}

// Nodes returns the nodes, oldest first, and the time by the clock that their times are of. A
// server with the embedded store is the only one.
func Nodes(ctx context.Context, c *Client) (nodes []Node, now time.Time, err error) {
	var shown struct {
		Now   time.Time `json:"now"`
		Nodes []Node    `json:"nodes"`
	}
	err = c.serverCall(ctx, http.MethodGet, "/_drover/nodes", nil, &shown)
	return shown.Nodes, shown.Now, err
}
