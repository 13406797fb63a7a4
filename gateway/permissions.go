package gateway

import (
	"context"
	"crypto/x509"
	"net"
	"sync"
	"time"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry/policy"
)

// What a device may do on one MQTT connection. The broker asks with locks held, for every packet
// and every delivery, so the answer must come from memory. The policies are therefore read when the
// connection begins, and again when the registry has changed: a change is in effect after at most
// refreshInterval, where R-BRK-19 allows five seconds.

const (
	// refreshInterval is the least time between two reads of the policies by one connection. A
	// registry that changes all the time must not make each packet a read of the store.
	refreshInterval = time.Second
	// maxDecisions is how many decisions one connection caches. A device uses few topics; one that
	// uses many must not use up the memory.
	maxDecisions = 64
)

// holder is who connects: a certificate, a key, or whom an authorizer has let in. It is a broker.Principal.
type holder interface {
	ID() string
	Until() time.Time
	// access is what the holder may do now on a connection with a client id. valid is whether it may
	// be connected at all (R-BRK-19). An error is that of a store, and says nothing of the holder.
	access(ctx context.Context, clientID string) (a identity.Access, valid bool, err error)
}

// renewed is a holder whose access changes without a change of the registry.
type renewed interface {
	// revision is a number that grows whenever it does.
	revision() uint64
}

// versionNow changes whenever what the holder may do has changed: both numbers only grow.
func (p *permissions) versionNow() uint64 {
	version := p.auth.Identities.AccessVersion()
	if h, ok := p.holder.(renewed); ok {
		version += h.revision()
	}
	return version
}

// certified is a device that has presented a certificate that may connect. It is a
// broker.Principal.
type certified struct {
	auth *DeviceAuth
	id   string
	leaf *x509.Certificate
}

// ID is the certificate's id.
func (c *certified) ID() string { return c.id }

// Until is the end of the certificate's validity.
func (c *certified) Until() time.Time { return c.leaf.NotAfter }

// Bind returns what the device may do on one connection. The attributes of its CONNECT become the
// values of policy variables (R-ID-30).
func (c *certified) Bind(a broker.Attributes) broker.Authorizer {
	return c.auth.bind(c, a, policy.Context{CertificateID: c.id, Certificate: c.leaf})
}

// bind returns what a holder may do on one connection.
func (a *DeviceAuth) bind(h holder, facts broker.Attributes, c policy.Context) broker.Authorizer {
	c.ClientID, c.SourceIP = facts.ClientID, hostOf(facts.Remote)
	if facts.Persistent {
		c.ConnectAttributes = append(c.ConnectAttributes, "PersistentConnect")
	}
	if facts.WillTopic != "" {
		c.ConnectAttributes = append(c.ConnectAttributes, "LastWill")
		c.WillTopic = a.Scope.ARN("topic", facts.WillTopic)
	}
	p := &permissions{holder: h, auth: a, until: h.Until(), valid: true, context: c}
	p.read()
	return p
}

// hostOf is the address of a peer without its port.
func hostOf(a net.Addr) string {
	if a == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}

// permissions decides for one connection. It is a broker.Authorizer, used by the two goroutines of
// the connection.
type permissions struct {
	holder holder
	auth   *DeviceAuth
	until  time.Time // of the holder; zero when there is no end
	// reading is held while the policies are read, so that only one goroutine does it. It is taken
	// before mu.
	reading sync.Mutex

	mu       sync.Mutex // guards what follows
	context  policy.Context
	policies []*policy.Document
	// valid says whether the holder could connect when the policies were read.
	valid bool
	// known says that the policies have been read, and version is the AccessVersion at which they
	// were: that of a server whose registry nobody has changed since its start is 0.
	known   bool
	version uint64
	// refreshed is when they were read last, successfully or not.
	refreshed time.Time
	// decisions caches what Decide has answered since the policies were read.
	decisions map[request]broker.Decision
}

// request is one question of the broker.
type request struct {
	action   broker.Action
	resource string
}

// actions are the names of actions and the kinds of resources in policies (R-ID-27).
var actions = map[broker.Action]struct{ name, kind string }{
	broker.Connect:       {"iot:Connect", "client"},
	broker.Publish:       {"iot:Publish", "topic"},
	broker.RetainPublish: {"iot:RetainPublish", "topic"},
	broker.Subscribe:     {"iot:Subscribe", "topicfilter"},
	broker.Receive:       {"iot:Receive", "topic"},
}

// Refresh reads the policies again if they may have changed and refreshInterval has passed. It
// reports whether the holder may be connected. That a certificate expires is no change of the registry,
// so the time is looked at each time, on the machine's clock.
func (p *permissions) Refresh() bool {
	now := clock.Now()
	stale, valid := p.state(now)
	if !stale {
		return valid
	}
	p.reading.Lock()
	defer p.reading.Unlock()
	if stale, _ = p.state(now); stale { // if not, the other goroutine has read them meanwhile
		p.read()
	}
	_, valid = p.state(now)
	return valid
}

// state says whether the policies must be read again, and whether the holder may be connected.
func (p *permissions) state(now time.Time) (stale, valid bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	stale = (!p.known || p.version != p.versionNow()) &&
		now.Sub(p.refreshed) >= refreshInterval
	return stale, p.valid && (p.until.IsZero() || !now.After(p.until))
}

// Thing is the name of the connection thing, empty without one.
func (p *permissions) Thing() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.context.Thing == nil {
		return ""
	}
	return p.context.Thing.Name
}

// Decide says what the policies say about one action.
func (p *permissions) Decide(action broker.Action, resource string) broker.Decision {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.known {
		return broker.Unknown
	}
	key := request{action, resource}
	if d, known := p.decisions[key]; known {
		return d
	}
	var decision broker.Decision
	switch policy.Evaluate(p.policies, p.request(action, resource)) {
	case policy.Allowed:
		decision = broker.Allow
	case policy.ExplicitDeny:
		decision = broker.ExplicitDeny
	}
	if p.decisions == nil || len(p.decisions) >= maxDecisions {
		p.decisions = map[request]broker.Decision{}
	}
	p.decisions[key] = decision
	return decision
}

// request is a question to policies. The caller has mu.
func (p *permissions) request(action broker.Action, resource string) policy.Request {
	row := actions[action]
	return policy.Request{
		Action:   row.name,
		Resource: p.auth.Scope.ARN(row.kind, resource),
		Context:  p.context,
	}
}

// Explain says what the policies say about one action, and which of them. It reads them again, so it
// is for who asks and not for each message. It makes permissions a broker.Explainer.
func (p *permissions) Explain(action broker.Action, resource string) string {
	p.mu.Lock()
	asked := p.request(action, resource)
	p.mu.Unlock()
	access, valid, err := p.holder.access(context.Background(), asked.Context.ClientID)
	switch {
	case err != nil:
		return "the policies cannot be read"
	case !valid:
		return "the certificate, key or authorizer may not connect any more"
	}
	named := make([]policy.Named, len(access.Names))
	for i, name := range access.Names {
		named[i] = policy.Named{Name: name, Document: access.Policies[i]}
	}
	asked.Context.Thing, asked.Context.Attached = access.Thing, access.Attached
	return policy.Explain(named, []policy.Request{asked}).Text(asked)
}

// read reads the policies in effect. When that fails, those read before stay in effect until the
// next try. A new connection has none then, and its CONNECT is refused as by a server that is
// away.
func (p *permissions) read() {
	// The version is read first: a change during the read makes it stale, and it is read again.
	version := p.versionNow()
	access, valid, err := p.holder.access(context.Background(), p.context.ClientID)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refreshed = clock.Now()
	if err != nil {
		p.auth.Log.Error("read policies", "principal", p.holder.ID(), "err", err)
		return
	}
	p.known, p.version, p.valid, p.decisions = true, version, valid, nil
	p.policies, p.context.Thing, p.context.Attached = access.Policies, access.Thing, access.Attached
}

// access is what the certificate may do now. That is nothing for one that may not connect any more,
// whatever it could do when it was presented (R-BRK-19). A store that cannot be reached says
// nothing of the certificate.
func (c *certified) access(
	ctx context.Context, clientID string,
) (a identity.Access, valid bool, err error) {
	_, err = c.auth.identify(ctx, c.id)
	switch {
	case fault.Of(err) != nil && !fault.Is(err, fault.Unavailable):
		return a, false, nil
	case err != nil:
		return a, true, err
	}
	a, err = c.auth.Identities.Access(ctx, c.id, clientID)
	return a, true, err
}
