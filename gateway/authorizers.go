package gateway

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/internal/parsed"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/authorizer"
	"github.com/drover-iot/drover/registry/policy"
)

// Clients that have neither certificate nor signature: a custom authorizer says who they are, and
// what they may do (R-ID-90 to R-ID-97). Such a client offers mqtt by ALPN on the common listener, or
// opens a WebSocket without a signature. What it shows is in its CONNECT, or in the request that
// opened the WebSocket. What happens from then on is in authorized.go.

// AuthorizerStore is what is asked about authorizers. Of engine/identity, *Service is one.
type AuthorizerStore interface {
	DescribeAuthorizer(ctx context.Context, name string) (registry.Authorizer, error)
	// DefaultAuthorizer is a fault, NotFound, if there is none.
	DefaultAuthorizer(ctx context.Context) (registry.Authorizer, error)
	ListAuthorizers(ctx context.Context) ([]registry.Authorizer, error)
}

// Authorizers lets clients in by custom authorizers. Its fields are set before it is used.
type Authorizers struct {
	Auth  *DeviceAuth
	Store AuthorizerStore
	// Ask posts a question as JSON to a URL and reads the answer. An error has nothing secret.
	Ask func(ctx context.Context, url string, question, answer any) error
	// Tokens reads the files of tokens.
	Tokens *TokenFiles
	// Disconnect closes all connections of a principal, Refuse the one of a principal that is not let
	// in any more.
	Disconnect func(id string)
	Refuse     func(broker.Principal)
	Log        *slog.Logger

	calls addressTurns

	// policies are the compiled documents of answers, by their text: a fleet shares few of them.
	policiesOnce sync.Once
	policies     *parsed.Cache[policy.Document]

	mu   sync.Mutex
	live map[string]map[*authorized]struct{} // the clients that are let in, by authorizer
}

const (
	// authorizedPrefix begins the ids of principals that an authorizer has let in. Ids of
	// certificates and keys have no colon.
	authorizedPrefix = "authorizer:"
	// callsOfAddress is how many questions about clients of one address are asked at once (R-ID-93).
	// Others of it wait.
	callsOfAddress = 8
)

// errGone is why nothing is found under the id of a principal of an authorizer.
var errGone = errors.New("what the authorizer has said of the client is not known here any more")

// stranger is a client that is not known before its CONNECT. It is a broker.Stranger.
type stranger struct {
	of     *Authorizers
	client authorizer.Client // without what the CONNECT says
	remote net.Addr
}

// FromTLS returns a client that has offered mqtt by ALPN and has no certificate.
func (a *Authorizers) FromTLS(state *tls.ConnectionState, remote net.Addr) broker.Principal {
	return &stranger{of: a, remote: remote, client: authorizer.Client{ServerName: state.ServerName}}
}

// FromRequest returns a client that opens a WebSocket without a signature. One that names an
// authorizer by which nobody may connect is a fault, and so is one that names none when there is no
// authorizer at all.
func (a *Authorizers) FromRequest(r *http.Request, remote net.Addr) (broker.Principal, error) {
	shown := shownBy(r)
	if err := a.mayOpen(r.Context(), shown); err != nil {
		return nil, err
	}
	s := &stranger{of: a, remote: remote, client: authorizer.Client{HTTP: shown}}
	if r.TLS != nil {
		s.client.ServerName = r.TLS.ServerName
	}
	return s, nil
}

// shownBy is what a request shows to an authorizer.
func shownBy(r *http.Request) *authorizer.HTTP {
	shown := &authorizer.HTTP{Headers: map[string]string{}, Query: r.URL.RawQuery}
	for name, values := range r.Header {
		if name != "Cookie" { // it may be of an operator who is signed in to the console
			shown.Headers[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	return shown
}

// notByAuthorizer is why a request that is not for a WebSocket is refused, when it has no signature
// and is for a custom authorizer instead; nil when it is not (R-ID-97).
func notByAuthorizer(r *http.Request) error {
	if _, ok := shownBy(r).Names(); !ok || isSigned(r) {
		return nil
	}
	return fault.New(fault.NoCredentials, "a custom authorizer lets clients in over MQTT and over "+
		"WebSocket at %s; this request needs a signature or a client certificate", webSocketPath)
}

// mayOpen refuses a request that cannot lead anywhere, before its WebSocket is open.
func (a *Authorizers) mayOpen(ctx context.Context, shown *authorizer.HTTP) error {
	name, chosen := shown.Names()
	if chosen {
		_, err := a.find(ctx, name)
		return err
	}
	all, err := a.Store.ListAuthorizers(ctx)
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.Active() {
			return nil // the user name may name it
		}
	}
	return fault.New(fault.NoCredentials, "the request is not signed, and there is no custom authorizer that is ACTIVE")
}

// find returns the authorizer with a name, the default for none, if it is ACTIVE.
func (a *Authorizers) find(ctx context.Context, name string) (found registry.Authorizer, err error) {
	if name == "" {
		found, err = a.Store.DefaultAuthorizer(ctx)
		if fault.Is(err, fault.NotFound) {
			return found, fault.New(fault.Forbidden,
				"the client names no authorizer, and there is no default one")
		}
	} else {
		found, err = a.Store.DescribeAuthorizer(ctx, name)
		if fault.Is(err, fault.NotFound) {
			return found, fault.New(fault.Forbidden, "the client names an authorizer that does not exist")
		}
	}
	if err == nil && !found.Active() {
		return found, fault.New(fault.Forbidden, "authorizer %s is not ACTIVE", found.Name)
	}
	return found, err
}

// ID is empty: it is not known yet who this is.
func (s *stranger) ID() string { return "" }

// Until is no time.
func (s *stranger) Until() time.Time { return time.Time{} }

// Bind allows nothing. A broker calls Identify instead.
func (s *stranger) Bind(facts broker.Attributes) broker.Authorizer {
	return s.of.Auth.bind(nobody{}, facts, policy.Context{})
}

// Identify asks the authorizer that the client names.
func (s *stranger) Identify(
	ctx context.Context, c broker.Credentials,
) (broker.Principal, error) {
	client := s.client
	client.ClientID, client.Username, client.Password = c.ClientID, c.Username, c.Password
	a := s.of
	chosen, err := a.find(ctx, client.Choice())
	if err != nil {
		return nil, cannotSay(err)
	}
	question, err := authorizer.Ask(chosen, client, client.Token(chosen.TokenKey), ids.Random{}.UUID())
	if err != nil {
		return nil, fmt.Errorf("authorizer %s: %w", chosen.Name, err)
	}
	grant, err := a.ask(ctx, chosen, question, s.remote)
	if err != nil {
		return nil, fmt.Errorf("authorizer %s: %w", chosen.Name, err)
	}
	return a.letIn(chosen, grant, question, s.remote), nil
}

// cannotSay marks an error that says nothing of the client: that of a store.
func cannotSay(err error) error {
	if fault.Of(err) == nil || fault.Is(err, fault.Unavailable) {
		return fmt.Errorf("%w: %w", broker.ErrCannotSay, err)
	}
	return err
}

// ask asks an authorizer. An error that is broker.ErrCannotSay means that there was no answer, another
// one that the client is refused.
func (a *Authorizers) ask(
	ctx context.Context, of registry.Authorizer, q authorizer.Question, remote net.Addr,
) (g authorizer.Grant, err error) {
	if name := of.TokensFile(); name != "" {
		return a.Tokens.find(name, q)
	}
	done, err := a.calls.enter(ctx, remote)
	if err != nil {
		return g, fmt.Errorf("%w: %w", broker.ErrCannotSay, err)
	}
	defer done()
	var answer json.RawMessage
	if err := a.Ask(ctx, of.Function, q, &answer); err != nil {
		return g, fmt.Errorf("%w: %w", broker.ErrCannotSay, err)
	}
	return authorizer.Read(answer)
}

// Test asks an authorizer about a client that is not connected. It makes Authorizers a
// control.AuthorizerTester.
func (a *Authorizers) Test(
	ctx context.Context, of registry.Authorizer, q authorizer.Question,
) (authorizer.Grant, error) {
	g, err := a.ask(ctx, of, q, nil)
	switch {
	case errors.Is(err, broker.ErrCannotSay):
		return g, fault.New(fault.Unavailable, "%v", err)
	case fault.Is(err, fault.Forbidden):
		return g, authorizer.ErrNotAuthenticated
	}
	return g, err
}

// compiled is a policy document of an answer.
func (a *Authorizers) compiled(text string) (*policy.Document, error) {
	a.policiesOnce.Do(func() { a.policies = parsed.New(policy.Parse) })
	return a.policies.Get(text)
}

// addressTurns bounds how many calls are made at once for the clients of one address.
type addressTurns struct {
	mu        sync.Mutex
	addresses map[string]*turns
}

// turns are those of one address.
type turns struct {
	free chan struct{}
	used int // by whom it is kept
}

// enter waits for a turn of an address until ctx ends.
func (t *addressTurns) enter(ctx context.Context, remote net.Addr) (done func(), err error) {
	address := network(hostOf(remote))
	t.mu.Lock()
	if t.addresses == nil {
		t.addresses = map[string]*turns{}
	}
	of := t.addresses[address]
	if of == nil {
		of = &turns{free: make(chan struct{}, callsOfAddress)}
		t.addresses[address] = of
	}
	of.used++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if of.used--; of.used == 0 {
			delete(t.addresses, address)
		}
	}
	select {
	case of.free <- struct{}{}:
		return func() { <-of.free; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, fmt.Errorf("%d questions of this address are asked already: %w",
			callsOfAddress, ctx.Err())
	}
}

// network is the address of a client, of IPv6 the first 64 bits, which one client may have all of.
func network(host string) string {
	ip := net.ParseIP(host)
	if ip == nil || ip.To4() != nil {
		return host
	}
	return ip.Mask(net.CIDRMask(64, 128)).String()
}
