package app

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/policy"
)

// gate lets devices in: it knows certificates by their fingerprint and decides by their policies.
type gate struct {
	engine *engine.Engine
	scope  registry.Scope
	log    *slog.Logger
}

var errNoCertificate = errors.New("no client certificate")

// authenticate says who is at the other end of an MQTT connection. On the plain listener that is nobody, who may do
// everything (R-BRK-39).
func (g *gate) authenticate(ctx context.Context, link broker.Link) (broker.Principal, error) {
	if link.TLS == nil {
		return broker.Anyone(ctx, link)
	}
	if len(link.TLS.PeerCertificates) == 0 {
		return nil, errNoCertificate
	}
	leaf := link.TLS.PeerCertificates[0]
	certificate, err := g.engine.Identity.Identify(ctx, tlsutil.Fingerprint(leaf.Raw), time.Now()) // the real clock: it secures a connection
	if err != nil {
		return nil, err
	}
	return &certified{gate: g, id: certificate.ID, leaf: leaf}, nil
}

// certified is a device that presented a certificate.
type certified struct {
	*gate
	id   string
	leaf *x509.Certificate
}

// ID is the certificate's id.
func (c *certified) ID() string { return c.id }

// Bind returns what the device may do on one connection.
func (c *certified) Bind(a broker.Attributes) broker.Authorizer {
	p := &permissions{certified: c, context: policy.Context{
		ClientID: a.ClientID, CertificateID: c.id, Certificate: c.leaf, SourceIP: address(a.Remote),
	}}
	if a.Persistent {
		p.context.ConnectAttributes = append(p.context.ConnectAttributes, "PersistentConnect")
	}
	if a.WillTopic != "" {
		p.context.ConnectAttributes = append(p.context.ConnectAttributes, "LastWill")
		p.context.WillTopic = c.scope.ARN("topic", a.WillTopic)
	}
	p.read()
	return p
}

// address is the host part of a peer's address.
func address(a net.Addr) string {
	if a == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}

const (
	// refreshEvery bounds how often one connection reads its policies anew while the registry changes; R-BRK-19 allows
	// five seconds.
	refreshEvery = time.Second
	// remembered bounds the decisions that one connection remembers.
	remembered = 64
)

// permissions decides for one connection. Its answers are at most a second behind a change of policies: after one, the
// policies in effect are read anew before the next question, which takes a few dozen microseconds.
type permissions struct {
	*certified
	reading sync.Mutex // held while the policies are read; taken before mu

	mu        sync.Mutex // guards what follows
	context   policy.Context
	policies  []*policy.Document
	version   uint64
	refreshed time.Time
	decisions map[request]broker.Decision
}

type request struct {
	action   broker.Action
	resource string
}

// actions are the names and resource kinds of R-ID-27.
var actions = map[broker.Action]struct{ name, kind string }{
	broker.Connect:       {"iot:Connect", "client"},
	broker.Publish:       {"iot:Publish", "topic"},
	broker.RetainPublish: {"iot:RetainPublish", "topic"},
	broker.Subscribe:     {"iot:Subscribe", "topicfilter"},
	broker.Receive:       {"iot:Receive", "topic"},
}

// Refresh reads the policies again if they may have changed.
func (p *permissions) Refresh() {
	if !p.stale() {
		return
	}
	p.reading.Lock()
	defer p.reading.Unlock()
	if p.stale() { // else another goroutine has read them meanwhile
		p.read()
	}
}

func (p *permissions) stale() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.version != p.engine.Identity.AccessVersion() && time.Since(p.refreshed) >= refreshEvery
}

// Decide says what the policies say about one action.
func (p *permissions) Decide(action broker.Action, resource string) broker.Decision {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := request{action, resource}
	if d, known := p.decisions[key]; known {
		return d
	}
	row := actions[action]
	var decision broker.Decision
	switch policy.Evaluate(p.policies, policy.Request{
		Action: row.name, Resource: p.scope.ARN(row.kind, resource), Context: p.context,
	}) {
	case policy.Allowed:
		decision = broker.Allow
	case policy.ExplicitDeny:
		decision = broker.ExplicitDeny
	}
	if p.decisions == nil || len(p.decisions) >= remembered {
		p.decisions = map[request]broker.Decision{}
	}
	p.decisions[key] = decision
	return decision
}

// read reads the policies in effect. A certificate that may not connect any more has none, whatever it could do when it
// was presented (R-BRK-19). When reading fails the old ones stay for another second; a new connection then has none and is
// refused.
func (p *permissions) read() {
	version := p.engine.Identity.AccessVersion()
	access, err := p.access()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refreshed = time.Now()
	if err != nil {
		p.log.Error("read policies", "certificate", p.id, "err", err)
		return
	}
	p.version, p.decisions = version, nil
	p.policies, p.context.Thing, p.context.Attached = access.Policies, access.Thing, access.Attached
}

// access is what the certificate may do now; nothing if it may not connect.
func (p *permissions) access() (identity.Access, error) {
	ctx := context.Background()
	_, err := p.engine.Identity.Identify(ctx, p.id, time.Now()) // the real clock: it secures a connection
	switch {
	case fault.Of(err) != nil:
		return identity.Access{}, nil
	case err != nil:
		return identity.Access{}, err
	}
	return p.engine.Identity.Access(ctx, p.id, p.context.ClientID)
}

// mayCall says whether a certificate may do an operation of the device plane on a thing over HTTPS. There is no client
// id, so connection variables do not resolve (R-HTTP-33).
func (g *gate) mayCall(ctx context.Context, leaf *x509.Certificate, id, remote, operation, thing string) (bool, error) {
	access, err := g.engine.Identity.Access(ctx, id, "")
	if err != nil {
		return false, err
	}
	return policy.Evaluate(access.Policies, policy.Request{
		Action: "iotjobsdata:" + operation, Resource: g.scope.ARN(registry.KindThing, thing),
		Context: policy.Context{CertificateID: id, Certificate: leaf, SourceIP: remote}, // without a thing
	}) == policy.Allowed, nil
}
