package gateway_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/disk"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
)

// openKeys opens the keys of a file that may not exist.
func openKeys(t *testing.T, path string) *gateway.Keys {
	t.Helper()
	keys, err := gateway.OpenKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// create makes a key.
func create(t *testing.T, keys *gateway.Keys, name string) gateway.Key {
	t.Helper()
	key, err := keys.Create(name, schema.Admin)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// wantSecret looks a key up and compares its secret; "" means that there is no such key.
func wantSecret(t *testing.T, keys *gateway.Keys, when, id, secret string) {
	t.Helper()
	got, err := keys.Find(id)
	unexpected := err != nil
	if secret == "" {
		unexpected = !fault.Is(err, fault.UnknownKey)
	}
	if got.SecretAccessKey != secret || unexpected {
		t.Errorf("%s: got %q, %v, want %q", when, got.SecretAccessKey, err, secret)
	}
}

// A new folder gets one key, which stays the first; others are named or numbered. The file is for
// its owner only.
func TestCreateKeys(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	keys := openKeys(t, path)
	first, err := keys.First("operator")
	if err != nil {
		t.Fatal(err)
	}
	named, numbered := create(t, keys, "ci"), create(t, keys, "")
	if first.Name != "operator" || named.Name != "ci" || numbered.Name != "key-3" {
		t.Errorf("names %s, %s, %s", first.Name, named.Name, numbered.Name)
	}
	for _, name := range []string{"operator", "ci", "key-3"} {
		if _, err := keys.Create(name, schema.Admin); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("a second key named %s: %v", name, err)
		}
	}
	again := openKeys(t, path)
	if got, err := again.First("operator"); err != nil || !reflect.DeepEqual(got, first) {
		t.Errorf("the first key of the file is %+v, %v, want %+v", got, err, first)
	}
	for _, key := range []gateway.Key{first, named, numbered} {
		if len(key.AccessKeyID) != 20 || !strings.HasPrefix(key.AccessKeyID, "AKIA") ||
			len(key.SecretAccessKey) != 40 || key.CreatedAt.IsZero() {
			t.Errorf("key %+v is not as clients expect one", key)
		}
		wantSecret(t, again, key.Name, key.AccessKeyID, key.SecretAccessKey)
	}
	wantSecret(t, again, "an unknown key", "AKIANOBODY", "")
	wantSecret(t, again, "another case", strings.ToLower(first.AccessKeyID), "")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("the file has mode %v, want that only its owner may read it", mode)
	}
}

// A key that another process adds works at once, and one that is removed no longer does.
func TestKeysOfAnotherProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	server, other := openKeys(t, path), openKeys(t, path)
	first := create(t, server, "first")
	second := create(t, other, "second")
	wantSecret(t, server, "added", second.AccessKeyID, second.SecretAccessKey)
	wantSecret(t, server, "there before", first.AccessKeyID, first.SecretAccessKey)

	text, err := json.Marshal([]gateway.Key{second})
	if err != nil {
		t.Fatal(err)
	}
	replace(t, path, string(text))
	wantSecret(t, server, "removed", first.AccessKeyID, "")
	wantSecret(t, server, "left", second.AccessKeyID, second.SecretAccessKey)

	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	wantSecret(t, server, "the file is gone", second.AccessKeyID, "")
}

// A key is deleted by its id, and refused at once then; one that does not exist is no key to delete.
func TestDeleteKeys(t *testing.T) {
	t.Parallel()
	keys := openKeys(t, filepath.Join(t.TempDir(), "keys.json"))
	first, second := create(t, keys, "first"), create(t, keys, "second")
	for _, id := range []string{"AKIANOBODY", "", "first", strings.ToLower(first.AccessKeyID)} {
		if err := keys.Delete(id); err == nil || !strings.Contains(err.Error(), `"`+id+`"`) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if err := keys.Delete(first.AccessKeyID); err != nil {
		t.Fatal(err)
	}
	wantSecret(t, keys, "deleted", first.AccessKeyID, "")
	wantSecret(t, keys, "left", second.AccessKeyID, second.SecretAccessKey)
	if all, err := keys.All(); err != nil || len(all) != 1 || !reflect.DeepEqual(all[0], second) {
		t.Errorf("left: %+v, %v", all, err)
	}
}

// With a damaged file no key works, not even one that worked before: it may have been removed. When
// the file is in order again, so are the keys.
func TestDamagedKeys(t *testing.T) {
	t.Parallel()
	for name, damaged := range map[string]string{
		"cut off":     `[{"name":"operator","accessKeyId":"AKIA`,
		"empty":       ``,
		"not a list":  `{"name":"operator"}`,
		"not of keys": `["AKIA"]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "keys.json")
			keys := openKeys(t, path)
			key := create(t, keys, "operator")
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			replace(t, path, damaged)
			for range 2 { // the second time the file is not new
				found, err := keys.Find(key.AccessKeyID)
				if err == nil || found.AccessKeyID != "" || fault.Of(err) != nil {
					t.Errorf("got %v, %v, want an error that is no fault", found, err)
				}
			}
			if _, err := keys.Create("another", schema.Admin); err == nil {
				t.Error("a key was added to a damaged file")
			}
			_, err = gateway.OpenKeys(path)
			if err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("open: %v, want an error that names the file", err)
			}
			replace(t, path, string(whole))
			wantSecret(t, keys, "repaired", key.AccessKeyID, key.SecretAccessKey)
		})
	}
	folder := t.TempDir()
	if _, err := gateway.OpenKeys(folder); err == nil {
		t.Error("a folder was opened as keys")
	}
}

// Requests look keys up while others are made.
func TestKeysTogether(t *testing.T) {
	t.Parallel()
	keys := openKeys(t, filepath.Join(t.TempDir(), "keys.json"))
	first := create(t, keys, "first")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { create(t, keys, "") })
		all.Go(func() {
			wantSecret(t, keys, "meanwhile", first.AccessKeyID, first.SecretAccessKey)
		})
		all.Go(func() {
			if got, err := keys.First("operator"); err != nil || !reflect.DeepEqual(got, first) {
				t.Errorf("first key %+v, %v", got, err)
			}
		})
	}
	all.Wait()
	if last := create(t, keys, ""); last.Name != "key-10" {
		t.Errorf("the tenth key is %s", last.Name)
	}
}

// replace writes a file in one step, as another process does.
func replace(t *testing.T, path, content string) {
	t.Helper()
	if err := disk.Write(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
