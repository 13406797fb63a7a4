package app

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/disk"
	"github.com/drover-iot/drover/internal/tlsutil"
)

// The secrets of a server: what a client would notice if it changed. With the embedded store they
// are files of the data folder. All servers on one database share them, so there they are in the
// database (sharedsecrets.go).

// secrets are those of a server, wherever they are kept.
type secrets struct {
	keys     *gateway.Keys                      // of operators
	ca       *tlsutil.Authority                 // signs the certificates of servers
	devices  func() (*tlsutil.Authority, error) // that of devices; made when it is first needed
	tokens   []byte                             // page tokens are sealed with it
	urlKey   func() (gateway.Key, error)        // signs presigned URLs, see ownS3Key
	urlKeyAt string                             // where an operator finds urlKey
}

// The files of secrets in a data folder, beside those of the authorities ca and device-ca.
const (
	keysFile     = "keys.json"    // the operator keys
	s3KeysFile   = "s3-keys.json" // see ownS3Key
	tokenKeyFile = "token.key"    // see tokenKey
)

// The authorities, by the names of their files, and the common names of their certificates.
const (
	serverCA, serverCAName = "ca", "Drover development CA"
	deviceCA               = "device-ca"
)

// openSecrets reads or makes the secrets, once the store is open.
func (s *Server) openSecrets(ctx context.Context) (err error) {
	if s.embedded == nil {
		s.secrets, err = s.openShared(ctx)
		return err
	}
	if err := s.unpackSecrets(ctx); err != nil {
		return err
	}
	s.secrets, err = folderSecrets(s.Data)
	return err
}

// folderSecrets reads or makes the secrets of a data folder.
func folderSecrets(dir string) (s secrets, err error) {
	s.devices = gateway.FolderAuthority(dir)
	s.urlKey = func() (gateway.Key, error) { return ownS3Key(dir) }
	s.urlKeyAt = s3KeysFile
	if s.keys, err = gateway.OpenKeys(filepath.Join(dir, keysFile)); err != nil {
		return s, err
	}
	if s.ca, err = tlsutil.Load(dir, serverCA, serverCAName, tlsutil.NewECKey); err != nil {
		return s, err
	}
	s.tokens, err = tokenKey(dir)
	return s, err
}

// ownS3Key reads the key pair that presigned URLs are signed with, or makes it: those of artifacts
// (R-ART-13), and all others when no credential of an object store is configured (R-PRE-26). It is
// no key of an operator: it is accepted here in URLs of artifacts only.
func ownS3Key(dir string) (gateway.Key, error) {
	keys, err := gateway.OpenKeys(filepath.Join(dir, s3KeysFile))
	if err != nil {
		return gateway.Key{}, err
	}
	return keys.First(urlKeyName)
}

// The names of the keys that a server makes itself.
const operatorKeyName, urlKeyName = "operator", "presigned URLs"

// tokenKeySize is the size of the key that page tokens are sealed with, in bytes.
const tokenKeySize = 32

// tokenKey reads the key that page tokens are sealed with, or makes it. It is stored, so that a
// client can go on with a list after a restart. One of another size is replaced.
func tokenKey(dir string) ([]byte, error) {
	path := filepath.Join(dir, tokenKeyFile)
	key, err := disk.ReadPrivate(path)
	if err == nil && len(key) == tokenKeySize {
		return key, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key = newTokenKey()
	return key, disk.Write(path, key, 0o600)
}

func newTokenKey() []byte {
	key := make([]byte, tokenKeySize)
	rand.Read(key) // never fails: crypto/rand ends the program instead
	return key
}

// isThere reports whether a file of a folder exists.
func isThere(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}
