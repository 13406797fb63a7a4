package overview

import (
	"fmt"
	"time"

	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/client"
)

// NodeTable is the list of nodes as a table at a time (R-NODE-13).
func NodeTable(nodes []client.Node, now time.Time) Table {
	t := Table{
		Titles:  []string{"NODE", "VERSION", "STARTED", "LAST SIGN", "CONNECTIONS", "READY"},
		Shrinks: []int{0, 1, 5},
	}
	for _, n := range nodes {
		t.Rows = append(t.Rows, []Cell{
			{Text: n.Name},
			{Text: n.Version},
			{follow.Ago(n.Since, now), terminal.Dim},
			{follow.Ago(n.LastSign, now), terminal.Dim},
			{Text: fmt.Sprint(n.Connections)},
			readyCell(n),
		})
	}
	return t
}

// readyCell says whether a node is ready, and who goes on for one that is gone.
func readyCell(n client.Node) Cell {
	switch {
	case n.Heir != "":
		return Cell{"gone, " + n.Heir + " takes over its clients", terminal.Red}
	case n.Ready:
		return Cell{"yes", terminal.Green}
	}
	return Cell{"no", terminal.Yellow}
}
