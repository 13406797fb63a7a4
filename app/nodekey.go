package app

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/drover-iot/drover/internal/disk"
	"github.com/drover-iot/drover/internal/seal"
)

// The key with which the secrets in a database are encrypted (R-NODE-1). Every node is given it: in
// a file, in the environment, or in the data folder, where the node that had none and found a
// database without secrets has put one.

// nodeKeyFile is the file of a data folder that has the key.
const nodeKeyFile = "secret.key"

// nodeKey is the key that a node was given, and where, as sentences name it. The zero nodeKey is
// none.
type nodeKey struct {
	seal.Key
	from string
}

// givenKey reads the key that Config names; that of SecretFile counts when there are two.
func (c Config) givenKey() (k nodeKey, err error) {
	switch {
	case c.SecretFile != "":
		return readNodeKey(c.named("secret-file")+" "+c.SecretFile, c.SecretFile)
	case c.Secret != "":
		k.from = "DROVER_SECRET"
		if k.Key, err = seal.ParseKey(c.Secret); err != nil {
			return nodeKey{}, fmt.Errorf("%s: %w", k.from, err)
		}
	}
	return k, nil
}

// nodeKey reads the key that Config names or, when there is none, that of the data folder.
func (c Config) nodeKey() (nodeKey, error) {
	given, err := c.givenKey()
	if err != nil || !given.IsZero() {
		return given, err
	}
	path := filepath.Join(c.Data, nodeKeyFile)
	k, err := readNodeKey(path, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nodeKey{}, nil
	}
	return k, err
}

// readNodeKey reads the key in a file. from is what sentences call it.
func readNodeKey(from, path string) (nodeKey, error) {
	text, err := disk.ReadPrivate(path)
	if err != nil {
		return nodeKey{}, fmt.Errorf("the secret of the database: %w", err)
	}
	key, err := seal.ParseKey(string(text))
	if err != nil {
		return nodeKey{}, fmt.Errorf("%s: %w", from, err)
	}
	return nodeKey{key, from}, nil
}

// howToGive names both ways to give a node the key.
const howToGive = "give this node the secret of the other nodes, with --secret-file FILE or in " +
	"DROVER_SECRET; the first of them has it in " + nodeKeyFile + " of its data folder, " +
	"unless it was given one"

// errNoKey refuses a node without a key, wrongKey one with another key than that of the database.
var errNoKey = errors.New("the keys in the database are encrypted: " + howToGive)

func wrongKey(k nodeKey) error {
	return fmt.Errorf("%s is not the secret that the keys in the database are encrypted with: %s",
		k.from, howToGive)
}
