package broker

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// A Link is what is known of a connection before its CONNECT.
type Link struct {
	Remote net.Addr
	TLS    *tls.ConnectionState // nil on a plain listener
}

// An Authenticator says who is at the other end. An error closes the connection without a CONNACK (R-BRK-6).
type Authenticator func(ctx context.Context, link Link) (Principal, error)

// A Principal is who is at the other end: a certificate, a SigV4 principal, or nobody on the plain listener.
type Principal interface {
	// ID is the certificate's id, or what the presence events should show; may be empty.
	ID() string
	// Bind returns what this principal may do on one connection, as of now. It is called once for each CONNECT and may
	// block.
	Bind(Attributes) Authorizer
}

// Attributes are the facts of a CONNECT that policies may speak of (R-ID-30).
type Attributes struct {
	ClientID   string
	Persistent bool
	WillTopic  string // empty: no will
	Remote     net.Addr
}

// Action is what a client wants to do.
type Action byte

// The actions of R-ID-27, and the resource that each is about.
const (
	Connect       Action = iota // the client id
	Publish                     // the topic
	RetainPublish               // the topic
	Subscribe                   // the filter as sent
	Receive                     // the topic
)

// Decision is the outcome of the policies.
type Decision byte

// The zero Decision denies.
const (
	ImplicitDeny Decision = iota
	Allow
	ExplicitDeny
)

// An Authorizer decides for one connection. It is asked at each CONNECT, PUBLISH, SUBSCRIBE and delivery (R-BRK-19), from
// several goroutines. It must not call the broker.
type Authorizer interface {
	// Refresh takes note of what has changed until 5 s ago, or later. It is called before decisions, with no lock held,
	// and may block.
	Refresh()
	// Decide answers from what Refresh, or Bind, has taken note of. It is called with locks held and must not block.
	Decide(action Action, resource string) Decision
}

// A Peer is one connected client.
type Peer struct {
	ClientID   string
	Principal  Principal
	Authorizer Authorizer
	Remote     net.Addr
	Version    mqtt.Version
}

// Verdict is what a Service makes of a publish.
type Verdict byte

const (
	// Done accepts the publish; the reply is sent if it has a topic.
	Done Verdict = iota
	// Refused treats the publish as one to a topic that clients may not publish to (R-BRK-18).
	Refused
)

// A Reply answers a publish, on the connection that it came from and nowhere else (R-MQTT-29).
type Reply struct {
	Verdict Verdict
	Topic   string // empty: no answer
	Payload []byte
}

// A Service consumes the publishes that the reserved table hands to it.
type Service interface {
	// Handle is called on the connection's own goroutine, in arrival order. It returns when the request is durable.
	// payload is valid until it returns. ctx ends when the broker has shut down, not when the client goes away.
	Handle(ctx context.Context, from *Peer, topic string, payload []byte) Reply
}

// A ServiceFunc is a function as a Service.
type ServiceFunc func(ctx context.Context, from *Peer, topic string, payload []byte) Reply

// Handle calls f.
func (f ServiceFunc) Handle(ctx context.Context, from *Peer, topic string, payload []byte) Reply {
	return f(ctx, from, topic, payload)
}

// Anyone authenticates nobody and allows everything: the plain listener of a lab (R-BRK-39).
func Anyone(context.Context, Link) (Principal, error) { return anyone{}, nil }

type anyone struct{}

func (anyone) ID() string                     { return "" }
func (anyone) Bind(Attributes) Authorizer     { return anyone{} }
func (anyone) Refresh()                       {}
func (anyone) Decide(Action, string) Decision { return Allow }
