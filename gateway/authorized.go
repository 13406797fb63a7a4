package gateway

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/authorizer"
	"github.com/drover-iot/drover/registry/policy"
)

// A client that an authorizer has let in. It may do what the last answer says. The authorizer is
// asked again after the time that it has given, and the connection ends after another such time, or
// when the authorizer is not ACTIVE any more (R-ID-95).

// askAgain is how long after a question that was not answered it is asked again.
const askAgain = time.Minute

// authorized is one connection of such a client. It is a broker.Principal and a holder.
type authorized struct {
	of         *Authorizers
	id         string
	authorizer string
	created    time.Time // when the authorizer was; another one of its name is another one
	until      time.Time

	// question is asked again; its secrets are in memory only. Nil when it will not be.
	question *authorizer.Question
	remote   net.Addr

	mu       sync.Mutex // guards what follows
	grant    authorizer.Grant
	refused  bool
	asked    uint64 // how many answers have come since the first
	again    *time.Timer
	released bool
}

// letIn returns the principal of a client that an authorizer has let in.
func (a *Authorizers) letIn(
	by registry.Authorizer, g authorizer.Grant, q authorizer.Question, remote net.Addr,
) *authorized {
	p := &authorized{
		of:         a,
		id:         authorizedPrefix + by.Name + ":" + g.PrincipalID,
		authorizer: by.Name,
		created:    by.CreatedAt,
		until:      clock.Now().Add(g.DisconnectAfter),
		grant:      g,
		remote:     remote,
	}
	if g.RefreshAfter < g.DisconnectAfter || by.TokensFile() != "" {
		p.question = &q
		p.schedule(g.RefreshAfter)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.live == nil {
		a.live = map[string]map[*authorized]struct{}{}
	}
	if a.live[by.Name] == nil {
		a.live[by.Name] = map[*authorized]struct{}{}
	}
	a.live[by.Name][p] = struct{}{}
	return p
}

// ID says by which authorizer the client was let in, and who it is.
func (p *authorized) ID() string { return p.id }

// Until is the last moment of the connection.
func (p *authorized) Until() time.Time { return p.until }

// EndsBecause makes it a broker.Lasting.
func (p *authorized) EndsBecause() (broker.Cause, string) {
	return broker.CustomAuthExpired, "the connection has lasted as long as its authorizer allows"
}

// Remembered makes it a broker.Remembered: the answer of the authorizer is nowhere else.
func (p *authorized) Remembered() {}

// Bind returns what the client may do on its connection.
func (p *authorized) Bind(facts broker.Attributes) broker.Authorizer {
	return p.of.Auth.bind(p, facts, policy.Context{})
}

// Release forgets the client, whose connection has ended.
func (p *authorized) Release() {
	p.of.mu.Lock()
	delete(p.of.live[p.authorizer], p)
	if len(p.of.live[p.authorizer]) == 0 {
		delete(p.of.live, p.authorizer)
	}
	p.of.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.released, p.question = true, nil
	if p.again != nil {
		p.again.Stop()
	}
}

// access is what the last answer allows, if the authorizer is ACTIVE still.
func (p *authorized) access(
	ctx context.Context, clientID string,
) (a identity.Access, valid bool, err error) {
	by, err := p.of.Store.DescribeAuthorizer(ctx, p.authorizer)
	if fault.Is(err, fault.NotFound) {
		return a, false, nil
	}
	if err != nil {
		return a, true, err
	}
	p.mu.Lock()
	g, refused := p.grant, p.refused
	p.mu.Unlock()
	if refused || !by.Active() || !by.CreatedAt.Equal(p.created) {
		return a, false, nil
	}
	a, err = p.of.Auth.Identities.AccessByPolicies(ctx, g.Policies, clientID)
	if err != nil {
		return a, true, err
	}
	for _, text := range g.Documents {
		document, err := p.of.compiled(text)
		if err != nil {
			return a, true, err
		}
		a.Policies = append(a.Policies, document)
		a.Names = append(a.Names, "of authorizer "+p.authorizer)
	}
	return a, true, nil
}

// revision changes whenever access has changed for another reason than the registry.
func (p *authorized) revision() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// schedule has the authorizer asked again after a time, less up to a tenth, so that clients that have
// come together are not asked about together.
func (p *authorized) schedule(after time.Duration) {
	after -= rand.N(after/10 + 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.released {
		return
	}
	if p.again == nil {
		p.again = time.AfterFunc(after, p.refresh)
		return
	}
	p.again.Reset(after)
}

// refresh asks the authorizer again. A client that is refused, or that is somebody else now, is
// disconnected; without an answer everything stays as it is.
func (p *authorized) refresh() {
	p.mu.Lock()
	question := p.question
	p.mu.Unlock()
	if question == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), askAgain)
	defer cancel()
	g, err := p.askOnce(ctx, *question)
	switch {
	case errors.Is(err, broker.ErrCannotSay):
		p.of.Log.Warn("ask again", "principal", p.id, "err", err)
		p.schedule(askAgain)
		return
	case err != nil:
		p.of.Log.Warn("refused", "principal", p.id, "reason", "the authorizer was asked again",
			"remote", hostOf(p.remote), "err", err)
	}
	p.mu.Lock()
	p.grant, p.refused = g, err != nil
	p.asked++
	p.mu.Unlock()
	if err != nil {
		p.of.Refuse(p)
		return
	}
	p.schedule(g.RefreshAfter)
}

// askOnce asks the authorizer as it is now.
func (p *authorized) askOnce(
	ctx context.Context, q authorizer.Question,
) (g authorizer.Grant, err error) {
	by, err := p.of.find(ctx, p.authorizer)
	if err != nil {
		return g, cannotSay(err)
	}
	if g, err = p.of.ask(ctx, by, q, p.remote); err != nil {
		return g, err
	}
	if authorizedPrefix+by.Name+":"+g.PrincipalID != p.id {
		return g, fault.New(fault.Forbidden, "the authorizer says that the client is somebody else now")
	}
	return g, nil
}

// Changed ends the connections of an authorizer that lets nobody in any more, and of one of which that
// cannot be found out.
func (a *Authorizers) Changed(name string) {
	by, err := a.Store.DescribeAuthorizer(context.Background(), name)
	for _, p := range a.clientsOf(name) {
		if err != nil || !by.Active() || !by.CreatedAt.Equal(p.created) {
			a.Disconnect(p.id)
		}
	}
}

// clientsOf are the clients that an authorizer has let in.
func (a *Authorizers) clientsOf(name string) (all []*authorized) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for p := range a.live[name] {
		all = append(all, p)
	}
	return all
}

// nobody is a holder that may do nothing.
type nobody struct{}

func (nobody) ID() string       { return "" }
func (nobody) Until() time.Time { return time.Time{} }
func (nobody) access(context.Context, string) (a identity.Access, valid bool, err error) {
	return a, false, nil
}
