package artifact

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// openStore opens the store in a folder until the test ends.
func openStore(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(context.Background(), dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func put(t testing.TB, s *Store, key, body string) Info {
	t.Helper()
	info, err := s.Put(t.Context(), key, nil, strings.NewReader(body))
	if err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
	return info
}

// read is the body of an object, or the error of opening it.
func read(t testing.TB, s *Store, key string) string {
	t.Helper()
	o, err := s.Open(t.Context(), key)
	if err != nil {
		return err.Error()
	}
	defer o.Close()
	body, err := io.ReadAll(o)
	if err != nil {
		t.Fatalf("read %q: %v", key, err)
	}
	return string(body)
}

// files is how many files of bytes a store has.
func files(t testing.TB, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "objects"))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func sha(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

// An object has what was put, its SHA-256 as ETag and its headers, also when the store is opened
// again; the next one replaces it, and its file is gone.
func TestPut(t *testing.T) { // R-ART-14, R-ART-15
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, dir)
	headers := map[string]string{"Content-Type": "text/plain"}
	for _, body := range []string{"one", "", strings.Repeat("long", 1<<18)} {
		made, err := s.Put(t.Context(), "a/b", headers, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		want := Info{Key: "a/b", Size: int64(len(body)), ETag: sha(body), Headers: headers,
			Modified: made.Modified}
		if diff := cmp.Diff(want, made); diff != "" {
			t.Errorf("put (-want +got):\n%s", diff)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openStore(t, dir)
		found, err := s.Find(t.Context(), "a/b")
		if diff := cmp.Diff(want, found); diff != "" || err != nil {
			t.Errorf("find: %v (-want +got):\n%s", err, diff)
		}
		if got := read(t, s, "a/b"); got != body || files(t, dir) != 1 {
			t.Errorf("%d bytes, want %d; %d files, want 1", len(got), len(body), files(t, dir))
		}
	}
	for range 2 {
		if err := s.Delete(t.Context(), "a/b"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Find(t.Context(), "a/b"); !errors.Is(err, ErrNotFound) || files(t, dir) != 0 {
		t.Errorf("after the deletion: %v, %d files", err, files(t, dir))
	}
}

// A body that ends with an error changes nothing and leaves nothing.
func TestTornPut(t *testing.T) { // R-ART-15
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, dir)
	put(t, s, "k", "old")
	torn := errors.New("connection lost")
	body := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(torn))
	if _, err := s.Put(t.Context(), "k", nil, body); !errors.Is(err, torn) {
		t.Errorf("put: %v, want %v", err, torn)
	}
	if got := read(t, s, "k"); got != "old" || files(t, dir) != 1 {
		t.Errorf("afterwards %q, %d files", got, files(t, dir))
	}
}

// What a crash has left is removed when the store is opened: a file without a row, and the upload
// that nobody went on with for a week. A young upload stays.
func TestSweep(t *testing.T) { // R-ART-15
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, dir)
	put(t, s, "k", "kept")
	if _, err := s.receive(strings.NewReader("never committed")); err != nil {
		t.Fatal(err)
	}
	var uploads []string
	for range 3 {
		id, err := s.CreateUpload(t.Context(), "u", nil)
		if err != nil {
			t.Fatal(err)
		}
		uploads = append(uploads, id)
	}
	for _, id := range uploads[1:] {
		if _, err := s.PutPart(t.Context(), "u", id, 1, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	age(t, s, uploads[0])
	age(t, s, uploads[1])
	if files(t, dir) != 4 {
		t.Errorf("%d files before, want 4", files(t, dir))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir)
	left, err := s.Uploads(t.Context(), "", "", 10)
	if err != nil || len(left) != 1 || left[0].ID != uploads[2] || files(t, dir) != 2 {
		t.Errorf("uploads %v, %v; %d files, want 2", left, err, files(t, dir))
	}
	if got := read(t, s, "k"); got != "kept" {
		t.Errorf("the object is %q", got)
	}
	age(t, s, uploads[2])
	if _, err := s.CreateUpload(t.Context(), "next", nil); err != nil || files(t, dir) != 1 {
		t.Errorf("the next upload: %v; %d files, want 1", err, files(t, dir))
	}
}

// age makes an upload one that was begun eight days ago.
func age(t *testing.T, s *Store, upload string) {
	t.Helper()
	err := s.write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE upload SET started = started - 8*86400000 WHERE id = ?", upload)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A file of another version, or none at all, is refused.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, dir)
	if _, err := s.index.Exec("PRAGMA user_version = 7"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := Open(t.Context(), dir, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "version 7") {
		t.Errorf("another version: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "index.db"), []byte(strings.Repeat("no database", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a damaged index was opened")
	}
}

// Whatever a key holds, it names one object of its own and no file.
func FuzzKeys(f *testing.F) { // R-ART-15
	for _, key := range []string{"a", "../../etc/passwd", "/", "a\x00b", "\xff\xfe", "objects/x", `..\..\x`, "%2e%2e/"} {
		f.Add(key, "a/")
	}
	dir := f.TempDir()
	s := openStore(f, dir)
	f.Fuzz(func(t *testing.T, key, prefix string) {
		body := "body of " + key
		put(t, s, key, body)
		if got := read(t, s, key); got != body {
			t.Errorf("%q has %q", key, got)
		}
		page, err := s.List(t.Context(), Query{Prefix: prefix, Delimiter: "/", Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		if listed, want := len(page.Objects)+len(page.Prefixes), strings.HasPrefix(key, prefix); (listed == 1) != want {
			t.Errorf("prefix %q: %d of the key %q", prefix, listed, key)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) > 4 || files(t, dir) != 1 {
			t.Errorf("files %v, %v; %d of objects, want 1", entries, err, files(t, dir))
		}
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	})
}
