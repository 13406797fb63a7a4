package store

import (
	"strings"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// A Client is a client id that is connected to a node, or has sessions there. It has one row for each
// of its turns. The node of the first turn writes the client's sessions, and nobody else does; the
// nodes of later turns wait until all before them have released the client. Servers that are alone on
// their store have no rows.
type Client struct {
	Name string
	Turn int64  // the claim with which the turn began
	Node NodeID // 0: nobody has sessions of the client, and the row tells of its last connection
	// Claim is that of the newest connection in the turn. Claims grow, over all clients.
	Claim int64
	// Connections counts the connections of the client, up to this one.
	Connections int64
	Connected   bool
	// AsThing says that the connection stands for the thing that is named like the client.
	AsThing bool
	Session string    // tells the connections of a client apart
	At      time.Time // when it connected or, if it is not connected, disconnected
	Reason  string    // why it disconnected; empty while it is connected
	// MayReturn says that the client was disconnected because its node has ended: it is expected to
	// connect to another one.
	MayReturn bool
	// Value is what the node needs that takes over from one that was lost, such as the will; it is
	// the broker's business.
	Value []byte
	// Held says that the client has an earlier turn. It is what a store answers, and no part of a
	// change.
	Held bool
}

// ClientTurn names a turn of a client.
type ClientTurn struct {
	Name string
	Turn int64
}

// ClientChanges are changes of clients.
type ClientChanges struct {
	// Removed removes turns; removing one that does not exist is no change. Set inserts or rewrites
	// turns.
	Removed []ClientTurn
	Set     []Client
	// Unowned gives to a node the turns of nodes that do not exist, and sessions whose client has no
	// row, each in a turn 0 that is not connected; 0 gives none. It looks at all of them.
	Unowned NodeID
}

// ForNodes is what an announcement has for the nodes themselves.
type ForNodes struct {
	// Clients are claims and releases, in their order.
	Clients []ClientNews `json:"clients,omitempty"`
	// Access says that something was changed that decides what somebody may do. Certificates are
	// those whose status has changed or that were deleted, Detached those that a thing has lost.
	Access       bool       `json:"access,omitempty"`
	Certificates []string   `json:"certificates,omitempty"`
	Detached     []Detached `json:"detached,omitempty"`
	// Authorizers are those that were changed or deleted.
	Authorizers []string `json:"authorizers,omitempty"`
	// Authorities says that a CA certificate was added, changed or deleted.
	Authorities bool `json:"authorities,omitempty"`
	// GivenUp are nodes that were given up by this commit.
	GivenUp []GivenUp `json:"givenUp,omitempty"`
	// Confirmations are successes that wait to be confirmed from now on, or do not any more.
	Confirmations []ConfirmationNews `json:"confirmations,omitempty"`
}

// ConfirmationNews says that a success of a thing waits to be confirmed, or does not any more: Done.
type ConfirmationNews struct {
	Thing      registry.ThingID `json:"thing"`
	Job        job.Key          `json:"job"`
	Name       string           `json:"name,omitempty"` // of the thing, unless it is done
	ReportedAt time.Time        `json:"reportedAt,omitzero"`
	Done       bool             `json:"done,omitempty"`
}

// ClientNews says that a client was claimed by the node To while the turn before is one of the node
// From, or that this turn has ended.
type ClientNews struct {
	Client   string `json:"client"`
	Claim    int64  `json:"claim"` // with which the turn of To began
	From     NodeID `json:"from"`
	To       NodeID `json:"to"`
	Released bool   `json:"released,omitempty"`
}

// Detached is a certificate that was detached from a thing.
type Detached struct {
	Certificate string `json:"certificate"`
	Thing       string `json:"thing"`
}

// Add appends what another one has.
func (f *ForNodes) Add(o ForNodes) {
	f.Clients = append(f.Clients, o.Clients...)
	f.Access = f.Access || o.Access
	f.Authorities = f.Authorities || o.Authorities
	f.Certificates = append(f.Certificates, o.Certificates...)
	f.Detached = append(f.Detached, o.Detached...)
	f.Authorizers = append(f.Authorizers, o.Authorizers...)
	f.GivenUp = append(f.GivenUp, o.GivenUp...)
	f.Confirmations = append(f.Confirmations, o.Confirmations...)
}

// Empty reports whether there is nothing for nodes.
func (f ForNodes) Empty() bool {
	return len(f.Clients) == 0 && !f.Access && len(f.Certificates) == 0 && len(f.Detached) == 0 &&
		len(f.Authorizers) == 0 && len(f.GivenUp) == 0 && len(f.Confirmations) == 0 && !f.Authorities
}

// ClientOfSession is the name of the client whose sessions are stored under a key: the key itself,
// or what follows $1/, $2/ and so on.
func ClientOfSession(key string) string {
	number, client, _ := strings.Cut(key, "/")
	if !strings.HasPrefix(number, "$") || strings.Trim(number[1:], "0123456789") != "" {
		return key
	}
	return client
}
