package broker

import (
	"context"
	"errors"
)

// What several brokers on one store need to agree on: which of them has the sessions of a client
// (R-NODE-7), and what becomes of them when a broker is lost (R-NODE-8).
//
// A client id has one row for each of its turns: a turn is the time from a claim of a node to the
// next claim of another node. The node of the first turn has the client's sessions in memory, and
// it alone writes them. The nodes of later turns wait until all before them have released the
// client. Mostly there is one turn. With pump-07 connected to node A, a CONNECT on node B:
//
//	B calls Claim            rows A 4, B 7; the log has "claimed 7, from A to B"; Claim answers
//	                         Number 7, Turn 7, Held
//	A passes "claimed 7"     Claimed(pump-07, 7, false, true): closes the connection, stores the
//	                         sessions, calls Release(pump-07, 7)
//	B passes "claimed 7"     Claimed(pump-07, 7, true, false): gathers what the log publishes
//	Release                  rows B 7; the log has "released 7"
//	B passes "released 7"    Released(pump-07, 7): loads the sessions, appends what it gathered,
//	                         answers the CONNECT
//
// So what the log publishes before the claim is queued by A, and what comes after it by B.
//
// Whoever reads the log calls methods of the Broker, one after the other and in the order of the
// log: Claimed, Released, Adopt and Adopted, and Subscribed and Publish for what is published.
// Before it says that a node has come to a position, it calls Stored and asks Unfinished: the
// position must be before that claim. When node A is lost, its heir H, at the entry that says so:
//
//	takes back its own position to that of A, in one commit with the first page of Lost, so that
//	   an heir of H begins there too; an heir of a node adopts also those that the node has not
//	   adopted wholly, each with Adopt, replay and Adopted
//	Adopt(A)                 loads the sessions, publishes the wills
//	replays the log          from the position of A to the present entry, with mine and wasMine
//	                         as they were for A, and for those that A had adopted
//	Adopted                  from now on wasMine is true for turns of A too

// ErrLost is the error of a node that was given up: others act for it, and nothing that it wants to
// write is written. The broker drops what waits to be stored and waits for Abandon.
var ErrLost = errors.New("this node was declared lost")

// Nodes is how the brokers on one store agree on which of them has a client. Each method makes one
// commit, except that Load and NextShared make none and Lost makes several.
type Nodes interface {
	// Claim records that a client is connected to this node. It returns when that is durable. If
	// the last turn of the client is of this node already, that turn goes on with the new
	// connection. Otherwise a turn of this node is added, and if there was one before it, the log
	// gets the claim. After an error nobody knows whether it was recorded: then Leave is called with
	// Claim 0.
	Claim(ctx context.Context, c Client) (Claimed, error)
	// Release ends the turn before the one that began with a claim: the sessions of the client are
	// in the store. The log gets the release. A claim that was released before, or that is of a
	// turn that is not there any more, changes nothing.
	Release(ctx context.Context, client string, claim int64) error
	// Leave records that a connection has ended, and gives its event to the log.
	Leave(ctx context.Context, l Left) error
	// Lost gives the turns of a lost node to this one, which is its heir, and calls f for them, page
	// by page, of some hundreds each. A page is durable before f is called with it. Connections
	// stay recorded as such until Leave is called for them: should this node be lost before, its
	// heir ends them.
	Lost(ctx context.Context, node int64, f func([]LostClient) error) error
	// Load calls each for every stored value of the sessions of some clients, as Sessions.Load does
	// for all: by Client and then by Seq ascending, without the bodies. The client pump-07 has the
	// keys "pump-07" and, for more sessions, "$1/pump-07", "$2/pump-07" and so on.
	Load(ctx context.Context, clients []string, each func(Change) error) error
	// NextShared returns a number for Change.Shared that no node has given before. It must not
	// block.
	NextShared() uint64
}

// A Client is a client that is connected, with what others need should its node be lost.
type Client struct {
	ID string
	// Connected is the event of its connection, with AsThing, which is not in its JSON. Claim gives
	// it to the log with Version set.
	Connected PresenceEvent
	// Will is the will of the connection; nil: none. What it holds is the broker's business.
	Will []byte
}

// Claimed is the answer to a claim.
type Claimed struct {
	Number int64 // of the claim: greater than those of all claims before it
	// Turn is the number of the claim with which the turn of this node began: Number, or a smaller
	// one if the turn has gone on.
	Turn int64
	// Held says that the turn is not the first: the release of Turn has to be waited for. A turn
	// that is the first of a client that had none has no sessions in the store.
	Held bool
	// Version counts the connections of the client over all nodes (PresenceEvent.Version).
	Version int64
}

// A Left says that a connection has ended, or that the last session of a client has.
type Left struct {
	Client string
	// Claim is the number of the connection's claim. It is 0 after a Claim that failed: then the
	// connection is the one with the session identifier of Event, if that is in a row, and if not,
	// nothing is recorded and Event is dropped.
	Claim int64
	// Keep says that the turn stays with this node, which has sessions of the client or waits for
	// them, or is about to release it. Otherwise the turn ends, unless it is not the first one, or
	// there was another claim of the client since, of whichever node.
	Keep bool
	// Event is given to the log, whether or not there was another claim since; nil: none. After a
	// Claim that failed its Version is not set; it is that of the row.
	Event *PresenceEvent
}

// A LostClient is a turn of a node that was lost.
type LostClient struct {
	Client           // of the last claim in the turn
	Claimed          // the answer to that claim; Held as it is now
	IsConnected bool // the connection has not ended yet
}
