package nodes

import (
	"slices"
	"time"

	"github.com/drover-iot/drover/store"
)

// The turns of a client, as claims, releases and ends of connections change them. The functions here
// decide; clients.go loads and writes. A client with no turn of a node may have one row of node 0,
// which remembers its last connection: how many there were (R-BRK-33), and whether the thing that is
// named like it is connected (R-ID-40).

// connectionsMemory is how long the connections of a client that is away go on being counted
// (R-BRK-33).
const connectionsMemory = time.Hour + time.Minute

// A Connection is a client that has connected.
type Connection struct {
	Client  string
	Session string // tells the connections of a client apart
	AsThing bool   // it stands for the thing that is named like it
	Value   []byte // store.Client.Value
}

// A Claimed is the answer to a claim.
type Claimed struct {
	Number int64 // of the claim
	// Turn is the claim with which the turn of the node began: Number, or an earlier one.
	Turn int64
	// Held says that an earlier turn has to end first.
	Held bool
	// Version counts the connections of the client, from 0.
	Version int64
}

// change is what a decision makes of the turns of a client.
type change struct {
	clients store.ClientChanges
	news    []store.ClientNews
	asThing bool // the thing that is named like the client has come or gone
}

func (c *change) set(row store.Client) {
	row.Held = false
	c.clients.Set = append(c.clients.Set, row)
}

func (c *change) remove(row store.Client) {
	c.clients.Removed = append(c.clients.Removed, store.ClientTurn{Name: row.Name, Turn: row.Turn})
}

// claim is the claim of a number by a node. The last turn goes on when it is the node's; otherwise
// the node gets a turn after all others.
func claim(
	turns []store.Client, node store.NodeID, number int64, now time.Time, by Connection,
) (c change, answer Claimed) {
	row := store.Client{Name: by.Client, Turn: number, Node: node}
	c.asThing = by.AsThing
	if len(turns) > 0 {
		last := turns[len(turns)-1]
		c.asThing = c.asThing || last.AsThing && last.Connected
		if last.Connected || last.Node != 0 || now.Sub(last.At) < connectionsMemory {
			row.Connections = last.Connections
		}
		switch last.Node {
		case 0:
			c.remove(last)
			turns = turns[:len(turns)-1]
		case node:
			row.Turn = last.Turn
		default:
			c.news = append(c.news, store.ClientNews{
				Client: by.Client,
				Claim:  number,
				From:   last.Node,
				To:     node,
			})
		}
	}
	row.Claim, row.Connected, row.At = number, true, now
	row.Session, row.AsThing, row.Value = by.Session, by.AsThing, by.Value
	answer = Claimed{
		Number:  number,
		Turn:    row.Turn,
		Held:    len(turns) > 0 && turns[0].Turn != row.Turn,
		Version: row.Connections,
	}
	row.Connections++
	c.set(row)
	return c, answer
}

// release ends the turn of a node before the one that began with a claim. What was released before
// changes nothing.
func release(turns []store.Client, node store.NodeID, claim int64) (c change) {
	at := slices.IndexFunc(turns, func(t store.Client) bool { return t.Turn == claim })
	if at < 1 || turns[at-1].Node != node {
		return c
	}
	c.remove(turns[at-1])
	if at == 1 {
		c.released(turns[at], node)
	}
	return c
}

// released says that a turn is the first one now.
func (c *change) released(turn store.Client, from store.NodeID) {
	c.news = append(c.news, store.ClientNews{
		Client:   turn.Name,
		Claim:    turn.Turn,
		From:     from,
		To:       turn.Node,
		Released: true,
	})
}

// An End is the end of a connection.
type End struct {
	Client string
	// Claim is the number of the connection's claim; 0 for a claim of which nobody knows whether it
	// was made: then the connection is that of Session.
	Claim   int64
	Session string
	// Quiet says that no connection ends, but the last session of a client that is away.
	Quiet bool
	// Keep says that the node goes on having sessions of the client, or is to release them. A turn
	// that others wait for ends by its release only.
	Keep   bool
	Reason string
	// MayReturn says that the connection ended because the node does.
	MayReturn bool
}

// leave ends a connection of a node. ok is false for one that was never recorded. A connection that
// is not the newest of its turn changes nothing.
func leave(
	turns []store.Client, node store.NodeID, now time.Time, e End,
) (c change, ended store.Client, ok bool) {
	at := slices.IndexFunc(turns, func(t store.Client) bool {
		return t.Node == node &&
			(t.Claim == e.Claim || e.Claim == 0 && t.Session == e.Session && e.Session != "")
	})
	if at < 0 {
		return c, ended, e.Claim != 0
	}
	row := turns[at]
	c.asThing = row.AsThing && at == len(turns)-1 && !e.Quiet
	if !e.Quiet {
		row.MayReturn = e.MayReturn || row.MayReturn
		row.Connected, row.At, row.Reason = false, now, e.Reason
		row.Value = nil
	}
	if !e.Keep && len(turns) == 1 {
		row.Node = 0 // it is remembered only
	}
	c.set(row)
	return c, row, true
}
