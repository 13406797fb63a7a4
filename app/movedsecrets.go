package app

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/disk"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Secrets that go from the files of a data folder into a database, and back (R-NODE-1). A folder
// whose server starts on a database without secrets gives it its own, and its files are removed
// then. A store that was copied from a database into a file (R-NODE-14) has secrets in it, which
// become files again when a server starts on it.
//
// A folder whose secrets are in a database has ca.pem and no ca.key. Nothing else leaves one like
// that: whoever makes both writes ca.key first.

// isInDatabase reports whether the secrets of a folder are in a database.
func isInDatabase(dir string) bool {
	return isThere(dir, serverCA+".pem") && !isThere(dir, serverCA+".key")
}

// secretFiles are the files of a folder that go into a database; ca.key, which says where they are,
// is the first.
func secretFiles() []string {
	return []string{serverCA + ".key", deviceCA + ".key", keysFile, s3KeysFile, tokenKeyFile}
}

// firstSecrets are the secrets of a database that has none: what a data folder has of them, and new
// ones. The authority of devices is made when it is first needed.
func firstSecrets(dir string, scope registry.Scope) (values map[string][]byte, err error) {
	values = map[string][]byte{}
	add := func(name string, read func() ([]byte, error)) {
		if err == nil {
			values[name], err = read()
		}
	}
	add(scopeSecret, func() ([]byte, error) {
		return json.Marshal(sharedScope{scope.Account, scope.Region})
	})
	add(keysSecret, func() ([]byte, error) { return firstKeys(dir, keysFile, operatorKeyName) })
	add(urlKeySecret, func() ([]byte, error) { return firstKeys(dir, s3KeysFile, urlKeyName) })
	add(tokenKeySecret, func() ([]byte, error) {
		if !isThere(dir, tokenKeyFile) {
			return newTokenKey(), nil
		}
		return tokenKey(dir)
	})
	add(caSecret, func() ([]byte, error) {
		if !isThere(dir, serverCA+".pem") {
			return encode(tlsutil.New(serverCAName, tlsutil.NewECKey))
		}
		return encode(tlsutil.Load(dir, serverCA, serverCAName, tlsutil.NewECKey))
	})
	if isThere(dir, deviceCA+".pem") {
		add(deviceCASecret, func() ([]byte, error) { return encode(gateway.FolderAuthority(dir)()) })
	}
	return values, err
}

// firstKeys is the text of the keys in a file, or of a new one with this name when there are none.
// The file is read as the server with an embedded store reads it, so one that is damaged or open to
// others is refused.
func firstKeys(dir, file, name string) ([]byte, error) {
	path := filepath.Join(dir, file)
	keys, err := gateway.OpenKeys(path)
	if err != nil {
		return nil, err
	}
	all, err := keys.All()
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return gateway.NewKeys(name)
	}
	return disk.ReadPrivate(path)
}

// checkFolder refuses a folder with secrets of its own, by which it belongs to another Drover than
// the one with this authority. A folder with the same ca.pem was a node of this Drover before, or
// its server was stopped while its files went into the database: what is left of them is no more
// than what the database has.
func checkFolder(dir string, ca *tlsutil.Authority) error {
	text, err := os.ReadFile(filepath.Join(dir, serverCA+".pem"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		block, _ := pem.Decode(text)
		if block != nil && string(block.Bytes) == string(ca.Certificate.Raw) {
			return nil
		}
		return foreignFolder(dir, serverCA+".pem")
	}
	for _, name := range secretFiles() {
		if isThere(dir, name) {
			return foreignFolder(dir, name)
		}
	}
	return nil
}

func foreignFolder(dir, name string) error {
	return fmt.Errorf("data folder %s has keys or authorities of its own, such as %s, which are not "+
		"those of the store: begin with an empty folder", dir, name)
}

// joinFolder makes a data folder that of a node with this authority: ca.pem is there, and the files
// of secrets that are in the database are not.
func joinFolder(dir string, ca *tlsutil.Authority) error {
	if err := checkFolder(dir, ca); err != nil {
		return err
	}
	if err := writeAuthority(dir, ca); err != nil {
		return err
	}
	for _, name := range secretFiles() {
		err := os.Remove(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return disk.SyncDir(dir)
}

// writeAuthority writes ca.pem where there is none.
func writeAuthority(dir string, ca *tlsutil.Authority) error {
	if isThere(dir, serverCA+".pem") {
		return nil
	}
	return disk.Write(filepath.Join(dir, serverCA+".pem"), ca.PEM, 0o644)
}

// unpackSecrets makes files of the secrets in an embedded store, and removes them from it. A store
// that was never a database has none, and needs no key. The files are there before the settings go:
// a crash between the two does it again.
func (s *Server) unpackSecrets(ctx context.Context) error {
	there, err := vault{store: s.store}.hasSecrets(ctx)
	if err != nil {
		return err
	}
	if !there {
		if isInDatabase(s.Data) {
			return keysElsewhere(s.Data)
		}
		return nil
	}
	key, err := s.nodeKey()
	if err != nil {
		return err
	}
	v, values, err := openVault(ctx, s.store, key)
	if err != nil {
		return err
	}
	if err := writeSecrets(s.Data, values); err != nil {
		return err
	}
	return v.store.Write(ctx, func(tx store.Tx) error {
		var c store.Changes
		for _, name := range secretNames() {
			c.Settings = append(c.Settings, store.Setting{Name: store.SecretPrefix + name})
		}
		return tx.Apply(c)
	})
}

// keysElsewhere refuses to use a folder alone whose secrets are in a database.
func keysElsewhere(dir string) error {
	return fmt.Errorf("the keys and authorities of data folder %s are in a database: "+
		"name it with --store or DROVER_STORE, or begin with an empty folder", dir)
}

// writeSecrets writes the files of a folder that has none. ca.key is the last: before, the folder
// still counts as one whose secrets are in a database.
func writeSecrets(dir string, values map[string][]byte) error {
	ca, err := tlsutil.Parse(values[caSecret])
	if err != nil {
		return err
	}
	if err := checkFolder(dir, ca); err != nil {
		return err
	}
	if err := writeAuthority(dir, ca); err != nil {
		return err
	}
	files := []struct{ name, secret string }{
		{keysFile, keysSecret}, {s3KeysFile, urlKeySecret}, {tokenKeyFile, tokenKeySecret},
	}
	for _, f := range files {
		if err := disk.Write(filepath.Join(dir, f.name), values[f.secret], 0o600); err != nil {
			return err
		}
	}
	if text, found := values[deviceCASecret]; found {
		if err := writePair(dir, deviceCA, text); err != nil {
			return err
		}
	}
	return writePair(dir, serverCA, values[caSecret])
}

// writePair writes the certificate and, after it, the key of an encoded authority.
func writePair(dir, name string, text []byte) error {
	_, key := pem.Decode(text)
	certificate := strings.TrimSuffix(string(text), string(key))
	path := filepath.Join(dir, name)
	if err := disk.Write(path+".pem", []byte(certificate), 0o644); err != nil {
		return err
	}
	return disk.Write(path+".key", key, 0o600)
}
