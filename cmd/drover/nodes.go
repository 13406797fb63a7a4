package main

import (
	"context"
	"flag"

	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/client"
)

// nodesAbout is the help text of drover nodes.
const nodesAbout = `List the nodes, which are the servers on one database: their versions, when they started, when each
gave its last sign of life, how many devices are connected, and whether it is ready. Any of them
answers, and a server with the embedded store lists itself. A node gives a sign each second, and is
gone when it has given none for seven; it is listed until another one has taken over its clients.

  drover nodes
  drover nodes --output json

The rows of --output json have the members name, version, since, lastSign, connections, ready and,
for a node that is gone, heir, the name of the one that takes over its clients. The member now is the
time by the clock of the database.`

// listNodes lists nodes (R-NODE-13).
func listNodes(ctx context.Context, args []string) error {
	l := newShortList(flag.NewFlagSet("nodes", flag.ContinueOnError))
	if err := l.read(ctx, "[options]", nodesAbout, args); err != nil {
		return err
	}
	nodes, now, err := client.Nodes(ctx, l.client(l.Attempts))
	if err != nil {
		return err
	}
	return l.show(overview.NodeTable(nodes, now), map[string]any{"nodes": nodes, "now": now}, "")
}
