package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/store/postgres"
)

// Keys that are made, listed and removed from the command line, while servers run on them.

// OpenKeys opens the operator keys of the servers that a configuration is for: those of a database
// when it names one, else those of the data folder. close ends their use.
func OpenKeys(ctx context.Context, c Config) (keys *gateway.Keys, close func(), err error) {
	if c.Store == "" {
		path, err := keysPath(c, keysFile)
		if err != nil {
			return nil, nil, err
		}
		keys, err := gateway.OpenKeys(path)
		return keys, func() {}, err
	}
	v, _, close, err := openDatabase(ctx, c)
	return gateway.ShareKeys(entry{v, keysSecret}), close, err
}

// URLKey returns the key pair that presigned URLs are signed with when no credential of an object
// store is configured (R-PRE-26). It makes none.
func URLKey(ctx context.Context, c Config) (gateway.Key, error) {
	if c.Store == "" {
		path, err := keysPath(c, s3KeysFile)
		if err != nil {
			return gateway.Key{}, err
		}
		keys, err := gateway.OpenKeys(path)
		if err != nil {
			return gateway.Key{}, err
		}
		all, err := keys.All()
		if err == nil && len(all) == 0 {
			err = errors.New("the server has made no key pair for presigned URLs yet")
		}
		if err != nil {
			return gateway.Key{}, err
		}
		return all[0], nil
	}
	_, values, close, err := openDatabase(ctx, c)
	if err != nil {
		return gateway.Key{}, err
	}
	defer close()
	return gateway.FirstKey(values[urlKeySecret])
}

// keysPath is the path of a file of keys. A folder that is not there is a mistyped one: only the
// server makes one.
func keysPath(c Config, file string) (string, error) {
	if _, err := os.Stat(c.Data); err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	if isInDatabase(c.Data) {
		return "", keysElsewhere(c.Data)
	}
	return filepath.Join(c.Data, file), nil
}

// openDatabase opens the secrets of a database that a server has used, beside servers that may run
// on it: it writes in turn with them, and makes neither tables nor secrets. After an error nothing
// is open.
func openDatabase(ctx context.Context, c Config) (
	v vault, values map[string][]byte, close func(), err error,
) {
	if err := c.checkStore(); err != nil {
		return v, nil, nil, err
	}
	key, err := c.nodeKey()
	if err != nil {
		return v, nil, nil, err
	}
	database, err := postgres.OpenExisting(ctx, c.Store)
	if err != nil {
		return v, nil, nil, err
	}
	close = func() { _ = database.Close() } // what was committed stays
	there, err := vault{store: database}.hasSecrets(ctx)
	if err == nil && !there {
		err = errors.New("no server has put its keys into the database yet: start one on it")
	}
	if err == nil {
		v, values, err = openVault(ctx, database, key)
	}
	if err != nil {
		close()
		return v, nil, nil, err
	}
	return v, values, close, nil
}
