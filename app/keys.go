package app

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/drover-iot/drover/internal/disk"
	"github.com/drover-iot/drover/internal/fault"
)

// Key is an operator key: it may call every operation of both planes.
type Key struct {
	Name            string    `json:"name"`
	AccessKeyID     string    `json:"accessKeyId"`
	SecretAccessKey string    `json:"secretAccessKey"`
	CreatedAt       time.Time `json:"createdAt"`
}

// Keys are the operator keys of a data folder. They lie in a file that a running server reads anew when it changes, so
// that a key works at once when it is added there, and no more when it is taken out.
type Keys struct {
	path string
	mu   sync.Mutex
	read fs.FileInfo // of the file that is loaded; nil: there was none
	keys []Key
}

// OpenKeys reads the keys of a data folder; there may be none yet.
func OpenKeys(dir string) (*Keys, error) {
	k := &Keys{path: filepath.Join(dir, keysFile)}
	return k, k.load()
}

// load reads the file unless it is the one that was read last. When it cannot be read, there are no keys.
func (k *Keys) load() error {
	info, err := os.Stat(k.path)
	if err == nil && k.read != nil && os.SameFile(info, k.read) && info.ModTime().Equal(k.read.ModTime()) {
		return nil
	}
	k.keys, k.read = nil, nil
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := os.ReadFile(k.path)
	if err != nil {
		return err
	}
	var keys []Key
	if err := json.Unmarshal(text, &keys); err != nil {
		return fmt.Errorf("%s: %w", k.path, err)
	}
	k.keys, k.read = keys, info
	return nil
}

// Secret returns the secret of an access key id; UnknownKey when there is none.
func (k *Keys) Secret(id string) (secret string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.load(); err != nil {
		return "", err
	}
	for _, key := range k.keys {
		if key.AccessKeyID == id {
			return key.SecretAccessKey, nil
		}
	}
	return "", fault.New(fault.UnknownKey, "the access key %s does not exist", id)
}

// Create makes another key and keeps it. Without a name it is called key-N.
func (k *Keys) Create(name string) (Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.load(); err != nil {
		return Key{}, err
	}
	if name == "" {
		name = fmt.Sprintf("key-%d", len(k.keys)+1)
	}
	for _, key := range k.keys {
		if key.Name == name {
			return Key{}, fmt.Errorf("a key named %q exists already", name)
		}
	}
	var random [50]byte
	rand.Read(random[:]) // never fails: crypto/rand ends the program instead
	key := Key{
		Name:            name,
		AccessKeyID:     "AKIA" + base32.StdEncoding.EncodeToString(random[:10]),
		SecretAccessKey: base64.RawURLEncoding.EncodeToString(random[10:40]),
		CreatedAt:       time.Now().UTC().Truncate(time.Second),
	}
	text, err := json.MarshalIndent(append(k.keys, key), "", "  ")
	if err != nil {
		return Key{}, err
	}
	if err := disk.Write(k.path, append(text, '\n'), 0o600); err != nil {
		return Key{}, err
	}
	return key, k.load()
}

// First returns the key that was made first, and makes it when there is none.
func (k *Keys) First() (Key, error) {
	if len(k.keys) == 0 {
		return k.Create("operator")
	}
	return k.keys[0], nil
}
