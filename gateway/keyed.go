package gateway

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry/policy"
	"github.com/drover-iot/drover/schema"
)

// Who has a key instead of a certificate, and speaks MQTT over WebSocket (R-BRK-32). What such a
// client may do is decided by the policies that its key names. A key that names none may do
// everything when it is an operator's, who may report for every thing anyway, and nothing else.

// KeyPrincipals are the clients with keys.
type KeyPrincipals struct {
	Auth *DeviceAuth
	Keys *Keys
	// Disconnect closes all connections of a key.
	Disconnect func(id string)

	mu   sync.Mutex
	used map[string]bool // the ids of keys that have connected
}

// keysWatched is how often keys that have connected are looked for.
const keysWatched = time.Second

// New returns the principal of one connection, which may last until a time.
func (p *KeyPrincipals) New(k Key, until time.Time) broker.Principal {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.used == nil {
		p.used = map[string]bool{}
	}
	p.used[k.AccessKeyID] = true
	return &keyed{p, k.AccessKeyID, until}
}

// Principal returns a principal by its id, that of a key or of a certificate, for what is done when
// its connection is gone. It is the Principal of a broker.Config.
func (p *KeyPrincipals) Principal(ctx context.Context, id string) (broker.Principal, error) {
	if strings.HasPrefix(id, authorizedPrefix) {
		return nil, errGone
	}
	if !strings.HasPrefix(id, keyPrefix) {
		return p.Auth.Principal(ctx, id)
	}
	if _, err := p.Keys.Find(id); err != nil {
		return nil, err
	}
	return &keyed{of: p, id: id}, nil
}

// Watch closes the connections of keys that are deleted, until ctx ends (R-BRK-19).
func (p *KeyPrincipals) Watch(ctx context.Context) {
	ticker := time.NewTicker(keysWatched)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.endDeleted()
		case <-ctx.Done():
			return
		}
	}
}

// endDeleted closes the connections of all keys that are not there any more. A key stays among the
// used ones, because one of its connections may be on its way here still. When the keys cannot be
// read nothing is known of them.
func (p *KeyPrincipals) endDeleted() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.used) == 0 {
		return
	}
	keys, err := p.Keys.All()
	if err != nil {
		return
	}
	there := map[string]bool{}
	for _, k := range keys {
		there[k.AccessKeyID] = true
	}
	for id := range p.used {
		if !there[id] {
			p.Disconnect(id)
		}
	}
}

// keyed is a client with a key. It is a broker.Principal.
type keyed struct {
	of    *KeyPrincipals
	id    string
	until time.Time
}

// ID is the id of the key.
func (k *keyed) ID() string { return k.id }

// Until is the last moment of the connection.
func (k *keyed) Until() time.Time { return k.until }

// Bind returns what the client may do on one connection.
func (k *keyed) Bind(a broker.Attributes) broker.Authorizer {
	return k.of.Auth.bind(k, a, policy.Context{})
}

// access is what the key may do now; nothing when it was deleted.
func (k *keyed) access(
	ctx context.Context, clientID string,
) (a identity.Access, valid bool, err error) {
	key, err := k.of.Keys.Find(k.id)
	if fault.Is(err, fault.UnknownKey) {
		return a, false, nil
	}
	if err != nil {
		return a, true, err
	}
	a, err = k.of.Auth.Identities.AccessByPolicies(ctx, key.Policies, clientID)
	if len(key.Policies) == 0 && key.Role.Includes(schema.Operator) {
		a.Policies = []*policy.Document{policy.Everything}
	}
	return a, true, err
}
