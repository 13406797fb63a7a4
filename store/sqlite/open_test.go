package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/relational"
	"github.com/drover-iot/drover/store/sqlite"
)

// made runs SQL on a new file.
func made(t *testing.T, sql string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "drover.db")
	db, err := sqlite3.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Exec(sql), db.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func written(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "drover.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenRefusesAndLeavesAlone(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, path, want string }{
		{"text", written(t, []byte(strings.Repeat("not a database ", 1000))), "damaged or not a database"},
		{"cut", written(t, []byte("SQLite format 3\x00")), "damaged or not a database"},
		{"foreign", made(t, "CREATE TABLE t (a)"), "belongs to another program"},
		{"foreign and empty", made(t, "PRAGMA application_id = 7"), "belongs to another program"},
		{"newer", made(t, "PRAGMA application_id = 0x44726f76; PRAGMA user_version = 1000; CREATE TABLE t (a)"), "newer Drover"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			before, _ := os.ReadFile(row.path)
			s, err := sqlite.Open(row.path)
			if err == nil {
				s.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), row.path) {
				t.Errorf("got %q, want the path and %q", err, row.want)
			}
			if after, _ := os.ReadFile(row.path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
	if _, err := sqlite.Open(filepath.Join(t.TempDir(), "none", "drover.db")); err == nil {
		t.Error("opened in a folder that does not exist")
	}
}

func TestCloseLeavesOneFileAndRefusesCalls(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "drover.db" {
		t.Errorf("got %v, %v, want only drover.db", entries, err)
	}
	if err := s.Read(t.Context(), func(store.Reader) error { return nil }); !errors.Is(err, relational.ErrClosed) {
		t.Errorf("read: %v", err)
	}
	if err := s.Write(t.Context(), func(store.Tx) error { return nil }); !errors.Is(err, relational.ErrClosed) {
		t.Errorf("write: %v", err)
	}
}

func TestLogStaysBoundedWhileReadersCome(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var reading sync.WaitGroup
	for range 3 {
		reading.Go(func() {
			for ctx.Err() == nil {
				err := s.Read(context.Background(), func(r store.Reader) error {
					_, err := r.Announcements(0, 1)
					return err
				})
				if err != nil {
					t.Errorf("read: %v", err)
				}
			}
		})
	}
	data := make([]byte, 1<<20)
	for i := range 160 {
		saved := []store.SessionEntry{{Client: fmt.Sprint(i % 4), Value: data}}
		err := s.Write(t.Context(), func(tx store.Tx) error {
			return tx.Apply(store.Changes{Sessions: saved})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	reading.Wait()
	log, err := os.Stat(filepath.Join(dir, "drover.db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	if log.Size() > 64<<20 {
		t.Errorf("160 MiB written left a log of %d MiB, want at most 64", log.Size()>>20)
	}
}
