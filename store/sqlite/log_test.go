package sqlite

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ncruces/go-sqlite3/vfs"
)

// fakeLog is a file in memory that can be full.
type fakeLog struct {
	vfs.File
	content []byte
	writes  int
	full    error
}

func (f *fakeLog) WriteAt(p []byte, at int64) (int, error) {
	if f.full != nil {
		return 0, f.full
	}
	f.writes++
	if grow := int(at) + len(p) - len(f.content); grow > 0 {
		f.content = append(f.content, make([]byte, grow)...)
	}
	return copy(f.content[at:], p), nil
}

func (f *fakeLog) ReadAt(p []byte, at int64) (int, error) { return copy(p, f.content[at:]), nil }

func (f *fakeLog) Sync(vfs.SyncFlag) error { return nil }

func (f *fakeLog) Close() error { return nil }

func TestLogIsWrittenInOnePiece(t *testing.T) {
	t.Parallel()
	fake := &fakeLog{}
	f := &logFile{File: fake}
	var want []byte
	for i := range 100 {
		piece := bytes.Repeat([]byte{byte(i)}, 1+i)
		if n, err := f.WriteAt(piece, int64(len(want))); err != nil || n != len(piece) {
			t.Fatal(n, err)
		}
		want = append(want, piece...)
	}
	if fake.writes != 0 {
		t.Errorf("%d writes before the sync", fake.writes)
	}
	if err := f.Sync(0); err != nil || fake.writes != 1 || !bytes.Equal(fake.content, want) {
		t.Errorf("sync: %v, %d writes, %d bytes of %d", err, fake.writes, len(fake.content), len(want))
	}
}

// What was written is read back, in whatever order and whether it is in the file yet or not.
func TestLogReadsBack(t *testing.T) {
	t.Parallel()
	fake := &fakeLog{}
	f := &logFile{File: fake}
	for _, w := range []struct {
		at   int64
		text string
	}{{0, "header"}, {6, "page"}, {0, "HEADER"}, {10, "more"}, {6, "PAGE"}} {
		if _, err := f.WriteAt([]byte(w.text), w.at); err != nil {
			t.Fatal(err)
		}
	}
	got := make([]byte, 14)
	if _, err := f.ReadAt(got, 0); err != nil || string(got) != "HEADERPAGEmore" {
		t.Errorf("got %q, %v", got, err)
	}
}

// A full disk fails the sync, so the commit; what SQLite was told is written is not forgotten.
func TestLogOnAFullDisk(t *testing.T) {
	t.Parallel()
	fake := &fakeLog{full: errors.New("disk full")}
	f := &logFile{File: fake}
	if _, err := f.WriteAt([]byte("page"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ReadAt(make([]byte, 4), 0); !errors.Is(err, fake.full) {
		t.Errorf("read: %v", err)
	}
	if err := f.Sync(0); !errors.Is(err, fake.full) {
		t.Errorf("sync: %v", err)
	}
	fake.full = nil
	if err := f.Sync(0); err != nil || string(fake.content) != "page" {
		t.Errorf("sync with room again: %v, %q", err, fake.content)
	}
}

// The path goes through a URI, so every character must arrive.
func TestOpenAnyPath(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"plain.db", "with space.db", "50%25 ?vfs=memdb&x#y.db", "ünï:cödé.db"} {
		path := filepath.Join(t.TempDir(), name)
		s, err := Open(path)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}
