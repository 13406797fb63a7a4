package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A store can be copied while no server runs on it. Whoever copies names the file of a store or the
// data folder that it is in, and locks the folder as a server does.

// StoreFile returns the path of the store that a path names: the path itself, or the store in it
// when it is a folder. What is not there is a folder, unless its name ends with .db.
func StoreFile(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir(),
		errors.Is(err, fs.ErrNotExist) && filepath.Ext(path) != filepath.Ext(storeFile):
		return filepath.Join(path, storeFile), nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	return path, nil
}

// LockStore locks the folder that the file of a store is in. The folder is made when missing, if
// the store is to be made.
func LockStore(file string, create bool) (release func(), err error) {
	dir := filepath.Dir(file)
	if create {
		if err := openFolder(dir); err != nil {
			return nil, err
		}
	} else if _, err := os.Stat(file); err != nil {
		return nil, fmt.Errorf("there is no store: %w", err)
	}
	return lock(dir)
}

// BesideStore are the files and folders of a data folder that a server needs beside its store, as
// far as they are there.
func BesideStore(dir string) (names []string) {
	for _, name := range []string{
		keysFile, s3KeysFile, tokenKeyFile, "ca.pem", "ca.key", "server.pem", "server.key",
		"device-ca.pem", "device-ca.key", nodeKeyFile, "managed-templates", artifactDir,
	} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			names = append(names, name)
		}
	}
	return names
}
