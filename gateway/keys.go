package gateway

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
)

// Key is an operator key. Its role says what it may do, on both planes.
type Key struct {
	Name            string      `json:"name"`
	AccessKeyID     string      `json:"accessKeyId"`
	SecretAccessKey string      `json:"secretAccessKey"` // not only its hash, see docs/adr/0006
	CreatedAt       time.Time   `json:"createdAt"`
	Role            schema.Role `json:"role"`
	// Policies are the names of the policies that decide what the key may do over MQTT (R-BRK-32).
	Policies []string `json:"policies,omitempty"`
}

// UnmarshalJSON reads a key. One that was made when there were no roles has none, and is an admin.
func (k *Key) UnmarshalJSON(text []byte) error {
	type members Key // without this method
	read := members{Role: schema.Admin}
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	*k = Key(read)
	return nil
}

// Keys are the operator keys of a server, or of all servers on one database. Other processes make
// and remove keys while the server runs.
type Keys struct{ kept keeper }

// A keeper is where keys are kept: in a file (keysfile.go), or where several servers share them
// (keysshared.go).
type keeper interface {
	// read returns the keys, oldest first, as they were at a time that is not before since.
	read(since time.Time) ([]Key, error)
	// change replaces the keys by what f makes of them. Nobody else changes them meanwhile.
	change(f func([]Key) ([]Key, error)) error
}

// keyAge is how old what is known of the keys may be. So a key that another server has removed is
// refused after that time.
const keyAge = 500 * time.Millisecond

// Find returns the key with an access key id. One that does not exist is UnknownKey: that is
// answered only after another look, so a key that was just made is accepted at once.
func (k *Keys) Find(id string) (key Key, err error) {
	now := time.Now()
	for _, since := range []time.Time{now.Add(-keyAge), now} {
		keys, err := k.kept.read(since)
		if err != nil {
			return key, err
		}
		if i := slices.IndexFunc(keys, func(k Key) bool { return k.AccessKeyID == id }); i >= 0 {
			return keys[i], nil
		}
	}
	return key, fault.New(fault.UnknownKey, "the access key %s does not exist", id)
}

// All returns the keys, oldest first.
func (k *Keys) All() ([]Key, error) { return k.kept.read(time.Now()) }

// First returns the oldest key, and makes one with this name when there is none: an admin.
func (k *Keys) First(name string) (key Key, err error) {
	keys, err := k.All()
	if err != nil {
		return key, err
	}
	if len(keys) > 0 {
		return keys[0], nil
	}
	err = k.kept.change(func(keys []Key) ([]Key, error) {
		if len(keys) == 0 { // nobody else was faster
			keys = []Key{newKey(name)}
		}
		key = keys[0]
		return keys, nil
	})
	return key, err
}

// Create makes another key and stores it. Without a name it is called key-N, where N is the number
// of keys then.
func (k *Keys) Create(name string, role schema.Role, policies ...string) (key Key, err error) {
	err = k.kept.change(func(keys []Key) ([]Key, error) {
		if name == "" {
			name = fmt.Sprintf("key-%d", len(keys)+1)
		}
		if slices.ContainsFunc(keys, func(k Key) bool { return k.Name == name }) {
			return nil, fmt.Errorf("a key named %q exists already", name)
		}
		key = newKey(name)
		key.Role, key.Policies = role, policies
		return append(slices.Clip(keys), key), nil
	})
	return key, err
}

// Delete removes the key with this access key id.
func (k *Keys) Delete(id string) error {
	return k.kept.change(func(keys []Key) ([]Key, error) {
		left := slices.DeleteFunc(slices.Clone(keys), func(k Key) bool { return k.AccessKeyID == id })
		if len(left) == len(keys) {
			return nil, fmt.Errorf("there is no key with the id %q", id)
		}
		return left, nil
	})
}

// NewKeys returns the text of keys with one in it, which has this name.
func NewKeys(name string) ([]byte, error) { return encodeKeys([]Key{newKey(name)}) }

// encodeKeys returns the text of keys.
func encodeKeys(keys []Key) ([]byte, error) {
	text, err := json.MarshalIndent(keys, "", "  ")
	return append(text, '\n'), err
}

// ReadKeys returns the keys in a text.
func ReadKeys(text []byte) ([]Key, error) { return decodeKeys(text) }

// FirstKey returns the oldest key in a text.
func FirstKey(text []byte) (Key, error) {
	keys, err := decodeKeys(text)
	if err == nil && len(keys) == 0 {
		err = errors.New("there is no key")
	}
	if err != nil {
		return Key{}, err
	}
	return keys[0], nil
}

// decodeKeys reads the text of keys.
func decodeKeys(text []byte) (keys []Key, err error) {
	return keys, json.Unmarshal(text, &keys)
}

// keyPrefix is what the ids of keys begin with, and no id of a certificate.
const keyPrefix = "AKIA"

// newKey draws the id and the secret of a key, which is an admin. They have the alphabet and the length that AWS
// clients expect: an id of 20 characters that begins with AKIA, a secret of 40.
func newKey(name string) Key {
	var random [40]byte
	rand.Read(random[:]) // never fails: crypto/rand ends the program instead
	return Key{
		Name:            name,
		AccessKeyID:     keyPrefix + base32.StdEncoding.EncodeToString(random[:10]),
		SecretAccessKey: base64.RawURLEncoding.EncodeToString(random[10:]),
		CreatedAt:       clock.Now().UTC().Truncate(time.Second),
		Role:            schema.Admin,
	}
}
