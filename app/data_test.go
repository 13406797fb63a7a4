package app

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drover-iot/drover/internal/endpoints"
)

// A data folder is used by one server at a time. The error names the other when that is known.
func TestLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	release, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(want string) {
		t.Helper()
		if _, err := lock(dir); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("locked twice: %v, want %q", err, want)
		}
	}
	refused("is in use by another drover")
	if err := (endpoints.File{PID: 4711}).Write(dir); err != nil {
		t.Fatal(err)
	}
	refused("is in use by another drover (process 4711)")
	release()
	again, err := lock(dir)
	if err != nil {
		t.Fatalf("locked again after its release: %v", err)
	}
	again()
	if _, err := lock(filepath.Join(dir, "missing")); err == nil {
		t.Error("a folder that does not exist was locked")
	}
}

// A data folder is made for its owner only. One that exists is used as it is.
func TestOpenFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "b")
	for range 2 {
		if err := openFolder(dir); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o700 {
		t.Errorf("mode %v, want that only its owner may enter", mode)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := openFolder(filepath.Join(file, "c")); err == nil {
		t.Error("a folder was made in a file")
	}
}

// The key of page tokens stays the same after a restart. One of a wrong size is replaced; what
// cannot be read is an error.
func TestTokenKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	read := func() []byte {
		t.Helper()
		key, err := tokenKey(dir)
		if err != nil || len(key) != tokenKeySize {
			t.Fatalf("a key of %d bytes, %v", len(key), err)
		}
		return key
	}
	first := read()
	if !bytes.Equal(first, read()) {
		t.Error("another key after a restart")
	}
	path := filepath.Join(dir, tokenKeyFile)
	if err := os.WriteFile(path, first[:31], 0o600); err != nil {
		t.Fatal(err)
	}
	second := read()
	if bytes.Equal(first, second) || !bytes.Equal(second, read()) {
		t.Error("a key that is too short was not replaced for good")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := tokenKey(dir); err == nil {
		t.Error("a folder was read as a key")
	}
}
