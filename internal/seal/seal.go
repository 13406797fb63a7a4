// Package seal encrypts small secrets, so that they can lie where others may read: in a database
// and its backups. It knows nothing of what they are or where they are kept.
//
// A value is sealed by AES-256-GCM, with its name as additional data, under a key that is nowhere
// near it. Whoever can write to the place can remove a value or bring back an older one of the same
// name, and cannot change one or put it under another name.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
)

// keySize is the size of a key in bytes.
const keySize = 32

// A Key seals and opens values. The zero Key is none.
type Key struct{ aead cipher.AEAD }

// ErrKey says that a text is no key. It says nothing of the text.
var ErrKey = errors.New("must be 32 bytes in base64 or hexadecimal, " +
	"as openssl rand -base64 32 prints them")

// ErrOpen says that a value was not sealed by this key under this name.
var ErrOpen = errors.New("it was not sealed with this key")

// ParseKey reads a key: 64 hexadecimal digits, or base64 with or without its padding, in the
// standard alphabet or the one for URLs. White space around it does not count.
func ParseKey(text string) (Key, error) {
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	for _, decode := range []func(string) ([]byte, error){
		hex.DecodeString,
		base64.RawStdEncoding.Strict().DecodeString,
		base64.RawURLEncoding.Strict().DecodeString,
	} {
		if bytes, err := decode(text); err == nil && len(bytes) == keySize {
			return newKey(bytes)
		}
	}
	return Key{}, ErrKey
}

// NewKey draws a key, and returns it with the text that ParseKey reads.
func NewKey() (Key, string) {
	bytes := make([]byte, keySize)
	rand.Read(bytes) // never fails: crypto/rand ends the program instead
	key, err := newKey(bytes)
	if err != nil {
		panic(err) // a size that AES has not
	}
	return key, base64.StdEncoding.EncodeToString(bytes)
}

// Derive makes a key for one purpose from a secret of 16 bytes or more.
func Derive(secret []byte, purpose string) (Key, error) {
	bytes, err := hkdf.Key(sha256.New, secret, nil, purpose, keySize)
	if err != nil {
		return Key{}, err
	}
	return newKey(bytes)
}

func newKey(bytes []byte) (Key, error) {
	block, err := aes.NewCipher(bytes)
	if err != nil {
		return Key{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return Key{aead}, err
}

// IsZero reports whether there is no key.
func (k Key) IsZero() bool { return k.aead == nil }

// String and GoString keep the key out of whatever is printed or logged.
func (k Key) String() string { return "(a key)" }

// GoString is String for the verb %#v.
func (k Key) GoString() string { return k.String() }

// Seal encrypts a value under its name: a random nonce, what is encrypted, and the tag, together 28
// bytes longer than the value.
func (k Key) Seal(name string, value []byte) []byte {
	return k.aead.Seal(nil, nil, value, []byte(name))
}

// Open decrypts a value of this name. ErrOpen says that it was sealed with another key or under
// another name, or was changed since.
func (k Key) Open(name string, sealed []byte) ([]byte, error) {
	value, err := k.aead.Open(nil, nil, sealed, []byte(name))
	if err != nil {
		return nil, ErrOpen
	}
	return value, nil
}
