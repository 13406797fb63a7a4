package disk

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// The content and the mode are those of the last Write, and no other file is left.
func TestWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "keys.json")
	for _, row := range []struct {
		content string
		mode    fs.FileMode
	}{{"old", 0o600}, {"newer and longer", 0o644}, {"", 0o600}} {
		if err := Write(path, []byte(row.content), row.mode); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != row.content {
			t.Errorf("content %q, %v, want %q", got, err, row.content)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != row.mode {
			t.Errorf("mode %v, want %v", mode, row.mode)
		}
	}
	wantFiles(t, dir, 1)
}

// A reader that has the file open keeps the old content: the file is replaced, not written over.
func TestWriteReplaces(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := Write(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := Write(path, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 3)
	if _, err := reader.Read(got); err != nil || string(got) != "old" {
		t.Errorf("the open file has %q, %v", got, err)
	}
}

// What cannot be replaced stays, and no temporary file is left.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	folder := filepath.Join(dir, "folder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(folder, nil, 0o600); err == nil {
		t.Error("a folder was replaced by a file")
	}
	if err := Write(filepath.Join(dir, "missing", "file"), nil, 0o600); err == nil {
		t.Error("a file was written in a folder that does not exist")
	}
	wantFiles(t, dir, 1)
}

// wantFiles compares the number of entries of a folder.
func wantFiles(t *testing.T, dir string, want int) {
	t.Helper()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != want {
		t.Errorf("in the folder: %v, %v, want %d", entries, err, want)
	}
}
