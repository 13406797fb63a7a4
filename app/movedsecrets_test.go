package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/seal"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store/memory"
	"github.com/drover-iot/drover/test/testpostgres"
)

// used fills a folder with the secrets that a server has made, and a second operator key.
func used(t *testing.T, dir string) shown {
	t.Helper()
	made, err := folderSecrets(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{operatorKeyName, "ci"} {
		if _, err := made.keys.Create(name, schema.Admin); err != nil {
			t.Fatal(err)
		}
	}
	return show(t, made)
}

// The secrets of a folder that a server ran on are those of an empty database that it starts on, and
// their files are gone then. What a crash leaves of them goes with the next start (R-NODE-1).
func TestSecretsGoIntoDatabase(t *testing.T) {
	t.Parallel()
	url := testpostgres.Schema(t)
	first, second := newNode(t, url), newNode(t, url)
	want := used(t, first.Data)
	keys, err := os.ReadFile(filepath.Join(first.Data, keysFile))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		opened, err := first.openShared(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, show(t, opened)); diff != "" {
			t.Errorf("in the database (-in the folder):\n%s", diff)
		}
		wantFiles(t, first.Data, "ca.pem", "device-ca.pem", "secret.key")
		if err := os.WriteFile(filepath.Join(first.Data, keysFile), keys, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if first.Fresh {
		t.Error("the greeting would say that the keys were made now")
	}
	second.SecretFile = filepath.Join(first.Data, nodeKeyFile)
	opened, err := second.openShared(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, show(t, opened)); diff != "" {
		t.Errorf("the second node (-in the folder):\n%s", diff)
	}
	wantFiles(t, second.Data, "ca.pem")
}

// What cannot be read is named, and nothing becomes of it in the database (R-NODE-1).
func TestDamagedSecretsStay(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"keys.json", "s3-keys.json", "ca.key", "device-ca.key"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newNode(t, testpostgres.Schema(t))
			used(t, s.Data)
			path := filepath.Join(s.Data, name)
			if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
				t.Fatal(err)
			}
			before := folderText(t, s.Data)
			if _, err := s.openShared(t.Context()); err == nil {
				t.Error("moved")
			}
			if diff := cmp.Diff(before, folderText(t, s.Data)); diff != "" {
				t.Errorf("the folder has changed:\n%s", diff)
			}
			if there, err := (vault{store: s.store}).hasSecrets(t.Context()); there || err != nil {
				t.Errorf("there are secrets: %v, %v", there, err)
			}
		})
	}
}

// A folder whose secrets are in a database is refused with an empty database, and without one
// (R-NODE-1).
func TestSecretsAreElsewhere(t *testing.T) {
	t.Parallel()
	s := newNode(t, testpostgres.Schema(t))
	if _, err := s.openShared(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := newNode(t, testpostgres.Schema(t))
	other.Data = s.Data
	if _, err := other.openShared(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "was used with another database, and this one has no keys") {
		t.Errorf("on another database: %v", err)
	}
	want := "the keys and authorities of data folder " + s.Data + " are in a database: name it"
	c := onFreePorts(t)
	c.Data = s.Data
	for what, open := range map[string]func() error{
		"a server": func() error { _, err := Open(t.Context(), c); return err },
		"keys":     func() error { _, _, err := OpenKeys(t.Context(), c); return err },
		"urls":     func() error { _, err := URLKey(t.Context(), c); return err },
	} {
		if err := open(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s on the folder alone: %v, want %s", what, err, want)
		}
	}
	if isThere(s.Data, storeFile) {
		t.Error("there is a file of the embedded store now")
	}
}

// A store that was copied from a database gives its secrets to the folder that a server starts on,
// once it is given the secret (R-NODE-1, R-NODE-14).
func TestSecretsComeOutOfDatabase(t *testing.T) {
	t.Parallel()
	database := newNode(t, testpostgres.Schema(t))
	want := used(t, database.Data)
	if _, err := database.openShared(t.Context()); err != nil {
		t.Fatal(err)
	}
	// As drover store copy does it.
	copied := memory.Open()
	for _, name := range secretNames() {
		put(t, copied, name, setting(t, database.store, name))
	}
	_, wrong := seal.NewKey()
	alone := &Server{Config: Config{Data: t.TempDir(), Scope: database.Scope}, store: copied}
	if err := alone.unpackSecrets(t.Context()); !errors.Is(err, errNoKey) {
		t.Errorf("without the secret: %v", err)
	}
	alone.Secret = wrong
	if err := alone.unpackSecrets(t.Context()); err == nil || !strings.Contains(err.Error(), "is not the secret") {
		t.Errorf("with a wrong secret: %v", err)
	}
	wantFiles(t, alone.Data)
	alone.Secret, alone.SecretFile = "", database.MadeSecret
	for range 2 { // the second time there is nothing to do
		if err := alone.unpackSecrets(t.Context()); err != nil {
			t.Fatal(err)
		}
		alone.SecretFile = ""
	}
	read, err := folderSecrets(alone.Data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, show(t, read)); diff != "" {
		t.Errorf("in the folder (-in the database):\n%s", diff)
	}
	wantFiles(t, alone.Data, "ca.key", "ca.pem", "device-ca.key", "device-ca.pem", "keys.json",
		"s3-keys.json", "token.key")
	for name := range folderText(t, alone.Data) {
		mode := os.FileMode(0o600)
		if strings.HasSuffix(name, ".pem") {
			mode = 0o644
		}
		info, err := os.Stat(filepath.Join(alone.Data, name))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s has mode %v, %v, want %v", name, info.Mode(), err, mode)
		}
	}
	foreign := &Server{Config: Config{Data: t.TempDir(), SecretFile: database.MadeSecret}, store: memory.Open()}
	used(t, foreign.Data)
	before := folderText(t, foreign.Data)
	for _, name := range secretNames() {
		put(t, foreign.store, name, setting(t, database.store, name))
	}
	if err := foreign.unpackSecrets(t.Context()); err == nil || !strings.Contains(err.Error(), "of its own") {
		t.Errorf("into a folder with secrets: %v", err)
	}
	if diff := cmp.Diff(before, folderText(t, foreign.Data)); diff != "" {
		t.Errorf("the folder has changed:\n%s", diff)
	}
}
