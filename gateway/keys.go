package gateway

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/disk"
	"github.com/drover-iot/drover/internal/fault"
)

// Key is an operator key. It may call every operation of both planes.
type Key struct {
	Name            string    `json:"name"`
	AccessKeyID     string    `json:"accessKeyId"`
	SecretAccessKey string    `json:"secretAccessKey"` // in plain text, see docs/adr/0006
	CreatedAt       time.Time `json:"createdAt"`
}

// Keys are the operator keys of a server, in a file. A running server reads the file again when it
// has changed, so that a key works as soon as another process has added it, and no longer works
// once it is removed.
type Keys struct {
	path string

	mu   sync.Mutex  // guards what follows
	read fs.FileInfo // of the file that keys were read from; nil when there was none
	keys []Key       // oldest first
}

// OpenKeys reads the keys in a file. A file that does not exist has none, and is made by Create.
func OpenKeys(path string) (*Keys, error) {
	k := &Keys{path: path}
	return k, k.load()
}

// load reads the file unless it is the one that was read last. When it cannot be read there are no
// keys: a key that somebody has removed must not work because the file was damaged in the act.
func (k *Keys) load() error {
	info, err := os.Stat(k.path)
	if err == nil && k.read != nil && os.SameFile(info, k.read) &&
		info.ModTime().Equal(k.read.ModTime()) {
		return nil
	}
	k.keys, k.read = nil, nil
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := disk.ReadPrivate(k.path)
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

// Secret returns the secret of an access key id. A key that does not exist is UnknownKey.
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

// First returns the oldest key, and makes one with this name when there is none.
func (k *Keys) First(name string) (Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.keys) > 0 {
		return k.keys[0], nil
	}
	return k.create(name)
}

// Create makes another key and stores it. Without a name it is called key-N, where N is the number
// of keys then.
func (k *Keys) Create(name string) (Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.create(name)
}

// create is Create with mu held.
func (k *Keys) create(name string) (Key, error) {
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
	key := newKey(name)
	text, err := json.MarshalIndent(append(k.keys, key), "", "  ")
	if err != nil {
		return Key{}, err
	}
	if err := disk.Write(k.path, append(text, '\n'), 0o600); err != nil {
		return Key{}, err
	}
	return key, k.load()
}

// newKey draws the id and the secret of a key. They have the alphabet and the length that AWS
// clients expect: an id of 20 characters that begins with AKIA, a secret of 40.
func newKey(name string) Key {
	var random [40]byte
	rand.Read(random[:]) // never fails: crypto/rand ends the program instead
	return Key{
		Name:            name,
		AccessKeyID:     "AKIA" + base32.StdEncoding.EncodeToString(random[:10]),
		SecretAccessKey: base64.RawURLEncoding.EncodeToString(random[10:]),
		CreatedAt:       clock.Now().UTC().Truncate(time.Second),
	}
}
