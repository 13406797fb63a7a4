package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/disk"
	"github.com/drover-iot/drover/internal/endpoints"
)

// A data folder is all that a server needs to go on where it was. Besides the files named here it
// has ca.pem and ca.key (the authority of the server's certificate), server.pem and server.key,
// device-ca.pem and device-ca.key (the authority of devices), managed-templates, and, while a
// server runs on it, endpoints.json.

// The files of a data folder.
const (
	storeFile    = "drover.db"    // everything that the API can change
	lockFile     = "drover.lock"  // locked by the server that runs
	keysFile     = "keys.json"    // the operator keys
	s3KeysFile   = "s3-keys.json" // see ownS3Key
	tokenKeyFile = "token.key"    // see tokenKey
)

// openFolder makes the data folder when it is missing, readable by its owner only: there are
// secrets in it.
func openFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	return nil
}

// lock locks the folder for this process. The operating system unlocks it when the process ends,
// however it ends.
func lock(dir string) (release func(), err error) {
	file := flock.New(filepath.Join(dir, lockFile))
	locked, err := file.TryLock()
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if !locked {
		return nil, fmt.Errorf("data folder %s is in use by another drover%s", dir, lockOwner(dir))
	}
	return func() { _ = file.Close() }, nil
}

// lockOwner names the process that serves a folder, as endpoints.json has it; "" when that file is
// not there yet.
func lockOwner(dir string) string {
	there, err := endpoints.Read(dir)
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (process %d)", there.PID)
}

// OpenKeys opens the operator keys of a data folder, which a server may be running on.
func OpenKeys(dir string) (*gateway.Keys, error) {
	return gateway.OpenKeys(filepath.Join(dir, keysFile))
}

// ownS3Key reads the key pair that presigned URLs are signed with when no credential of an object
// store is configured, or makes it (R-PRE-26). It is no key of an operator: nothing can be called
// with it here.
func ownS3Key(dir string) (gateway.Key, error) {
	keys, err := gateway.OpenKeys(filepath.Join(dir, s3KeysFile))
	if err != nil {
		return gateway.Key{}, err
	}
	return keys.First("presigned URLs")
}

// tokenKeySize is the size of the key that page tokens are sealed with, in bytes.
const tokenKeySize = 32

// tokenKey reads the key that page tokens are sealed with, or makes it. It is stored, so that a
// client can go on with a list after a restart. One of another size is replaced.
func tokenKey(dir string) ([]byte, error) {
	path := filepath.Join(dir, tokenKeyFile)
	key, err := os.ReadFile(path)
	if err == nil && len(key) == tokenKeySize {
		return key, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key = make([]byte, tokenKeySize)
	rand.Read(key) // never fails: crypto/rand ends the program instead
	return key, disk.Write(path, key, 0o600)
}
