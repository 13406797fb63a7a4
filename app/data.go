package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/drover-iot/drover/internal/disk"
	"github.com/drover-iot/drover/internal/endpoints"
)

// The files of a data folder. drover.db is the store; the rest is identity and is needed to go on.
const (
	storeFile    = "drover.db"
	lockFile     = "drover.lock"
	keysFile     = "keys.json"
	tokenKeyFile = "token.key"
)

// openFolder makes the data folder when it is missing, readable by its owner only.
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

// tokenKey reads the key that seals page tokens, or makes it.
func tokenKey(dir string) ([]byte, error) {
	path := filepath.Join(dir, tokenKeyFile)
	key, err := os.ReadFile(path)
	if err == nil && len(key) == 32 {
		return key, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key = make([]byte, 32)
	rand.Read(key) // never fails: crypto/rand ends the program instead
	return key, disk.Write(path, key, 0o600)
}
