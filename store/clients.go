package store

import "time"

// A Client is a client id that is connected to a node, or has sessions there: nobody but this node
// writes sessions of the client. Servers that are alone on their store store none.
type Client struct {
	Name string
	Node NodeID
	// Claim grows with every connection of any client. Claimant is the node that has made the newest
	// one and waits until Node has released the client; 0: Node itself has.
	Claim    int64
	Claimant NodeID
	// Entry is the announcement that tells of the claim, when there is a claimant.
	Entry int64
	// Connections counts the connections that the client has had.
	Connections int64
	Connected   bool
	// AsThing says that the connection stands for the thing that is named like the client.
	AsThing bool
	Session string    // tells the connections of a client apart
	At      time.Time // when it connected or disconnected
	Reason  string    // why it disconnected; empty while it is connected
	// Value is what the node needs that takes over from one that was lost, such as the will; it is
	// the broker's business.
	Value []byte
}

// ClientChanges are changes of clients.
type ClientChanges struct {
	// Set inserts or rewrites by name. Removed removes by name; removing one that does not exist is
	// no change.
	Set     []Client
	Removed []string
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
	// GivenUp are nodes that were given up by this commit.
	GivenUp []GivenUp `json:"givenUp,omitempty"`
}

// ClientNews says that a client was claimed by the node To, or released to it by the node From.
type ClientNews struct {
	Client   string `json:"client"`
	Claim    int64  `json:"claim"`
	From     NodeID `json:"from,omitempty"` // who had it before; 0: nobody
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
	f.Certificates = append(f.Certificates, o.Certificates...)
	f.Detached = append(f.Detached, o.Detached...)
	f.GivenUp = append(f.GivenUp, o.GivenUp...)
}

// Empty reports whether there is nothing for nodes.
func (f ForNodes) Empty() bool {
	return len(f.Clients) == 0 && !f.Access && len(f.Certificates) == 0 && len(f.Detached) == 0 &&
		len(f.GivenUp) == 0
}
