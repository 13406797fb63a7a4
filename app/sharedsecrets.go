package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/disk"
	"github.com/drover-iot/drover/internal/seal"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// The secrets of all nodes on one database (R-NODE-1). The first node puts them there, all in one
// commit: those that its data folder has from before, and new ones for the rest. Every other node,
// and every later start, reads them, and is refused when it has not their key, or serves another
// account or region. A node's data folder has of them only ca.pem, for clients of this machine.

// openShared reads the secrets of the database, or makes them.
func (s *Server) openShared(ctx context.Context) (secrets, error) {
	key, err := s.nodeKey()
	if err != nil {
		return secrets{}, err
	}
	there, err := vault{store: s.store}.hasSecrets(ctx)
	if err == nil && !there {
		key, err = s.makeShared(ctx, key)
	}
	if err != nil {
		return secrets{}, err
	}
	found, err := readShared(ctx, s.store, key, s.Scope)
	if err != nil {
		return secrets{}, err
	}
	return found, joinFolder(s.Data, found.ca)
}

// makeShared puts secrets into a database that has none, and returns the key that they are
// encrypted with: the one that is given or, when there is none, a new one, which is put into the
// data folder. When another node was faster, nothing is made: with a key that is given this node
// goes on with what the other has put there, and without one it is refused.
func (s *Server) makeShared(ctx context.Context, key nodeKey) (nodeKey, error) {
	if isInDatabase(s.Data) {
		return key, fmt.Errorf("data folder %s was used with another database, and this one has no "+
			"keys: name the other one with --store, or begin with an empty folder", s.Data)
	}
	values, err := firstSecrets(s.Data, s.Scope)
	if err != nil {
		return key, err
	}
	ca, err := tlsutil.Parse(values[caSecret])
	if err != nil {
		return key, err
	}
	// text is that of a new key; empty when there is one.
	with, text := key, ""
	if key.IsZero() {
		with.from = filepath.Join(s.Data, nodeKeyFile)
		with.Key, text = seal.NewKey()
	}
	made := false
	err = s.store.Write(ctx, func(tx store.Tx) error {
		there, err := hasSecrets(tx)
		if err != nil || there {
			return err
		}
		// The key is on disk before what it encrypts is: a crash between the two leaves a key that
		// the next start uses.
		if text != "" {
			if err := disk.Write(with.from, []byte(text+"\n"), 0o600); err != nil {
				return err
			}
		}
		made = true
		return vault{s.store, with.Key}.put(tx, values)
	})
	if err != nil || !made {
		return key, err
	}
	s.Fresh = !isThere(s.Data, keysFile) // else the keys are older
	if text != "" {
		s.MadeSecret = with.from
	}
	return with, writeAuthority(s.Data, ca)
}

// readShared reads the secrets of a database that has them, for a server of this scope.
func readShared(
	ctx context.Context, st store.Store, key nodeKey, scope registry.Scope,
) (s secrets, err error) {
	v, values, err := openVault(ctx, st, key)
	if err != nil {
		return s, err
	}
	if err := checkScope(values[scopeSecret], scope); err != nil {
		return s, err
	}
	if s.ca, err = tlsutil.Parse(values[caSecret]); err != nil {
		return s, err
	}
	urlKey, err := gateway.FirstKey(values[urlKeySecret])
	if err != nil {
		return s, fmt.Errorf("the key of presigned URLs: %w", err)
	}
	s.keys = gateway.ShareKeys(entry{v, keysSecret})
	s.devices = func() (*tlsutil.Authority, error) { return v.deviceAuthority() }
	s.tokens = values[tokenKeySecret]
	s.urlKey = func() (gateway.Key, error) { return urlKey, nil }
	s.urlKeyAt = "drover keys urls"
	return s, nil
}

// openVault opens the secrets of a store that has them, with the key of this node. A key that opens
// the scope is the right one; when another secret cannot be opened then, that one was changed.
func openVault(
	ctx context.Context, st store.Store, key nodeKey,
) (v vault, values map[string][]byte, err error) {
	if key.IsZero() {
		return v, nil, errNoKey
	}
	v = vault{st, key.Key}
	values, err = v.all(ctx)
	if _, right := values[scopeSecret]; errors.Is(err, seal.ErrOpen) && !right {
		err = wrongKey(key)
	}
	return v, values, err
}

// deviceAuthority reads the authority of devices, or makes it: whichever node needs it first. All
// nodes get the same, also when several make one at once.
func (v vault) deviceAuthority() (*tlsutil.Authority, error) {
	ctx, cancel := context.WithTimeout(context.Background(), authorityTimeout)
	defer cancel()
	text, err := v.getOrPut(ctx, deviceCASecret, func() ([]byte, error) {
		return encode(gateway.NewDeviceAuthority())
	})
	if err != nil {
		return nil, inTime(err)
	}
	return tlsutil.Parse(text)
}

// authorityTimeout is how long the database may take for the authority of devices.
const authorityTimeout = 10 * time.Second

// encode is Encode of what a function has returned.
func encode(a *tlsutil.Authority, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return a.Encode()
}

// sharedScope is what must be the same on all nodes, as it is stored.
type sharedScope struct {
	Account string `json:"account"`
	Region  string `json:"region"`
}

// checkScope refuses a node of another account or region than the first one.
func checkScope(text []byte, scope registry.Scope) error {
	var first sharedScope
	if err := json.Unmarshal(text, &first); err != nil {
		return fmt.Errorf("the account and region of the database: %w", err)
	}
	if first.Account == scope.Account && first.Region == scope.Region {
		return nil
	}
	return fmt.Errorf("the database is that of account %s and region %s, and not of account %s and "+
		"region %s: start this node with --account %s --region %s",
		first.Account, first.Region, scope.Account, scope.Region, first.Account, first.Region)
}
