package broker

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// What the broker needs from outside: who is connecting, what they may do, and what requests mean.

// A Link is what is known of a connection before its CONNECT.
type Link struct {
	Remote net.Addr
	TLS    *tls.ConnectionState // nil on a plain listener
}

// An Authenticator says who is connecting. An error closes the connection without a CONNACK
// (R-BRK-6). ctx ends when the broker shuts down.
type Authenticator func(ctx context.Context, link Link) (Principal, error)

// Identified is a connection whose client has shown who it is before its first byte, such as one
// over WebSocket (R-BRK-32). The Authenticator is not called for it.
type Identified interface{ Principal() Principal }

// A Principal is who is connecting: a certificate, a SigV4 principal, or nobody in particular on
// the plain listener.
type Principal interface {
	// ID is the id of the certificate, or what presence events should show. It may be empty.
	ID() string
	// Until is the last moment at which the principal may be connected, such as the end of its
	// certificate; zero when there is none. It is asked only if there is an id.
	Until() time.Time
	// Bind returns what this principal may do on one connection. It is called once for each CONNECT
	// and may block.
	Bind(Attributes) Authorizer
}

// Attributes are the facts of a CONNECT that policies can refer to (R-ID-30).
type Attributes struct {
	ClientID   string
	Persistent bool   // the session should outlive the connection
	WillTopic  string // empty: no will
	Remote     net.Addr
}

// Action is what a client wants to do.
type Action byte

// The actions of R-ID-27, each with what its resource is.
const (
	Connect       Action = iota // the client id
	Publish                     // the topic
	RetainPublish               // the topic
	Subscribe                   // the filter as the client sent it
	Receive                     // the topic
)

// Decision is what the policies say to an action.
type Decision byte

// The zero Decision denies.
const (
	ImplicitDeny Decision = iota // no statement allows it
	Allow
	ExplicitDeny // a statement denies it
	Unknown      // the policies could not be read, and were not before; denies
)

// An Authorizer decides for one connection. It is asked at each CONNECT, PUBLISH, SUBSCRIBE and
// delivery (R-BRK-19), by the two goroutines of the connection, and about messages of shared
// subscriptions by those of other connections. It must not call the broker.
type Authorizer interface {
	// Refresh makes the Authorizer know all changes of policies that are more than 5 s old. It is
	// called before decisions, with no lock held, and may block. It reports whether the principal
	// may be connected still: once it may not, nothing is published or delivered any more, and the
	// connection is closed.
	Refresh() bool
	// Thing is the name of the connection thing, which is who the client stands for; empty when it
	// has none (R-ID-29).
	Thing() string
	// Decide answers from what Bind or the last Refresh has read. It is called with locks held and
	// must not block.
	Decide(action Action, resource string) Decision
}

// A Peer is one connected client.
type Peer struct {
	// Connection is the number of the connection: no other of this process has it. It is for the log.
	Connection uint64
	ClientID   string
	Principal  Principal
	Authorizer Authorizer
	Remote     net.Addr
	Version    mqtt.Version
}

// Verdict is what a Service says to a publish.
type Verdict byte

// The verdicts.
const (
	// Done accepts the publish. The reply is sent if it has a topic.
	Done Verdict = iota
	// Refused means that clients may not publish to this topic (R-BRK-18).
	Refused
)

// A Reply answers a publish, on the connection that it came from and nowhere else (R-MQTT-29).
type Reply struct {
	Verdict Verdict
	Topic   string // empty: nothing is sent
	Payload []byte
}

// A Request is a PUBLISH for a Service.
type Request struct {
	Topic   string
	Payload []byte // valid until the Service returns
	// PacketID is the packet identifier of a PUBLISH at QoS 1, 0 at QoS 0.
	PacketID uint16
	// Redelivered is the DUP flag: the client has sent the packet before, with the same identifier
	// and payload, and does not know whether it arrived.
	Redelivered bool
	// Hears reports whether the client subscribes to a topic and may receive what is published there.
	// A Reply is sent without that. It is called before the Service returns.
	Hears func(topic string) bool
}

// A Service handles the publishes for which the table of reserved topics says Serve.
type Service interface {
	// Handle returns when the request is durable. It is called on the reading goroutine of the
	// connection, so in the order in which the client publishes. ctx ends when the broker has shut
	// down, not when the client disconnects.
	Handle(ctx context.Context, from *Peer, r Request) Reply
}

// A ServiceFunc is a function as a Service.
type ServiceFunc func(ctx context.Context, from *Peer, r Request) Reply

// Handle calls f.
func (f ServiceFunc) Handle(ctx context.Context, from *Peer, r Request) Reply {
	return f(ctx, from, r)
}

// Anyone is an Authenticator that lets everybody connect and do everything, for the plain listener
// of a laboratory (R-BRK-39).
func Anyone(context.Context, Link) (Principal, error) { return anyone{}, nil }

type anyone struct{}

func (anyone) ID() string                   { return "" }
func (anyone) Until() time.Time             { return time.Time{} }
func (anyone) Bind(a Attributes) Authorizer { return anyThing(a.ClientID) }

// anyThing is what a client on the plain listener may do: everything. It stands for the thing that
// is named like its client id, registered or not.
type anyThing string

func (anyThing) Refresh() bool                  { return true }
func (t anyThing) Thing() string                { return string(t) }
func (anyThing) Decide(Action, string) Decision { return Allow }
