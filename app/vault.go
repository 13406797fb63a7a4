package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/seal"
	"github.com/drover-iot/drover/store"
)

// The names of the secrets in a store. The scope is no secret; a store that has any secret has it,
// so it shows whether there are secrets and whether a key is the right one. The names are stored,
// and what is encrypted is bound to them.
const (
	scopeSecret    = "scope"         // the registry.Scope of all nodes, as JSON
	keysSecret     = "operator-keys" // as keys.json has them
	caSecret       = "ca"            // as tlsutil encodes an authority
	deviceCASecret = "device-ca"     // likewise; not there before it is first needed
	tokenKeySecret = "token-key"
	urlKeySecret   = "s3-keys" // as s3-keys.json has it
)

// secretNames are all of them.
func secretNames() []string {
	return []string{
		scopeSecret, keysSecret, caSecret, deviceCASecret, tokenKeySecret, urlKeySecret,
	}
}

// A vault is the secrets in a store, each of them a setting that is encrypted with the key of the
// nodes under the name of the setting.
type vault struct {
	store store.Store
	key   seal.Key
}

// hasSecrets reports whether a store has secrets.
func hasSecrets(r store.Reader) (bool, error) {
	_, err := r.Setting(store.SecretPrefix + scopeSecret)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// hasSecrets reports whether the store has secrets.
func (v vault) hasSecrets(ctx context.Context) (there bool, err error) {
	err = v.store.Read(ctx, func(r store.Reader) (err error) {
		there, err = hasSecrets(r)
		return err
	})
	return there, err
}

// get reads a secret. store.ErrNotFound says that there is none of this name, seal.ErrOpen that the
// key is another one.
func (v vault) get(r store.Reader, name string) ([]byte, error) {
	setting := store.SecretPrefix + name
	sealed, err := r.Setting(setting)
	if err != nil {
		return nil, fmt.Errorf("the secret %s of the store: %w", name, err)
	}
	value, err := v.key.Open(setting, sealed)
	if err != nil {
		return nil, fmt.Errorf("the secret %s of the store: %w", name, err)
	}
	return value, nil
}

// put replaces secrets in a write. They are encrypted anew, with another nonce each time.
func (v vault) put(tx store.Tx, values map[string][]byte) error {
	var c store.Changes
	for name, value := range values {
		setting := store.SecretPrefix + name
		c.Settings = append(c.Settings,
			store.Setting{Name: setting, Value: v.key.Seal(setting, value)})
	}
	return tx.Apply(c)
}

// all reads all secrets that there are, in one state of the store. With an error it returns those
// that it has read before.
func (v vault) all(ctx context.Context) (map[string][]byte, error) {
	values := map[string][]byte{}
	err := v.store.Read(ctx, func(r store.Reader) error {
		for _, name := range secretNames() {
			value, err := v.get(r, name)
			if errors.Is(err, store.ErrNotFound) && name == deviceCASecret {
				continue
			}
			if err != nil {
				return err
			}
			values[name] = value
		}
		return nil
	})
	return values, err
}

// getOrPut returns a secret and, when there is none, puts what is offered for it. Of several nodes
// that do so at once the first to commit puts its offer, and all return that one. offer is not
// called inside the write, for which all nodes would wait.
func (v vault) getOrPut(
	ctx context.Context, name string, offer func() ([]byte, error),
) (value []byte, err error) {
	read := func(r store.Reader) (err error) {
		value, err = v.get(r, name)
		return err
	}
	err = v.store.Read(ctx, read)
	if !errors.Is(err, store.ErrNotFound) {
		return value, err
	}
	offered, err := offer()
	if err != nil {
		return nil, err
	}
	err = v.store.Write(ctx, func(tx store.Tx) error {
		if err := read(tx); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		value = offered
		return v.put(tx, map[string][]byte{name: offered})
	})
	return value, err
}

// An entry is one secret of a vault, which other nodes change while this one runs: a
// gateway.SharedText.
type entry struct {
	vault
	name string
}

// Read implements gateway.SharedText.
func (e entry) Read(ctx context.Context) (value []byte, err error) {
	err = e.store.Read(ctx, func(r store.Reader) (err error) {
		value, err = e.get(r, e.name)
		return err
	})
	return value, inTime(err)
}

// Change implements gateway.SharedText.
func (e entry) Change(ctx context.Context, f func([]byte) ([]byte, error)) error {
	return inTime(e.store.Write(ctx, func(tx store.Tx) error {
		value, err := e.get(tx, e.name)
		if err != nil {
			return err
		}
		if value, err = f(value); err != nil {
			return err
		}
		if e.name == keysSecret {
			if err := recordKeyCommand(tx, value); err != nil {
				return err
			}
		}
		return e.put(tx, map[string][]byte{e.name: value})
	}))
}

// inTime makes a fault of an error that says that the store took too long (R-NODE-9).
func inTime(err error) error {
	if errors.Is(err, context.DeadlineExceeded) && fault.Of(err) == nil {
		return fault.New(fault.Unavailable, "the database has not answered in time; try again")
	}
	return err
}
